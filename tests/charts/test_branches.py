"""What counts after every turn is what the engine's own history shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_training.charts.branches import follow_branches, name_branches, split_points
from ml_training.core.history import EpochScore, Reading, RunHistory
from tests.charts.builders import make_batch, make_epoch, make_event, make_trial, rewind, show


def steps_of(points):
    return [point["step"] for point in points]


def test_everything_counts_when_nothing_was_rewound():
    split = split_points(
        [make_batch(step) for step in range(5)], follow_branches([]), is_epoch=False
    )
    assert steps_of(split.counted) == [0, 1, 2, 3, 4]
    assert split.left == {}


def test_later_steps_of_the_old_attempt_are_left_when_the_run_went_back():
    points = [make_batch(step) for step in range(30)]
    points += [make_batch(step, attempt=1) for step in range(10, 20)]
    split = split_points(points, follow_branches([rewind(1, to_step=10)]), is_epoch=False)
    assert steps_of(split.counted) == list(range(20))
    assert {point["attempt"] for point in split.counted[10:]} == {1}
    assert steps_of(split.left[0]) == list(range(10, 30))


def test_old_attempt_counts_again_when_its_branch_is_shown():
    points = [make_batch(step) for step in range(30)]
    points += [make_batch(step, attempt=1) for step in range(10, 20)]
    paths = follow_branches([rewind(1, to_step=10), show(0)])
    split = split_points(points, paths, is_epoch=False)
    assert steps_of(split.counted) == list(range(30))
    assert {point["attempt"] for point in split.counted} == {0}
    assert steps_of(split.left[1]) == list(range(10, 20))


def test_score_at_the_turning_point_counts_when_the_epoch_had_ended_there():
    paths = follow_branches([rewind(1, to_step=10)])
    split = split_points([make_epoch(0), make_epoch(1)], paths, is_epoch=True)
    assert steps_of(split.counted) == [10]


def test_repeated_step_counts_once_when_it_ran_again():
    points = [make_batch(3, loss=1.0), make_batch(3, loss=2.0)]
    split = split_points(points, follow_branches([]), is_epoch=False)
    assert [point["loss"] for point in split.counted] == [2.0]


def test_unknown_attempt_counts_from_its_beginning_when_only_shown():
    paths = follow_branches([show(7)])
    assert paths.does_count(make_batch(0, attempt=7))
    assert not paths.does_count(make_batch(0))


TURNS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6), st.booleans()), max_size=6)


@given(TURNS)
def test_same_batches_count_when_compared_with_the_engines_history(turns):
    """The engine keeps or undoes each trial; both books must agree afterwards."""
    history = RunHistory(["only"])
    points, branches, step = [], [], 0
    step = run_on(history, points, step, 5)
    for back, n_steps, is_kept in turns:
        before, here = history.branch(), step
        target = max(0, step - back)
        history.rewind_to(target)
        branches.append(rewind(history.attempt, to_step=target, from_step=here))
        step = run_on(history, points, target, n_steps)
        if not is_kept:
            history.show(before)
            branches.append(show(before.attempt, here))
            step = here
    split = split_points(points, follow_branches(branches), is_epoch=False)
    assert [p["loss"] for p in split.counted] == history.last("loss").tolist()


def run_on(history, points, step, n_steps):
    """Train some steps: both books get the same readings."""
    for at in range(step, step + n_steps):
        loss = float(len(points))
        history.add(Reading(epoch=0, step=at, loss=loss, gradient_norm=1.0))
        points.append(make_batch(at, attempt=history.attempt, loss=loss))
    return step + n_steps


def test_epochs_agree_with_the_engines_history_when_it_went_back_to_their_end():
    history = RunHistory(["only"])
    for number in range(3):
        score = {"train_loss": 1.0, "validation_loss": 1.0, "validation_score": 0.5}
        place = {"epoch": number, "step": 10 * (number + 1), "learning_rate": 0.1}
        history.add_score(EpochScore(**score, **place))
    history.rewind_to(20)
    paths = follow_branches([rewind(history.attempt, to_step=20)])
    split = split_points([make_epoch(n) for n in range(3)], paths, is_epoch=True)
    assert steps_of(split.counted) == [score.step for score in history.scores] == [10, 20]


@pytest.mark.parametrize(
    ("is_kept", "names"),
    [(True, {0: "without the fix"}), (False, {1: "a fix that was undone"})],
)
def test_grey_branch_is_named_when_its_trial_is_known(is_kept, names):
    assert name_branches([make_event(1, make_trial(kept=is_kept))]) == names
