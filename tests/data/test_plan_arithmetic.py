"""How many bars a plan of features asks for, worked out by hand."""

from functools import partial

import numpy as np
import pytest

from ml_training.data.features.plan import (
    MARKET_STATE,
    Feature,
    FeaturePlan,
    plan_features,
    resolve_timeframe,
)
from ml_training.data.indicators import make_use

ATR_14 = 17 * 14  # Wilder's average forgets its start after 17 lengths: 238


def never(_moments):
    raise AssertionError("a plan is made without computing anything")


def plan_of(*columns):
    return FeaturePlan(tuple(Feature(f"c{i}", *c, never) for i, c in enumerate(columns)))


@pytest.mark.parametrize(
    ("columns", "n_bars"),
    [
        ([], 0),
        ([(0, None)], 0),
        ([(7, None), (3, None)], 7),
        ([(10, "1h")], 10),  # the base by its name is the base
        ([(10, "4h")], (10 + 2) * 4),
        ([(0, "4h")], 2 * 4),
        ([(10, "higher")], 12 * 4),
        ([(1, "1d")], 3 * 24),
        ([(1, "1w")], 3 * 168),
        ([(47, None), (10, "4h")], 48),
        ([(49, None), (10, "4h")], 49),
        ([(10, "4h"), (1, "1d")], 72),
    ],
)
def test_bars_are_those_of_the_neediest_column_when_counted_by_hand(columns, n_bars):
    assert plan_of(*columns).lookback_bars("1h") == n_bars


@pytest.mark.parametrize(
    ("base", "ratio"),
    [("1m", 5), ("5m", 6), ("15m", 4), ("30m", 4), ("1h", 4), ("2h", 4), ("4h", 6), ("1d", 7)],
)
def test_one_step_up_multiplies_by_its_ratio_when_the_base_changes(base, ratio):
    assert plan_of((10, "higher")).lookback_bars(base) == 12 * ratio


def test_no_bars_are_added_when_there_is_no_step_up():
    assert plan_of((10, "higher")).lookback_bars("1w") == 10


@pytest.mark.parametrize(
    ("base", "n_bars"),
    [("1m", 452 * 5), ("1h", 452 * 4), ("4h", 452 * 6), ("1d", 452 * 7), ("1w", 17 * 50)],
)
def test_market_state_asks_for_its_slowest_average_when_alone(base, n_bars):
    """An EMA over 50 bars one step up, 9 lengths; weeks have no step: ATR over 50."""
    assert plan_features([]).lookback_bars(base) == n_bars


@pytest.mark.parametrize(
    ("name", "n_bars"),
    [
        ("return_1", ATR_14),
        ("volatility_7_50", 17 * 50),
        ("slope_20", ATR_14 + 5),
        ("slope_200", ATR_14 + 20),
        ("rsi_14", 18 * 14),
        ("range_position_100", 99),
        ("body", 0),
        ("atr_rank", 250 + ATR_14),
        ("volume_rank", 250),
        ("stop_atr", ATR_14),
        ("hour_sine", 0),
        ("side", 0),
    ],
)
def test_columns_of_the_market_state_look_back_as_their_formulas_say(name, n_bars):
    by_name = {feature.name: feature.lookback for feature in MARKET_STATE}
    assert by_name[name] == n_bars


@pytest.mark.parametrize(
    ("use", "n_bars"),
    [
        (make_use("sma", length=1000), 999),
        (make_use("sma", length=1000, shift=3), 1002),
        (make_use("sma", length=20), ATR_14),  # a price is read in ATRs
        (make_use("ema", length=100), 99 + 8 * 100),  # warm-up and memory
        (make_use("rsi", length=7), 18 * 7),  # a percent needs no ATR
        (make_use("obv"), 99),  # a volume is read as multiples of the usual one
        (make_use("vwap"), 1440),
    ],
)
def test_own_indicator_looks_back_as_far_as_its_unit_does_when_that_is_further(use, n_bars):
    assert plan_features([use]).features[-1].lookback == n_bars


def test_long_average_of_a_day_governs_when_the_base_is_an_hour():
    plan = plan_features([make_use("sma", length=300, timeframe="1d")])
    assert plan.lookback_bars("1h") == (299 + 2) * 24
    assert plan.lookback_bars("1d") == 452 * 7


@pytest.mark.parametrize(
    ("given", "base", "resolved"),
    [(None, "1h", "1h"), ("higher", "1h", "4h"), ("1d", "1h", "1d"), ("higher", "1w", "1w")],
)
def test_timeframe_is_resolved_when_it_is_relative(given, base, resolved):
    assert resolve_timeframe(given, base) == resolved


def test_digest_ignores_code_and_timeframe_but_not_order_when_columns_are_named():
    """Names carry the timeframe, so only names and bars are hashed."""
    first, second = Feature("a", 1, None, never), Feature("b", 2, None, never)
    digest = FeaturePlan((first, second)).digest
    other_code = Feature("b", 2, None, partial(np.multiply, 2.0))
    assert FeaturePlan((first, other_code)).digest == digest
    assert FeaturePlan((second, first)).digest != digest
    assert FeaturePlan((first, Feature("b", 3, None, never))).digest != digest
    assert FeaturePlan((first,)).digest != digest


def test_market_state_comes_first_and_uses_keep_their_order_when_planned():
    uses = [make_use("cci", length=9), make_use("sma", length=9), make_use("cci", length=9)]
    plan = plan_features(uses)
    n_state = len(MARKET_STATE)
    assert plan.features[:n_state] == MARKET_STATE
    assert plan.names[n_state:] == (uses[0].label, uses[1].label)
    assert len(set(plan.names)) == len(plan.names)


def test_same_indicator_is_read_again_when_its_timeframe_differs():
    plan = plan_features([make_use("rsi", length=14), make_use("rsi", length=14, timeframe="1d")])
    added = plan.features[len(MARKET_STATE) :]
    assert [feature.timeframe for feature in added] == ["1d"]
