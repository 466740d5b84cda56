"""How many runs one person may have active at a time."""

import pytest

from ml_training.models import TrainingRun
from ml_training.services.limits import MOST_ACTIVE_RUNS, TooManyRunsError, check_room
from ml_training.services.queue import request_run
from ml_training.services.runs import RunConflictError, create_run
from tests.services.builders import make_strategy, make_user

pytestmark = pytest.mark.django_db
State = TrainingRun.State


def fill(user, n_runs=MOST_ACTIVE_RUNS):
    return [
        create_run(make_strategy(owner=user), {}, requested_by=user, idempotency_key=f"{number}")
        for number in range(n_runs)
    ]


def test_there_is_room_when_one_less_is_active():
    user = make_user()
    fill(user, MOST_ACTIVE_RUNS - 1)
    check_room(make_strategy(owner=user), user)


def test_user_is_told_the_limit_and_a_way_out_when_it_is_reached():
    user = make_user()
    fill(user)
    with pytest.raises(TooManyRunsError, match=f"at most {MOST_ACTIVE_RUNS} runs") as caught:
        check_room(make_strategy(owner=user), user)
    assert "cancel" in caught.value.hint


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELED])
def test_ended_runs_take_no_room_when_counted(state):
    user = make_user()
    fill(user)
    TrainingRun.objects.update(state=state)
    check_room(make_strategy(owner=user), user)


def test_runs_of_others_take_no_room_when_counted():
    fill(make_user())
    user = make_user()
    check_room(make_strategy(owner=user), user)


def test_run_of_the_same_strategy_is_a_conflict_when_there_is_no_room():
    user = make_user()
    first = fill(user)[0]
    check_room(first.strategy, user)
    with pytest.raises(RunConflictError):
        request_run(first.strategy, {}, requested_by=user)


def test_no_run_is_made_when_there_is_no_room():
    user = make_user()
    fill(user)
    with pytest.raises(TooManyRunsError):
        request_run(make_strategy(owner=user), {}, requested_by=user)
    assert TrainingRun.objects.count() == MOST_ACTIVE_RUNS


def test_repeated_request_finds_its_run_when_there_is_no_room():
    user = make_user()
    runs = fill(user, MOST_ACTIVE_RUNS + 1)
    ended = runs[0]
    TrainingRun.objects.filter(pk=ended.pk).update(state=State.SUCCEEDED)
    again = request_run(ended.strategy, {}, requested_by=user, idempotency_key="0")
    assert again == ended


def test_terminal_has_no_limit_when_nobody_is_named():
    user = make_user()
    fill(user)
    assert request_run(make_strategy(owner=user), {}).state == State.QUEUED
