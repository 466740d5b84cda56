"""A database that was away is asked again over a new connection."""

import pytest
from django.db import connection

from ml_training.models import MetricPoint
from ml_training.services.away import AWAY, forget_connections
from ml_training.services.leases import Keeper, lease_of
from ml_training.services.recorder import RunRecorder
from ml_training.services.runs import ending
from tests.services.builders import make_run
from tests.services.engine_events import epoch_ended


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def lost_once(monkeypatch):
    """Let the next statement find its connection lost, as a restarted server does."""

    def lose() -> list[str]:
        closed = []

        def fail(execute, sql, params, many, context):
            if not closed:
                connection.errors_occurred = True
                closed.append(sql)
                raise AWAY[1]("connection already closed")
            return execute(sql, params, many, context)

        context = connection.execute_wrapper(fail)
        context.__enter__()
        wrappers.append(context)
        return closed

    wrappers = []
    yield lose
    for context in wrappers:
        context.__exit__(None, None, None)


@pytest.mark.django_db(transaction=True)
def test_rows_are_written_later_when_the_connection_was_lost(lost_once):
    clock = Clock()
    recorder = RunRecorder(make_run(), clock=clock)
    lost = lost_once()
    clock.now = 5.0
    recorder(epoch_ended(0))
    assert len(lost) == 1
    assert not MetricPoint.objects.exists()
    clock.now = 7.0
    recorder(epoch_ended(1))
    assert MetricPoint.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_lease_is_kept_when_the_connection_was_lost(lost_once):
    clock = Clock()
    keep = Keeper(lease_of(make_run()), clock=clock)
    lost = lost_once()
    clock.now = 10.0
    keep()
    clock.now = 20.0
    keep()
    assert len(lost) == 1


@pytest.mark.django_db(transaction=True)
def test_connection_that_works_is_kept():
    before = connection.connection
    forget_connections()
    assert connection.connection is before


@pytest.mark.django_db
@pytest.mark.parametrize(("is_replaceable", "state"), [(True, "running"), (False, "failed")])
def test_run_is_left_to_its_supervisor_when_the_database_is_away(is_replaceable, state):
    run = make_run()
    run.lease_until = run.started_at if is_replaceable else None
    with pytest.raises(AWAY[0]), ending(run):
        raise AWAY[0]("the server closed the connection")
    run.refresh_from_db()
    assert run.state == state
