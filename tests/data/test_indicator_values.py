"""Values agree with a second library, which shares no code with ours or with TA-Lib."""

from functools import cache

import numpy as np
import pytest
import talib
import talipp.indicators as second
from talipp.ohlcv import OHLCV

from ml_training.data.indicators import compute_use, make_use
from tests.data.builders import random_candles

N_BARS, SETTLED = 1200, 600  # the libraries seed some averages differently
CANDLES = random_candles(N_BARS, seed=3)
CLOSES = CANDLES.close.tolist()
TOLERANCE = 1e-6  # of the spread of the values


@cache
def bars():
    rows = np.column_stack(CANDLES.columns[1:]).tolist()
    return [OHLCV(*row) for row in rows]


def read(values, field=None):
    """Read a series of the second library from the settled bars on."""
    picked = [getattr(value, field) if field and value else value for value in values]
    return np.array([np.nan if value is None else value for value in picked], float)[SETTLED:]


def compare(use, wanted):
    found = compute_use(use, CANDLES)[use.output][SETTLED:]
    assert np.isfinite(wanted).all()
    np.testing.assert_allclose(found, wanted, rtol=0, atol=TOLERANCE * np.std(wanted))


OF_CLOSES = {
    "ema": lambda: second.EMA(20, CLOSES),
    "sma": lambda: second.SMA(20, CLOSES),
    "wma": lambda: second.WMA(20, CLOSES),
    "dema": lambda: second.DEMA(20, CLOSES),
    "tema": lambda: second.TEMA(20, CLOSES),
    "t3": lambda: second.T3(20, 0.7, CLOSES),
    "hma": lambda: second.HMA(20, CLOSES),
    "rma": lambda: second.SMMA(20, CLOSES),
    "kama": lambda: second.KAMA(20, 2, 30, CLOSES),
    "rsi": lambda: second.RSI(14, CLOSES),
    "roc": lambda: second.ROC(10, CLOSES),
    "stddev": lambda: second.StdDev(20, CLOSES),
    "tsi": lambda: second.TSI(13, 25, CLOSES),
}
OF_BARS = {
    "vwma": lambda: second.VWMA(20, bars()),
    "cci": lambda: second.CCI(20, bars()),
    "atr": lambda: second.ATR(14, bars()),
    "natr": lambda: second.NATR(14, bars()),
    "willr": lambda: second.Williams(14, bars()),
    "ultosc": lambda: second.UO(7, 14, 28, bars()),
    "ao": lambda: second.AO(5, 34, bars()),
    "chop": lambda: second.CHOP(14, bars()),
    "force": lambda: second.ForceIndex(13, bars()),
    "ad": lambda: second.AccuDist(bars()),
    "adosc": lambda: second.ChaikinOsc(3, 10, bars()),
}
OF_MANY_LINES = {
    "bbands": (
        lambda: second.BB(20, 2.0, CLOSES),
        {"upper": "ub", "middle": "cb", "lower": "lb"},
    ),
    "donchian": (
        lambda: second.DonchianChannels(20, bars()),
        {"upper": "ub", "middle": "cb", "lower": "lb"},
    ),
    "keltner": (
        lambda: second.KeltnerChannels(20, 10, 2, 2, bars()),
        {"upper": "ub", "middle": "cb", "lower": "lb"},
    ),
    "macd": (
        lambda: second.MACD(12, 26, 9, CLOSES),
        {"macd": "macd", "signal": "signal", "hist": "histogram"},
    ),
    "stochrsi": (lambda: second.StochRSI(14, 14, 3, 3, CLOSES), {"k": "k", "d": "d"}),
    "adx": (lambda: second.ADX(14, 14, bars()), {"value": "adx"}),
    "dmi": (
        lambda: second.ADX(14, 14, bars()),
        {"plus_di": "plus_di", "minus_di": "minus_di"},
    ),
    "aroon": (lambda: second.Aroon(25, bars()), {"up": "up", "down": "down"}),
    "vortex": (
        lambda: second.VTX(14, bars()),
        {"plus": "plus_vtx", "minus": "minus_vtx"},
    ),
    "psar": (lambda: second.ParabolicSAR(0.02, 0.02, 0.2, bars()), {"value": "value"}),
    "supertrend": (lambda: second.SuperTrend(10, 3, bars()), {"value": "value"}),
    "ichimoku": (
        lambda: second.Ichimoku(26, 9, 26, 52, 26, bars()),
        {
            "tenkan": "conversion_line",
            "kijun": "base_line",
            "span_a": "cloud_leading_fast_line",
        },
    ),
}


@pytest.mark.parametrize("key", [*OF_CLOSES, *OF_BARS])
def test_value_agrees_when_a_second_library_computes_it(key):
    compare(make_use(key), read((OF_CLOSES | OF_BARS)[key]()))


@pytest.mark.parametrize("key", OF_MANY_LINES)
def test_lines_agree_when_a_second_library_computes_them(key):
    compute, fields = OF_MANY_LINES[key]
    values = list(compute())
    for output, field in fields.items():
        compare(make_use(key, output=output), read(values, field))


def test_stochastic_agrees_when_not_smoothed_first():
    values = list(second.Stoch(14, 3, bars()))
    compare(make_use("stoch", smooth=1), read(values, "k"))
    compare(make_use("stoch", smooth=1, output="d"), read(values, "d"))


def test_zero_lag_average_agrees_when_the_lag_is_whole():
    compare(make_use("zlema", length=21), read(second.ZLEMA(21, CLOSES)))


def test_triple_rate_agrees_when_both_are_in_percent():
    compare(make_use("trix"), read(second.TRIX(15, CLOSES)) / 100.0)  # theirs in basis points


def test_balance_agrees_when_taken_bar_by_bar():
    compare(make_use("bop", length=1), read(second.BOP(bars())))


def test_on_balance_volume_agrees_when_both_begin_at_nothing():
    theirs = read(second.OBV(bars())) - CANDLES.volume[0]
    compare(make_use("obv"), theirs)


def test_supertrend_direction_agrees_when_a_second_library_computes_it():
    theirs = [row.trend.name for row in list(second.SuperTrend(10, 3, bars()))[SETTLED:]]
    ours = compute_use(make_use("supertrend"), CANDLES)["direction"][SETTLED:]
    assert np.where(ours > 0, "UP", "DOWN").tolist() == theirs


def test_slow_cloud_line_agrees_when_the_look_up_is_one_shorter():
    cloud = list(second.Ichimoku(26, 9, 26, 52, 25, bars()))  # their slow line lags once more
    compare(make_use("ichimoku", output="span_b"), read(cloud, "cloud_leading_slow_line"))


def test_session_average_agrees_with_a_loop_when_days_change():
    typical = (CANDLES.high + CANDLES.low + CANDLES.close) / 3.0
    day, wanted = None, []
    for at in range(N_BARS):
        if CANDLES.time[at] // 86_400 != day:
            day, amount, volume = CANDLES.time[at] // 86_400, 0.0, 0.0
        amount += typical[at] * CANDLES.volume[at]
        volume += CANDLES.volume[at]
        wanted.append(amount / volume)
    found = compute_use(make_use("vwap"), CANDLES)["value"]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_money_flow_agrees_with_talib_when_volumes_are_large():
    theirs = talib.MFI(CANDLES.high, CANDLES.low, CANDLES.close, CANDLES.volume, 14)
    compare(make_use("mfi"), theirs[SETTLED:])
