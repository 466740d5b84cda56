"""What a valid rules document becomes."""

import json

import pytest

from ml_training.data.indicators import make_use
from ml_training.data.rules import Costs, Distance, Filters, RuleError, indicator_uses, parse_rules
from ml_training.data.rules.nodes import (
    Change,
    Comparison,
    Expr,
    Group,
    Not,
    Number,
    Price,
    Range,
    Window,
    WithinLast,
)
from tests.data.rule_builders import ABOVE, EXIT, document

RSI = {"ind": "rsi"}


def long_of(condition):
    return parse_rules(document(condition)).long


def left_of(operand):
    condition = {"left": operand, "op": "rising"}
    return long_of(condition).left


@pytest.mark.parametrize("op", [">", ">=", "<", "<=", "crosses_above", "crosses_below", "crosses"])
def test_comparison_keeps_sides_and_operator_when_read(op):
    read = long_of({"left": RSI, "op": op, "right": 30})
    assert read == Comparison(make_use("rsi"), op, Number(30.0))


@pytest.mark.parametrize("op", ["between", "outside"])
def test_range_takes_two_ends_when_read(op):
    read = long_of({"left": RSI, "op": op, "right": [30, 70]})
    assert read == Range(make_use("rsi"), op, Number(30.0), Number(70.0))


@pytest.mark.parametrize(("op", "bars"), [("rising", 1), ("falling", 1)])
def test_movement_takes_one_bar_when_bars_are_left_out(op, bars):
    assert long_of({"left": "close", "op": op}) == Window(Price("close"), op, bars)


@pytest.mark.parametrize("op", ["is_highest", "is_lowest"])
def test_extreme_takes_its_bars_when_read(op):
    read = long_of({"left": "high", "op": op, "bars": 20})
    assert read == Window(Price("high"), op, 20)


def test_change_takes_percent_and_bars_when_read():
    read = long_of({"left": "close", "op": "changed_by_pct", "right": -2.5, "bars": 10})
    assert read == Change(Price("close"), -2.5, 10)


def test_within_last_wraps_a_condition_when_read():
    read = long_of({"op": "within_last", "bars": 5, "of": {"left": "close", "op": "rising"}})
    assert read == WithinLast(Window(Price("close"), "rising", 1), 5)


def test_groups_keep_their_members_when_read():
    leaf = {"left": "close", "op": "rising"}
    read = long_of({"all": [{"any": [leaf, leaf]}, {"not": leaf}, {"at_least": 1, "of": [leaf]}]})
    condition = Window(Price("close"), "rising", 1)
    either = Group("any", (condition, condition))
    assert read == Group("all", (either, Not(condition), Group("at_least", (condition,), 1)))


def test_price_is_the_same_when_written_short_or_long():
    assert left_of("hl2") == left_of({"price": "hl2"}) == Price("hl2", None, 0)


def test_price_takes_shift_and_timeframe_when_given():
    assert left_of({"price": "high", "shift": 1, "tf": "1d"}) == Price("high", "1d", 1)


def test_indicator_fills_in_defaults_when_parameters_are_left_out():
    assert left_of({"ind": "macd"}) == make_use("macd", fast=12, slow=26, signal=9)


def test_indicator_takes_parameters_output_shift_and_timeframe_when_given():
    operand = {"ind": "bbands", "length": 10, "output": "lower", "shift": 2, "tf": "4h"}
    expected = make_use("bbands", length=10, output="lower", timeframe="4h", shift=2)
    assert left_of(operand) == expected


def test_base_timeframe_is_meant_when_tf_is_null():
    assert left_of({"ind": "rsi", "tf": None}) == make_use("rsi")


def test_expression_keeps_order_when_read():
    read = left_of({"expr": "-", "of": ["close", {"expr": "*", "of": [2, {"ind": "atr"}]}]})
    assert read == Expr("-", (Price("close"), Expr("*", (Number(2.0), make_use("atr")))))


def test_rules_are_the_same_when_read_from_text():
    assert parse_rules(json.dumps(document())) == parse_rules(document())


def test_short_is_absent_when_left_out():
    assert parse_rules(document()).short is None
    assert parse_rules(document(short=None)).short is None


def test_long_is_absent_when_only_short_is_given():
    rules = parse_rules({"short": ABOVE, "exit": EXIT})
    assert rules.long is None
    assert rules.short is not None


def test_short_keeps_its_own_tree_when_given():
    own = {"left": "close", "op": "falling", "bars": 3}
    assert parse_rules(document(short=own)).short == Window(Price("close"), "falling", 3)


def test_filters_and_costs_have_defaults_when_left_out():
    rules = parse_rules(document())
    assert rules.filters == Filters(None, (1, 2, 3, 4, 5, 6, 7), 0, one_open_per_symbol=True)
    assert rules.costs == Costs(None, None)


def test_filters_are_sorted_and_unique_when_read():
    filters = {"sessions": ["newyork", "london"], "weekdays": [5, 1, 1]}
    read = parse_rules(document(filters=filters)).filters
    assert read.sessions == ("london", "newyork")
    assert read.weekdays == (1, 5)


def test_pauses_are_read_when_given():
    filters = {"cooldown_bars": 5, "one_open_per_symbol": False}
    read = parse_rules(document(filters=filters)).filters
    assert (read.cooldown_bars, read.one_open_per_symbol) == (5, False)


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ("from_instrument", Costs()),
        ({"spread_pips": 1.5}, Costs(1.5, None)),
        ({"spread_pips": 0, "commission_bps": 2}, Costs(0.0, 2.0)),
        ({"spread_pips": 1, "commission_bps": None}, Costs(1.0, None)),
    ],
)
def test_costs_are_read_when_explicit(costs, expected):
    assert parse_rules(document(costs=costs)).costs == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"atr": 2}, Distance("atr", 2.0, 14)),
        ({"atr": 2, "length": 20}, Distance("atr", 2.0, 20)),
        ({"percent": 1.5}, Distance("percent", 1.5)),
        ({"pips": 30}, Distance("pips", 30.0)),
        ({"r": 2}, Distance("r", 2.0)),
    ],
)
def test_take_profit_is_read_in_every_unit(written, expected):
    exit_ = {**EXIT, "take_profit": written}
    assert parse_rules(document(exit=exit_)).exit.take_profit == expected


def test_stop_level_has_a_mirror_when_both_sides_are_traded():
    level = {"ind": "retracement", "output": "up"}
    exit_ = {**EXIT, "stop_loss": {"level": level, "offset_atr": 0.25}}
    stop = parse_rules(document(short="mirror", exit=exit_)).exit.stop_loss
    assert stop.kind == "level"
    assert stop.operand == make_use("retracement", output="up")
    assert stop.short_operand == make_use("retracement", output="down")
    assert stop.offset_atr == 0.25


def test_stop_level_has_no_mirror_when_only_long_is_traded():
    exit_ = {**EXIT, "stop_loss": {"level": "low"}}
    assert parse_rules(document(exit=exit_)).exit.stop_loss.short_operand is None


def test_indicator_uses_are_distinct_and_complete_when_listed():
    entry = {"all": [{"left": RSI, "op": ">", "right": 30}, {"left": RSI, "op": "rising"}, ABOVE]}
    exit_ = {**EXIT, "stop_loss": {"level": {"ind": "pivot", "output": "low"}}}
    uses = indicator_uses(parse_rules(document(entry, short="mirror", exit=exit_)))
    pivots = (make_use("pivot", output="low"), make_use("pivot", output="high"))
    assert uses == (make_use("rsi"), make_use("sma", length=4), *pivots)


def test_indicators_inside_expressions_and_groups_are_listed():
    spread = {"expr": "-", "of": ["close", {"ind": "ema"}]}
    inside = {"left": spread, "op": "between", "right": [0, {"ind": "atr"}]}
    entry = {"op": "within_last", "bars": 3, "of": {"not": inside}}
    change = {"left": {"ind": "obv"}, "op": "changed_by_pct", "right": 5}
    uses = indicator_uses(parse_rules(document({"any": [entry, change]})))
    assert [use.key for use in uses] == ["ema", "atr", "obv"]


def test_fifty_conditions_are_fine_and_one_more_is_not():
    parse_rules(document({"all": [ABOVE] * 50}))
    with pytest.raises(RuleError, match="at most 50 conditions"):
        parse_rules(document({"all": [{"any": [ABOVE] * 26}, {"any": [ABOVE] * 25}]}))


def nested(depth):
    tree = ABOVE
    for _ in range(depth):
        tree = {"not": tree}
    return tree


def test_six_groups_deep_is_fine_and_seven_is_not():
    parse_rules(document(nested(6)))
    with pytest.raises(RuleError, match="nest at most 6 deep"):
        parse_rules(document(nested(7)))


def test_six_expressions_deep_is_fine_and_seven_is_not():
    def wrapped(depth):
        operand = {"ind": "mom"}
        for _ in range(depth):
            operand = {"expr": "abs", "of": [operand]}
        return {"left": operand, "op": "rising"}

    parse_rules(document(wrapped(6)))
    with pytest.raises(RuleError, match="expressions nest at most 6 deep"):
        parse_rules(document(wrapped(7)))
