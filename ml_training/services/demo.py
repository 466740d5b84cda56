"""The synthetic market and the strategy that the demo shows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from ml_training.data.candles import Candles
from ml_training.data.presets import PRESETS
from ml_training.data.synthetic import make_market
from ml_training.models import Checkpoint, Instrument, Strategy
from ml_training.selectors import find_instrument, list_coverage, load_candles
from ml_training.services.bases import BaseRequest, train_base_model
from ml_training.services.bases_pool import PoolProgress
from ml_training.services.bases_stored import judge_stored
from ml_training.services.market import StoreCounts, ensure_instrument, store_candles
from ml_training.services.presets import ensure_local_user
from ml_training.services.scans import build_bars

USER = "demo"
STRATEGY = "Demo: RSI return (synthetic market)"
PRESET = "rsi_return"
BASE_TIMEFRAME = "15m"
TIMEFRAMES = ("15m", "1h", "4h")
N_SYMBOLS = 5
MARKET_SEED = 0
BASE_SHARE = 0.55
"""Share of the time that the base model knows. Chosen: a run judges from 0.6 on."""


@dataclass(frozen=True)
class DemoMarket:
    """What the synthetic market holds, and what of it was new to the database."""

    symbols: tuple[str, ...]
    counts: StoreCounts


@transaction.atomic
def prepare_market(n_bars: int) -> DemoMarket:
    """Make the synthetic candles of this length and store what is not there."""
    market = make_market(
        n_symbols=N_SYMBOLS, n_bars=n_bars, timeframe=BASE_TIMEFRAME, seed=MARKET_SEED
    )
    counts = StoreCounts()
    for spec, candles in market:
        instrument = ensure_instrument(spec, is_synthetic=True)
        for timeframe in TIMEFRAMES:
            bars = build_bars(candles, BASE_TIMEFRAME, timeframe)
            counts += replace_candles(instrument, timeframe, bars)
    return DemoMarket(tuple(spec.symbol for spec, _ in market), counts)


def replace_candles(instrument: Instrument, timeframe: str, candles: Candles) -> StoreCounts:
    """Store candles in place of all others of the timeframe.

    A synthetic market of another length differs in every bar: merged into the old one
    it would make a market that never was.
    """
    if load_candles(instrument, timeframe).digest() != candles.digest():
        instrument.chunks.filter(timeframe=timeframe).delete()
    return store_candles(instrument, timeframe, candles)


@transaction.atomic
def prepare_strategy(symbols: tuple[str, ...]) -> Strategy:
    """Return the demo user's strategy, brought up to the preset of today."""
    user = ensure_local_user(USER)
    strategy = Strategy.objects.filter(owner=user, name=STRATEGY).first()
    strategy = strategy or Strategy(owner=user, name=STRATEGY)
    strategy.rules = dict(PRESETS[PRESET].document)
    strategy.symbols, strategy.timeframes = list(symbols), list(TIMEFRAMES)
    strategy.save()
    return strategy


def prepare_base(
    symbols: tuple[str, ...], tell: Callable[[PoolProgress], None] = lambda _: None
) -> tuple[Checkpoint, bool]:
    """Return a base model that the demo's run may start from, and whether it is new.

    Raises `DataError` when the market is too short for one.
    """
    until = find_cut(symbols[0])
    for checkpoint, reason in judge_stored(until, is_synthetic=True):
        if not reason:
            return checkpoint, False
    return train_base_model(BaseRequest(symbols=symbols, until=until), tell), True


def find_cut(symbol: str) -> datetime:
    """Return the moment up to which the base model of the demo may know the market."""
    spans = list_coverage(find_instrument(symbol))
    first, last = min(one.first_at for one in spans), max(one.last_at for one in spans)
    return first + BASE_SHARE * (last - first)
