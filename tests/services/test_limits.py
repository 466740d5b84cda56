"""How many runs one person may have active at a time."""

import pytest

from ml_training.models import TrainingRun
from ml_training.services.limits import MOST_ACTIVE_RUNS, TooManyRunsError, check_room
from ml_training.services.queue import request_run, requeue
from ml_training.services.runs import RunConflictError, RunStateError, create_run
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


def make_failed_run(user=None):
    run = request_run(make_strategy(), {}, requested_by=user, idempotency_key="once" * bool(user))
    TrainingRun.objects.filter(pk=run.pk).update(state=State.FAILED)
    run.refresh_from_db()
    return run


def test_run_does_not_go_on_when_there_is_no_room():
    user = make_user()
    run = make_failed_run(user)
    fill(user)
    with pytest.raises(TooManyRunsError):
        requeue(run, asked_by=user)
    run.refresh_from_db()
    assert run.state == State.FAILED


def test_run_takes_the_room_of_whoever_lets_it_go_on():
    asked, goes_on = make_user(), make_user()
    run = requeue(make_failed_run(asked), asked_by=goes_on)
    assert (run.requested_by, run.idempotency_key) == (goes_on, "")
    fill(goes_on, MOST_ACTIVE_RUNS - 1)
    with pytest.raises(TooManyRunsError):
        check_room(make_strategy(), goes_on)


@pytest.mark.parametrize("is_named", [True, False])
def test_run_stays_whose_it_was_when_its_own_user_or_nobody_lets_it_go_on(is_named):
    user = make_user()
    run = requeue(make_failed_run(user), asked_by=user if is_named else None)
    assert (run.requested_by, run.idempotency_key) == (user, "once")


def test_own_state_is_named_when_a_waiting_run_is_to_go_on_without_room():
    user = make_user()
    run = fill(user)[0]
    with pytest.raises(RunStateError, match="is queued"):
        requeue(run, asked_by=user)
