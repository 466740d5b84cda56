"""Three-valued logic over bars."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.frame import Frame
from ml_training.data.rules import evaluate_rules, parse_rules
from ml_training.data.rules.truth import (
    PackedTruth,
    Truth,
    at_least,
    negate,
    rolling_count,
    within_last,
)
from tests.data.builders import random_candles
from tests.data.rule_builders import document

WORDS = st.text(alphabet="TF-", max_size=40)


def truth(word):
    letters = np.array(list(word), dtype="<U1")
    return Truth(letters == "T", letters == "F")


def word(given_truth):
    pairs = zip(given_truth.is_true.tolist(), given_truth.is_false.tolist(), strict=True)
    return "".join("T" if yes else "F" if no else "-" for yes, no in pairs)


def test_comparison_is_undefined_where_it_is_not_known():
    holds, known = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert word(Truth.where(holds, known)) == "T-F-"


def test_not_keeps_undefined():
    assert word(negate(truth("TF-"))) == "FT-"


LEFT, RIGHT = truth("TTTFFF---"), truth("TF-TF-TF-")


@pytest.mark.parametrize(
    ("count", "expected"), [(1, "TTTTF-T--"), (2, "TF-FFF-F-")], ids=["any", "all"]
)
def test_two_members_follow_the_tables_of_kleene(count, expected):
    assert word(at_least(count, [LEFT, RIGHT])) == expected


def test_two_of_three_fail_once_two_have_failed():
    members = [truth("TTF-"), truth("T-FF"), truth("F---")]
    assert word(at_least(2, members)) == "T-F-"


@given(WORDS, st.integers(1, 50))
@settings(max_examples=200, deadline=None)
def test_window_counts_as_a_loop_does(letters, bars):
    flags = truth(letters).is_true
    counted = [int(flags[max(0, t - bars + 1) : t + 1].sum()) for t in range(len(flags))]
    assert rolling_count(flags, bars).tolist() == counted


@given(WORDS, st.integers(2, 50))
@settings(max_examples=200, deadline=None)
def test_within_last_is_any_of_the_shifted_conditions(letters, bars):
    shifted = [truth(("-" * k + letters)[: len(letters)]) for k in range(bars)]
    assert word(within_last(truth(letters), bars)) == word(at_least(1, shifted))


@given(WORDS)
def test_packed_truth_unpacks_to_itself(letters):
    assert word(PackedTruth.of(truth(letters)).unpack()) == letters


WIDE = [
    {"op": "within_last", "bars": 50, "of": {"left": "close", "op": ">", "right": 0}},
    {"left": "close", "op": "is_highest", "bars": 50},
    {"left": "close", "op": "falling", "bars": 50},
    {"left": "close", "op": "changed_by_pct", "right": 1, "bars": 50},
    {"left": {"price": "close", "shift": 50}, "op": ">", "right": 0},
    {"left": {"price": "close", "tf": "1w", "shift": 5}, "op": "crosses", "right": 1},
]


@pytest.mark.parametrize("n", [0, 1, 2, 49, 50, 51])
@pytest.mark.parametrize("entry", WIDE)
def test_windows_longer_than_the_candles_find_nothing_and_break_nothing(entry, n):
    frame = Frame(random_candles(60).slice(0, n), "1h")
    signals = evaluate_rules(parse_rules(document({"any": [entry, {"not": entry}]})), frame)
    assert len(signals.long) == n
    is_within = entry["op"] == "within_last"
    assert signals.long[:49].all() if is_within else not signals.long[:49].any()
