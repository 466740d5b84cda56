"""Every preset through the whole chain, on markets that are odd but possible.

Signals, exits, labels and features together: what holds for each alone must still hold
for all of them, on candles that brokers really deliver.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.candles import Candles
from ml_training.data.described import describe_setups
from ml_training.data.features import plan_features
from ml_training.data.frame import Frame
from ml_training.data.labels import Outcome
from ml_training.data.presets import PRESETS
from ml_training.data.rules import indicator_uses, parse_rules
from ml_training.data.setups import COLUMNS, Setups, scan_setups
from tests.data.builders import MONDAY, candles_from_closes, random_candles
from tests.data.setup_builders import FREE

HOUR = 3600
TIMES = {"t0", "t1", "horizon"}
COSTLY = replace(FREE, spread_pips=1.2, commission_bps=0.3)


def scan(candles: Candles, key: str, *, timeframe="1h", instrument=COSTLY) -> Setups:
    rules = parse_rules(PRESETS[key].document)
    return scan_setups(rules, Frame(candles, timeframe), instrument)


def features_of(candles: Candles, key: str, setups: Setups, *, timeframe="1h"):
    plan = plan_features(indicator_uses(parse_rules(PRESETS[key].document)))
    X = describe_setups(plan, Frame(candles, timeframe), setups)
    return plan, X


def scaled(candles: Candles, factor: float, volume: float = 1.0) -> Candles:
    """Quote the same market in another unit; powers of two keep every bit."""
    prices = (column * factor for column in candles.columns[1:5])
    return Candles.from_columns(candles.time, *prices, candles.volume * volume)


def shifted(candles: Candles, seconds: int) -> Candles:
    return Candles.from_columns(candles.time + seconds, *candles.columns[1:])


ODD_MARKETS = {
    "no bar": Candles.empty(),
    "one bar": random_candles(1),
    "two bars": random_candles(2),
    "as many as an indicator needs": random_candles(14),
    "standing still": candles_from_closes([1.1] * 400),
    "rising without a pause": candles_from_closes(np.linspace(1.0, 2.0, 400)),
    "falling without a pause": candles_from_closes(np.linspace(2.0, 1.0, 400)),
    "to and fro": candles_from_closes([1.0, 1.1] * 200, wick=0.01),
    "worth almost nothing": random_candles(400, price=1e-8, digits=16, volatility=0.01),
    "worth a fortune": random_candles(400, price=1e9, digits=2, volatility=0.01),
    "wild": random_candles(400, volatility=0.5),
    "mostly missing": random_candles(400, gap_rate=0.8),
    "before 1970": random_candles(400, start=-MONDAY),
    "one price but for a spike": candles_from_closes([1.1] * 200 + [1.5] + [1.1] * 199),
}


@pytest.mark.parametrize("key", sorted(PRESETS))
@pytest.mark.parametrize("market", sorted(ODD_MARKETS))
def test_preset_gives_sound_setups_and_finite_or_missing_features_on_odd_markets(key, market):
    candles = ODD_MARKETS[market]
    setups = scan(candles, key)
    plan, X = features_of(candles, key, setups)
    assert X.shape == (len(setups), len(plan.names))
    assert not np.isinf(X).any()
    counts = setups.counts
    assert counts.n_bars == len(candles)
    assert counts.n_signals == len(setups) + counts.n_both_sides + (
        counts.n_awaiting_entry + counts.n_unplaceable + counts.n_skipped
    )
    assert (setups.side * (setups.entry - setups.stop) > 0).all()
    assert (setups.side * (setups.target - setups.entry) > 0).all()
    assert (np.diff(setups.signal_index) > 0).all()


@pytest.mark.parametrize("timeframe", ["1m", "4h", "1d", "1w"])
@pytest.mark.parametrize("key", sorted(PRESETS))
def test_preset_runs_on_every_kind_of_timeframe(key, timeframe):
    step_s = {"1m": 60, "4h": 4 * HOUR, "1d": 24 * HOUR, "1w": 7 * 24 * HOUR}[timeframe]
    candles = random_candles(600, seed=3, step_s=step_s, volatility=0.01)
    setups = scan(candles, key, timeframe=timeframe)
    _, X = features_of(candles, key, setups, timeframe=timeframe)
    known = setups.take(setups.labelled)
    assert not np.isinf(X).any()
    np.testing.assert_array_equal(known.t1 > known.t0, True)
    assert ((known.t1 - known.t0) % step_s == 0).all()


MARKETS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "volatility": st.sampled_from([0.001, 0.01]),
        "gap_rate": st.sampled_from([0.0, 0.1]),
    }
)
KEYS = st.sampled_from(sorted(PRESETS))


@settings(max_examples=40, deadline=None)
@given(MARKETS, KEYS)
def test_result_is_the_way_to_the_exit_less_all_costs_when_worked_out_by_hand(market, key):
    candles = random_candles(700, **market)
    setups = scan(candles, key)
    known = setups.take(setups.labelled)
    entry_bar = known.signal_index + 1
    exit_bar = entry_bar + known.bars_held - 1
    half = COSTLY.spread / 2
    np.testing.assert_array_equal(known.entry, candles.open[entry_bar] + known.side * half)
    np.testing.assert_array_equal(known.t0, candles.time[entry_bar])
    np.testing.assert_array_equal(known.t1, candles.time[exit_bar] + HOUR)
    by_time = known.outcome == Outcome.TIME
    fill = np.where(known.outcome == Outcome.TAKE_PROFIT, known.target, known.stop)
    opened = candles.open[exit_bar]
    gapped = (known.outcome == Outcome.STOP_LOSS) & (known.side * (opened - known.stop) < 0)
    fill = np.where(gapped, opened, np.where(by_time, candles.close[exit_bar], fill))
    commission = 2 * 0.3e-4 * known.entry
    paid = known.side * (fill - known.entry) - half - commission
    np.testing.assert_allclose(known.r, paid / known.risk, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(known.cost, COSTLY.spread + commission, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(MARKETS, KEYS)
def test_one_setup_at_a_time_is_open_when_the_rules_say_so(market, key):
    candles = random_candles(700, **market)
    setups = scan(candles, key)
    filters = parse_rules(PRESETS[key].document).filters
    gaps = np.diff(setups.signal_index)
    assert (gaps > filters.cooldown_bars).all()
    if filters.one_open_per_symbol:
        closed = setups.t1[:-1]
        assert (closed[setups.labelled[:-1]] <= setups.t0[1:][setups.labelled[:-1]]).all()


@settings(max_examples=30, deadline=None)
@given(MARKETS, KEYS, st.sampled_from([2.0**-20, 0.5, 2.0, 2.0**20]))
def test_setups_and_features_stay_when_prices_are_quoted_in_another_unit(market, key, factor):
    candles = random_candles(700, **market)
    instrument = replace(COSTLY, pip=COSTLY.pip * factor)
    here, there = scan(candles, key), scan(scaled(candles, factor), key, instrument=instrument)
    for name in ("signal_index", "side", "outcome", "bars_held", "flags", "t0", "t1"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name))
    np.testing.assert_allclose(here.r, there.r, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(here.entry * factor, there.entry, rtol=1e-12)
    _, before = features_of(candles, key, here)
    _, after = features_of(scaled(candles, factor), key, there)
    np.testing.assert_allclose(before, after, rtol=1e-6, atol=1e-8)


@settings(max_examples=30, deadline=None)
@given(MARKETS, KEYS, st.integers(1, 60))
def test_setups_stay_when_the_same_weeks_come_later(market, key, n_blocks):
    """Four weeks are whole in every timeframe; summer time only moves sessions."""
    candles = random_candles(700, **market)
    if parse_rules(PRESETS[key].document).filters.sessions or "opening" in key:
        return
    later = n_blocks * 4 * 7 * 24 * HOUR
    here, there = scan(candles, key), scan(shifted(candles, later), key)
    for name in COLUMNS:
        if name in TIMES:
            continue
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name))
    np.testing.assert_array_equal(here.t0 + later, there.t0)


@settings(max_examples=30, deadline=None)
@given(MARKETS, KEYS, st.integers(300, 690))
def test_nothing_known_at_the_signal_changes_when_the_future_is_cut_off(market, key, cut):
    candles = random_candles(700, **market)
    whole, part = scan(candles, key), scan(candles.slice(0, cut), key)
    settled = part.take(part.labelled)
    found = np.searchsorted(whole.signal_index, settled.signal_index)
    same = whole.take(found)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(settled, name), getattr(same, name))
    _, before = features_of(candles.slice(0, cut), key, settled)
    _, after = features_of(candles, key, same)
    np.testing.assert_allclose(before, after, rtol=1e-9, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(MARKETS, KEYS)
def test_dearer_trading_never_makes_a_trade_better_when_nothing_else_changes(market, key):
    """The commission moves no barrier: same trades, each a little worse."""
    candles = random_candles(700, **market)
    cheap = scan(candles, key, instrument=replace(COSTLY, commission_bps=0.0))
    dear = scan(candles, key, instrument=replace(COSTLY, commission_bps=5.0))
    np.testing.assert_array_equal(cheap.signal_index, dear.signal_index)
    np.testing.assert_array_equal(cheap.outcome, dear.outcome)
    known = cheap.labelled
    paid = 2 * 5e-4 * cheap.entry[known] / cheap.risk[known]
    np.testing.assert_allclose(cheap.r[known] - dear.r[known], paid, rtol=1e-6)
