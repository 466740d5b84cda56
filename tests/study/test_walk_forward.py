"""The whole procedure is walked forward: only the past speaks in each step."""

import numpy as np
import pytest

from ml_training.data.folds import walk_forward
from ml_training.study.blocks import cut_blocks
from ml_training.study.candidates import prepare_candidates
from ml_training.study.choosing import Choice, find_best_model
from ml_training.study.fitting import BASELINES
from ml_training.study.models import BASE_RATE, BLEND, ENSEMBLE, FOREST, LOGISTIC
from ml_training.study.walk_forward import (
    MIN_TRAIN,
    MIN_VALIDATION,
    Walked,
    reconsider,
    walk_study_forward,
)
from tests.study.builders import change, make_set, quick_settings

SETTINGS = quick_settings()


def prepare(train, validation):
    """Fit the quickest model alone: what is tested here is the walking."""
    return prepare_candidates(train, validation, SETTINGS.train, names={LOGISTIC})


def walk(dataset, **options):
    return walk_study_forward(dataset, SETTINGS, **{"prepare": prepare, **options})


@pytest.fixture(scope="module")
def dataset():
    return make_set(600, edge=0.8)


@pytest.fixture(scope="module")
def found(dataset):
    return walk(dataset).found


def test_later_two_thirds_are_predicted_when_walked_forward(dataset, found):
    assert len(found.outcomes) == 400
    assert sum(one.n for one in found.steps) == 400
    np.testing.assert_array_equal(found.outcomes.t0, dataset.t0[200:])
    np.testing.assert_array_equal(found.outcomes.r, dataset.r[200:])
    assert [one.name for one in found.models] == [LOGISTIC, "base rate"]


def test_nothing_said_before_changes_when_the_future_changes(dataset, found):
    last = walk_forward(dataset.t0, dataset.t1)[-1].test
    X, y, r = dataset.X.copy(), dataset.y.copy(), dataset.r.copy()
    X[last], y[last], r[last] = -9.0, 1 - y[last], -r[last]
    other = walk(change(dataset, X=X, y=y, r=r)).found
    before = slice(0, len(found.outcomes) - len(last))
    for name in ("p", "taken", "base_rate"):
        np.testing.assert_array_equal(
            getattr(other.said, name)[before], getattr(found.said, name)[before]
        )
    assert other.steps[:-1] == found.steps[:-1]


def test_models_see_only_what_ended_before_the_step(dataset):
    seen = []

    def look(train, validation):
        seen.append((train.t1.max(), validation.t0.min(), validation.t1.max()))
        return prepare(train, validation)

    steps = walk(dataset, prepare=look).found.steps
    for (train_end, validation_start, validation_end), step in zip(seen, steps, strict=True):
        assert train_end < validation_start
        assert validation_end < step.start


def test_edge_is_found_in_every_step_when_it_is_strong(found):
    assert found.n_ranking == len(found.steps) == 5
    assert found.pooled.metrics.auc > 0.65
    assert found.pooled.p_value < 0.02


def test_same_seed_says_the_same_twice(dataset, found):
    assert walk(dataset).found.as_dict() == found.as_dict()


def test_walk_ends_between_steps_when_asked_to_stop(dataset):
    asked = []

    def stop():
        asked.append(True)
        return len(asked) > 2

    walked = walk(dataset, should_stop=stop)
    assert walked.found is None
    assert walked.note == "it was stopped after 2 of 5 steps"


def test_each_step_is_told_when_it_is_done(dataset):
    heard = []
    walk(dataset, listen=heard.append)
    assert [progress.step for progress in heard] == [5] * 10
    assert [progress.title for progress in heard[::2]] == [
        f"Walking forward, step {number} of 5" for number in range(1, 6)
    ]
    lines = [line for progress in heard for line in progress.lines]
    assert [line.split(":")[0].strip() for line in lines] == [
        f"Walk-forward {number}/5" for number in range(1, 6)
    ]
    assert max(len(line) for line in lines) <= 80


@pytest.mark.parametrize(("n", "words"), [(2, "cannot be cut"), (60, "would train on")])
def test_reason_is_given_when_setups_are_too_few(n, words):
    walked = walk(make_set(n, hours_apart=48))
    assert walked.found is None
    assert words in walked.note


def test_reason_is_given_when_the_first_past_holds_one_class():
    y = make_set(600).y.copy()
    y[:250] = 0
    walked = walk(make_set(600, y=y))
    assert walked.note == "its first step would train on losses only"


def test_first_past_is_as_small_as_allowed_and_no_smaller():
    for n in (190, 210, 230):
        dataset = make_set(n, hours_apart=48, edge=0.8)
        first = walk_forward(dataset.t0, dataset.t1)[0]
        is_enough = len(first.train) >= MIN_TRAIN and len(first.validation) >= MIN_VALIDATION
        assert (walk(dataset).found is not None) == is_enough


def test_openings_deflate_what_the_walk_forward_is_worth(dataset, found):
    often = quick_settings(n_openings=40)
    again = walk_study_forward(dataset, often, prepare=prepare).found
    assert again.deflated_sharpe < found.deflated_sharpe


def test_caller_is_asked_between_models_and_within_the_ensemble():
    asked = []
    dataset = make_set(300, edge=0.8)
    fold = walk_forward(dataset.t0, dataset.t1)[0]
    parts = dataset.take(fold.train), dataset.take(fold.validation)
    counts = []
    for names in ({LOGISTIC}, {LOGISTIC, ENSEMBLE}):
        asked.clear()
        found = prepare_candidates(
            *parts, SETTINGS.train, names=names, beat=lambda: bool(asked.append(1)) or True
        )
        assert set(found) == {*names, BASE_RATE}
        counts.append(len(asked))
    assert counts[0] == 2 * len(BASELINES)
    assert counts[1] > 10  # an answer of True ends nothing


def choose_again(dataset, name=BASE_RATE):
    blocks = cut_blocks(dataset, (0.6, 0.2, 0.2))
    candidates = prepare(blocks.train, blocks.validation)
    return reconsider(Choice(name, "first"), candidates, blocks, walk(dataset))


def test_model_is_served_after_all_when_the_steps_before_the_test_block_speak_for_it(dataset):
    again = choose_again(dataset)
    assert again.name == LOGISTIC
    assert "in the steps before the test block they are" in again.reason


def test_choice_stays_when_it_is_a_model_or_the_steps_do_no_better(dataset):
    assert choose_again(dataset, LOGISTIC).reason == "first"
    noise = change(dataset, y=np.random.default_rng(0).permutation(dataset.y))
    assert choose_again(noise).name == BASE_RATE
    blocks = cut_blocks(dataset, (0.6, 0.2, 0.2))
    candidates = prepare(blocks.train, blocks.validation)
    first = Choice(BASE_RATE, "first")
    assert reconsider(first, candidates, blocks, Walked(note="none")) is first


def test_outcomes_of_the_test_block_move_no_choice(dataset):
    y = dataset.y.copy()
    y[480:] = 1 - y[480:]
    assert choose_again(change(dataset, y=y)) == choose_again(dataset)


def test_model_speaks_in_every_step_even_when_there_is_nothing_to_say():
    rng = np.random.default_rng(0)
    noise = make_set(600, edge=0.0, y=(rng.random(600) < 0.4).astype(int))
    assert {one.served for one in walk(noise).found.steps} == {LOGISTIC}


def test_blend_speaks_where_there_is_one_and_nothing_to_say():
    rng = np.random.default_rng(0)
    noise = make_set(600, edge=0.0, y=(rng.random(600) < 0.4).astype(int))
    names = {LOGISTIC, FOREST, BLEND}

    def blend(train, validation):
        return prepare_candidates(train, validation, SETTINGS.train, names=names)

    found = walk(noise, prepare=blend).found
    candidates = blend(noise.take(np.arange(300)), noise.take(np.arange(300, 400)))
    assert find_best_model(candidates, noise.take(np.arange(300, 400))) == BLEND
    assert all(one.served != BASE_RATE for one in found.steps)
