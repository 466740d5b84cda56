"""Lists for pages: each user's own, in a stable order, with their counts."""

import pytest
from django.contrib.auth.models import AnonymousUser

from ml_training.selectors.candles import list_spans
from ml_training.selectors.pages import (
    RunFilter,
    checkpoints_of,
    latest_findings,
    list_runs,
    list_strategies,
    strategies_of,
)
from ml_training.selectors.runs import progress_of
from tests.services.builders import make_market, make_strategy, make_user
from tests.views.builders import add_event, fill, make_finished_run

pytestmark = pytest.mark.django_db


def test_each_user_sees_their_own_when_two_have_strategies():
    mine, theirs = fill("me"), fill("them")
    assert list(strategies_of(mine.owner)) == [mine.strategy]
    assert list(list_runs(mine.owner)) == [mine.run]
    assert list(checkpoints_of(mine.owner)) == [mine.checkpoint]
    assert {event.run for event in latest_findings(mine.owner, 9)} == {mine.run}
    assert theirs.run not in list_runs(mine.owner)


def test_staff_sees_all_and_strangers_nothing_when_asked():
    fill("me")
    staff = make_user("staff")
    staff.is_staff = True
    for rows in (strategies_of, list_runs, list_strategies, checkpoints_of):
        assert rows(staff).count() == 1
        assert rows(AnonymousUser()).count() == 0


def test_findings_and_repairs_are_counted_when_runs_are_listed():
    filled = fill()
    add_event(filled.run, remedy="", outcome="unresolved")
    (run,) = list_runs(filled.owner)
    assert (run.n_findings, run.n_fixes) == (2, 1)


def test_last_run_is_told_when_strategies_are_listed():
    filled = fill()
    newer = make_finished_run(filled.strategy, state="failed", verdict="")
    (strategy,) = list_strategies(filled.owner)
    assert strategy.n_runs == 2
    assert (strategy.last_run, strategy.last_state) == (newer.pk, "failed")


def test_newest_run_comes_first_when_listed():
    filled = fill()
    newer = make_finished_run(filled.strategy)
    assert list(list_runs(filled.owner)) == [newer, filled.run]


@pytest.mark.parametrize(
    "chosen", [RunFilter(state="failed"), RunFilter(q="zzz"), RunFilter(strategy="999")]
)
def test_nothing_is_listed_when_no_run_matches(chosen):
    assert not list_runs(fill().owner, chosen).exists()


def test_quiet_run_is_known_without_asking_again_when_listed(django_assert_num_queries):
    filled = fill()
    run = make_finished_run(make_strategy(owner=filled.owner), state="running")
    (listed,) = list_runs(filled.owner, RunFilter(state="running"))
    assert listed.pk == run.pk
    with django_assert_num_queries(0):
        assert progress_of(listed)["stale"] is False


def test_spans_are_told_by_one_query_when_there_are_many(django_assert_num_queries):
    for symbol in ("EURUSD", "XAUUSD"):
        make_market(symbol, "1h")
        make_market(symbol, "4h")
    with django_assert_num_queries(1):
        spans = list_spans()
    assert [(span.symbol, span.timeframe) for span in spans] == [
        ("EURUSD", "1h"),
        ("EURUSD", "4h"),
        ("XAUUSD", "1h"),
        ("XAUUSD", "4h"),
    ]
    assert [span.symbol for span in list_spans(["XAUUSD"])] == ["XAUUSD", "XAUUSD"]


def test_instrument_without_candles_has_an_empty_span_when_listed():
    make_market().chunks.all().delete()
    (span,) = list_spans()
    assert (span.symbol, span.timeframe, span.n_bars) == ("EURUSD", "", 0)
