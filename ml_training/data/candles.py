"""The columns of many bars: validated once, shared read-only ever after."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from ml_training.errors import DataError

Column: TypeAlias = npt.NDArray[Any]
FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]

PRICE_COLUMNS = ("open", "high", "low", "close")
# Bars outside these years are times in the wrong unit, not history (chosen: the oldest
# daily index series begin in the 1880s).
FIRST_TIME_S = -2_840_140_800  # 1880-01-01
LAST_TIME_S = 4_102_444_800  # 2100-01-01
DIGEST_HEADER = b"candles/1"


@dataclass(frozen=True, eq=False, slots=True)
class Candles:
    """Hold the bars of one symbol at one timeframe as read-only columns.

    The constructor trusts what it is given and is meant for columns that come out of
    other candles; everything from outside goes through `from_columns`.

    Parameters
    ----------
    time : ndarray of int64, shape (n_bars,)
        Open of each bar in UTC epoch seconds, strictly increasing.
    open, high, low, close : ndarray of float64, shape (n_bars,)
        Prices, finite and positive, `high >= low`. Whether high and low enclose open
        and close is for the data doctor to say: real feeds break it now and then.
    volume : ndarray of float64, shape (n_bars,)
        Traded or tick volume, finite and not negative; zeros where unknown.
    """

    time: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray

    @classmethod
    def from_columns(
        cls,
        time: npt.ArrayLike,
        open: npt.ArrayLike,  # noqa: A002 - the field's own name
        high: npt.ArrayLike,
        low: npt.ArrayLike,
        close: npt.ArrayLike,
        volume: npt.ArrayLike | None = None,
    ) -> Self:
        """Check the columns and freeze them.

        Parameters
        ----------
        time : array_like of int, shape (n_bars,)
            Bar opens in UTC epoch seconds.
        open, high, low, close : array_like of float, shape (n_bars,)
            Prices.
        volume : array_like of float, shape (n_bars,), optional
            Volume; zeros when missing.

        Returns
        -------
        Candles
            Read-only columns; arrays of the right type are viewed, not copied.

        Raises
        ------
        DataError
            If a rule above is broken; the message names the first bar that breaks it.
        """
        times = _freeze(_whole_seconds(time))
        prices = [
            _freeze(np.asarray(column, dtype=np.float64)) for column in (open, high, low, close)
        ]
        volumes = np.zeros(len(times)) if volume is None else np.asarray(volume, dtype=np.float64)
        candles = cls(*(_freeze(column) for column in (times, *prices, volumes)))
        check_candles(candles)
        return candles

    @classmethod
    def empty(cls) -> Self:
        """Return candles without bars."""
        return cls.from_columns([], [], [], [], [], [])

    def __len__(self) -> int:
        return len(self.time)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return time, open, high, low, close and volume, in this order."""
        return self.time, self.open, self.high, self.low, self.close, self.volume

    def slice(self, start: int, stop: int) -> Self:
        """Return the bars start to stop (exclusive) as views."""
        return type(self)(*(column[start:stop] for column in self.columns))

    def between(self, start_s: int | None = None, end_s: int | None = None) -> Self:
        """Return the bars with `start_s <= time < end_s`, as views."""
        start = 0 if start_s is None else int(np.searchsorted(self.time, start_s))
        stop = len(self) if end_s is None else int(np.searchsorted(self.time, end_s))
        return self.slice(start, max(start, stop))

    def digest(self) -> str:
        """Return the SHA-256 of all columns as hex, the same on every machine."""
        digest = hashlib.sha256(DIGEST_HEADER + len(self).to_bytes(8, "little"))
        for column in self.columns:
            little = column.astype(column.dtype.newbyteorder("<"), order="C", copy=False)
            digest.update(little.data)
        return digest.hexdigest()


def check_candles(candles: Candles) -> None:
    """Raise a `DataError` that names the first bar breaking a rule of `Candles`."""
    lengths = [len(column) for column in candles.columns]
    if len(set(lengths)) > 1:
        rows = dict(zip(("time", *PRICE_COLUMNS, "volume"), lengths, strict=True))
        raise DataError(f"every column needs one value per bar, got {rows}")
    if not len(candles):
        return
    for name in PRICE_COLUMNS:
        price = getattr(candles, name)
        _refuse(
            candles,
            ~(np.isfinite(price) & (price > 0.0)),
            f"{name} must be a positive number",
            price,
        )
    volume = candles.volume
    _refuse(candles, ~(np.isfinite(volume) & (volume >= 0.0)), "volume must be 0 or more", volume)
    _refuse(candles, candles.high < candles.low, "high must not be below low", candles.high)
    _check_order(candles)


def concat(parts: Sequence[Candles]) -> Candles:
    """Join candles that follow each other in time.

    Parameters
    ----------
    parts : sequence of Candles
        In order of time; empty parts are fine.

    Returns
    -------
    Candles
        All bars in one.

    Raises
    ------
    DataError
        If a part begins before the one in front of it has ended.
    """
    filled = [part for part in parts if len(part)]
    if not filled:
        return Candles.empty()
    for before, after in pairwise(filled):
        if after.time[0] <= before.time[-1]:
            raise DataError(
                f"parts must follow each other in time, got a bar at {format_time(after.time[0])} "
                f"after one at {format_time(before.time[-1])}",
                hint="Sort the parts, or use merge for candles that overlap",
            )
    if len(filled) == 1:
        return filled[0]
    columns = zip(*(part.columns for part in filled), strict=True)
    return Candles(*(_freeze(np.concatenate(column)) for column in columns))


def merge(old: Candles, new: Candles) -> Candles:
    """Put new bars over old ones: at equal times the new bar wins.

    Parameters
    ----------
    old, new : Candles
        May overlap in any way.

    Returns
    -------
    Candles
        The union of both, ordered by time.
    """
    if not len(old) or not len(new):
        return new if len(new) else old
    kept = ~np.isin(old.time, new.time, assume_unique=True)
    time = np.concatenate([old.time[kept], new.time])
    order = np.argsort(time, kind="stable")
    columns = zip(old.columns, new.columns, strict=True)
    return Candles(*(_freeze(np.concatenate([a[kept], b])[order]) for a, b in columns))


def format_time(time_s: int | np.int64) -> str:
    """Write UTC epoch seconds the way messages show them.

    Examples
    --------
    >>> format_time(0)
    '1970-01-01T00:00:00Z'
    """
    return f"{np.datetime64(int(time_s), 's')}Z"


def _whole_seconds(time: npt.ArrayLike) -> IntArray:
    values = np.asarray(time)
    if values.size and values.dtype.kind not in "iu":
        raise DataError(
            f"time must be whole UTC epoch seconds, got {values.dtype}",
            hint="Convert with astype('datetime64[s]').astype('int64')",
        )
    return values.astype(np.int64, copy=False)


def _freeze(column: Column) -> Column:
    frozen = np.ascontiguousarray(column).view()
    frozen.flags.writeable = False
    return frozen


def _refuse(candles: Candles, broken: npt.NDArray[np.bool_], rule: str, values: Any) -> None:
    if broken.any():
        bar = int(np.argmax(broken))
        raise DataError(
            f"{rule}, got {values[bar]} in bar {bar} ({format_time(candles.time[bar])}); "
            f"{int(broken.sum())} of {len(candles)} bars break this rule"
        )


def _check_order(candles: Candles) -> None:
    time = candles.time
    outside = (time < FIRST_TIME_S) | (time >= LAST_TIME_S)
    if outside.any():
        raise DataError(
            f"bar times must lie between 1880 and 2100, got {time[outside][0]} s",
            hint="Times are UTC epoch seconds, not milliseconds",
        )
    late = np.flatnonzero(time[1:] <= time[:-1])
    if len(late):
        bar = int(late[0]) + 1
        raise DataError(
            f"bar times must strictly increase, got {format_time(time[bar])} in bar {bar} "
            f"after {format_time(time[bar - 1])}",
            hint="Sort the bars and keep one per time",
        )
