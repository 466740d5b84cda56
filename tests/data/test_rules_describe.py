"""Rules in words a trader uses."""

import pytest
from hypothesis import given, settings

from ml_training.data.indicators import INDICATORS, make_use
from ml_training.data.presets import PRESETS
from ml_training.data.rules import describe_rules, parse_rules
from ml_training.data.rules.name_operands import PHRASES, name_operand
from tests.data.rule_builders import EXIT, document, entries

RSI = {"ind": "rsi", "length": 14}
EMA_4H = {"ind": "ema", "length": 200, "tf": "4h"}


def first_line(condition):
    return describe_rules(parse_rules(document(condition)))[0].removeprefix("Buy when ")


def said_of(**changes):
    return describe_rules(parse_rules(document(**changes)))[1:]


SENTENCES = [
    (
        {"left": {"ind": "ema", "length": 50}, "op": ">", "right": EMA_4H},
        "EMA 50 above EMA 200 on 4h",
    ),
    ({"left": RSI, "op": "crosses_above", "right": 30}, "RSI 14 crosses above 30"),
    ({"left": RSI, "op": "crosses_below", "right": 70}, "RSI 14 crosses below 70"),
    ({"left": RSI, "op": "crosses", "right": 50}, "RSI 14 crosses 50"),
    ({"left": RSI, "op": ">=", "right": 30.5}, "RSI 14 at or above 30.5"),
    ({"left": RSI, "op": "<=", "right": 30}, "RSI 14 at or below 30"),
    ({"left": RSI, "op": "between", "right": [30, 70]}, "RSI 14 between 30 and 70"),
    ({"left": RSI, "op": "outside", "right": [30, 70]}, "RSI 14 outside 30 to 70"),
    ({"left": "close", "op": "rising"}, "close rising"),
    ({"left": "close", "op": "falling", "bars": 3}, "close falling 3 bars in a row"),
    ({"left": "high", "op": "is_highest", "bars": 20}, "high at its highest of 20 bars"),
    ({"left": "low", "op": "is_lowest", "bars": 20}, "low at its lowest of 20 bars"),
    (
        {"left": "close", "op": "changed_by_pct", "right": 2.5},
        "close up 2.5 % or more over 1 bar",
    ),
    (
        {"left": "close", "op": "changed_by_pct", "right": -2, "bars": 10},
        "close down 2 % or more over 10 bars",
    ),
    ({"not": {"left": RSI, "op": "<", "right": 20}}, "not: RSI 14 below 20"),
    (
        {"op": "within_last", "bars": 5, "of": {"left": RSI, "op": "<", "right": 20}},
        "within the last 5 bars: RSI 14 below 20",
    ),
    (
        {"left": "close", "op": ">", "right": {"price": "high", "shift": 1, "tf": "1d"}},
        "close above high on 1d (1 bar ago)",
    ),
    (
        {"left": {"expr": "-", "of": ["close", "open"]}, "op": ">", "right": {"ind": "atr"}},
        "(close - open) above ATR 14",
    ),
    (
        {"left": "close", "op": ">", "right": {"expr": "max", "of": ["open", "hl2", "hlc3"]}},
        "close above the highest of open, middle of high and low and typical price",
    ),
    (
        {"left": {"expr": "abs", "of": [{"ind": "mom"}]}, "op": ">", "right": 1},
        "the size of MOM 10 above 1",
    ),
    ({"left": {"ind": "pattern", "name": "pin_bar"}, "op": ">", "right": 0}, "bullish pin bar"),
    ({"left": {"ind": "pattern", "name": "tweezer"}, "op": "<", "right": 0}, "bearish tweezer"),
    (
        {"left": {"ind": "supertrend", "output": "direction"}, "op": "crosses_above", "right": 0},
        "Supertrend 10 turns bullish",
    ),
    ({"left": {"ind": "inside_bar"}, "op": ">", "right": 0}, "inside bar"),
    (
        {"left": "close", "op": ">", "right": {"ind": "bbands", "deviations": 2.5}},
        "close above upper Bollinger band 20 (deviations 2.5)",
    ),
    (
        {"left": {"ind": "sma", "length": 9, "source": "high"}, "op": "rising"},
        "SMA 9 (source high) rising",
    ),
]


@pytest.mark.parametrize(("condition", "sentence"), SENTENCES)
def test_condition_is_said_in_plain_english(condition, sentence):
    assert first_line(condition) == sentence


def test_groups_are_indented_when_they_hold_groups():
    up = {"left": "close", "op": "rising"}
    entry = {"all": [up, {"any": [up, {"at_least": 2, "of": [up, up]}]}]}
    assert describe_rules(parse_rules(document(entry)))[:7] == [
        "Buy when all of these hold:",
        "  - close rising",
        "  - any of these holds:",
        "    - close rising",
        "    - at least 2 of these 2 hold:",
        "      - close rising",
        "      - close rising",
    ]


def test_mirror_is_spelled_out_when_both_sides_are_traded():
    lines = describe_rules(parse_rules(PRESETS["rsi_return"].document))
    assert lines == [
        "Buy when RSI 14 crosses above 30",
        "Sell short when RSI 14 crosses below 70",
        "Take profit 2 ATR 14 from the entry",
        "Stop loss 1 ATR 14 from the entry",
        "Leave after 48 bars at the latest",
        "One open position per symbol at a time",
        "Costs: spread and commission of the instrument",
    ]


@pytest.mark.parametrize(
    ("exit_", "sentence"),
    [
        ({"take_profit": {"r": 1.5}}, "Take profit at 1.5 times the risk"),
        ({"take_profit": {"pips": 30}}, "Take profit 30 pips from the entry"),
        ({"stop_loss": {"percent": 1}}, "Stop loss 1 % from the entry"),
        ({"stop_loss": {"level": "low"}}, "Stop loss at low"),
        ({"stop_loss": {"level": "low", "offset_atr": 0.5}}, "Stop loss 0.5 ATR 14 beyond low"),
        ({"max_bars": 1}, "Leave after 1 bar at the latest"),
    ],
)
def test_exit_is_said_in_its_own_unit(exit_, sentence):
    assert sentence in said_of(exit={**EXIT, **exit_})


def test_stop_level_of_short_setups_is_said_too():
    exit_ = {**EXIT, "stop_loss": {"level": "low"}}
    own = {"left": "close", "op": "falling"}
    assert "Stop loss at low (short: high)" in said_of(exit=exit_, short=own)


def test_filters_are_said_when_there_are_any():
    filters = {
        "sessions": ["london", "newyork"],
        "weekdays": [1, 5],
        "cooldown_bars": 5,
        "one_open_per_symbol": False,
    }
    lines = said_of(filters=filters)
    assert "Only bars that open in the London or New York session" in lines
    assert "Only bars that open on Monday, Friday (UTC)" in lines
    assert "After a setup, wait 5 bars" in lines
    assert "Several positions per symbol may be open at once" in lines


def test_costs_are_said_when_they_are_the_users_own():
    costs = {"spread_pips": 1.5, "commission_bps": 2}
    assert "Costs: spread 1.5 pips, commission 2 basis points a side" in said_of(costs=costs)


@pytest.mark.parametrize("key", INDICATORS)
def test_every_output_of_every_indicator_has_a_name_of_its_own(key):
    indicator = INDICATORS[key]
    names = [name_operand(make_use(key, output=output)) for output in indicator.outputs]
    assert len(set(names)) == len(names)
    assert all(name.strip() and "_" not in name and "{" not in name for name in names)


def test_every_phrase_belongs_to_an_indicator():
    outputs = {f"{key}.{output}" for key, each in INDICATORS.items() for output in each.outputs}
    assert set(PHRASES) <= outputs | set(INDICATORS)


@given(entries())
@settings(max_examples=100, deadline=None)
def test_any_rule_can_be_said(entry):
    lines = describe_rules(parse_rules(document(entry, short="mirror")))
    assert all(line.strip() for line in lines)
    assert not any("None" in line or "_" in line for line in lines)
