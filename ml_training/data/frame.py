"""Candles with their prices and indicators, each computed once."""

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from ml_training.data.indicators import Bars, FloatArray, IndicatorUse, compute_use
from ml_training.data.indicators.ranges import IntArray, lag
from ml_training.data.indicators.sources import SOURCES
from ml_training.data.resample import last_closed_index, resample
from ml_training.data.timeframes import timeframe_seconds
from ml_training.errors import DataError

if TYPE_CHECKING:
    from ml_training.data.candles import Candles

COLUMNS = ("open", "high", "low", "close", "volume")
PRICES = (*SOURCES, "volume")
Source = str | IndicatorUse  # a price, or a use without timeframe and shift
MEMO_BYTES = 512 * 2**20  # chosen: a dozen arrays of 5 M bars, a quarter of the 2 GiB we allow


class Frame:
    """Serve prices and indicators of one candle series, aligned to its bars.

    Parameters
    ----------
    candles : Candles
        The base series.
    timeframe : str
        Its timeframe, such as "1h".
    memo_bytes : int
        Size of computed arrays to keep; the least recently used go first.

    Notes
    -----
    Values at bar t use bars up to and including t. Values of a higher timeframe come
    from its newest bar that is closed when bar t closes. Warm-up is NaN. Arrays handed
    out are read-only and of shape (n_bars,).
    """

    def __init__(
        self, candles: "Candles", timeframe: str, *, memo_bytes: int = MEMO_BYTES
    ) -> None:
        self.candles = candles
        self.timeframe = timeframe
        self.timeframe_s = timeframe_seconds(timeframe)
        self._bars = Bars(candles)
        self._memo: OrderedDict[object, FloatArray] = OrderedDict()
        self._memo_bytes = memo_bytes
        self._held = 0
        self._higher: dict[str, tuple[Frame, IntArray]] = {}

    def __len__(self) -> int:
        """Return the number of base bars."""
        return len(self.candles)

    def price(self, name: str, timeframe: str | None = None, shift: int = 0) -> FloatArray:
        """Return a price series.

        Parameters
        ----------
        name : str
            open, high, low, close, hl2, hlc3, ohlc4 or volume.
        timeframe : str, optional
            A higher timeframe: its last closed bar.
        shift : int
            Bars back, counted on that timeframe.

        Returns
        -------
        ndarray of shape (n_bars,)

        Raises
        ------
        DataError
            For an unknown name or a timeframe that is not a higher one.
        """
        if name not in PRICES:
            raise DataError(f'no price "{name}"', hint=f"Known: {', '.join(PRICES)}")
        return self._aligned(name, timeframe, shift)

    def indicator(self, use: IndicatorUse) -> FloatArray:
        """Return the values of an indicator use, shape (n_bars,)."""
        return self._aligned(use.own, use.timeframe, use.shift)

    def sample(self, use: IndicatorUse, index: IntArray) -> FloatArray:
        """Return the values of an indicator use at some bars only.

        Parameters
        ----------
        use : IndicatorUse
            Timeframe and shift included.
        index : ndarray of int, shape (n_wanted,)
            Base bars.

        Returns
        -------
        ndarray of shape (n_wanted,)
            What `indicator(use)[index]` holds, without the full aligned array.
        """
        frame, at = self, index
        if use.timeframe not in (None, self.timeframe):
            frame, closed = self.higher(str(use.timeframe))
            at = closed[index]
        return _take(frame.read(use.own), np.where(at < 0, -1, at - use.shift))

    def higher(self, timeframe: str) -> tuple["Frame", IntArray]:
        """Return the frame of a higher timeframe and its last closed bar per base bar.

        Parameters
        ----------
        timeframe : str
            A multiple of the frame's own timeframe.

        Returns
        -------
        tuple of Frame and ndarray of shape (n_bars,)
            The index is -1 while no higher bar has closed.

        Raises
        ------
        DataError
            When the timeframe is not a multiple of the frame's own.
        """
        if timeframe not in self._higher:
            to_s = timeframe_seconds(timeframe)
            candles = resample(self.candles, self.timeframe_s, to_s)
            index = last_closed_index(self.candles.time, self.timeframe_s, candles.time, to_s)
            frame = Frame(candles, timeframe, memo_bytes=self._memo_bytes)
            self._higher[timeframe] = (frame, index)
        return self._higher[timeframe]

    def clear(self) -> None:
        """Forget everything computed, higher timeframes included."""
        self._bars = Bars(self.candles)
        self._memo.clear()
        self._higher.clear()
        self._held = 0

    def read(self, what: Source, shift: int = 0) -> FloatArray:
        """Return a price or an indicator of the frame's own timeframe.

        Parameters
        ----------
        what : str or IndicatorUse
            A price, or a use without timeframe and shift.
        shift : int
            Bars back.

        Returns
        -------
        ndarray of shape (n_bars,)
        """
        if shift < 0:
            raise ValueError(f"`shift` must be 0 or more, got {shift}; the future is unknown")
        if shift == 0:
            return self._raw(what)
        key = (what, shift)
        if key not in self._memo:
            self._keep(key, lag(self._raw(what), shift))
        return self._recall(key)

    def _aligned(self, what: Source, timeframe: str | None, shift: int) -> FloatArray:
        if timeframe in (None, self.timeframe):
            return self.read(what, shift)
        key = (what, timeframe, shift)
        if key not in self._memo:
            frame, index = self.higher(str(timeframe))
            self._keep(key, _take(frame.read(what, shift), index))
        return self._recall(key)

    def _raw(self, what: Source) -> FloatArray:
        if what in COLUMNS:
            column: FloatArray = getattr(self.candles, str(what))
            return column
        if what not in self._memo:
            self._compute(what)
        return self._recall(what)

    def _compute(self, what: Source) -> None:
        if isinstance(what, str):
            self._keep(what, SOURCES[what](self._bars))
            return
        lines = compute_use(what, self._bars)
        for name in sorted(lines, key=lambda name: name == what.output):  # wanted one last
            self._keep(what.with_output(name), lines[name])

    def _keep(self, key: object, values: FloatArray) -> None:
        if key in self._memo:
            self._held -= self._memo.pop(key).nbytes
        values = values.view()
        values.flags.writeable = False
        self._memo[key] = values
        self._held += values.nbytes
        while self._held > self._memo_bytes and len(self._memo) > 1:
            _, dropped = self._memo.popitem(last=False)
            self._held -= dropped.nbytes

    def _recall(self, key: object) -> FloatArray:
        self._memo.move_to_end(key)
        return self._memo[key]


def _take(values: FloatArray, index: IntArray) -> FloatArray:
    if not len(values):
        return np.full(len(index), np.nan)
    taken = values[np.maximum(index, 0)]
    taken[index < 0] = np.nan
    return taken
