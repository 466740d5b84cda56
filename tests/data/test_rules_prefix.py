"""No signal and no exit price ever changes because of bars that come later."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.candles import Candles, concat
from ml_training.data.frame import Frame
from ml_training.data.indicators import INDICATORS
from ml_training.data.instruments import guess_instrument
from ml_training.data.presets import PRESETS
from ml_training.data.rules import evaluate_rules, exit_prices, parse_rules
from tests.data.builders import random_candles
from tests.data.rule_builders import document, entries, whole_candles

EURUSD = guess_instrument("EURUSD")


def signals(rules, candles):
    return evaluate_rules(rules, Frame(candles, "1h"))


def altered_after(candles: Candles, n: int, seed: int) -> Candles:
    """Keep the first `n` bars and replace the rest by quite another market."""
    rest = whole_candles(len(candles) - n, seed + 1)
    later = Candles.from_columns(
        candles.time[n:], rest.open * 3, rest.high * 3, rest.low * 3, rest.close * 3, rest.volume
    )
    return concat([candles.slice(0, n), later])


@given(entries(), st.sampled_from([None, "mirror"]), st.integers(0, 2**32), st.integers(1, 150))
@settings(max_examples=200, deadline=None)
def test_signals_do_not_change_when_later_bars_are_cut_or_altered(entry, short, seed, n):
    rules = parse_rules(document(entry, short=short, filters={"sessions": ["london"]}))
    candles = whole_candles(150, seed)
    whole = signals(rules, candles)
    for other in (candles.slice(0, n), altered_after(candles, n, seed)):
        part = signals(rules, other)
        assert np.array_equal(part.long[:n], whole.long[:n])
        assert np.array_equal(part.short[:n], whole.short[:n])


@pytest.mark.parametrize("key", INDICATORS)
@given(st.data())
@settings(max_examples=8, deadline=None)
def test_rule_on_any_indicator_does_not_change_when_later_bars_are_cut(key, data):
    operand = {
        "ind": key,
        "output": data.draw(st.sampled_from(INDICATORS[key].outputs)),
        "tf": data.draw(st.sampled_from([None, "4h"])),
    }
    op = data.draw(st.sampled_from(["rising", "is_highest", "is_lowest"]))
    rules = parse_rules(document({"left": operand, "op": op, "bars": 2}, short="mirror"))
    candles = random_candles(800, seed=data.draw(st.integers(0, 99)))
    n = data.draw(st.integers(1, 800))
    whole, part = signals(rules, candles), signals(rules, candles.slice(0, n))
    assert np.array_equal(part.long, whole.long[:n])
    assert np.array_equal(part.short, whole.short[:n])


@pytest.mark.parametrize("key", PRESETS)
def test_preset_signals_and_exits_do_not_change_when_later_bars_are_cut(key):
    rules = parse_rules(PRESETS[key].document)
    candles = random_candles(4000, seed=3)
    frame = Frame(candles, "1h")
    whole = evaluate_rules(rules, frame)
    for n in (500, 1234, 2999):
        part = Frame(candles.slice(0, n), "1h")
        found = evaluate_rules(rules, part)
        assert np.array_equal(found.long, whole.long[:n])
        assert np.array_equal(found.short, whole.short[:n])
        index = np.flatnonzero(found.long | found.short)
        side = np.where(found.long[index], 1, -1).astype(np.int8)
        entry = candles.close[index]
        now = exit_prices(rules, part, EURUSD, index, side, entry)
        later = exit_prices(rules, frame, EURUSD, index, side, entry)
        np.testing.assert_array_equal(now, later)
