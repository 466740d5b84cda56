"""Markets to learn on: setups for base models, a strategy's past, and its future."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmarks.verdicts.sets import CANDLES, load_market, scan_candles
from ml_training.data.candles import Candles
from ml_training.data.instruments import InstrumentSpec, guess_instrument
from ml_training.data.labelled import LabelledSet, concat_sets
from ml_training.data.presets import PRESETS
from ml_training.data.resample import resample
from ml_training.data.synthetic import make_market
from ml_training.data.timeframes import TIMEFRAMES
from ml_training.study.base_model import keep_market_state

SYNTHETIC, REAL = "synthetic", "real"
MARKETS = (SYNTHETIC, REAL)

TCE, POOLED = "TCE", "pooled"
"""Base models: of the house strategy alone, and of every preset but the one learned."""

TARGETS = (
    "rsi_return", "donchian_break", "ema_cross", "engulfing", "macd_cross", "rsi_pullback",
)  # fmt: skip
"""Strategies to learn, by turns: each has 1,200 setups to draw from."""

N_BARS, N_SYMBOLS = 60_000, 5
SYNTHETIC_TIMEFRAMES = ("15m", "1h", "4h")
SYNTHETIC_CUTS = (0.5, 0.7)
"""Shares of the calendar at which the base model's past ends, and the test begins."""

REAL_CUTS = ((0.40, 0.60), (0.45, 0.65), (0.50, 0.70))
"""By turns, since there is only one real past."""

MOST_BASE = 8_000
"""Setups a base model learns from; as the product keeps (`services.bases_pool`)."""

MOST_TEST = 4_000
"""Setups a model is judged on; chosen: their noise is far below that of the draws."""

STRETCH = 4
"""Setups are drawn from a stretch of so many times as many; chosen: a strategy that
fires less often than the preset, over a time that grows with what it has."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Hold what a base model learns from: setups, and the presets they are of."""

    presets: tuple[str, ...]
    setups: LabelledSet


@dataclass(frozen=True, eq=False)
class Ground:
    """Hold what one case learns from and is judged on.

    Attributes
    ----------
    target : str
        The preset that is learned.
    until : int
        UTC epoch seconds; no setup of a base model ends later, none of `past` begins
        earlier.
    bases : dict of Sample by name
        Setups for base models, all in the past of `past`.
    past, test : LabelledSet
        Setups of the target to draw from, and those to judge on, which lie behind.
    """

    target: str
    until: int
    bases: Mapping[str, Sample]
    past: LabelledSet
    test: LabelledSet


def make_ground(market: str, seed: int) -> Ground:
    """Return the ground of one case.

    Parameters
    ----------
    market : str
        ``"synthetic"``, another market for every seed, or ``"real"``.
    seed : int
        Chooses the target by turns, and on real candles the cuts.
    """
    target = TARGETS[seed % len(TARGETS)]
    if market == REAL:
        cuts = REAL_CUTS[seed // len(TARGETS) % len(REAL_CUTS)]
        return cut_ground(scan_real(), target, cuts, seed)
    return cut_ground(scan_synthetic(seed), target, SYNTHETIC_CUTS, seed)


def cut_ground(
    found: Mapping[str, LabelledSet], target: str, cuts: tuple[float, float], seed: int
) -> Ground:
    """Cut the setups of all presets along one calendar.

    Parameters
    ----------
    found : mapping of LabelledSet by preset
        Of one market.
    target : str
        The preset to learn, which no base model sees.
    cuts : tuple of float
        As `SYNTHETIC_CUTS`.
    seed : int
        Draws the setups where there are too many.
    """
    first = min(int(one.t0.min()) for one in found.values())
    last = max(int(one.t1.max()) for one in found.values())
    until, test_from = (round(first + share * (last - first)) for share in cuts)
    rng = np.random.default_rng([seed, 11])
    others = {preset: one for preset, one in found.items() if preset != target}
    own = found[target]
    return Ground(
        target=target,
        until=until,
        bases={
            TCE: sample({"tce": found["tce"]}, until, rng),
            POOLED: sample(others, until, rng),
        },
        past=own.take(np.flatnonzero((own.t0 > until) & (own.t1 < test_from))),
        test=thin(own.take(np.flatnonzero(own.t0 >= test_from)), MOST_TEST, rng),
    )


def sample(found: Mapping[str, LabelledSet], until: int, rng: np.random.Generator) -> Sample:
    """Return an even sample of the market state of setups that ended by a moment.

    Parameters
    ----------
    found : mapping of LabelledSet by preset
        All setups.
    until : int
        UTC epoch seconds.
    rng : numpy.random.Generator
        Draws those that are kept, every preset by its share.
    """
    ended = [one.take(np.flatnonzero(one.t1 <= until)) for one in found.values()]
    shared = [keep_market_state(one) for one in ended if len(one)]
    share = min(1.0, MOST_BASE / sum(len(one) for one in shared))
    setups = concat_sets(thin(one, round(share * len(one)), rng) for one in shared)
    return Sample(tuple(found), setups)


def thin(setups: LabelledSet, most: int, rng: np.random.Generator) -> LabelledSet:
    """Return so many setups drawn at random, in time order, or all there are."""
    if len(setups) <= most:
        return setups
    return setups.take(np.sort(rng.choice(len(setups), most, replace=False)))


def draw(past: LabelledSet, n: int, rng: np.random.Generator) -> LabelledSet:
    """Return n setups of a random stretch of the past.

    Parameters
    ----------
    past : LabelledSet
        At least n setups.
    n : int
        All that the strategy has, validation included.
    rng : numpy.random.Generator
        Draws stretch and setups.
    """
    length = min(len(past), STRETCH * n)
    start = int(rng.integers(0, len(past) - length + 1))
    return past.take(np.sort(start + rng.choice(length, n, replace=False)))


def scan_synthetic(seed: int, n_bars: int = N_BARS) -> dict[str, LabelledSet]:
    """Return the setups of every preset on a made-up market with the planted edge."""
    series = [
        (resample(candles, TIMEFRAMES["15m"], TIMEFRAMES[timeframe]), spec, timeframe)
        for spec, candles in make_market(n_symbols=N_SYMBOLS, n_bars=n_bars, seed=seed)
        for timeframe in SYNTHETIC_TIMEFRAMES
    ]
    return scan_presets(series)


@lru_cache(maxsize=1)
def scan_real(folder: Path = CANDLES) -> dict[str, LabelledSet]:
    """Return the setups of every preset on all real candles of a folder."""
    names = [path.stem.split("_") for path in sorted(folder.glob("*_*.csv"))]
    series = [
        (load_market(symbol, timeframe, folder), guess_instrument(symbol), timeframe)
        for symbol, timeframe in names
    ]
    return scan_presets(series)


def scan_presets(series: list[tuple[Candles, InstrumentSpec, str]]) -> dict[str, LabelledSet]:
    """Return the setups of every preset on candle series."""
    return {
        preset: concat_sets(scan_candles(candles, spec, timeframe, preset)
                            for candles, spec, timeframe in series)
        for preset in PRESETS
    }  # fmt: skip
