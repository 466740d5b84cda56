"""The mirror: what a rule says of the market turned upside down."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml_training.data.frame import Frame
from ml_training.data.indicators import make_use
from ml_training.data.rules import RuleError, evaluate_rules, parse_rules
from ml_training.data.rules.canonical import write_condition
from ml_training.data.rules.mirror import turn
from ml_training.data.rules.nodes import Number, Price
from ml_training.data.rules.values import evaluate_operand
from tests.data.rule_builders import (
    EXIT,
    differences,
    document,
    entries,
    percentages,
    prices,
    ranges,
    reflected,
    whole_candles,
)

RSI, MOM, ATR = {"ind": "rsi"}, {"ind": "mom"}, {"ind": "atr"}
UPPER, LOWER = {"ind": "bbands"}, {"ind": "bbands", "output": "lower"}


def short_of(long):
    return parse_rules(document(long, short="mirror")).short


def same(condition, expected):
    """Say whether a condition's mirror is the other condition."""
    return short_of(condition) == parse_rules(document(expected)).long


MIRRORS = [
    (
        {"left": RSI, "op": "crosses_above", "right": 30},
        {"left": RSI, "op": "crosses_below", "right": 70},
    ),
    (
        {"left": RSI, "op": "between", "right": [20, 30]},
        {"left": RSI, "op": "between", "right": [70, 80]},
    ),
    (
        {"left": "close", "op": ">", "right": UPPER},
        {"left": "close", "op": "<", "right": LOWER},
    ),
    (
        {"left": {"price": "high", "shift": 2, "tf": "4h"}, "op": ">=", "right": "open"},
        {"left": {"price": "low", "shift": 2, "tf": "4h"}, "op": "<=", "right": "open"},
    ),
    (
        {"left": {"ind": "sma", "source": "high"}, "op": "rising", "bars": 3},
        {"left": {"ind": "sma", "source": "low"}, "op": "falling", "bars": 3},
    ),
    (
        {"left": "high", "op": "is_highest", "bars": 20},
        {"left": "low", "op": "is_lowest", "bars": 20},
    ),
    (
        {"left": ATR, "op": "is_lowest", "bars": 20},
        {"left": ATR, "op": "is_lowest", "bars": 20},
    ),
    ({"left": MOM, "op": ">", "right": 2}, {"left": MOM, "op": "<", "right": -2}),
    ({"left": MOM, "op": "crosses", "right": 1}, {"left": MOM, "op": "crosses", "right": -1}),
    ({"left": ATR, "op": ">", "right": 2}, {"left": ATR, "op": ">", "right": 2}),
    (
        {"left": "volume", "op": ">", "right": {"ind": "volume_sma"}},
        {"left": "volume", "op": ">", "right": {"ind": "volume_sma"}},
    ),
    (
        {"left": MOM, "op": ">", "right": ATR},
        {"left": MOM, "op": "<", "right": {"expr": "-", "of": [0, ATR]}},
    ),
    (
        {"left": MOM, "op": "outside", "right": [{"expr": "*", "of": [ATR, -1]}, 3]},
        {
            "left": MOM,
            "op": "outside",
            "right": [-3, {"expr": "-", "of": [0, {"expr": "*", "of": [ATR, -1]}]}],
        },
    ),
    (
        {"left": "close", "op": ">", "right": {"expr": "+", "of": ["open", ATR]}},
        {"left": "close", "op": "<", "right": {"expr": "-", "of": ["open", ATR]}},
    ),
    (
        {"left": "close", "op": ">", "right": {"expr": "max", "of": ["high", UPPER]}},
        {"left": "close", "op": "<", "right": {"expr": "min", "of": ["low", LOWER]}},
    ),
    (
        {"left": "close", "op": "changed_by_pct", "right": 2, "bars": 5},
        {"left": "close", "op": "changed_by_pct", "right": -2, "bars": 5},
    ),
    (
        {"left": {"ind": "dmi"}, "op": ">", "right": {"ind": "dmi", "output": "minus_di"}},
        {"left": {"ind": "dmi", "output": "minus_di"}, "op": ">", "right": {"ind": "dmi"}},
    ),
    (
        {"left": {"ind": "pattern", "name": "morning_star"}, "op": ">", "right": 0},
        {"left": {"ind": "pattern", "name": "evening_star"}, "op": "<", "right": 0},
    ),
    (
        {"left": {"ind": "supertrend", "output": "direction"}, "op": "crosses_above", "right": 0},
        {"left": {"ind": "supertrend", "output": "direction"}, "op": "crosses_below", "right": 0},
    ),
    (
        {"left": {"expr": "abs", "of": [MOM]}, "op": "<", "right": ATR},
        {"left": {"expr": "abs", "of": [MOM]}, "op": "<", "right": ATR},
    ),
    (
        {"left": {"expr": "/", "of": [MOM, ATR]}, "op": ">", "right": 1.5},
        {"left": {"expr": "/", "of": [MOM, ATR]}, "op": "<", "right": -1.5},
    ),
]


@pytest.mark.parametrize(("long", "short"), MIRRORS)
def test_condition_is_turned_upside_down(long, short):
    assert same(long, short)


def test_groups_are_kept_when_their_members_are_turned():
    up = {"left": MOM, "op": ">", "right": 0}
    down = {"left": MOM, "op": "<", "right": 0}

    def tree(leaf):
        inner = {"op": "within_last", "bars": 3, "of": {"not": leaf}}
        return {"all": [{"any": [leaf]}, {"at_least": 1, "of": [leaf, inner]}]}

    assert same(tree(up), tree(down))


REFUSALS = [
    ({"left": RSI, "op": "changed_by_pct", "right": 5}, "long", "turns around a centre"),
    ({"left": "close", "op": ">", "right": 1.2}, "long", "a price with a value that is no price"),
    ({"left": "close", "op": "between", "right": [1, "open"]}, "long", "no price"),
    ({"left": "close", "op": ">", "right": {"expr": "*", "of": ["open", 2]}}, "long", "centres"),
    (
        {"left": {"expr": "/", "of": ["close", "open"]}, "op": ">", "right": 1},
        "long.left",
        "/ of a price level",
    ),
    (
        {"left": {"expr": "*", "of": ["close", ATR]}, "op": "rising"},
        "long.left",
        "* of a price level",
    ),
    (
        {"left": {"expr": "min", "of": ["close", 5]}, "op": "rising"},
        "long.left",
        "no price",
    ),
    (
        {"all": [{"left": {"expr": "abs", "of": [RSI]}, "op": ">", "right": 30}]},
        "long.all[0].left",
        "abs of a price level",
    ),
]


@pytest.mark.parametrize(("long", "path", "words"), REFUSALS)
def test_mirror_is_refused_when_an_item_has_none(long, path, words):
    parse_rules(document(long))
    with pytest.raises(RuleError) as caught:
        parse_rules(document(long, short="mirror"))
    (problem,) = caught.value.problems
    assert problem.path == path
    assert words in problem.message
    assert "cannot be mirrored" in problem.message
    assert 'own tree under "short"' in problem.hint


@pytest.mark.parametrize(
    "level", [{"expr": "*", "of": ["close", 0.99]}, {"expr": "/", "of": ["close", ATR]}]
)
def test_stop_level_is_refused_when_short_setups_would_have_none(level):
    exit_ = {**EXIT, "stop_loss": {"level": level}}
    parse_rules(document(exit=exit_))
    with pytest.raises(RuleError) as caught:
        parse_rules(document(short="mirror", exit=exit_))
    (problem,) = caught.value.problems
    assert problem.path == "exit.stop_loss.level"
    assert "stop by atr, percent or pips" in problem.hint


@given(entries(), st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_mirror_finds_on_candles_what_the_rule_finds_upside_down(entry, seed):
    candles = whole_candles(120, seed)
    rules = parse_rules(document(entry, short="mirror"))
    here = evaluate_rules(rules, Frame(candles, "1h"))
    there = evaluate_rules(rules, Frame(reflected(candles), "1h"))
    assert np.array_equal(here.short, there.long)
    assert np.array_equal(here.long, there.short)


@given(entries())
@settings(max_examples=200, deadline=None)
def test_mirror_of_the_mirror_says_what_the_rule_says(entry):
    short = write_condition(short_of(entry))
    candles = whole_candles(80, 1)
    frame = Frame(candles, "1h")
    there_and_back = evaluate_rules(parse_rules(document(short, short="mirror")), frame).short
    assert np.array_equal(there_and_back, evaluate_rules(parse_rules(document(entry)), frame).long)


numbers = st.sampled_from([0.5, 2, -3])
items = prices(higher=False) | differences(higher=False) | percentages() | ranges() | numbers


def combine(op, least, most):
    return st.lists(items, min_size=least, max_size=most).map(lambda of: {"expr": op, "of": of})


sums = st.one_of(
    combine("+", 2, 4),
    combine("-", 2, 2),
    combine("*", 2, 3),
    combine("/", 2, 2),
    combine("min", 2, 3),
    combine("max", 2, 3),
    combine("abs", 1, 1),
)


@given(sums, st.integers(0, 1000))
@example({"expr": "-", "of": [ATR, MOM]}, 0)
@example({"expr": "-", "of": [ATR, "close"]}, 0)
@example({"expr": "+", "of": [2, "close", ATR, "open"]}, 0)
@settings(max_examples=300, deadline=None)
def test_expression_hangs_together_with_its_image_as_stated(expression, seed):
    """Value upside down = offset + levels * c + sign * value of the image here."""
    entry = {"left": expression, "op": "rising"}
    try:
        operand = parse_rules(document(entry, short="mirror")).long.left
    except RuleError:
        return  # no mirror, or numbers only
    image = turn(operand, "left")
    candles = whole_candles(60, seed)
    there = value_of(operand, reflected(candles))
    here = value_of(image.operand, candles)
    stated = image.offset + image.levels * 2000.0 + image.sign * here
    np.testing.assert_allclose(there, stated, rtol=1e-9, atol=1e-6)


def value_of(operand, candles):
    return evaluate_operand(operand, Frame(candles, "1h"))


def test_own_short_tree_is_kept_when_the_long_one_has_no_mirror():
    long = {"left": "close", "op": ">", "right": 1.2}
    own = {"left": "close", "op": "<", "right": 1.1}
    rules = parse_rules(document(long, short=own))
    assert rules.document["short"] == write_condition(parse_rules(document(own)).long)


def test_plain_operands_turn_as_their_metadata_say():
    assert turn(Number(3.0), "").is_even
    assert turn(Price("volume"), "").is_even
    assert turn(Price("high"), "").operand == Price("low")
    assert turn(make_use("rsi"), "").offset == 100.0
    assert turn(make_use("atr"), "").is_even
    assert turn(make_use("mom"), "").is_centred
