"""Files, clocks, packing and resampling together, on candles of a real broker."""

from functools import cache

import numpy as np
import pytest

from ml_training.data.calendars import local_seconds
from ml_training.data.candles import Candles
from ml_training.data.instruments import guess_instrument, price_digits
from ml_training.data.layouts import read_candles
from ml_training.data.packing import pack, split_by_month, unpack_many
from ml_training.data.resample import resample
from ml_training.data.timeframes import TIMEFRAMES, check_timeframe
from tests.data.builders import REAL_DATA

pytestmark = pytest.mark.skipif(
    not REAL_DATA.exists(), reason=f"the shared candles are not at {REAL_DATA}"
)

FILES = sorted(path.stem for path in (REAL_DATA / "candles").glob("*.csv"))
BROKERS_CLOCK = "Europe/Athens"
SYMBOLS = ["AUDUSD", "GBPUSD", "USDJPY", "XAUUSD"]


@cache
def load(stem):
    return read_candles(REAL_DATA / "candles" / f"{stem}.csv", name=stem).candles


def on_brokers_clock(candles):
    wall = local_seconds(candles.time, BROKERS_CLOCK)
    return Candles.from_columns(wall, *candles.columns[1:])


def share_equal(one, other):
    """Return the share of bars, at times that both have, with equal prices."""
    _, at_one, at_other = np.intersect1d(one.time, other.time, return_indices=True)
    assert len(at_one) > 1000
    same = [
        np.isclose(a[at_one], b[at_other], rtol=0, atol=1e-9)
        for a, b in zip(one.columns[1:5], other.columns[1:5], strict=True)
    ]
    return np.all(same, axis=0).mean()


@pytest.mark.parametrize("stem", FILES)
def test_file_is_read_without_a_note(stem):
    path = REAL_DATA / "candles" / f"{stem}.csv"
    parsed = read_candles(path, name=path.name)
    assert (parsed.layout, parsed.notes) == ("generic", ())
    check_timeframe(parsed.candles.time, stem.split("_")[1])


@pytest.mark.parametrize("stem", FILES)
def test_months_come_back_bit_by_bit(stem):
    candles = load(stem)
    blobs = [pack(part) for *_, part in split_by_month(candles)]
    assert unpack_many(blobs).digest() == candles.digest()


@pytest.mark.parametrize("stem", FILES)
def test_conventions_fit_the_quotes(stem):
    candles = load(stem)
    spec = guess_instrument(stem.split("_")[0], candles)
    assert price_digits(candles) == spec.digits
    assert spec.spread < 0.5 * np.median(candles.high - candles.low)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_hours_resampled_on_the_brokers_clock_are_the_brokers_days(symbol):
    """The broker built its days of the same ticks: a sharp test of clocks."""
    hours = on_brokers_clock(load(f"{symbol}_1h"))
    days = resample(hours, TIMEFRAMES["1h"], TIMEFRAMES["1d"])
    assert share_equal(days, load(f"{symbol}_1d")) > 0.99


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_hours_resampled_on_the_brokers_clock_are_the_brokers_four_hours(symbol):
    hours = on_brokers_clock(load(f"{symbol}_1h"))
    built = resample(hours, TIMEFRAMES["1h"], TIMEFRAMES["4h"])
    assert share_equal(built, on_brokers_clock(load(f"{symbol}_4h"))) > 0.99


def test_days_on_another_clock_are_others():
    days = resample(load("GBPUSD_1h"), TIMEFRAMES["1h"], TIMEFRAMES["1d"])
    assert share_equal(days, load("GBPUSD_1d")) < 0.5
