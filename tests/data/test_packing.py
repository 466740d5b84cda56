import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.candles import Candles
from ml_training.data.layouts import read_candles
from ml_training.data.packing import HEADER, pack, split_by_month, unpack, unpack_many
from ml_training.errors import DataError
from tests.data.builders import REAL_DATA, candles_from_closes, random_candles

DAY = 86_400

positive = st.floats(1e-12, 1e12, allow_nan=False)


def same(one, other):
    return one.digest() == other.digest()


@st.composite
def any_candles(draw):
    """Whatever `Candles` allows: wild prices, steps of a second or of decades."""
    n = draw(st.integers(0, 40))
    steps = draw(
        st.lists(st.sampled_from([1, 60, 3600, DAY, 10**6, 10**9]), min_size=n, max_size=n)
    )
    time = np.cumsum(steps, dtype=np.int64) - 2_000_000_000
    keep = time < 4_000_000_000
    a, b, open_, close = (
        np.array(draw(st.lists(positive, min_size=n, max_size=n)), dtype=float) for _ in range(4)
    )
    volume = draw(st.lists(st.one_of(st.floats(0, 1e15), st.just(-0.0)), min_size=n, max_size=n))
    columns = (time, open_, np.maximum(a, b), np.minimum(a, b), close, np.array(volume, float))
    return Candles.from_columns(*(column[keep] for column in columns))


@given(any_candles())
def test_the_same_bits_come_back_when_candles_are_wild(candles):
    assert same(unpack(pack(candles)), candles)


@settings(max_examples=60)
@given(
    st.integers(0, 300),
    st.integers(0, 2**32 - 1),
    st.integers(0, 8),
    st.sampled_from([60, 3600, DAY]),
    st.sampled_from([0.0, 0.4]),
)
def test_the_same_bits_come_back_when_prices_are_quotes(n, seed, digits, step_s, gap_rate):
    candles = random_candles(n, seed, step_s=step_s, price=150.0, digits=digits, gap_rate=gap_rate)
    assert same(unpack(pack(candles)), candles)
    assert same(unpack_many([pack(part) for *_, part in split_by_month(candles)]), candles)


@pytest.mark.parametrize(
    "candles",
    [
        random_candles(50),
        candles_from_closes([1 / 3, 2 / 3, 1.0]),
        candles_from_closes([1e-9, 2e-9]),
        candles_from_closes([1e9, 2e9, 3e9]),
        candles_from_closes([21474.83647, 21474.83648]),
        Candles.empty(),
    ],
    ids=["ticks", "thirds", "tiny", "huge", "edge", "none"],
)
def test_kinds_of_prices_can_follow_each_other(candles):
    shift = int(1e8)
    later = random_candles(20, start=int(random_candles(1).time[0]) + shift, digits=2)
    joined = unpack_many([pack(candles), pack(later)])
    assert len(joined) == len(candles) + 20
    assert same(joined.slice(0, len(candles)), candles)
    assert same(joined.slice(len(candles), len(joined)), later)


def test_blob_is_small_when_prices_are_ticks():
    candles = random_candles(20_000, step_s=60, volatility=1e-4)
    assert len(pack(candles)) < 24 * len(candles)  # 48 bytes a bar unpacked


def test_prices_come_back_without_a_warning_when_they_are_absurd():
    candles = candles_from_closes([1e300, 1e305, 1e307])
    assert same(unpack(pack(candles)), candles)


def test_columns_are_read_only_when_unpacked():
    candles = unpack(pack(random_candles(10)))
    for column in candles.columns:
        assert not column.flags.writeable
        assert column.flags.c_contiguous


def test_blob_can_be_a_view_as_postgresql_returns():
    candles = random_candles(10)
    assert same(unpack(memoryview(pack(candles))), candles)


def test_nothing_comes_back_when_there_are_no_blobs():
    assert len(unpack_many([])) == 0


def test_the_same_bytes_are_packed_when_candles_are_the_same():
    assert pack(random_candles(500, 3)) == pack(random_candles(500, 3))


def test_blob_is_refused_when_it_is_something_else():
    with pytest.raises(DataError, match="packed candles begin with b'CND1', got b'PK"):
        unpack(b"PK\x03\x04" + bytes(60))
    with pytest.raises(DataError, match="import the candles again"):
        unpack(b"")


def test_blob_is_refused_when_it_is_cut():
    blob = pack(random_candles(100))
    with pytest.raises(DataError, match="are damaged"):
        unpack(blob[:-20])


def test_blob_is_refused_when_its_header_claims_too_much():
    blob = bytearray(pack(random_candles(100)))
    blob[4:8] = struct.pack("<I", 2**32 - 1)
    with pytest.raises(DataError, match="are damaged"):
        unpack(bytes(blob))


def test_blob_is_refused_when_its_times_do_not_end_where_they_should():
    blob = bytearray(pack(random_candles(100)))
    header = list(HEADER.unpack_from(blob))
    header[3] += 60
    blob[: HEADER.size] = HEADER.pack(*header)
    with pytest.raises(DataError, match="are damaged"):
        unpack(bytes(blob))


@settings(max_examples=200)
@given(st.data())
def test_blob_gives_candles_or_an_error_when_a_byte_is_flipped(data):
    blob = bytearray(pack(random_candles(30)))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(DataError):
        unpack(bytes(blob))


def test_blobs_are_refused_when_out_of_order():
    months = [pack(part) for *_, part in split_by_month(random_candles(2000))]
    with pytest.raises(DataError, match=r"must follow each other.*Sort the months"):
        unpack_many(months[::-1])


def test_months_are_those_of_utc():
    start = int(np.datetime64("2023-12-31T22:00:00", "s").astype(int))
    parts = split_by_month(random_candles(800, start=start))
    assert [(year, month, len(part)) for year, month, part in parts] == [
        (2023, 12, 2),
        (2024, 1, 744),
        (2024, 2, 54),
    ]


def test_months_before_1970_are_named_right():
    candles = random_candles(3, start=-DAY, step_s=12 * 3600)
    assert [part[:2] for part in split_by_month(candles)] == [(1969, 12), (1970, 1)]


def test_months_without_bars_are_left_out():
    time = np.array([0, 200 * DAY])
    candles = Candles.from_columns(time, *([1.0, 1.0],) * 4)
    assert [part[:2] for part in split_by_month(candles)] == [(1970, 1), (1970, 7)]
    assert split_by_month(Candles.empty()) == []


@pytest.mark.skipif(not REAL_DATA.exists(), reason="the shared candles are not here")
def test_real_candles_come_back_and_take_a_third_of_the_space():
    path = REAL_DATA / "candles" / "XAUUSD_1h.csv"
    candles = read_candles(path, name=path.name).candles
    blobs = [pack(part) for *_, part in split_by_month(candles)]
    assert same(unpack_many(blobs), candles)
    assert sum(map(len, blobs)) < 0.4 * 48 * len(candles)
