"""A rule on a higher timeframe keeps saying what it said when that one last closed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.frame import Frame
from ml_training.data.resample import last_closed_index, resample
from ml_training.data.rules import evaluate_rules, parse_rules
from ml_training.errors import DataError
from tests.data.builders import random_candles
from tests.data.rule_builders import document, whole_candles

HOUR_S, FOUR_HOURS_S = 3600, 4 * 3600
OPERANDS = [
    {"price": "high"},
    {"price": "close", "shift": 2},
    {"ind": "sma", "length": 3},
    {"ind": "ema", "length": 5, "shift": 1},
    {"ind": "bbands", "length": 4, "output": "lower"},
]
operands = st.sampled_from(OPERANDS)
comparisons = st.sampled_from([">", ">=", "<", "<="])


def compare(left, op, right, timeframe):
    sides = [{**side, "tf": timeframe} for side in (left, right)]
    return parse_rules(document({"left": sides[0], "op": op, "right": sides[1]}))


@given(operands, comparisons, operands, st.integers(0, 2**32), st.floats(0.0, 0.4))
@settings(max_examples=100, deadline=None)
def test_comparison_keeps_the_answer_of_the_last_closed_bar(left, op, right, seed, gaps):
    if left == right:
        return
    candles = random_candles(300, seed, gap_rate=gaps)
    higher = resample(candles, HOUR_S, FOUR_HOURS_S)
    last = last_closed_index(candles.time, HOUR_S, higher.time, FOUR_HOURS_S)
    there = evaluate_rules(compare(left, op, right, None), Frame(higher, "4h")).long
    here = evaluate_rules(compare(left, op, right, "4h"), Frame(candles, "1h")).long
    assert np.array_equal(here, np.where(last >= 0, there[last], False))


def test_cross_on_a_higher_timeframe_fires_once_on_the_bar_that_closes_it():
    candles = whole_candles(400, 5)
    higher = resample(candles, HOUR_S, FOUR_HOURS_S)
    last = last_closed_index(candles.time, HOUR_S, higher.time, FOUR_HOURS_S)
    rule = compare({"price": "close"}, "crosses_above", {"ind": "sma", "length": 3}, None)
    there = np.flatnonzero(evaluate_rules(rule, Frame(higher, "4h")).long)
    rule = compare({"price": "close"}, "crosses_above", {"ind": "sma", "length": 3}, "4h")
    here = np.flatnonzero(evaluate_rules(rule, Frame(candles, "1h")).long)
    assert last[here].tolist() == [bar for bar in there.tolist() if bar <= last[-1]]
    assert (last[here - 1] == last[here] - 1).all()


def test_own_timeframe_may_be_named():
    candles = whole_candles(100, 1)
    named = compare({"price": "close"}, ">", {"price": "open"}, "1h")
    plain = compare({"price": "close"}, ">", {"price": "open"}, None)
    frame = Frame(candles, "1h")
    assert np.array_equal(evaluate_rules(named, frame).long, evaluate_rules(plain, frame).long)


@pytest.mark.parametrize("timeframe", ["1m", "30m", "3h"])
def test_timeframe_that_the_candles_cannot_give_is_refused(timeframe):
    rule = compare({"price": "close"}, ">", {"price": "open"}, timeframe)
    with pytest.raises(DataError):
        evaluate_rules(rule, Frame(random_candles(50, step_s=2 * HOUR_S), "2h"))


def test_several_timeframes_meet_in_one_rule():
    entry = {
        "all": [
            {"left": "close", "op": ">", "right": {"ind": "sma", "length": 4, "tf": "4h"}},
            {
                "left": {"price": "close", "tf": "1d"},
                "op": ">",
                "right": {"price": "open", "tf": "1d"},
            },
        ]
    }
    frame = Frame(whole_candles(500, 2), "1h")
    both = evaluate_rules(parse_rules(document(entry)), frame).long
    parts = [evaluate_rules(parse_rules(document(leaf)), frame).long for leaf in entry["all"]]
    assert both.any()
    assert np.array_equal(both, parts[0] & parts[1])
