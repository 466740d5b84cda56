"""Each preset buys exactly where its summary says, worked out without the rules."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import talib

from ml_training.data.frame import Frame
from ml_training.data.presets import PRESETS
from ml_training.data.rules import evaluate_rules, parse_rules
from tests.data.builders import random_candles

WARM_UP = 1000  # bars left out: averages that remember everything need some time


@cache
def market():
    return random_candles(12_000, seed=11)


def before(values, n=1):
    """Return what was `n` bars ago."""
    values = np.asarray(values, float)
    return np.concatenate([np.full(n, np.nan), values[:-n]])


def crossed_up(left, right):
    right = np.broadcast_to(right, len(left))
    return (left > right) & (before(left) <= before(right))


def expect_rsi_return(c):
    return crossed_up(talib.RSI(c.close, 14), 30)


def expect_rsi_pullback(c):
    return (c.close > talib.EMA(c.close, 200)) & crossed_up(talib.RSI(c.close, 14), 40)


def expect_bollinger_reversion(c):
    return crossed_up(c.close, talib.SMA(c.close, 20) - 2 * talib.STDDEV(c.close, 20))


def expect_ema_cross(c):
    return crossed_up(talib.EMA(c.close, 20), talib.EMA(c.close, 50))


def expect_macd_cross(c):
    line, signal, _ = talib.MACD(c.close)
    return crossed_up(line, signal) & (line < 0) & (signal < 0)


def expect_supertrend_flip(c):
    """Follow the bands of Seban bar by bar."""
    middle, width = (c.high + c.low) / 2, 3 * talib.ATR(c.high, c.low, c.close, 10)
    upper, lower = middle + width, middle - width
    direction = np.zeros(len(c.close))
    for t in range(12, len(c.close)):
        if c.close[t - 1] <= upper[t - 1]:
            upper[t] = min(upper[t], upper[t - 1])
        if c.close[t - 1] >= lower[t - 1]:
            lower[t] = max(lower[t], lower[t - 1])
        if c.close[t] > upper[t - 1]:
            direction[t] = 1
        elif c.close[t] < lower[t - 1]:
            direction[t] = -1
        else:
            direction[t] = direction[t - 1]
    return (direction == 1) & (before(direction) == -1)


def expect_adx_trend(c):
    bars = (c.high, c.low, c.close, 14)
    is_strong = talib.ADX(*bars) > 25
    is_up = talib.PLUS_DI(*bars) > talib.MINUS_DI(*bars)
    return is_strong & is_up & crossed_up(c.close, talib.EMA(c.close, 20))


def expect_donchian_break(c):
    highest = [np.nan] * 20 + [c.high[t - 20 : t].max() for t in range(20, len(c.high))]
    return crossed_up(c.close, np.array(highest))


def expect_bollinger_break(c):
    upper = talib.SMA(c.close, 20) + 2 * talib.STDDEV(c.close, 20)
    quiet = talib.ATR(c.high, c.low, c.close, 10) < talib.ATR(c.high, c.low, c.close, 100)
    recently = np.array([quiet[max(0, t - 9) : t + 1].any() for t in range(len(quiet))])
    return crossed_up(c.close, upper) & recently


def expect_opening_range_break(c):
    """Walk through the hours with London's clock on the wall."""
    london, found = ZoneInfo("Europe/London"), np.zeros(len(c.close), bool)
    highs, top, previous = [], np.nan, np.nan
    for t, second in enumerate(c.time.tolist()):
        clock = datetime.fromtimestamp(second, tz=UTC).astimezone(london)
        if clock.hour == 8:
            highs, top = [], np.nan
        highs.append(c.high[t])
        if len(highs) >= 4:
            top = max(highs[:4])
        is_open = 8 <= clock.hour < 17 and clock.isoweekday() < 6
        found[t] = is_open and c.close[t] > top and c.close[t - 1] <= previous
        previous = top
    return found


def rising_ema_50(c):
    average = talib.EMA(c.close, 50)
    return average > before(average, 5)


def expect_inside_bar(c):
    inside = (c.high <= before(c.high)) & (c.low >= before(c.low))
    away = (c.close - talib.EMA(c.close, 20)) / talib.ATR(c.high, c.low, c.close, 14)
    is_near = np.abs(before(away)) <= 1
    return rising_ema_50(c) & (before(inside) == 1) & is_near & (c.close > before(c.high))


def expect_engulfing(c):
    average = talib.EMA(c.close, 20)
    bullish = talib.CDLENGULFING(c.open, c.high, c.low, c.close) > 0
    return rising_ema_50(c) & bullish & (c.low <= average) & (c.close > average)


EXPECTED = {
    name.removeprefix("expect_"): function
    for name, function in list(globals().items())
    if name.startswith("expect_")
}


def test_every_preset_but_the_house_strategy_is_worked_out_here():
    assert {*EXPECTED, "tce"} == set(PRESETS)


@pytest.mark.parametrize("key", EXPECTED)
def test_preset_buys_exactly_where_its_summary_says(key):
    candles = market()
    found = evaluate_rules(parse_rules(PRESETS[key].document), Frame(candles, "1h")).long
    with np.errstate(invalid="ignore"):
        expected = EXPECTED[key](candles)
    late = slice(WARM_UP, None)
    assert expected[late].sum() > 10
    assert np.flatnonzero(found[late] != expected[late]).tolist() == []
