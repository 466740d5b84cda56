"""A run killed anywhere goes on to the same end, to the bit."""

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.core.events import RunEnded, RunStarted
from ml_training.core.fit import fit
from ml_training.core.resume import read_place, unseal
from ml_training.core.settings import TrainSettings
from tests.core.builders import make_network
from tests.core.interruption_cases import ILL, PARTS, REPAIRED, SHORT, SOUND, chosen
from tests.core.interruptions import Killed, Story, assert_same_end, find_differences, run_case

CASES = {**SOUND, **ILL, **REPAIRED}
MADE_ANEW = ["house", "own, tied and drawing", "groups", "drop_copies", "widen", "match_output"]
LARGEST_STATE = 5_000_000  # bytes; the bar of the issue for 1,000 steps
N_PLACES = 4  # of each run, beside the first and the last; chosen: all take seven minutes
LONGEST_SAVE = 0.05  # seconds of the processor; the same bar
_told: dict[str, tuple[Story, Story]] = {}


def tell(name):
    """Return a run that saves nothing and the same run with all states, once."""
    if name not in _told:
        _told[name] = run_case(CASES[name], saves=False), run_case(CASES[name])
    return _told[name]


def assert_goes_on(name, number):
    """Go on from a saved state in another process state, and compare all there is."""
    case, (undisturbed, saving) = CASES[name], tell(name)
    resumed = run_case(case, seed=7, resume=saving.states[number])
    before = Story(events=saving.events[: saving.places[number].n_events])
    assert_same_end(undisturbed.result, resumed.result, case.parts[0])
    assert before.told() + resumed.told() == undisturbed.told()
    return resumed


@pytest.mark.parametrize("name", CASES)
def test_a_run_ends_the_same_when_its_states_are_saved(name):
    undisturbed, saving = tell(name)
    assert_same_end(undisturbed.result, saving.result, CASES[name].parts[0])
    assert saving.told() == undisturbed.told()
    assert saving.states


@pytest.mark.parametrize("name", CASES)
def test_a_run_ends_the_same_when_it_was_killed_half_way(name):
    assert_goes_on(name, len(tell(name)[1].states) // 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_run_ends_the_same_wherever_it_was_killed(name):
    n_states = len(tell(name)[1].states)
    for number in {0, n_states - 1, *range(1, n_states, max(1, n_states // N_PLACES))}:
        assert_goes_on(name, number)


@pytest.mark.parametrize("name", REPAIRED)
def test_the_repair_was_kept_before_the_run_is_killed(name):
    saving = tell(name)[1]
    kept = [trial.remedy for trial in saving.result.trials if trial.kept]
    assert name in kept
    assert max(place.n_trials for place in saving.places) > kept.index(name)


@pytest.mark.parametrize("name", ILL)
def test_the_ill_was_found_before_the_run_is_killed(name):
    saving = tell(name)[1]
    assert saving.result.status == ("refused" if name == "refused" else "unresolved")
    if name != "refused":
        assert max(place.n_findings for place in saving.places) > 0


@pytest.mark.parametrize("name", MADE_ANEW)
def test_the_next_states_are_the_same_when_a_run_goes_on(name):
    saving = tell(name)[1]
    number = (len(saving.states) - 1) // 2
    resumed = assert_goes_on(name, number)
    assert len(resumed.states) == len(saving.states) - number - 1
    for mine, others in zip(saving.states[number + 1 :], resumed.states, strict=True):
        assert find_differences(unseal(mine), unseal(others)) == []


def test_nothing_is_told_after_the_last_state_when_saving_kills():
    case, undisturbed = SOUND["own"], tell("own")[0]
    killed = run_case(case, kill_at=4)
    assert killed.result is None
    assert len(killed.events) == killed.places[-1].n_events
    assert killed.told() == undisturbed.told()[: len(killed.told())]
    resumed = run_case(case, seed=3, resume=killed.states[-1])
    assert killed.told() + resumed.told() == undisturbed.told()
    assert_same_end(undisturbed.result, resumed.result, case.parts[0])


@pytest.mark.parametrize("name", ["house", "drop_copies", "insert_nonlinearity"])
def test_a_run_ends_the_same_when_killed_again_and_again(name):
    case, undisturbed = CASES[name], tell(name)[0]
    told, state, seed = [], None, 0
    while True:
        part = run_case(case, seed=seed, kill_at=3, resume=state)
        told += part.told()
        if part.result is not None:
            break
        state, seed = part.states[-1], seed + 1
    assert seed >= 3
    assert told == undisturbed.told()
    assert_same_end(undisturbed.result, part.result, case.parts[0])


class Recorder(Story):
    """Keep events and the last state, and die at one event: as a kill -9 would hit."""

    def __init__(self, wanted, die_at) -> None:
        super().__init__()
        self.wanted, self.die_at = iter(wanted), die_at
        self.n_heard = 0

    def hear(self, event) -> None:
        self.n_heard += 1
        if self.n_heard == self.die_at:
            raise Killed
        super().hear(event)

    def wants(self) -> bool:
        return next(self.wanted, False)

    def save(self, state, place) -> None:
        self.states.append(state)
        self.places.append(place)

    def cut_back(self) -> None:
        """Drop what was told after the last state, as whoever keeps events has to."""
        del self.events[self.places[-1].n_events if self.places else 0 :]


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(
    name=st.sampled_from(["own", "scale_targets", "drop_copies", "long epochs"]),
    wanted=st.lists(st.booleans(), max_size=30),
    die_at=st.integers(2, 60),
)
def test_a_recorder_has_neither_gap_nor_duplicate_when_killed_at_any_event(name, wanted, die_at):
    case, undisturbed = CASES[name], tell(name)[0]
    recorder = Recorder(wanted, die_at)

    def train(seed, resume):
        return fit(
            case.make_model(seed),
            *case.parts,
            settings=TrainSettings(**case.settings),
            emit=recorder.hear,
            save_state=recorder.save,
            wants_state=recorder.wants,
            resume=resume,
        )

    try:
        result = train(0, None)
    except Killed:
        recorder.cut_back()
        is_fresh = not recorder.states  # killed before the first: begun again
        result = train(0, None) if is_fresh else train(1, recorder.states[-1])
    assert recorder.told() == undisturbed.told()
    assert_same_end(undisturbed.result, result, case.parts[0])


def test_a_run_is_announced_once_when_it_goes_on():
    resumed = run_case(SOUND["own"], resume=tell("own")[1].states[2])
    assert not [event for event in resumed.events if isinstance(event, RunStarted)]
    assert isinstance(resumed.events[-1], RunEnded)


def test_a_place_says_what_was_told_when_a_state_is_saved():
    saving = tell("drop_copies")[1]
    history = saving.result.history.as_dict()
    for state, place in zip(saving.states, saving.places, strict=True):
        told = Story(events=saving.events[: place.n_events]).told()
        assert read_place(state) == place
        assert sum(" Reading(" in line for line in told) == place.n_readings == place.n_steps
        assert sum(line.startswith("EpochEnded(") for line in told) == place.n_scores
        assert sum(line.startswith("FindingMade(") for line in told) == place.n_findings
        assert sum(line.startswith("Trial(") for line in told) == place.n_trials
        assert place.attempt <= max(history["batches"]["attempt"])
    assert [p.n_steps for p in saving.places] == sorted({p.n_steps for p in saving.places})


def test_long_epochs_are_saved_within():
    places = tell("long epochs")[1].places
    assert len({place.epoch for place in places}) < len(places)
    assert {place.step for place in places} > {50, 100}


def test_nothing_is_saved_when_nobody_wants_it():
    states = []
    fit(
        make_network(),
        *PARTS,
        settings=TrainSettings(**SHORT),
        save_state=lambda *saved: states.append(saved),
        wants_state=lambda: False,
    )
    assert states == []


def raise_disk_error(*anything):
    raise OSError("no space left on device")


@pytest.mark.parametrize("broken", ["save_state", "wants_state"])
def test_the_run_goes_on_and_says_so_when_saving_raises(broken):
    undisturbed = tell("own")[0].result
    callers = {"save_state": lambda state, place: None, broken: raise_disk_error}
    torch.manual_seed(1_000)
    result = fit(make_network(seed=0), *PARTS, settings=TrainSettings(**SHORT), **callers)
    notes = [note for note in result.report.notes if "no space left" in note]
    assert len(notes) == 1
    assert result.history.as_dict() == undisturbed.history.as_dict()


class Forgetful(torch.optim.lr_scheduler.LRScheduler):
    """Keep what no checkpoint can carry."""

    def __init__(self, optimizer) -> None:
        self.log = open  # a function
        super().__init__(optimizer)

    def get_lr(self):
        return list(self.base_lrs)


def test_the_run_goes_on_and_says_so_when_its_state_cannot_be_kept():
    story = run_case(chosen(scheduler=Forgetful))
    assert story.states == []
    assert any("cannot be kept" in note for note in story.result.report.notes)
    assert story.result.status == "healthy"


def test_the_callers_generators_stay_when_a_run_goes_on():
    state = tell("own")[1].states[2]
    model = make_network()
    torch.manual_seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    fit(model, *PARTS, settings=TrainSettings(**SHORT), resume=state)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002


def test_the_model_handed_in_is_the_one_that_is_trained_when_a_run_goes_on():
    model = make_network(seed=9)
    state = tell("own")[1].states[2]
    assert fit(model, *PARTS, settings=TrainSettings(**SHORT), resume=state).model is model


@pytest.mark.slow
def test_a_state_is_small_and_made_at_once_when_a_run_of_a_thousand_steps_saves_it():
    X = np.random.default_rng(0).normal(size=(3_200, 30))
    begun, states = [], []

    def wants() -> bool:
        begun.append(time.process_time())
        return True

    def save(state, place) -> None:
        states.append((len(state), place.n_steps, time.process_time() - begun[-1]))

    fit(
        None,
        X,
        (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int),
        settings=TrainSettings(batch_size=50, max_epochs=20, patience=None, repair=False),
        save_state=save,
        wants_state=wants,
    )
    size, n_steps, _ = states[-1]
    assert n_steps >= 900
    assert size < LARGEST_STATE
    assert np.median([seconds for _, _, seconds in states[-5:]]) < LONGEST_SAVE
