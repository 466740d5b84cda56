"""Months of candles as one small blob each: lossless, and fast to read back.

A blob is a header and one LZ4 block of three sections: time as steps in seconds, four
columns of prices as whole ticks (or as they are, when ticks do not reproduce them to
the last bit), volume. Everything is little-endian.
"""

import struct
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias

import lz4.block  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from ml_training.data.candles import Candles, FloatArray, IntArray, format_time
from ml_training.errors import DataError

Blob: TypeAlias = bytes | memoryview

MAGIC = b"CND1"  # the digit is the version: another arrangement gets another one
HEADER = struct.Struct("<4sIqqb??")
INT32, INT64, FLOAT64 = np.dtype("<i4"), np.dtype("<i8"), np.dtype("<f8")
N_COLUMNS = 6
RAW = -1  # in place of digits: prices are stored as they are
MOST_DIGITS = 8  # ticks of more digits rarely fit into 32 bits
N_PROBED = 64  # bars that are tried first, to give up soon on digits that do not fit
LARGEST_TICK = np.iinfo(np.int32).max
BEST_RATIO = 255  # LZ4 cannot shrink more (block format, end of block conditions)
SLACK_BYTES = 64


class Header(NamedTuple):
    """What precedes the compressed sections."""

    magic: bytes
    n_bars: int
    first_s: int
    last_s: int
    digits: int
    has_long_steps: bool
    has_fractions: bool

    @property
    def dtypes(self) -> tuple[np.dtype[Any], np.dtype[Any], np.dtype[Any]]:
        """Return the types of time, prices and volume."""
        return (
            INT64 if self.has_long_steps else INT32,
            FLOAT64 if self.digits == RAW else INT32,
            FLOAT64 if self.has_fractions else INT32,
        )

    @property
    def n_bytes(self) -> int:
        """Return the size of the sections, unpacked."""
        wide = self.has_long_steps + 4 * (self.digits == RAW) + self.has_fractions
        return self.n_bars * INT32.itemsize * (N_COLUMNS + wide)


def pack(candles: Candles) -> bytes:
    """Pack candles into one blob.

    Parameters
    ----------
    candles : Candles
        Any number of bars.

    Returns
    -------
    bytes
        `unpack` gives the very same bits back.
    """
    n_bars = len(candles)
    steps = np.diff(candles.time, prepend=candles.time[:1])
    digits, prices = _to_ticks(np.stack(candles.columns[1:5]))
    volume = candles.volume
    header = Header(
        MAGIC,
        n_bars,
        int(candles.time[0]) if n_bars else 0,
        int(candles.time[-1]) if n_bars else 0,
        digits,
        has_long_steps=bool(n_bars) and int(steps.max()) > LARGEST_TICK,
        has_fractions=not _are_whole(volume),
    )
    columns = zip((steps, prices, volume), header.dtypes, strict=True)
    sections = b"".join(column.astype(dtype).tobytes() for column, dtype in columns)
    packed = lz4.block.compress(sections, store_size=False)
    return HEADER.pack(*header) + bytes(packed)


def unpack(blob: Blob) -> Candles:
    """Read one blob.

    Parameters
    ----------
    blob : bytes or memoryview
        What `pack` returned.

    Returns
    -------
    Candles

    Raises
    ------
    DataError
        If the blob is damaged or of another version.
    """
    return unpack_many([blob])


def unpack_many(blobs: Sequence[Blob]) -> Candles:
    """Read blobs that follow each other in time.

    Parameters
    ----------
    blobs : sequence of bytes or memoryview
        What `pack` returned, in order of time.

    Returns
    -------
    Candles
        All bars in one.

    Raises
    ------
    DataError
        If a blob is damaged, of another version, or begins before the last one ended.

    Notes
    -----
    Everything is unpacked straight into the columns of the result: to unpack one by one
    and to join costs a second copy, and for months of hourly bars twice the calls.
    """
    headers = [_read_header(blob) for blob in blobs]
    ends = np.cumsum([header.n_bars for header in headers], dtype=np.int64)
    n_bars = int(ends[-1]) if len(ends) else 0
    time = np.empty(n_bars, dtype=np.int64)
    prices = np.empty((4, n_bars))
    volume = np.empty(n_bars)
    start = 0
    for blob, header in zip(blobs, headers, strict=True):
        stop = start + header.n_bars
        _unpack_into(blob, header, time[start:stop], prices[:, start:stop], volume[start:stop])
        start = stop
    _link_times(time, headers)
    _scale_ticks(prices, headers)
    for column in (time, prices, volume):
        column.flags.writeable = False
    return Candles(time, prices[0], prices[1], prices[2], prices[3], volume)


def split_by_month(candles: Candles) -> list[tuple[int, int, Candles]]:
    """Cut candles at the months of UTC.

    Parameters
    ----------
    candles : Candles
        Any number of bars.

    Returns
    -------
    list of (year, month, Candles)
        Views, in order of time; months without bars are left out.
    """
    if not len(candles):
        return []
    month = candles.time.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    starts = np.flatnonzero(np.diff(month, prepend=month[0] - 1))
    stops = np.append(starts[1:], len(candles))
    return [
        (1970 + int(month[a]) // 12, 1 + int(month[a]) % 12, candles.slice(int(a), int(b)))
        for a, b in zip(starts, stops, strict=True)
    ]


def _to_ticks(prices: FloatArray) -> tuple[int, npt.NDArray[Any]]:
    """Return the fewest digits whose ticks reproduce every price, and the ticks."""
    for digits in range(MOST_DIGITS + 1):
        scale = 10.0**digits
        probe = prices[:, :N_PROBED]
        if not np.array_equal(_round_to_ticks(probe, scale) / scale, probe):
            continue
        ticks = _round_to_ticks(prices, scale)
        fits = not ticks.size or float(np.abs(ticks).max()) <= LARGEST_TICK
        if fits and np.array_equal(ticks / scale, prices):
            return digits, ticks
    return RAW, prices


def _round_to_ticks(prices: FloatArray, scale: float) -> FloatArray:
    """Count prices in ticks; what no float holds is infinite and so fits no tick."""
    with np.errstate(over="ignore"):
        ticks: FloatArray = np.rint(prices * scale)
    return ticks


def _are_whole(volume: FloatArray) -> bool:
    if not len(volume):
        return True
    has_minus_zero = bool(np.signbit(volume).any())
    is_small = float(volume.max()) <= LARGEST_TICK
    return is_small and not has_minus_zero and np.array_equal(np.rint(volume), volume)


def _read_header(blob: Blob) -> Header:
    if len(blob) < HEADER.size or blob[: len(MAGIC)] != MAGIC:
        raise DataError(
            f"packed candles begin with {MAGIC!r}, got {bytes(blob[:4])!r}",
            hint="They are damaged or of another version; import the candles again",
        )
    header = Header._make(HEADER.unpack_from(blob))
    if header.n_bytes > BEST_RATIO * len(blob) + SLACK_BYTES:
        raise _damaged(header)
    return header


def _unpack_into(
    blob: Blob, header: Header, time: IntArray, prices: FloatArray, volume: FloatArray
) -> None:
    """Unpack one blob into slices of the result: steps and ticks as they are stored."""
    n_bars, n_bytes = header.n_bars, header.n_bytes
    try:
        raw = lz4.block.decompress(memoryview(blob)[HEADER.size :], uncompressed_size=n_bytes)
    except lz4.block.LZ4BlockError as error:
        raise _damaged(header) from error
    if len(raw) != n_bytes:
        raise _damaged(header)
    of_time, of_prices, of_volume = header.dtypes
    at_prices = n_bars * of_time.itemsize
    at_volume = at_prices + 4 * n_bars * of_prices.itemsize
    time[:] = np.frombuffer(raw, of_time, n_bars)
    prices[:] = np.frombuffer(raw, of_prices, 4 * n_bars, at_prices).reshape(4, n_bars)
    volume[:] = np.frombuffer(raw, of_volume, n_bars, at_volume)


def _scale_ticks(prices: FloatArray, headers: Sequence[Header]) -> None:
    """Turn ticks into prices, as many blobs at once as have the same digits.

    The quotient of two exact numbers is rounded once: to the bits that the text had.
    """
    start = 0
    for digits, blobs in groupby(headers, key=lambda header: header.digits):
        stop = start + sum(header.n_bars for header in blobs)
        if digits > 0:
            prices[:, start:stop] /= 10.0**digits
        start = stop


def _link_times(time: IntArray, headers: Sequence[Header]) -> None:
    """Turn steps into times; the first of each blob leads over from the last one."""
    filled = [header for header in headers if header.n_bars]
    if not filled:
        return
    first = np.array([header.first_s for header in filled])
    last = np.array([header.last_s for header in filled])
    starts = np.cumsum([0] + [header.n_bars for header in filled[:-1]])
    steps = first - np.concatenate([[0], last[:-1]])
    if (early := np.flatnonzero(steps[1:] <= 0)).size:
        raise DataError(
            f"packed candles must follow each other in time, got "
            f"{format_time(first[early[0] + 1])} after {format_time(last[early[0]])}",
            hint="Sort the months",
        )
    time[starts] = steps
    np.cumsum(time, out=time)
    ends = np.append(starts[1:], len(time)) - 1
    if (wrong := np.flatnonzero(time[ends] != last)).size:
        raise _damaged(filled[int(wrong[0])])


def _damaged(header: Header) -> DataError:
    return DataError(
        f"packed candles from {header.first_s} s to {header.last_s} s are damaged",
        hint="Import the candles of this time again",
    )
