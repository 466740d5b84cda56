"""What every operator and group says, on bars made for it and against an oracle."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.frame import Frame
from ml_training.data.rules import evaluate_rules, parse_rules
from ml_training.data.rules.evaluate import evaluate_condition
from ml_training.data.rules.values import evaluate_operand
from ml_training.errors import DataError
from tests.data.builders import candles_from_closes, random_candles
from tests.data.rule_builders import document, entries, whole_candles
from tests.data.rule_oracle import Oracle

ANSWER = {(True, False): "T", (False, True): "F", (False, False): "-"}


def answers(condition, closes, *, timeframe="1h"):
    """Return one letter per bar: True, False, or - for undefined."""
    frame = Frame(candles_from_closes(closes), timeframe)
    truth = evaluate_condition(parse_rules(document(condition)).long, frame)
    pairs = zip(truth.is_true.tolist(), truth.is_false.tolist(), strict=True)
    return "".join(ANSWER[pair] for pair in pairs)


def close_is(op, right, **others):
    return {"left": "close", "op": op, "right": right, **others}


CLOSES = [3, 5, 5, 4, 5, 6]

OPERATORS = [
    (close_is(">", 5), "FFFFFT"),
    (close_is(">=", 5), "FTTFTT"),
    (close_is("<", 5), "TFFTFF"),
    (close_is("<=", 5), "TTTTTF"),
    (close_is("crosses_above", 5), "-FFFFT"),
    (close_is("crosses_above", 4.5), "-TFFTF"),
    (close_is("crosses_below", 5), "-FFTFF"),
    (close_is("crosses", 4.5), "-TFTTF"),
    (close_is("crosses", 5), "-FFTFT"),
    (close_is("between", [4, 5]), "FTTTTF"),
    (close_is("outside", [4, 5]), "TFFFFT"),
    ({"left": "close", "op": "rising"}, "-TFFTT"),
    ({"left": "close", "op": "rising", "bars": 2}, "--FFFT"),
    ({"left": "close", "op": "falling"}, "-FFTFF"),
    ({"left": "close", "op": "is_highest", "bars": 3}, "--TFTT"),
    ({"left": "close", "op": "is_lowest", "bars": 3}, "--FTFF"),
    (close_is("changed_by_pct", 20), "-TFFTT"),
    (close_is("changed_by_pct", -20), "-FFTFF"),
    (close_is("changed_by_pct", 50, bars=3), "---FFF"),
    (close_is("changed_by_pct", 20, bars=3), "---TFT"),
    ({"op": "within_last", "bars": 2, "of": close_is("<", 4.5)}, "TTFTTF"),
    ({"op": "within_last", "bars": 2, "of": close_is(">", 5)}, "-FFFFT"),
    ({"op": "within_last", "bars": 3, "of": close_is("crosses_above", 4.5)}, "-TTTTT"),
]


@pytest.mark.parametrize(("condition", "expected"), OPERATORS)
def test_operator_answers_per_bar(condition, expected):
    assert answers(condition, CLOSES) == expected


UP, KNOWN = {"left": "close", "op": "rising", "bars": 2}, close_is(">=", 5)  # --FFFT, FTTFTT

GROUPS = [
    ({"not": UP}, "--TTTF"),
    ({"all": [UP, KNOWN]}, "F-FFFT"),
    ({"any": [UP, KNOWN]}, "-TTFTT"),
    ({"at_least": 2, "of": [UP, KNOWN, close_is("<", 5)]}, "--FFFT"),
    ({"at_least": 1, "of": [UP]}, "--FFFT"),
    ({"not": {"all": [UP, KNOWN]}}, "T-TTTF"),
    ({"op": "within_last", "bars": 2, "of": {"not": UP}}, "--TTTT"),
]


@pytest.mark.parametrize(("condition", "expected"), GROUPS)
def test_group_answers_with_three_values(condition, expected):
    assert answers(condition, CLOSES) == expected


def test_cross_waits_until_the_line_is_left_when_price_sits_on_it():
    assert answers(close_is("crosses_above", 5), [4, 5, 5, 6, 7]) == "-FFTF"


def test_cross_of_two_moving_lines_compares_both_bars():
    condition = {"left": "close", "op": "crosses_above", "right": {"price": "open", "shift": 1}}
    assert answers(condition, [5, 4, 3, 6, 2]) == "--FTF"


@pytest.mark.parametrize(
    ("operand", "expected"),
    [
        ({"expr": "+", "of": ["close", 1, 2]}, [4, 6, 8]),
        ({"expr": "-", "of": ["close", 3]}, [-2, 0, 2]),
        ({"expr": "*", "of": ["close", 2, 10]}, [20, 60, 100]),
        ({"expr": "/", "of": ["close", 2]}, [0.5, 1.5, 2.5]),
        ({"expr": "/", "of": [6, {"expr": "-", "of": ["close", 1]}]}, [np.nan, 3, 1.5]),
        ({"expr": "abs", "of": [{"expr": "-", "of": ["close", 4]}]}, [3, 1, 1]),
        ({"expr": "min", "of": ["close", 4, 2]}, [1, 2, 2]),
        ({"expr": "max", "of": ["close", 2, 4]}, [4, 4, 5]),
        ({"price": "close", "shift": 1}, [np.nan, 1, 3]),
        ("hl2", [1, 2, 4]),
        ("volume", [100, 100, 100]),
    ],
)
def test_operand_has_its_value_on_every_bar(operand, expected):
    rules = parse_rules(document({"left": operand, "op": "rising"}))
    frame = Frame(candles_from_closes([1, 3, 5]), "1h")
    np.testing.assert_array_equal(evaluate_operand(rules.long.left, frame), expected)


def test_overflow_is_no_value_and_no_warning():
    huge = {"expr": "*", "of": ["close"] * 8}
    condition = {"left": {"expr": "*", "of": [huge] * 8}, "op": ">", "right": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert answers(condition, [1e9, 1]) == "-T"


def test_higher_timeframe_counts_only_when_its_bar_has_closed():
    condition = {"left": {"price": "close", "tf": "4h"}, "op": ">=", "right": 40}
    assert answers(condition, [10, 20, 30, 40, 50, 60, 70, 30, 90]) == "---TTTTFF"


def test_higher_timeframe_shift_counts_its_own_bars():
    condition = {"left": {"price": "close", "tf": "4h", "shift": 1}, "op": ">", "right": 0}
    assert answers(condition, [1.0] * 9) == "-------TT"


def test_timeframe_below_the_candles_is_refused_when_evaluated():
    rules = parse_rules(document({"left": {"ind": "rsi", "tf": "30m"}, "op": ">", "right": 50}))
    with pytest.raises(DataError):
        evaluate_rules(rules, Frame(random_candles(100), "1h"))


def test_signals_of_a_missing_side_are_empty():
    frame = Frame(random_candles(50), "1h")
    signals = evaluate_rules(parse_rules(document(close_is(">", 0))), frame)
    assert signals.long.all()
    assert not signals.short.any()
    assert signals.long.dtype == signals.short.dtype == np.bool_


@pytest.mark.parametrize("n", [0, 1, 2])
def test_signals_have_the_length_of_the_candles_when_there_are_hardly_any(n):
    entry = {"all": [{"any": [close_is("crosses", 1)]}, {"left": "close", "op": "rising"}]}
    frame = Frame(random_candles(3).slice(0, n), "1h")
    signals = evaluate_rules(parse_rules(document(entry, short=None)), frame)
    assert len(signals.long) == len(signals.short) == n


@given(entries(), st.integers(0, 2**32), st.integers(20, 80))
@settings(max_examples=500, deadline=None)
def test_engine_agrees_with_the_oracle_on_random_rules(entry, seed, n):
    rules = parse_rules(document(entry))
    frame = Frame(whole_candles(n, seed), "1h")
    truth = evaluate_condition(rules.long, frame)
    oracle = Oracle(frame)
    said = [oracle.holds(rules.document["long"], t) for t in range(n)]
    assert truth.is_true.tolist() == [answer is True for answer in said]
    assert truth.is_false.tolist() == [answer is False for answer in said]


@given(entries(), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_undefined_gives_no_signal_even_when_turned_round(entry, seed):
    frame = Frame(whole_candles(60, seed), "1h")
    plain = evaluate_condition(parse_rules(document(entry)).long, frame)
    turned = evaluate_rules(parse_rules(document({"not": entry})), frame).long
    assert not (plain.is_true & plain.is_false).any()
    assert not (turned & plain.is_true).any()
    assert np.array_equal(turned, plain.is_false)


def test_warm_up_gives_no_signal_even_when_turned_round():
    warm = {"left": {"ind": "sma", "length": 20}, "op": ">", "right": 0}
    assert answers({"not": warm}, [1.0] * 25) == "-" * 19 + "F" * 6
    never = {"not": {"left": {"ind": "sma", "length": 20}, "op": "<", "right": 0}}
    assert answers(never, [1.0] * 25) == "-" * 19 + "T" * 6
