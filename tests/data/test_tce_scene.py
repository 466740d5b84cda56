"""A trend continuation drawn by hand: every piece of it is seen."""

import numpy as np
import pytest

from ml_training.data.frame import Frame
from ml_training.data.indicators import make_use
from tests.data.builders import MONDAY, candles_from_rows
from tests.data.indicator_builders import upside_down

# Closes: a long rise in small waves, a dip, a strong leg up, a pull-back to the 18-bar
# average, a bounce, and the way back to it.
CALM = [1.0 + 0.0005 * i + 0.002 * np.sin(i / 4) for i in range(260)]
DIP = [CALM[-1] - 0.003 * (i + 1) for i in range(5)]
LEG = [DIP[-1] + 0.004 * (i + 1) for i in range(14)]
PULL_BACK = [LEG[-1] - 0.003 * (i + 1) for i in range(6)]
BOUNCE = [PULL_BACK[-1] + 0.003 * (i + 1) for i in range(3)]
RETURN = [BOUNCE[-1] - 0.0012 * (i + 1) for i in range(2)]
CLOSES = [*CALM, *DIP, *LEG, *PULL_BACK, *BOUNCE, *RETURN]
WICK = 0.0004
PIN = (RETURN[-1] + 0.0002, RETURN[-1] + 0.0006, RETURN[-1] - 0.003, RETURN[-1] + 0.0004)


def draw():
    opens = [CLOSES[0], *CLOSES[:-1]]
    rows = [(o, max(o, c) + WICK, min(o, c) - WICK, c) for o, c in zip(opens, CLOSES, strict=True)]
    return candles_from_rows([*rows, PIN], start=MONDAY)


MARKET = draw()
FRAME = Frame(MARKET, "1h")
TOP = int(np.argmax(MARKET.high))
END = len(MARKET) - 1


def read(key, output=None, frame=FRAME, **params):
    return frame.indicator(make_use(key, output=output, **params))


@pytest.mark.parametrize("length", [50, 200])
def test_averages_rise_when_the_trend_does(length):
    assert read("slope", length=length)[END] > 0


def test_leg_is_the_last_swing_up_when_the_pull_back_has_begun():
    assert read("swing", "up_high", min_atr=3.0)[END] == MARKET.high[TOP]
    assert read("swing_size", "up", min_atr=3.0)[END] > 3.0
    assert read("swing_age", "up", min_atr=3.0)[END] == END - TOP


def test_leg_is_unknown_when_its_top_is_not_confirmed():
    before = read("swing", "up_high", min_atr=3.0)[TOP + 1]
    assert before != MARKET.high[TOP]


def test_part_of_the_leg_is_retraced_when_price_pulls_back():
    deepest = read("retraced", "up_deepest", min_atr=3.0)
    assert deepest[TOP + 2] < deepest[TOP + 6]
    assert (np.diff(deepest[TOP + 2 :]) >= 0).all()


def test_retraced_part_and_level_agree_when_both_are_read():
    level = read("retracement", "up", min_atr=3.0, level=0.5)[END]
    part = read("retraced", "up", min_atr=3.0)[END]
    assert (MARKET.close[END] < level) == (part > 0.5)


def touches():
    touched = np.flatnonzero(read("retest", "touch", length=18) == 1)
    return touched[touched > TOP]


def test_average_is_touched_when_the_pull_back_reaches_it():
    first = touches()[0]
    average = read("sma", length=18)
    assert TOP < first <= TOP + len(PULL_BACK) + 1
    assert MARKET.low[first] <= average[first] + 0.2 * read("atr")[first]


def test_retest_is_seen_when_price_comes_back_to_the_same_average():
    retests = np.flatnonzero(read("retest", "retest", length=18) == 1)
    retests = retests[retests > TOP]
    assert len(retests) > 0
    assert (retests - touches()[0] >= 4).all()


def test_other_average_is_not_retested_when_price_never_reached_it():
    assert not (read("retest", "retest", length=200)[TOP:] == 1).any()


def test_pin_bar_confirms_when_the_last_wick_is_rejected():
    pattern = read("pattern", name="pin_bar")
    assert pattern[END] == 100.0
    assert pattern[END - 1] == 0.0


def test_stop_lies_below_the_entry_when_set_beyond_the_deepest_level():
    stop = read("retracement", "up", min_atr=3.0, level=0.618)[END] - 0.5 * read("atr")[END]
    assert stop < MARKET.close[END]


MIRRORED = Frame(upside_down(MARKET), "1h")


@pytest.mark.parametrize(
    ("key", "output", "other", "params"),
    [
        ("slope", "value", "value", {"length": 50}),
        ("retest", "touch", "touch", {"length": 18}),
        ("retest", "retest", "retest", {"length": 18}),
        ("pattern", "value", "value", {"name": "pin_bar"}),
    ],
)
def test_scene_is_bearish_when_turned_upside_down(key, output, other, params):
    plain = read(key, output, **params)
    turned = read(key, other, MIRRORED, **params)
    np.testing.assert_allclose(turned[TOP:], -plain[TOP:], atol=1e-6)


@pytest.mark.parametrize("output", ["up", "up_deepest"])
def test_retracement_of_a_fall_is_the_same_when_turned_upside_down(output):
    plain = read("retraced", output, min_atr=3.0)
    turned = read("retraced", output.replace("up", "down"), MIRRORED, min_atr=3.0)
    np.testing.assert_allclose(turned[TOP:], plain[TOP:], atol=1e-6)
