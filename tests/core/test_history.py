import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.core.history import FIRST_CAPACITY, EpochScore, Reading, RunHistory


def make_reading(step, loss=0.5, **signals):
    return Reading(epoch=step // 10, step=step, loss=loss, gradient_norm=1.0, **signals)


def make_score(epoch, step, loss=0.5):
    return EpochScore(
        epoch=epoch,
        step=step,
        train_loss=loss,
        validation_loss=loss,
        validation_score=0.6,
        learning_rate=0.1,
    )


def make_history(n=0):
    history = RunHistory(("first", "second"))
    for step in range(n):
        history.add(make_reading(step, loss=float(step)))
    return history


def test_readings_come_back_in_order():
    history = make_history(5)
    assert history.last("loss").tolist() == [0, 1, 2, 3, 4]
    assert history.last("loss", 2).tolist() == [3, 4]
    assert history.last("step", 1).tolist() == [4]
    assert len(history) == 5


def test_fewer_come_back_when_fewer_were_read():
    assert len(make_history(3).last("loss", 10)) == 3


def test_readings_survive_when_the_array_grows():
    n = 3 * FIRST_CAPACITY + 1
    history = make_history(n)
    assert len(history) == n
    assert history.last("loss", 1).tolist() == [n - 1]
    assert history.last("loss").sum() == n * (n - 1) / 2


def test_layers_come_back_as_a_table():
    history = make_history()
    history.add(make_reading(0, layer_norms=[1.0, 2.0]))
    history.add(make_reading(1, layer_norms=[3.0, 4.0]))
    assert history.last_layers("layer_norms", 2).tolist() == [[1, 2], [3, 4]]


def test_layers_have_no_columns_when_never_watched():
    assert make_history(3).last_layers("update_ratios").shape == (3, 0)


def test_layers_are_missing_where_they_were_not_watched():
    history = make_history(2)
    history.add(make_reading(2, update_ratios=[0.1]))
    assert np.isnan(history.last_layers("update_ratios")[:2]).all()


def test_layers_widen_when_surgery_added_one():
    history = make_history()
    history.add(make_reading(0, layer_norms=[1.0]))
    history.add(make_reading(1, layer_norms=[1.0, 2.0, 3.0]))
    assert history.last_layers("layer_norms").shape == (2, 3)


def test_rewinding_hides_but_keeps():
    history = make_history(10)
    history.rewind_to(6)
    assert history.last("step").tolist() == [0, 1, 2, 3, 4, 5]
    assert history.n_readings == 10


def test_a_new_attempt_follows_a_rewind():
    history = make_history(10)
    history.rewind_to(6)
    history.add(make_reading(6, loss=66.0))
    assert history.attempt == 1
    assert history.last("loss", 2).tolist() == [5.0, 66.0]


def test_a_branch_is_shown_again_when_a_trial_is_undone():
    history = make_history(10)
    branch = history.rewind_to(4)
    history.add(make_reading(4, loss=-1.0))
    history.show(branch)
    assert history.last("loss").tolist() == list(range(10))
    assert history.attempt == 0
    assert history.n_readings == 11


def test_attempts_never_share_a_number():
    history = make_history(4)
    first = history.rewind_to(2)
    history.rewind_to(2)
    history.show(first)
    history.rewind_to(1)
    assert history.attempt == 3


def test_scores_are_hidden_with_the_steps_after_the_rewind():
    history = make_history(20)
    history.add_score(make_score(0, 10))
    history.add_score(make_score(1, 20))
    branch = history.rewind_to(10)
    assert [score.epoch for score in history.scores] == [0]
    history.show(branch)
    assert [score.epoch for score in history.scores] == [0, 1]


def test_all_attempts_are_written_down_with_their_visibility():
    history = make_history(3)
    history.rewind_to(2)
    history.add(make_reading(2, loss=float("nan")))
    history.add_score(make_score(0, 3, loss=float("inf")))
    document = json.loads(json.dumps(history.as_dict(), allow_nan=False))
    assert document["batches"]["is_visible"] == [True, True, False, True]
    assert document["batches"]["attempt"] == [0, 0, 0, 1]
    assert document["batches"]["loss"] == [0.0, 1.0, 2.0, None]
    assert document["epochs"][0]["validation_loss"] is None


def test_unknown_signals_are_refused():
    with pytest.raises(ValueError, match="not in tuple"):
        make_history(1).last("mood")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("aarrs"), st.integers(0, 30)), max_size=60))
def test_nothing_is_ever_deleted_and_steps_stay_in_order(actions):
    history, branches, n_added, step = make_history(), [], 0, 0
    for action, number in actions:
        if action == "a":
            history.add(make_reading(step))
            step, n_added = step + 1, n_added + 1
        elif action == "r":
            step = min(step, number)
            branches.append(history.rewind_to(step))
        elif branches:
            history.show(branches[number % len(branches)])
            step = len(history)
        assert history.n_readings == n_added
        assert history.last("step").tolist() == list(range(step))


def test_numbers_by_epoch_follow_what_is_visible_when_epochs_are_hidden_and_shown():
    history = make_history(40)
    for epoch in range(3):
        history.add_score(make_score(epoch, 10 * (epoch + 1), loss=float(epoch)))
    assert history.by_epoch("train_loss").tolist() == [0, 1, 2]
    branch = history.rewind_to(20)
    history.add_score(make_score(2, 30, loss=9.0))
    assert history.by_epoch("train_loss").tolist() == [0, 1, 9]
    history.show(branch)
    history.add_score(make_score(3, 40, loss=3.0))
    assert history.by_epoch("train_loss").tolist() == [0, 1, 2, 3]


def test_numbers_by_epoch_are_not_numbers_where_nothing_was_measured():
    history = make_history()
    for epoch in range(300):
        measured = {"travel": float(epoch)} if epoch % 2 else {}
        history.add_score(dataclasses.replace(make_score(epoch, epoch + 1), signals=measured))
        travel = history.by_epoch("travel")
    assert len(travel) == 300
    assert np.isnan(travel[::2]).all()
    assert travel[1::2].tolist() == list(range(1, 300, 2))
    assert np.isnan(history.by_epoch("unheard of")).all()


def test_numbers_by_epoch_cannot_be_written_to_by_a_detector():
    history = make_history()
    history.add_score(make_score(0, 1))
    with pytest.raises(ValueError, match="read-only"):
        history.by_epoch("train_loss")[0] = 1.0
