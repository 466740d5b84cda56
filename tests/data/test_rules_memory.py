"""Evaluating rules takes memory by the bar, not by the condition."""

import tracemalloc

import numpy as np

from ml_training.data.frame import Frame
from ml_training.data.presets import PRESETS
from ml_training.data.rules import evaluate_rules, parse_rules
from tests.data.builders import random_candles
from tests.data.rule_builders import document

N_BARS = 100_000
MEMO_BYTES = 8 * N_BARS * 2  # two arrays
WORKING_ARRAYS = 12  # of float64, at any moment


def peak_arrays(rules):
    """Return the most memory taken, in arrays of one float64 per bar."""
    frame = Frame(random_candles(N_BARS), "1m", memo_bytes=MEMO_BYTES)
    tracemalloc.start()
    evaluate_rules(rules, frame)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / (8 * N_BARS)


def many_conditions(n):
    leaves = [
        {
            "left": {"ind": "ema", "length": 5 + i},
            "op": ">",
            "right": {"ind": "sma", "length": 9 + i},
        }
        for i in range(n)
    ]
    return parse_rules(document({"all": leaves}, short="mirror"))


def test_peak_is_bounded_when_there_are_fifty_conditions_on_both_sides():
    assert peak_arrays(many_conditions(50)) < WORKING_ARRAYS


def test_peak_hardly_grows_with_the_number_of_conditions():
    few, many = peak_arrays(many_conditions(5)), peak_arrays(many_conditions(50))
    assert many < 2 * few


def test_frame_that_forgets_gives_the_same_signals():
    candles = random_candles(5000, seed=5)
    for preset in PRESETS.values():
        rules = parse_rules(preset.document)
        forgetful = evaluate_rules(rules, Frame(candles, "1h", memo_bytes=1))
        mindful = evaluate_rules(rules, Frame(candles, "1h"))
        assert np.array_equal(forgetful.long, mindful.long)
        assert np.array_equal(forgetful.short, mindful.short)
