from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import torch

from ml_training.core.events import (
    BranchShown,
    HistoryRewound,
    PartFailed,
    ProblemUnresolved,
    TrialJudged,
    TrialStarted,
)
from ml_training.core.findings import Change
from ml_training.core.loop import advance
from ml_training.core.problems import PROBLEMS
from ml_training.core.remedies.clip_gradient import ClipGradient
from ml_training.core.remedies.lower_rate import LowerRate
from ml_training.core.state import seeded
from tests.core.builders import (
    Listener,
    PoisonedAt,
    are_equal,
    make_finding,
    make_network,
    make_run,
    weights_of,
)


@dataclass(frozen=True)
class Nothing:
    """Change nothing and say so."""

    key: str = "nothing"
    title: str = "nothing"
    start: str = "last_good"

    def objection(self, state):
        return ""

    def apply(self, state, finding):
        return Change(what="nothing", before=0, after=1, sentence="did nothing")


@dataclass(frozen=True)
class Ruin(Nothing):
    """Make training worse."""

    key: str = "ruin"

    def apply(self, state, finding):
        state.scale_learning_rate(1e6)
        return super().apply(state, finding)


@dataclass(frozen=True)
class Objector(Nothing):
    """Refuse to be applied."""

    key: str = "objector"

    def objection(self, state):
        return "not today"


@dataclass(frozen=True)
class Broken(Nothing):
    """Raise."""

    key: str = "broken"

    def apply(self, state, finding):
        raise KeyError("no such knob")


def make_problem(*remedies, **changes):
    return replace(PROBLEMS["exploding_gradient"], remedies=remedies, **changes)


def make_ward(model=None, *, n_epochs=2, **settings):
    """Return a run after some healthy epochs, and its listener."""
    listener = Listener()
    run = make_run(model, emit=listener, **{"max_epochs": 30, "learning_rate": 0.01, **settings})
    for _ in range(n_epochs):
        advance(run)
    return run, listener


def make_slow_ward():
    """Return a run whose rate is far too low, so that a higher one would help."""
    return make_ward(make_network(), learning_rate=1e-6)


@dataclass(frozen=True)
class RaiseRate(Nothing):
    """Help a run that is too slow."""

    key: str = "raise_rate"

    def apply(self, state, finding):
        state.scale_learning_rate(1e4)
        return super().apply(state, finding)


def test_a_remedy_that_helps_is_kept_and_training_goes_on_with_it():
    run, listener = make_slow_ward()
    trial = run.medic.treat(make_problem(RaiseRate()), make_finding("exploding_gradient"))
    assert trial.kept
    assert trial.verdict == "helped"
    assert trial.effect.loss_with < trial.effect.loss_without - trial.effect.tolerance
    assert run.state.learning_rate == pytest.approx(1e-2)
    assert run.history.attempt == trial.attempt
    assert [event.trial for event in listener.of(TrialJudged)] == [trial]


@pytest.mark.parametrize(("remedy", "verdict"), [(Nothing(), "no_effect"), (Ruin(), "harmed")])
def test_a_remedy_that_does_not_help_is_undone(remedy, verdict):
    run, listener = make_ward()
    rate = run.state.learning_rate
    kept = run.medic.treat(make_problem(remedy), make_finding("exploding_gradient"))
    assert kept is None
    assert [trial.verdict for trial in run.medic.trials] == [verdict]
    assert run.state.learning_rate == rate
    assert run.history.attempt == 0
    assert len(listener.of(BranchShown)) == 1


def test_the_untreated_branch_is_what_plain_training_gives_when_nothing_helped():
    with seeded(0, 1):
        run, _ = make_ward(make_network())
        run.medic.treat(make_problem(Ruin(), Nothing()), make_finding("exploding_gradient"))
        treated_to = run.state.step
    with seeded(0, 1):
        plain, _ = make_ward(make_network())
        while plain.state.step < treated_to:
            advance(plain, treated_to)
    assert are_equal(weights_of(run.state.model), weights_of(plain.state.model))
    assert run.history.last("loss").tolist() == plain.history.last("loss").tolist()


def test_both_branches_end_at_the_same_step():
    run, _ = make_ward()
    run.medic.treat(make_problem(LowerRate(factor=0.9)), make_finding("exploding_gradient"))
    trial = run.medic.trials[0]
    steps = run.history.as_dict()["batches"]
    for attempt in (trial.attempt, trial.attempt_without):
        last = max(s for s, a in zip(steps["step"], steps["attempt"], strict=True) if a == attempt)
        assert last == trial.to_step - 1


def test_the_mildest_remedy_that_helps_wins():
    run, listener = make_slow_ward()
    run.medic.treat(
        make_problem(Nothing(), RaiseRate(), Ruin()), make_finding("exploding_gradient")
    )
    assert [trial.remedy for trial in run.medic.trials] == ["nothing", "raise_rate"]
    assert len(listener.of(TrialStarted)) == 2
    assert len(listener.of(HistoryRewound)) == 2


def test_a_remedy_that_objects_is_passed_over_in_silence():
    run, listener = make_ward()
    run.medic.treat(make_problem(Objector()), make_finding("exploding_gradient"))
    assert not run.medic.trials
    assert not listener.of(TrialStarted)


def test_a_remedy_that_raises_is_reported_and_the_next_one_tried():
    run, listener = make_slow_ward()
    trial = run.medic.treat(
        make_problem(Broken(), RaiseRate()), make_finding("exploding_gradient")
    )
    assert trial.remedy == "raise_rate"
    assert "no such knob" in listener.of(PartFailed)[0].message
    assert any("remedy broken" in note for note in run.notes)


def test_a_problem_is_given_up_once_in_words():
    run, listener = make_ward()
    for _ in range(2):
        run.medic.treat(make_problem(Nothing()), make_finding("exploding_gradient"))
    events = listener.of(ProblemUnresolved)
    assert len(events) == 1
    assert "nothing that was tried helped" in events[0].message


def test_no_trial_is_made_when_the_budget_is_spent():
    run, _ = make_ward()
    run.n_steps_taken = run.step_budget
    run.medic.treat(make_problem(RaiseRate()), make_finding("exploding_gradient"))
    assert not run.medic.trials


def test_a_dead_branch_is_not_run_on():
    run, _ = make_ward(PoisonedAt(3), n_epochs=1)
    n_before = run.n_steps_taken
    finding = make_finding("nan_inf_loss", step=2)
    assert run.medic.is_dead(finding)
    untreated = run.medic._leave_alone(finding, 200)
    assert np.isnan(untreated.evaluation.loss)
    assert run.n_steps_taken == n_before


def test_a_repair_of_a_dead_branch_helps_when_it_lives():
    run, _ = make_ward(PoisonedAt(3), n_epochs=0)
    found = advance(run)
    trial = run.medic.treat(PROBLEMS["nan_inf_loss"], found[0])
    assert trial.remedy == "skip_poisoned"
    assert np.isnan(trial.effect.loss_without)
    assert run.state.flat.is_finite()


def test_training_returns_to_the_finding_when_the_untreated_branch_dies_later():
    run, _ = make_ward(PoisonedAt(25), n_epochs=2)
    before, step = weights_of(run.state.model), run.state.step
    run.medic.treat(make_problem(Nothing()), make_finding("exploding_gradient"))
    assert run.state.step == step
    assert are_equal(before, weights_of(run.state.model))


def test_judging_rows_are_not_those_of_early_stopping_when_there_are_enough():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 6))
    y = (X[:, 0] > 0).astype(int)
    run, _ = make_ward(X=X, y=y, batch_size=256)
    run.medic.treat(make_problem(Nothing()), make_finding("exploding_gradient"))
    assert run.medic.trials[0].effect.is_independent
    assert run.medic.trials[0].effect.n_rows == 300


def test_it_is_said_when_rows_are_too_few_to_keep_apart():
    run, _ = make_ward()
    run.medic.treat(make_problem(Nothing()), make_finding("exploding_gradient"))
    assert not run.medic.trials[0].effect.is_independent


def test_a_restart_keeps_its_treatment_for_later_restarts():
    X = np.random.default_rng(0).normal(size=(300, 6)) * 1e4
    y = (X[:, 0] > 0).astype(int)
    run, _ = make_ward(make_network(is_normalised=False), X=X, y=y, n_epochs=0, learning_rate=1e-3)
    problem = PROBLEMS["unscaled_features"]
    assert run.medic.treat(problem, make_finding("unscaled_features")).kept
    treated = [treatment.key for treatment in run.state.data.treatments]
    run.state.restore(run.medic.beginning)
    assert [treatment.key for treatment in run.state.data.treatments] == treated
    assert run.state.step == 0


def test_randomness_is_the_same_in_both_branches():
    torch.manual_seed(0)
    dropping = torch.nn.Sequential(make_network(), torch.nn.Dropout(0.5))
    with seeded(0, 1):
        run, _ = make_ward(dropping)
        run.medic.treat(make_problem(Nothing()), make_finding("exploding_gradient"))
    effect = run.medic.trials[0].effect
    assert effect.loss_with == effect.loss_without


def test_doing_nothing_is_almost_never_called_help():
    """Judge a remedy that only changes the random numbers, many times."""

    @dataclass(frozen=True)
    class Reshuffle(Nothing):
        def apply(self, state, finding):
            torch.rand(1)
            return super().apply(state, finding)

    verdicts = []
    for seed in range(12):
        torch.manual_seed(seed)
        dropping = torch.nn.Sequential(torch.nn.Dropout(0.3), make_network(seed=seed))
        run, _ = make_ward(dropping, n_epochs=3)
        run.medic.treat(make_problem(Reshuffle()), make_finding("exploding_gradient"))
        verdicts.append(run.medic.trials[0].verdict)
    assert verdicts.count("helped") <= 2


def test_clipping_is_offered_by_the_registry():
    assert ClipGradient() in PROBLEMS["exploding_gradient"].remedies


@dataclass(frozen=True)
class RaiseRateABit(Nothing):
    """Help a run that is too slow, but not enough."""

    key: str = "raise_rate_a_bit"

    def apply(self, state, finding):
        state.scale_learning_rate(1e3)
        return super().apply(state, finding)


def never_cured(seen):
    return False


def test_the_next_remedy_is_tried_when_one_helped_without_curing():
    run, _ = make_slow_ward()
    problem = make_problem(RaiseRateABit(), RaiseRate(), is_cured=never_cured)
    kept = run.medic.treat(problem, make_finding("exploding_gradient"))
    assert kept.remedy == "raise_rate"
    first, second = run.medic.trials
    assert first.kept
    assert second.effect.loss_without == first.effect.loss_with


def test_the_better_branch_goes_on_when_a_later_remedy_is_worse():
    run, listener = make_slow_ward()
    problem = make_problem(RaiseRate(), Ruin(), is_cured=never_cured)
    kept = run.medic.treat(problem, make_finding("exploding_gradient"))
    assert kept.remedy == "raise_rate"
    assert run.state.learning_rate == pytest.approx(1e-2)
    assert run.history.attempt == kept.attempt
    assert listener.of(BranchShown)[-1].attempt == kept.attempt


def test_nothing_more_is_tried_once_it_is_cured():
    run, _ = make_slow_ward()
    run.medic.treat(make_problem(RaiseRate(), Ruin()), make_finding("exploding_gradient"))
    assert [trial.remedy for trial in run.medic.trials] == ["raise_rate"]


def test_a_repaired_branch_may_run_past_the_plan_when_the_problem_extends_it():
    run, _ = make_ward(make_network(), n_epochs=2, max_epochs=2, learning_rate=1e-6)
    end = run.state.step
    trial = run.medic.treat(make_problem(RaiseRate(), extends=True), make_finding())
    assert trial is not None
    assert trial.to_step > end


@pytest.mark.parametrize("batch_problem", ["loss_spike", "exploding_gradient"])
def test_a_bad_batch_that_left_no_trace_is_not_called_unresolved(batch_problem):
    run, listener = make_ward(make_network(), n_epochs=6)
    problem = replace(PROBLEMS[batch_problem], remedies=(Nothing(),))
    finding = make_finding(batch_problem, step=run.state.step - 1)
    assert run.medic.treat(problem, finding) is None
    assert run.medic.overcome == {batch_problem}
    assert not run.medic.unresolved
    assert not listener.of(ProblemUnresolved)


@dataclass(frozen=True)
class Free(Nothing):
    """Change nothing, and lose nothing by it."""

    key: str = "free"
    free_for: ClassVar[str] = "exploding_gradient"


@pytest.mark.parametrize(("remedy", "kept"), [(Nothing(), False), (Free(), True)])
def test_what_makes_no_difference_is_kept_only_when_nothing_is_lost_by_it(remedy, kept):
    run, _ = make_ward(make_network(), n_epochs=6)
    run.medic.treat(make_problem(remedy), make_finding("exploding_gradient"))
    (trial,) = run.medic.trials
    assert trial.verdict == "no_effect"
    assert trial.kept == kept
