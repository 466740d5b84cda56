"""Scorings are asked for, done once, kept, and brought up to date."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone
from django_q.models import OrmQ

from ml_training.errors import DataError
from ml_training.models import Checkpoint, Scoring, Setup, Signal, Strategy
from ml_training.selectors.scores import latest_scoring, newest_signals, signals_of
from ml_training.services import signals
from ml_training.services.market import store_candles
from ml_training.services.scoring import score_strategy
from ml_training.services.signals import request_scoring, run_scoring, store_scores
from ml_training.tasks import score_newest
from tests.services.builders import make_market, make_strategy, make_user
from tests.services.trained import N_BARS, trained_once, walk

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def kept(django_db_setup, django_db_blocker):
    with trained_once(django_db_blocker) as run:
        store_candles(Setup.objects.first().scan.instrument, "1h", walk(N_BARS + 27))
        yield run


@pytest.fixture
def strategy(kept):
    return Strategy.objects.get(pk=kept.strategy_id)


def add_bars(n_bars):
    store_candles(Setup.objects.first().scan.instrument, "1h", walk(n_bars))


def done(strategy):
    scoring = request_scoring(strategy)
    assert run_scoring(scoring.pk) == "done"
    scoring.refresh_from_db()
    return scoring


def test_worker_is_told_once_when_a_scoring_is_asked_for_twice(
    strategy, django_capture_on_commit_callbacks
):
    user = make_user()
    with django_capture_on_commit_callbacks(execute=True) as told:
        scoring = request_scoring(strategy, requested_by=user)
        assert request_scoring(strategy) == scoring
    assert (scoring.state, scoring.requested_by) == ("queued", user)
    assert len(told) == 1
    assert OrmQ.objects.count() == 1


def test_rows_are_what_the_model_said(strategy):
    found = score_strategy(strategy)
    scoring = done(strategy)
    rows = newest_signals(strategy)
    assert len(rows) == len(found.scores) == scoring.n_fresh > 0
    assert scoring.n_taken == sum(row.is_taken for row in rows)
    assert scoring.checkpoint == found.checkpoint
    assert (scoring.drift["level"], scoring.notes) == (found.drift.level, list(found.notes))
    by_key = {(one.timeframe, one.signal_at, one.side): one for one in found.scores}
    for row in rows:
        said = by_key[row.timeframe, row.signal_at, row.side]
        assert (row.probability, row.is_taken, row.entry, tuple(row.novel)) == (
            *(said.probability, said.is_taken, said.entry),
            said.novel,
        )
        assert str(row).startswith("take" if row.is_taken else "skip")


def test_answer_holds_until_there_are_new_candles(strategy):
    first = done(strategy)
    assert request_scoring(strategy) == first
    add_bars(N_BARS + 28)
    second = request_scoring(strategy)
    assert (second.state, second.pk == first.pk) == ("queued", False)
    assert latest_scoring(strategy) == first


def test_setup_is_kept_once_when_it_is_scored_again(strategy):
    first = done(strategy)
    before = set(Signal.objects.values_list("pk", flat=True))
    add_bars(N_BARS + 28)
    second = done(strategy)
    again = Signal.objects.filter(pk__in=before, scoring=second)
    assert again.exists()
    assert Signal.objects.filter(pk__in=before).count() == len(before)
    assert {first, second} >= {one.scoring for one in Signal.objects.select_related("scoring")}


def test_scoring_is_done_once_when_its_hint_comes_twice(strategy, settings):
    settings.ML_TRAINING = {"isolation": "inline"}
    scoring = request_scoring(strategy)
    assert score_newest(scoring.pk) == "done"
    assert score_newest(scoring.pk) == "left alone"


def test_scoring_fails_in_words_when_the_model_is_gone(strategy, kept):
    scoring = request_scoring(strategy)
    Checkpoint.objects.filter(run=kept).delete()
    assert run_scoring(scoring.pk) == "failed"
    scoring.refresh_from_db()
    assert "has no model yet" in scoring.error
    assert scoring.hint == "Train it first."


def test_scoring_fails_and_is_told_when_something_unforeseen_happens(strategy, monkeypatch):
    scoring = request_scoring(strategy)
    make_market("GBPUSD")
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "file", None)
        with pytest.raises(AttributeError):
            run_scoring(scoring.pk)
    scoring.refresh_from_db()
    assert (scoring.state, scoring.error) == ("failed", "something went wrong")


def test_nobody_waits_for_ever_when_a_worker_died(strategy):
    stuck = request_scoring(strategy)
    late = timezone.now() - timedelta(seconds=signals.PATIENCE_S + 1)
    Scoring.objects.filter(pk=stuck.pk).update(asked_at=late, state="running")
    fresh = request_scoring(strategy)
    assert fresh.pk != stuck.pk
    stuck.refresh_from_db()
    assert (stuck.state, stuck.hint) == ("failed", "Ask again.")
    with pytest.raises(signals.ScoringError, match="was given up"):
        store_scores(stuck, score_strategy(strategy))
    assert not Signal.objects.exists()


def test_second_active_scoring_is_refused_by_the_table(strategy):
    request_scoring(strategy)
    with pytest.raises(IntegrityError):
        Scoring.objects.create(strategy=strategy, state="running")


def test_request_is_refused_when_there_is_no_model():
    with pytest.raises(DataError, match="no model yet"):
        request_scoring(make_strategy())
    assert not Scoring.objects.exists()


def test_dead_process_is_told_in_the_row(strategy, monkeypatch):
    scoring = request_scoring(strategy)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "no.such.settings")
    assert score_newest(scoring.pk) == "failed"
    scoring.refresh_from_db()
    assert "its process ended with 1" in scoring.error


def test_signals_are_seen_by_their_owner_and_staff_only(strategy):
    done(strategy)
    n_all = Signal.objects.count()
    staff = make_user("staff")
    staff.is_staff = True
    assert signals_of(strategy.owner).count() == signals_of(staff).count() == n_all
    assert signals_of(make_user()).count() == 0
    assert newest_signals(make_strategy()) == []
