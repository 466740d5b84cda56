"""The newest setups get the chance that training would have given, or a refusal."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ml_training.data.frame import Frame
from ml_training.data.fresh import drop_unclosed, scan_fresh
from ml_training.data.instruments import guess_instrument
from ml_training.data.rules import parse_rules
from ml_training.data.setups import scan_setups
from ml_training.errors import DataError
from ml_training.models import Checkpoint, Setup, Strategy, TrainingRun
from ml_training.services.checkpoints import local_copy
from ml_training.services.fresh import scan_markets
from ml_training.services.jsonable import to_jsonable
from ml_training.services.market import store_candles
from ml_training.services.scoring import score_strategy
from ml_training.services.setups import scan_strategy
from ml_training.study.leak_alarm import THE_BET
from ml_training.study.profile import read_profile
from tests.data.builders import random_candles
from tests.services.builders import RSI_RULES, make_market, make_strategy
from tests.services.trained import N_BARS, trained_once, walk

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FEW_OPEN = N_BARS + 27
"""Bars after which both timeframes have setups without an outcome."""
EVERY_BAR = {
    **RSI_RULES,
    "long": {"left": {"price": "close"}, "op": ">", "right": 0},
    "short": None,
    "filters": {"cooldown_bars": 0, "one_open_per_symbol": False},
}


@pytest.fixture(scope="module")
def kept(django_db_setup, django_db_blocker):
    with trained_once(django_db_blocker) as run:
        yield run


@pytest.fixture
def strategy(kept):
    return Strategy.objects.get(pk=kept.strategy_id)


def add_bars(n_bars):
    """Let time go on: the bars up to this one are known."""
    instrument = Setup.objects.first().scan.instrument
    store_candles(instrument, "1h", walk(n_bars))


def find_awaiting(strategy):
    """Let time go on until a signal has just come; return its market."""
    for n_bars in range(N_BARS + 1, N_BARS + 300):
        add_bars(n_bars)
        market = next(scan_markets(strategy, NOW))
        if market.n_awaiting:
            return market
    raise AssertionError("no signal in 300 bars: choose other candles")


def test_features_are_those_of_a_later_scan_to_the_bit(strategy):
    add_bars(FEW_OPEN)
    live = {}
    for market in scan_markets(strategy, NOW):
        for row in np.flatnonzero(market.is_fresh):
            key = (market.timeframe, int(market.setups.t0[row]), int(market.setups.side[row]))
            live[key] = market.X[row].tobytes()
    assert live
    add_bars(N_BARS + 500)
    scan_strategy(strategy)
    for (timeframe, t0, side), features in live.items():
        later = Setup.objects.get(
            scan__timeframe=timeframe, entry_at=datetime.fromtimestamp(t0, UTC), side=side
        )
        assert later.outcome != Setup.Outcome.OPEN
        assert bytes(later.features) == features


def test_signal_of_the_last_bar_is_scored_before_its_entry_bar_exists(strategy):
    market = find_awaiting(strategy)
    row, t0 = market.X[-1], int(market.setups.t0[-1])
    (score,) = [one for one in score_strategy(strategy, now=NOW).scores if one.is_awaiting]
    assert score.signal_at.timestamp() == market.until == t0
    add_bars(N_BARS + 500)
    scan_strategy(strategy)
    later = Setup.objects.get(scan__timeframe="1h", entry_at=score.entry_at, side=score.side)
    final = np.frombuffer(later.features, dtype="<f8")
    names = later.scan.feature_names
    differing = {names[column] for column in np.flatnonzero(row != final)}
    assert differing <= set(THE_BET)
    np.testing.assert_allclose(row, final, atol=0.05)


def test_every_setup_without_an_outcome_is_scored_once(strategy):
    add_bars(FEW_OPEN)
    found = score_strategy(strategy, now=NOW)
    scan_strategy(strategy)
    rows = Setup.objects.filter(outcome=Setup.Outcome.OPEN)
    stored = {(one.scan.timeframe, one.entry_at, one.side) for one in rows}
    scored = [one for one in found.scores if not one.is_awaiting]
    assert stored
    assert {(one.timeframe, one.entry_at, one.side) for one in scored} == stored
    assert len(scored) == len(stored)
    times = [one.signal_at for one in found.scores]
    assert times == sorted(times, reverse=True)


def test_chance_and_advice_are_those_of_the_stored_model(strategy, kept):
    found = score_strategy(strategy, now=NOW)
    assert found.run.pk == kept.pk
    assert found.threshold == kept.results["threshold"]
    for score in found.scores:
        assert score.is_taken == (score.probability >= found.threshold)
        assert 0 < score.probability < 1
    assert json.loads(json.dumps(to_jsonable(found.as_dict()), allow_nan=False))


def test_bar_that_has_not_closed_is_not_looked_at(strategy):
    last = walk().time[-1]
    for seconds, n_closed in ((3_599, N_BARS - 1), (3_600, N_BARS)):
        now = datetime.fromtimestamp(int(last) + seconds, UTC)
        market = next(scan_markets(strategy, now))
        assert market.until == walk().time[n_closed - 1] + 3_600
    assert list(scan_markets(strategy, datetime(2020, 1, 1, tzinfo=UTC))) == []
    assert score_strategy(strategy, now=datetime(2020, 1, 1, tzinfo=UTC)).scores == ()


def test_profile_of_the_training_travels_with_the_model(kept):
    checkpoint = Checkpoint.objects.get(run=kept, kind="best")
    with local_copy(checkpoint) as path:
        profile = read_profile(path)
    assert profile.n == kept.results["training_samples"]
    assert profile.symbols == ("EURUSD",)
    assert len(profile.columns) == len(Setup.objects.first().scan.feature_names)


def test_drift_is_told_from_setups_after_the_training(strategy):
    drift = score_strategy(strategy, now=NOW).drift
    assert drift.n_recent >= drift.n_needed
    assert 0 < drift.n_effective <= drift.n_recent
    assert drift.level in {"stable", "moderate", "large"}
    assert [one.psi for one in drift.columns] == sorted(
        (one.psi for one in drift.columns), reverse=True
    )


def test_other_market_is_called_new_and_drifted(strategy):
    make_market("GBPUSD", candles=random_candles(7_000, seed=9, volatility=0.02, price=300.0))
    Strategy.objects.filter(pk=strategy.pk).update(symbols=["GBPUSD"])
    strategy.refresh_from_db()
    found = score_strategy(strategy, now=NOW)
    assert found.drift.level == "large"
    assert "It was not trained on GBPUSD." in found.notes
    assert any("moved away" in note for note in found.notes)


def test_notes_say_when_the_verdict_claims_no_edge(strategy, kept):
    TrainingRun.objects.filter(pk=kept.pk).update(verdict="no_edge")
    assert "nothing says that taking" in score_strategy(strategy, now=NOW).notes[0]
    TrainingRun.objects.filter(pk=kept.pk).update(verdict="edge_stable")
    assert not any("nothing says" in note for note in score_strategy(strategy, now=NOW).notes)


def test_scoring_is_refused_when_rules_features_or_model_do_not_fit(strategy, kept, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("ml_training.data.features.plan.VERSION", 999)
        with pytest.raises(DataError, match="expects the features"):
            score_strategy(strategy, now=NOW)
    Checkpoint.objects.filter(run=kept).update(sha256="0" * 64)
    with pytest.raises(DataError, match="the stored one is 0000"):
        score_strategy(strategy, now=NOW)
    strategy.rules = {**strategy.rules, "exit": {**strategy.rules["exit"], "max_bars": 10}}
    strategy.save()
    with pytest.raises(DataError, match="was trained on the rules"):
        score_strategy(strategy, now=NOW)
    with pytest.raises(DataError, match="no model yet"):
        score_strategy(make_strategy(), now=NOW)


@pytest.mark.parametrize("max_bars", [1, 2, 24])
def test_signal_of_the_last_bar_is_the_next_setup_of_a_longer_series(max_bars):
    rules = parse_rules({**EVERY_BAR, "exit": {**EVERY_BAR["exit"], "max_bars": max_bars}})
    candles, spec = random_candles(300), guess_instrument("EURUSD")
    found = scan_fresh(rules, Frame(candles.slice(0, 200), "1h"), spec)
    later = scan_setups(rules, Frame(candles, "1h"), spec)
    assert found.awaiting.signal_index.tolist() == [199]
    assert later.side[later.signal_index == 199].tolist() == found.awaiting.side.tolist()
    known = later.signal_index < 199
    assert found.setups.signal_index.tolist() == later.signal_index[known].tolist()


def test_nothing_awaits_when_the_pause_lasts_or_no_signal_came():
    never = {"left": {"price": "close"}, "op": "<", "right": 0}
    candles, spec = random_candles(200), guess_instrument("EURUSD")
    quiet = scan_fresh(parse_rules({**EVERY_BAR, "long": never}), Frame(candles, "1h"), spec)
    assert len(quiet.awaiting) == 0
    held = {**EVERY_BAR, "filters": {"cooldown_bars": 150, "one_open_per_symbol": False}}
    assert len(scan_fresh(parse_rules(held), Frame(candles, "1h"), spec).awaiting) == 0


def test_closed_bars_are_those_that_ended_by_now():
    candles = random_candles(10)
    end = candles.time[-1] + 3_600
    assert [len(drop_unclosed(candles, 3_600, int(end) + s)) for s in (-3_601, -1, 0)] == [
        8,
        9,
        10,
    ]
    assert len(drop_unclosed(candles, 3_600, int(end - timedelta(days=9).total_seconds()))) == 0
