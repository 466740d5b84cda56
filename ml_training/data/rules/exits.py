"""Where stop and target stand for setups at given bars."""

import numpy as np
import numpy.typing as npt

from ml_training.data.frame import Frame
from ml_training.data.indicators import FloatArray, make_use
from ml_training.data.instruments import InstrumentSpec
from ml_training.data.rules.document import Distance, Rules
from ml_training.data.rules.values import evaluate_operand

IntArray = npt.NDArray[np.int64]
SideArray = npt.NDArray[np.int8]


def exit_prices(
    rules: Rules,
    frame: Frame,
    instrument: InstrumentSpec,
    index: IntArray,
    side: SideArray,
    entry: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Place stop and target of setups.

    Parameters
    ----------
    rules : Rules
        Parsed rules.
    frame : Frame
        Candles of one symbol and timeframe.
    instrument : InstrumentSpec
        Gives the pip.
    index : ndarray of int, shape (n_setups,)
        Signal bars.
    side : ndarray of int8, shape (n_setups,)
        +1 long, -1 short.
    entry : ndarray of float, shape (n_setups,)
        Entry prices.

    Returns
    -------
    tuple of ndarray, shape (n_setups,)
        Stop and target prices. NaN in both where a setup has no valid stop: the ATR or
        the level has no value yet, or the stop would not lie behind the entry.

    Notes
    -----
    ATR and levels are read at the signal bar: they use bars up to and including it.
    """
    place = Placer(frame, instrument, index, side, entry)
    stop = place.stop(rules.exit.stop_loss)
    risk = (entry - stop) * side
    stop = np.where(risk > 0.0, stop, np.nan)
    target = place.target(rules.exit.take_profit, np.where(risk > 0.0, risk, np.nan))
    is_valid = np.isfinite(stop) & np.isfinite(target)
    return np.where(is_valid, stop, np.nan), np.where(is_valid, target, np.nan)


class Placer:
    """Turn distances into prices for one batch of setups."""

    def __init__(
        self,
        frame: Frame,
        instrument: InstrumentSpec,
        index: IntArray,
        side: SideArray,
        entry: FloatArray,
    ) -> None:
        self.frame = frame
        self.instrument = instrument
        self.index = index
        self.side = side
        self.entry = entry

    def stop(self, distance: Distance) -> FloatArray:
        """Return stop prices; a level's offset lies beyond it, away from the entry."""
        if distance.kind != "level":
            return self.entry - self.side * self._width(distance)
        level = self._level(distance)
        if distance.offset_atr == 0.0:
            return level
        return level - self.side * distance.offset_atr * self._atr(distance.atr_length)

    def target(self, distance: Distance, risk: FloatArray) -> FloatArray:
        """Return target prices; `risk` is the distance of the stop in price."""
        width = distance.value * risk if distance.kind == "r" else self._width(distance)
        return self.entry + self.side * width

    def _width(self, distance: Distance) -> FloatArray:
        if distance.kind == "atr":
            return distance.value * self._atr(distance.atr_length)
        if distance.kind == "percent":
            return distance.value / 100.0 * self.entry
        return np.full(len(self.entry), distance.value * self.instrument.pip)

    def _atr(self, length: int) -> FloatArray:
        return self.frame.indicator(make_use("atr", length=length))[self.index]

    def _level(self, distance: Distance) -> FloatArray:
        level = np.full(len(self.entry), np.nan)
        for sign, operand in ((1, distance.operand), (-1, distance.short_operand)):
            chosen = self.side == sign
            if operand is not None and chosen.any():
                level[chosen] = evaluate_operand(operand, self.frame)[self.index[chosen]]
        return level
