"""What a program exports comes back bit by bit, whatever the layout and the clock."""

import gzip
import io
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.calendars import CALENDARS
from ml_training.data.candles import Candles
from tests.data.builders import MONDAY, random_candles
from tests.data.layouts.builders import codes, read
from tests.data.layouts.writers import (
    DAILY_WRITERS,
    INTRADAY_WRITERS,
    write_binance,
    write_generic,
    write_metatrader4,
    write_metatrader5,
)

HOUR = 3600
DAY = 24 * HOUR
NEEDS_CLOCK = {"metatrader4", "metatrader5"}


@st.composite
def markets(draw):
    """Make quotes of some kind at some time, with gaps."""
    price, digits = draw(st.sampled_from([(0.00162, 8), (1.1, 5), (150.0, 3), (60_000.0, 2)]))
    return random_candles(
        draw(st.integers(1, 60)),
        draw(st.integers(0, 2**32 - 1)),
        step_s=draw(st.sampled_from([60, 900, HOUR, 4 * HOUR])),
        start=DAY * draw(st.integers(12_000, 22_000)) + HOUR,
        price=price,
        digits=digits,
        gap_rate=draw(st.sampled_from([0.0, 0.3])),
    )


def trading_hours(n, *, start=MONDAY):
    """Make bars of currencies, which never trade while a clock is changed."""
    times = start + HOUR * np.arange(3 * n)
    kept = times[CALENDARS["fx_24x5"].expects(times, HOUR)][:n]
    return Candles.from_columns(kept, *random_candles(n).columns[1:])


@settings(max_examples=25)
@given(markets())
@pytest.mark.parametrize("layout", INTRADAY_WRITERS)
def test_bars_within_the_day_come_back(layout, candles):
    text = INTRADAY_WRITERS[layout](candles)
    parsed = read(text, tz="UTC" if layout in NEEDS_CLOCK else None)
    assert parsed.candles.digest() == candles.digest()


@settings(max_examples=15)
@given(st.integers(2, 60), st.integers(0, 2**32 - 1), st.integers(-30_000, 20_000))
@pytest.mark.parametrize("layout", DAILY_WRITERS)
def test_days_come_back_without_a_clock(layout, n, seed, day):
    candles = random_candles(n, seed, step_s=DAY, start=day * DAY)
    text = DAILY_WRITERS[layout](candles)
    if layout == "binance" and day * DAY < 10**9:
        return  # klines begin in 2017, their epochs have thirteen digits
    assert read(text).candles.digest() == candles.digest()


@pytest.mark.parametrize("unit", [1_000, 1_000_000])
def test_klines_come_back_in_both_units(unit):
    candles = random_candles(50)
    assert read(write_binance(candles, unit=unit)).candles.digest() == candles.digest()


@pytest.mark.parametrize("write", [write_metatrader5, write_metatrader4])
@pytest.mark.parametrize(
    ("name", "tz", "ahead_h"),
    [("America/New_York+7", "America/New_York", 7), ("Europe/Athens", "Europe/Athens", 0),
     ("Asia/Tokyo", "Asia/Tokyo", 0), ("Europe/London+2", "Europe/London", 2)],
)  # fmt: skip
def test_years_on_a_brokers_clock_come_back(write, name, tz, ahead_h):
    """Currencies pause on the nights on which clocks are changed."""
    candles = trading_hours(12_000)
    parsed = read(write(candles, tz=tz, ahead_h=ahead_h), tz=name)
    assert parsed.candles.digest() == candles.digest()
    assert codes(parsed) == []


@pytest.mark.parametrize("tz", ["Europe/Athens", "America/New_York", "Australia/Sydney"])
def test_years_of_a_market_that_never_closes_come_back(tz):
    """Every autumn has its doubled hour, and the order of bars tells which is which."""
    candles = random_candles(20_000)
    assert read(write_metatrader5(candles, tz=tz), tz=tz).candles.digest() == candles.digest()


def test_wrong_clock_shifts_every_bar_and_nothing_else():
    candles = trading_hours(200)
    shifted = read(write_metatrader5(candles), tz="+03:00").candles
    assert np.array_equal(shifted.time, candles.time - 3 * HOUR)
    assert np.array_equal(shifted.close, candles.close)


@pytest.mark.parametrize("layout", INTRADAY_WRITERS)
def test_newest_first_comes_back_in_order(layout):
    candles = random_candles(100)
    lines = INTRADAY_WRITERS[layout](candles).split("\n")
    has_header = not lines[0][0].isdigit()
    head, body = lines[: int(has_header)], lines[int(has_header) :]
    text = "\n".join([*head, *(line.strip("\r") for line in reversed(body))])
    parsed = read(text, tz="UTC" if layout in NEEDS_CLOCK else None)
    assert parsed.candles.digest() == candles.digest()
    assert "unordered_bars" not in codes(parsed)


@pytest.mark.parametrize("layout", INTRADAY_WRITERS)
def test_shuffled_bars_come_back_in_order_and_noted(layout):
    candles = random_candles(100)
    lines = INTRADAY_WRITERS[layout](candles).split("\n")
    has_header = not lines[0][0].isdigit()
    head, body = lines[: int(has_header)], [line.strip("\r") for line in lines[int(has_header) :]]
    random.Random(0).shuffle(body)
    parsed = read("\n".join([*head, *body]), tz="UTC" if layout in NEEDS_CLOCK else None)
    assert parsed.candles.digest() == candles.digest()
    assert "unordered_bars" in codes(parsed)


def test_two_exports_that_overlap_come_back_when_joined():
    candles = random_candles(100)
    first, second = write_generic(candles.slice(0, 60)), write_generic(candles.slice(40, 100))
    joined = first + "\n" + second.split("\n", 1)[1]
    parsed = read(joined)
    assert parsed.candles.digest() == candles.digest()
    assert sorted(codes(parsed)) == ["duplicate_bars", "unordered_bars"]
    assert parsed.notes[-1].count == 20


@settings(max_examples=15)
@given(markets())
def test_parquet_and_gzip_bring_back_the_same(candles):
    names = ("time", "open", "high", "low", "close", "volume")
    frame = pd.DataFrame(dict(zip(names, candles.columns, strict=True)))
    frame["time"] = pd.to_datetime(frame["time"], unit="s", utc=True)
    file = io.BytesIO()
    frame.to_parquet(file)
    zipped = gzip.compress(write_generic(candles).encode())
    assert read(file.getvalue()).candles.digest() == candles.digest()
    assert read(zipped).candles.digest() == candles.digest()
