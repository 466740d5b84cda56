"""Months of candles as one small blob: lossless, and fast to read back."""

import struct
from collections.abc import Sequence

import lz4.block  # type: ignore[import-untyped]
import numpy as np

from ml_training.data.candles import Candles, concat
from ml_training.errors import DataError

MAGIC = b"CNDL"
HEADER = struct.Struct("<4sI")


def pack(candles: Candles) -> bytes:
    """Pack candles into one blob; `unpack` gives the same bits back."""
    table = b"".join(column.tobytes() for column in candles.columns)
    return bytes(HEADER.pack(MAGIC, len(candles)) + lz4.block.compress(table))


def unpack(blob: bytes) -> Candles:
    """Read one blob."""
    magic, n_bars = HEADER.unpack_from(blob)
    if magic != MAGIC:
        raise DataError("packed candles must begin with CNDL")
    raw = lz4.block.decompress(blob[HEADER.size :])
    time = np.frombuffer(raw, "<i8", n_bars)
    columns = np.frombuffer(raw, "<f8", 5 * n_bars, 8 * n_bars).reshape(5, n_bars)
    return Candles(time, *columns)


def unpack_many(blobs: Sequence[bytes]) -> Candles:
    """Read blobs that follow each other in time."""
    return concat([unpack(blob) for blob in blobs])


def split_by_month(candles: Candles) -> list[tuple[int, int, Candles]]:
    """Cut candles at the months of UTC.

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
