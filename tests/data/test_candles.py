import hashlib

import numpy as np
import pytest

from ml_training.data.candles import Candles, concat, format_time, merge
from ml_training.errors import DataError
from tests.data.builders import MONDAY, candles_from_rows, random_candles

COLUMNS = {
    "time": [0, 60, 120],
    "open": [1.0, 2.0, 3.0],
    "high": [2.0, 3.0, 4.0],
    "low": [0.5, 1.5, 2.5],
    "close": [1.5, 2.5, 3.5],
    "volume": [10.0, 0.0, 5.0],
}


def build(**changes):
    return Candles.from_columns(**{**COLUMNS, **changes})


def test_columns_have_one_type_and_are_read_only_when_built():
    candles = build()
    assert candles.time.dtype == np.int64
    assert {column.dtype for column in candles.columns[1:]} == {np.dtype(np.float64)}
    for column in candles.columns:
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


def test_arrays_of_the_caller_stay_writable_when_candles_view_them():
    time = np.array(COLUMNS["time"])
    build(time=time)
    time[0] = -60
    assert time[0] == -60


def test_volume_is_zero_when_not_given():
    assert not build(volume=None).volume.any()


@pytest.mark.parametrize("name", ["open", "high", "low", "close"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0])
def test_price_is_refused_when_it_is_no_positive_number(name, value):
    column = [*COLUMNS[name][:2], value]
    with pytest.raises(DataError, match=rf"{name} must be a positive number, got .* in bar 2"):
        build(**{name: column})


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_volume_is_refused_when_it_is_no_amount(value):
    with pytest.raises(DataError, match="volume must be 0 or more"):
        build(volume=[1.0, value, 1.0])


def test_bar_is_refused_when_high_is_below_low():
    with pytest.raises(DataError, match=r"high must not be below low, got 1\.0 in bar 1 .*00:01"):
        build(high=[2.0, 1.0, 4.0])


def test_bar_is_accepted_when_high_does_not_enclose_the_close():
    assert len(build(close=[1.5, 9.0, 3.5])) == 3


@pytest.mark.parametrize("time", [[0, 60, 60], [0, 120, 60]])
def test_times_are_refused_when_they_do_not_increase(time):
    with pytest.raises(DataError, match=r"must strictly increase.*in bar 2"):
        build(time=time)


def test_times_are_refused_when_they_are_milliseconds():
    with pytest.raises(DataError, match=r"between 1880 and 2100.*not milliseconds"):
        build(time=[1_700_000_000_000, 1_700_000_060_000, 1_700_000_120_000])


@pytest.mark.parametrize("time", [[0.0, 60.0, 120.0], ["a", "b", "c"]])
def test_times_are_refused_when_they_are_not_whole(time):
    with pytest.raises(DataError, match="whole UTC epoch seconds"):
        build(time=time)


def test_columns_are_refused_when_their_lengths_differ():
    with pytest.raises(DataError, match=r"one value per bar, got .*'close': 2"):
        build(close=[1.0, 2.0])


def test_slices_are_views_when_taken():
    candles = random_candles(100)
    part = candles.slice(10, 20)
    assert len(part) == 10
    assert np.shares_memory(part.close, candles.close)


def test_between_is_half_open_when_bars_lie_on_both_ends():
    candles = build()
    assert candles.between(60, 120).time.tolist() == [60]
    assert candles.between(None, 60).time.tolist() == [0]
    assert candles.between(61).time.tolist() == [120]
    assert len(candles.between(120, 60)) == 0


def test_digest_is_that_of_the_little_endian_bytes():
    candles = build()
    expected = hashlib.sha256(b"candles/1" + (3).to_bytes(8, "little"))
    for name, dtype in zip(COLUMNS, ["<i8"] + ["<f8"] * 5, strict=True):
        expected.update(np.array(COLUMNS[name], dtype=dtype).tobytes())
    assert candles.digest() == expected.hexdigest()


def test_digest_is_the_same_when_columns_are_views():
    candles = random_candles(200)
    copied = Candles.from_columns(*(column[50:150].copy() for column in candles.columns))
    assert candles.slice(50, 150).digest() == copied.digest()


@pytest.mark.parametrize("name", list(COLUMNS))
def test_digest_changes_when_one_value_does(name):
    column = np.array(COLUMNS[name])
    column[-1] = column[-1] + column.dtype.type(1) / 2 if column.dtype.kind == "f" else 121
    assert build(**{name: column}).digest() != build().digest()


def test_digest_differs_when_there_are_no_bars():
    assert Candles.empty().digest() == Candles.empty().digest() != build().digest()


def test_concat_gives_back_the_whole_when_its_parts_are_joined():
    candles = random_candles(100)
    parts = [candles.slice(0, 30), Candles.empty(), candles.slice(30, 100)]
    assert concat(parts).digest() == candles.digest()
    assert len(concat([])) == 0


def test_concat_is_refused_when_parts_overlap():
    candles = random_candles(100)
    with pytest.raises(DataError, match=r"follow each other.*Sort the parts"):
        concat([candles.slice(0, 31), candles.slice(30, 100)])


def test_merge_lets_the_new_bar_win_when_times_are_equal():
    old = candles_from_rows([(1, 2, 1, 2)] * 3)
    new = candles_from_rows([(5, 6, 5, 6)] * 2, start=MONDAY + 2 * 3600)
    merged = merge(old, new)
    assert merged.close.tolist() == [2, 2, 6, 6]
    assert np.all(np.diff(merged.time) == 3600)


def test_merge_changes_nothing_when_the_same_bars_come_again():
    candles = random_candles(100)
    assert merge(candles, candles).digest() == candles.digest()
    assert merge(candles, candles.slice(20, 40)).digest() == candles.digest()


def test_merge_fills_gaps_when_parts_interleave():
    candles = random_candles(100)
    odd, even = (
        Candles(*(np.ascontiguousarray(c[at::2]) for c in candles.columns)) for at in (1, 0)
    )
    assert merge(odd, even).digest() == candles.digest()


def test_merge_returns_the_other_when_one_is_empty():
    candles = random_candles(10)
    assert merge(Candles.empty(), candles) is candles
    assert merge(candles, Candles.empty()) is candles


def test_times_before_1970_are_written_right():
    assert format_time(-1) == "1969-12-31T23:59:59Z"
