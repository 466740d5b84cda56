"""Labelled sets to judge on: rules on walks, rules and chance on real candles."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from ml_training.data.candles import Candles
from ml_training.data.described import scan_labelled
from ml_training.data.features import FeaturePlan, compute_features, plan_features
from ml_training.data.frame import Frame
from ml_training.data.indicators import make_use
from ml_training.data.instruments import InstrumentSpec, guess_instrument
from ml_training.data.labelled import LabelledSet, concat_sets
from ml_training.data.labels import Brackets, label_barriers
from ml_training.data.layouts import read_candles
from ml_training.data.presets import PRESETS
from ml_training.data.rules import indicator_uses, parse_rules
from ml_training.data.synthetic import make_market
from ml_training.data.weights import average_uniqueness

ROOT = Path(__file__).resolve().parents[2]
CANDLES = ROOT.parent / "shared" / "data" / "candles"
MAX_BARS = 48  # the product's default exit: 2 ATR to the target, 1 to the stop
TARGET_ATR = 2.0
WARM_UP = 1_000  # chosen: every feature of the base timeframe has warmed up by then
MARGIN = 1.25  # chosen: walks are made this much longer than the rate of setups asks for

# Labelled setups per 1,000 bars of a walk, measured once; they only size the walks.
RATES = {
    "rsi_return": 29.0,
    "macd_cross": 43.0,
    "bollinger_reversion": 59.0,
    "donchian_break": 62.0,
    "supertrend_flip": 28.0,
    "opening_range_break": 37.0,
    "bollinger_break": 39.0,
    "ema_cross": 19.0,
}


def scan_candles(
    candles: Candles, spec: InstrumentSpec, timeframe: str, preset: str
) -> LabelledSet:
    """Return the labelled setups of a preset on one candle series."""
    rules = parse_rules(PRESETS[preset].document)
    return scan_labelled(rules, Frame(candles, timeframe), spec)


def scan_walks(
    preset: str, timeframe: str, *, n_symbols: int, n_setups: int, seed: int
) -> LabelledSet:
    """Return the first setups of a preset on random walks of several symbols.

    Parameters
    ----------
    preset, timeframe : str
        The rules, and the length of a bar.
    n_symbols, n_setups : int
        Size; fewer setups come back where the walks hold fewer.
    seed : int
        Of the walks: a market of the product without its edge, where no rule has an
        expectation before costs.
    """
    n_bars = count_bars(preset, n_symbols, n_setups)
    market = make_market(
        n_symbols=n_symbols, n_bars=n_bars, timeframe=timeframe, seed=seed, edge=False
    )
    found = concat_sets(scan_candles(candles, spec, timeframe, preset) for spec, candles in market)
    return found.take(np.arange(min(n_setups, len(found))))


def count_bars(preset: str, n_symbols: int, n_setups: int) -> int:
    """Return how long walks must be to hold so many setups of a preset."""
    return WARM_UP + round(1_000 * MARGIN * n_setups / RATES[preset] / n_symbols)


@lru_cache(maxsize=32)
def load_market(symbol: str, timeframe: str, folder: Path = CANDLES) -> Candles:
    """Return the real candles of a market."""
    path = folder / f"{symbol}_{timeframe}.csv"
    return read_candles(path, name=path.name).candles


def scan_real(preset: str, markets: Sequence[tuple[str, str]], folder: Path) -> LabelledSet:
    """Return the labelled setups of a preset on real candles of (symbol, timeframe)."""
    return concat_sets(
        scan_candles(load_market(symbol, timeframe, folder), guess_instrument(symbol),
                     timeframe, preset)
        for symbol, timeframe in markets
    )  # fmt: skip


def draw_entries(
    candles: Candles, spec: InstrumentSpec, timeframe: str, n_setups: int, rng: np.random.Generator
) -> LabelledSet:
    """Enter at random bars and sides; labels and features are the product's own.

    Parameters
    ----------
    candles, spec, timeframe : Candles, InstrumentSpec, str
        One market.
    n_setups : int
        Entries to draw; those that cannot be labelled are not replaced.
    rng : numpy.random.Generator
        Draws bars without replacement, and the sides.
    """
    frame = Frame(candles, timeframe)
    bars = np.arange(min(WARM_UP, len(candles) // 5), len(candles) - MAX_BARS - 1)
    index = np.sort(rng.choice(bars, size=min(n_setups, len(bars)), replace=False))
    side = np.where(rng.random(len(index)) < 0.5, 1, -1).astype(np.int8)
    atr = frame.indicator(make_use("atr"))[index]
    index, side, atr = (column[atr > spec.spread] for column in (index, side, atr))
    entry = candles.open[index + 1] + side * spec.spread / 2
    commission = 2e-4 * spec.commission_bps * entry
    brackets = Brackets(
        entry_index=index + 1,
        side=side,
        entry=entry,
        stop=entry - side * atr,
        target=entry + side * TARGET_ATR * atr,
        exit_cost=spec.spread / 2 + commission,
    )
    return _label_entries(frame, brackets, spec)


def _label_entries(frame: Frame, brackets: Brackets, spec: InstrumentSpec) -> LabelledSet:
    labels = label_barriers(frame.candles, brackets, max_bars=MAX_BARS)
    plan = plan_features(())
    X = compute_features(
        plan,
        frame,
        signal_index=brackets.entry_index - 1,
        side=brackets.side,
        risk=brackets.risk,
        cost=brackets.exit_cost + spec.spread / 2,
        reward=np.abs(brackets.target - brackets.entry),
    )
    time = frame.candles.time
    t0, t1 = time[brackets.entry_index], time[labels.exit_index] + frame.timeframe_s
    symbols = np.full(len(brackets), spec.symbol)
    return LabelledSet(
        X=X,
        y=(labels.r > 0).astype(np.int8),
        r=labels.r,
        t0=t0,
        t1=t1,
        weight=average_uniqueness(t0, t1, symbols),
        side=brackets.side,
        symbol=symbols,
        timeframe=np.full(len(brackets), frame.timeframe),
        feature_names=plan.names,
        feature_digest=plan.digest,
    )


def feature_plan(preset: str) -> FeaturePlan:
    """Return the columns of a preset."""
    return plan_features(indicator_uses(parse_rules(PRESETS[preset].document)))
