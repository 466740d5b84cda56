"""Every number of a rules document is taken at its bounds and refused beyond them."""

from math import nextafter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.frame import Frame
from ml_training.data.rules import evaluate_rules, limits, parse_rules
from ml_training.data.rules.document import Costs
from ml_training.data.rules.problems import RuleError
from tests.data.builders import random_candles
from tests.data.rule_builders import ABOVE, EXIT, document

UP, DOWN = float("inf"), float("-inf")


def with_exit(**changes):
    return document(exit={**EXIT, **changes})


def with_filters(**filters):
    return document(filters=filters)


def with_costs(**costs):
    return document(costs=costs)


def with_leaf(**changes):
    return document({**ABOVE, **changes})


WHOLE = [
    ("exit.max_bars", lambda n: with_exit(max_bars=n), 1, limits.MOST_HOLDING_BARS),
    (
        "exit.stop_loss.length",
        lambda n: with_exit(stop_loss={"atr": 1, "length": n}),
        1,
        limits.LONGEST_ATR_LENGTH,
    ),
    (
        "filters.cooldown_bars",
        lambda n: with_filters(cooldown_bars=n),
        0,
        limits.MOST_COOLDOWN_BARS,
    ),
    ("filters.weekdays[0]", lambda n: with_filters(weekdays=[n]), 1, 7),
    ("long.left.shift", lambda n: with_leaf(left={"price": "close", "shift": n}), 0, 500),
]
REAL = [
    ("take_profit", "atr", limits.MOST_ATR),
    ("take_profit", "percent", limits.MOST_PERCENT),
    ("take_profit", "pips", limits.MOST_PIPS),
    ("take_profit", "r", limits.MOST_R),
    ("stop_loss", "atr", limits.MOST_ATR),
    ("stop_loss", "percent", limits.MOST_PERCENT),
    ("stop_loss", "pips", limits.MOST_PIPS),
]
COSTS = [("spread_pips", limits.MOST_SPREAD_PIPS), ("commission_bps", limits.MOST_COMMISSION_BPS)]


def paths_of(rules_document):
    """Return the places that are refused, nothing when the document is taken."""
    try:
        parse_rules(rules_document)
    except RuleError as error:
        return [problem.path for problem in error.problems]
    return []


@pytest.mark.parametrize(("path", "build", "low", "high"), WHOLE, ids=[row[0] for row in WHOLE])
def test_whole_number_is_taken_at_its_bounds_and_refused_beyond(path, build, low, high):
    assert paths_of(build(low)) == paths_of(build(high)) == []
    assert paths_of(build(low - 1)) == paths_of(build(high + 1)) == [path]


@pytest.mark.parametrize(("path", "build", "low", "high"), WHOLE, ids=[row[0] for row in WHOLE])
@pytest.mark.parametrize("value", [1.5, "1", True, [1], {}, float("nan"), UP])
def test_whole_number_is_refused_when_it_is_something_else(path, build, low, high, value):
    assert paths_of(build(value)) == [path]


@pytest.mark.parametrize(("barrier", "kind", "most"), REAL)
def test_distance_is_taken_at_its_bounds_and_refused_beyond(barrier, kind, most):
    def build(value):
        return with_exit(**{barrier: {kind: value}})

    least = limits.SMALLEST_DISTANCE
    assert paths_of(build(least)) == paths_of(build(most)) == []
    for value in (nextafter(least, DOWN), nextafter(most, UP), 0, -1, UP, float("nan")):
        assert paths_of(build(value)) == [f"exit.{barrier}.{kind}"]


@pytest.mark.parametrize(("key", "most"), COSTS)
def test_cost_is_taken_at_its_bounds_and_refused_beyond(key, most):
    assert paths_of(with_costs(**{key: 0})) == paths_of(with_costs(**{key: most})) == []
    for value in (nextafter(0.0, DOWN), nextafter(most, UP), "1", True):
        assert paths_of(with_costs(**{key: value})) == [f"costs.{key}"]


@pytest.mark.parametrize(("value", "is_taken"), [(0, True), (100, True), (-0.001, False)])
def test_offset_of_a_level_is_no_shorter_than_nothing(value, is_taken):
    stop = {"level": {"price": "low"}, "offset_atr": value}
    assert (paths_of(with_exit(stop_loss=stop)) == []) == is_taken


@pytest.mark.parametrize("kind", ["r", "level"])
def test_unit_is_refused_where_it_has_no_meaning(kind):
    """A stop in R would measure itself; a target at a level has no R."""
    barrier = "stop_loss" if kind == "r" else "take_profit"
    value = 1 if kind == "r" else {"price": "high"}
    assert paths_of(with_exit(**{barrier: {kind: value}})) != []


@pytest.mark.parametrize("kinds", [("atr", "pips"), ("percent", "pips"), ("atr", "percent")])
def test_two_units_at_once_are_refused(kinds):
    assert paths_of(with_exit(stop_loss=dict.fromkeys(kinds, 1))) == ["exit.stop_loss"]


@pytest.mark.parametrize("extra", ["length", "offset_atr"])
def test_extra_is_refused_beside_a_unit_that_does_not_use_it(extra):
    assert paths_of(with_exit(stop_loss={"pips": 10, extra: 1})) == [f"exit.stop_loss.{extra}"]


def nested(depth):
    condition = ABOVE
    for _ in range(depth):
        condition = {"all": [condition, ABOVE]}
    return document(condition)


def test_groups_are_taken_as_deep_as_allowed_and_no_deeper():
    deepest = max(depth for depth in range(12) if not paths_of(nested(depth)))
    assert deepest == limits.MOST_DEPTH
    assert all(paths_of(nested(depth)) for depth in range(deepest + 1, 12))


def test_conditions_are_taken_as_many_as_allowed_and_no_more():
    many = [ABOVE] * limits.MOST_CONDITIONS
    assert paths_of(document({"all": many})) == []
    assert paths_of(document({"any": [*many, ABOVE]})) != []
    halves = [{"all": many[:25]}, {"any": many[:26]}]
    assert paths_of(document({"all": halves})) != []


@pytest.mark.parametrize(("count", "is_taken"), [(0, False), (1, True), (3, True), (4, False)])
def test_count_of_members_lies_between_one_and_all(count, is_taken):
    entry = {"at_least": count, "of": [ABOVE] * 3}
    assert (paths_of(document(entry)) == []) == is_taken


@pytest.mark.parametrize("n_days", [1, 7])
def test_weekdays_are_taken_from_one_to_seven_in_any_order(n_days):
    days = list(range(n_days, 0, -1))
    assert parse_rules(with_filters(weekdays=days)).filters.weekdays == tuple(sorted(days))
    assert paths_of(with_filters(weekdays=[])) != []
    assert paths_of(with_filters(weekdays=[1] * 8)) != []


def test_zero_costs_are_costs_of_their_own_and_not_the_instruments():
    own = parse_rules(with_costs(spread_pips=0, commission_bps=0)).costs
    assert (own.spread_pips, own.commission_bps) == (0.0, 0.0)
    assert parse_rules(document(costs="from_instrument")).costs == Costs()
    half = parse_rules(with_costs(spread_pips=2)).costs
    assert (half.spread_pips, half.commission_bps) == (2.0, None)


def test_several_positions_are_allowed_only_when_it_is_said():
    assert parse_rules(document()).filters.one_open_per_symbol
    assert not parse_rules(with_filters(one_open_per_symbol=False)).filters.one_open_per_symbol
    for value in (0, "no", None):
        assert paths_of(with_filters(one_open_per_symbol=value)) == ["filters.one_open_per_symbol"]


CANDLES = random_candles(300, seed=5)
ENDS = st.sampled_from([0, 1, 2, 250, 299, 300, 301, limits.MOST_SHIFT])


@settings(max_examples=60, deadline=None)
@given(ENDS, ENDS)
def test_longest_look_back_finds_nothing_where_there_are_no_bars(left, right):
    entry = {
        "left": {"price": "close", "shift": left},
        "op": ">=",
        "right": {"price": "close", "shift": right},
    }
    if left == right:
        return
    signals = evaluate_rules(parse_rules(document(entry)), Frame(CANDLES, "1h"))
    longest = max(left, right)
    assert not signals.long[:longest].any()
    close = CANDLES.close
    for bar in range(longest, len(close)):
        assert signals.long[bar] == (close[bar - left] >= close[bar - right])
    assert not signals.short.any()
    np.testing.assert_array_equal(signals.long.shape, close.shape)
