"""Presets over real candles: plausible setups, own pips, nothing from the future."""

import numpy as np
import pytest

from ml_training.data.candles import Candles
from ml_training.data.frame import Frame
from ml_training.data.instruments import guess_instrument
from ml_training.data.labels import Outcome
from ml_training.data.layouts import read_candles
from ml_training.data.presets import PRESETS
from ml_training.data.rules import parse_rules
from ml_training.data.setups import COLUMNS, GAPPED, Setups, scan_setups
from tests.data.builders import REAL_DATA

SYMBOLS = ("AUDUSD", "GBPUSD", "USDJPY", "XAUUSD", "USDCHF")


def read_real(symbol: str, timeframe: str = "1h") -> Candles:
    path = REAL_DATA / "candles" / f"{symbol}_{timeframe}.csv"
    if not path.exists():
        pytest.skip(f"needs the real candles in {path.parent}")
    return read_candles(path, name=path.name).candles


def scan(candles: Candles, symbol: str, *, preset="rsi_return", **changes) -> Setups:
    rules = parse_rules({**PRESETS[preset].document, **changes})
    return scan_setups(rules, Frame(candles, "1h"), guess_instrument(symbol))


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_setups_are_found_and_end_as_expected_when_candles_are_real(symbol):
    setups = scan(read_real(symbol), symbol)
    known = setups.take(setups.labelled)
    assert len(known) > 30
    won = known.outcome == Outcome.TAKE_PROFIT
    lost = (known.outcome == Outcome.STOP_LOSS) & ((known.flags & GAPPED) == 0)
    assert known.win[won].all()
    assert (known.r[lost] < -1).all()  # a stop costs its risk and the way out
    np.testing.assert_allclose(known.mae[lost], 1.0, rtol=1e-9)
    assert (known.mfe[won] > 0).all()
    assert (known.cost_r > 0).all()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_ten_pips_are_each_instrument_s_own_when_exits_are_in_pips(symbol):
    exits = {"take_profit": {"pips": 20}, "stop_loss": {"pips": 10}, "max_bars": 12}
    setups = scan(read_real(symbol), symbol, exit=exits)
    np.testing.assert_allclose(setups.risk, 10 * guess_instrument(symbol).pip, rtol=1e-6)


@pytest.mark.parametrize("preset", ["rsi_return", "tce"])
def test_labelled_setups_stay_when_the_last_year_is_cut_off(preset):
    candles = read_real("GBPUSD")
    whole = scan(candles, "GBPUSD", preset=preset)
    cut = scan(candles.slice(0, len(candles) * 3 // 4), "GBPUSD", preset=preset)
    rows = np.flatnonzero(cut.labelled)
    found = np.searchsorted(whole.signal_index, cut.signal_index[rows])
    assert len(rows) > 0
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(whole, name)[found], getattr(cut, name)[rows])
