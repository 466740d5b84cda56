"""Conditions that make no sense are refused, and those that do are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.frame import Frame
from ml_training.data.rules import evaluate_rules, parse_rules
from ml_training.data.rules.problems import RuleError
from tests.data.builders import random_candles
from tests.data.rule_builders import ABOVE, document

CLOSE, RSI, ATR = {"price": "close"}, {"ind": "rsi"}, {"ind": "atr"}
MACD, VOLUME = {"ind": "macd"}, {"price": "volume"}
FRAME = Frame(random_candles(400, seed=2, volatility=0.01), "1h")


def problems_of(condition):
    try:
        parse_rules(document(condition))
    except RuleError as error:
        return [f"{problem.path}: {problem.message}" for problem in error.problems]
    return []


def leaf(left, op, right=None, **others):
    return {"left": left, "op": op, **({} if right is None else {"right": right}), **others}


@pytest.mark.parametrize("op", ["between", "outside"])
@pytest.mark.parametrize(
    ("ends", "n_problems"),
    [([CLOSE, "open"], 2), ([30, CLOSE], 1), ([CLOSE, 70], 1), ([30, 70], 0), ([30, 101], 1),
     ([-1, 70], 1), ([-1, 101], 2), ([70, 70], 1), ([RSI | {"length": 5}, 90], 0)],
)  # fmt: skip
def test_each_end_of_a_range_has_to_be_of_the_kind_of_the_value(op, ends, n_problems):
    assert len(problems_of(leaf(RSI, op, ends))) == n_problems


@pytest.mark.parametrize(
    ("left", "right", "is_taken"),
    [
        (RSI, 0, True),
        (RSI, 100, True),
        (RSI, 100.5, False),
        (RSI, -0.5, False),
        ({"expr": "+", "of": [RSI, 50]}, 120, True),
        ({"expr": "*", "of": [RSI, 2]}, 150, True),
        ({"expr": "-", "of": [RSI, 50]}, -20, True),
        ({"expr": "max", "of": [RSI, 120]}, 110, True),
        ({"expr": "abs", "of": [{"expr": "-", "of": [RSI, 50]}]}, 30, True),
        ({"ind": "pattern"}, 100, True),
        ({"ind": "pattern"}, -101, False),
    ],
)
def test_number_is_refused_only_where_the_value_can_never_come(left, right, is_taken):
    for condition in (leaf(left, ">", right), leaf(right, "<", left)):
        assert (problems_of(condition) == []) == is_taken


@pytest.mark.parametrize(
    ("left", "right", "is_taken"),
    [
        (CLOSE, "open", True),
        (CLOSE, ATR, False),
        (CLOSE, RSI, False),
        (CLOSE, VOLUME, False),
        (MACD, ATR, True),
        (CLOSE, {"expr": "+", "of": ["low", ATR]}, True),
        (CLOSE, {"expr": "-", "of": ["high", "low"]}, False),
        (ATR, {"expr": "-", "of": ["high", "low"]}, True),
        ({"expr": "/", "of": [CLOSE, "open"]}, RSI, True),
        (VOLUME, {"expr": "*", "of": [VOLUME | {"shift": 1}, 2]}, True),
    ],
)
def test_like_is_compared_with_like_whichever_side_it_stands_on(left, right, is_taken):
    for condition in (leaf(left, ">", right), leaf(right, "<", left)):
        assert (problems_of(condition) == []) == is_taken


@pytest.mark.parametrize("op", ["rising", "falling", "is_highest", "is_lowest"])
def test_window_is_refused_when_its_length_is_wrong_although_its_value_is_right(op):
    for bars in (0, 5_001, 1.5, "3"):
        assert problems_of(leaf(CLOSE, op, bars=bars)) != []
    assert problems_of(leaf(CLOSE, op, bars=3)) == []
    assert problems_of(leaf(7, op, bars=3)) == ["long.left: a number never changes"]


def test_change_names_all_that_is_missing_at_once():
    told = problems_of({"op": "changed_by_pct", "left": CLOSE})
    assert {line.split(":")[0] for line in told} >= {"long.right"}
    assert any(line.startswith("long.left") for line in problems_of({"op": "changed_by_pct"}))
    assert problems_of(leaf(CLOSE, "changed_by_pct", 0, bars=3)) != []
    assert problems_of(leaf(CLOSE, "changed_by_pct", -2, bars=3)) == []


@pytest.mark.parametrize("op", [">", "crosses_above", "<="])
def test_comparison_needs_something_that_changes_and_two_sides(op):
    assert problems_of(leaf(1, op, 2)) == ["long: compares two numbers"]
    assert problems_of(leaf(CLOSE, op, "close")) == ["long: compares a value with itself"]
    assert problems_of(leaf(CLOSE, op)) != []
    assert problems_of({"op": op, "right": CLOSE}) != []


RSI_SUM = {"expr": "+", "of": [RSI, 50]}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 200))
def test_sum_with_a_number_says_what_the_number_moved_to_the_other_side_says(level):
    moved = level - 50
    one = leaf(RSI_SUM, ">", level)
    found = evaluate_rules(parse_rules(document(one)), FRAME).long
    if 0 <= moved <= 100:
        other = evaluate_rules(parse_rules(document(leaf(RSI, ">", moved))), FRAME).long
        assert (found == other).all()
    else:
        assert found.any() == (moved < 0)


def test_problem_of_one_member_does_not_hide_that_of_another():
    bad = leaf(RSI, ">", 130)
    told = problems_of({"any": [ABOVE, bad, {"all": [bad, leaf(CLOSE, ">", ATR)]}]})
    assert [line.split(":")[0] for line in told] == [
        "long.any[1]",
        "long.any[2].all[0]",
        "long.any[2].all[1]",
    ]
