"""The state of the market at a setup: one set of columns for all strategies."""

from collections.abc import Callable

import numpy as np

from ml_training.data.features.moments import ATR, ATR_MEMORY, Moments
from ml_training.data.features.ranks import rank_within
from ml_training.data.indicators import FloatArray, IndicatorUse, make_use
from ml_training.data.indicators.ranges import divide
from ml_training.data.timeframes import DAY_S, TIMEFRAMES

RANK_BARS = 250  # chosen: about a year of days, two weeks of hours
DAYS_OF_A_WEEK = 7
MONDAY_OFFSET = 3  # 1970-01-01 was a Thursday
LEAST_RATIO = 4  # chosen: one step up, usual charts show four to seven bars in one

READ: dict[str, IndicatorUse] = {
    # how far it went, in ATR
    "return_1": make_use("mom", length=1),
    "return_5": make_use("mom", length=5),
    "return_20": make_use("mom", length=20),
    "return_60": make_use("mom", length=60),
    # how much it moves, compared with before
    "volatility_7_50": make_use("atr_ratio", fast=7, slow=50),
    "deviation_20": make_use("stddev", length=20),
    # where the averages go, and how far from them it stands
    "slope_20": make_use("slope", average="ema", length=20, over=5),
    "slope_50": make_use("slope", length=50, over=10),
    "slope_200": make_use("slope", length=200, over=20),
    "distance_20": make_use("distance", average="ema", length=20),
    "distance_50": make_use("distance", length=50),
    "distance_200": make_use("distance", length=200),
    # oscillators
    "rsi_14": make_use("rsi", length=14),
    "stochastic_14": make_use("stoch", length=14),
    "macd_histogram": make_use("macd", output="hist"),
    "adx_14": make_use("adx", length=14),
    "direction_14": make_use("dmi", output="difference", length=14),
    "efficiency_20": make_use("efficiency", length=20),
    "band_position": make_use("bb_percent", length=20),
    # where it stands in its range
    "range_position_20": make_use("willr", length=20),
    "range_position_100": make_use("willr", length=100),
    # the candle
    "body": make_use("bop", length=1),
    "bar_range": make_use("true_range"),
}
READ_HIGHER: dict[str, IndicatorUse] = {
    "higher_slope_20": make_use("slope", average="ema", length=20, over=5),
    "higher_distance_50": make_use("distance", average="ema", length=50),
    "higher_rsi_14": make_use("rsi", length=14),
}


def next_higher(timeframe: str) -> str:
    """Return the timeframe one step up; the longest one is its own.

    Examples
    --------
    >>> next_higher("1h"), next_higher("4h"), next_higher("1w")
    ('4h', '1d', '1w')
    """
    length = TIMEFRAMES[timeframe]
    for name, seconds in TIMEFRAMES.items():
        if seconds >= LEAST_RATIO * length and seconds % length == 0:
            return name
    return timeframe


def atr_rank(moments: Moments) -> FloatArray:
    """Rank the average true range among those of the last bars, 0..1."""
    return rank_within(moments.frame.indicator(ATR), moments.index, RANK_BARS)


def volume_rank(moments: Moments) -> FloatArray:
    """Rank the volume among those of the last bars, 0..1; 0.5 where there is none."""
    return rank_within(moments.frame.price("volume"), moments.index, RANK_BARS)


def wick_ahead(moments: Moments) -> FloatArray:
    """Measure the wick on the target's side in ATR: what was reached and lost."""
    return wick(moments, moments.side)


def wick_behind(moments: Moments) -> FloatArray:
    """Measure the wick on the stop's side in ATR: what was rejected."""
    return wick(moments, -moments.side)


def wick(moments: Moments, up: FloatArray) -> FloatArray:
    """Measure the upper wick where `up` is positive and the lower one elsewhere."""
    open_, close = moments.price("open"), moments.price("close")
    upper = moments.price("high") - np.maximum(open_, close)
    lower = np.minimum(open_, close) - moments.price("low")
    return moments.in_atr(np.where(up > 0, upper, lower))


def closing_time(moments: Moments) -> FloatArray:
    """Return when the signal bars close, in days since 1970 UTC."""
    frame = moments.frame
    return (frame.candles.time[moments.index] + frame.timeframe_s) / DAY_S


def hour_angle(moments: Moments) -> FloatArray:
    """Return the time of day at which the bar closes as an angle, midnight 0.

    Whole days go first: the rounding of an angle grows with it, and the sine of some
    twenty thousand turns is not 0 but the date in disguise.
    """
    return 2 * np.pi * (closing_time(moments) % 1.0)


def hour_sine(moments: Moments) -> FloatArray:
    """Return the sine of the time of day at which the bar closes."""
    return np.sin(hour_angle(moments))


def hour_cosine(moments: Moments) -> FloatArray:
    """Return the cosine of the time of day at which the bar closes."""
    return np.cos(hour_angle(moments))


def weekday_angle(moments: Moments) -> FloatArray:
    """Return the day of the week at which the bar closes as an angle, Monday 0."""
    day = (np.floor(closing_time(moments)) + MONDAY_OFFSET) % DAYS_OF_A_WEEK
    return 2 * np.pi * day / DAYS_OF_A_WEEK


def weekday_sine(moments: Moments) -> FloatArray:
    """Return the sine of the day of the week."""
    return np.sin(weekday_angle(moments))


def weekday_cosine(moments: Moments) -> FloatArray:
    """Return the cosine of the day of the week."""
    return np.cos(weekday_angle(moments))


def stop_distance(moments: Moments) -> FloatArray:
    """Return the distance to the stop in ATR."""
    return moments.in_atr(moments.risk)


def target_distance(moments: Moments) -> FloatArray:
    """Return the distance to the target in ATR."""
    return moments.in_atr(moments.reward)


def cost_in_r(moments: Moments) -> FloatArray:
    """Return the cost of a round trip in multiples of the risk."""
    return divide(moments.cost, moments.risk, otherwise=0.0)


def side(moments: Moments) -> FloatArray:
    """Return +1 for a long, -1 for a short."""
    return moments.side.copy()


MEASURED: dict[str, tuple[Callable[[Moments], FloatArray], int]] = {
    "atr_rank": (atr_rank, RANK_BARS + ATR_MEMORY),
    "wick_ahead": (wick_ahead, ATR_MEMORY),
    "wick_behind": (wick_behind, ATR_MEMORY),
    "volume_rank": (volume_rank, RANK_BARS),
    "hour_sine": (hour_sine, 0),
    "hour_cosine": (hour_cosine, 0),
    "weekday_sine": (weekday_sine, 0),
    "weekday_cosine": (weekday_cosine, 0),
    "stop_atr": (stop_distance, ATR_MEMORY),
    "target_atr": (target_distance, ATR_MEMORY),
    "cost_r": (cost_in_r, 0),
    "side": (side, 0),
}
