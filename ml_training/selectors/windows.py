"""Read the newest bars of one market with the setups that rules find on them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from ml_training.data.candles import Candles
from ml_training.data.frame import Frame
from ml_training.data.resample import resample
from ml_training.data.rules import parse_rules
from ml_training.data.setups import Setups, scan_setups
from ml_training.data.timeframes import TIMEFRAMES
from ml_training.errors import DataError
from ml_training.models import Instrument, Strategy
from ml_training.selectors.market import (
    Coverage,
    describe_instrument,
    find_instrument,
    list_coverage,
    load_candles,
)

N_SHOWN = 300
"""Bars of a window; chosen: as many as can be told apart on a screen."""

N_LEAD = 1_500
"""Bars before them that indicators warm up on; chosen: seven times the longest length
in use, 200, after which an exponential mean has forgotten its start (e^-15)."""

MOST_SOURCE_BARS = 250_000
"""Finer bars read at most to build them; chosen: a quarter of a second."""

REST_DAYS = 7 / 5
"""Calendar time over trading time: weekends. What rests more has less lead."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The newest bars of one symbol and timeframe, and the setups on them.

    `setups` number their bars within `bars`; `problem` says why there are none.
    """

    symbol: str
    timeframe: str
    digits: int = 5
    bars: Candles
    setups: Setups | None = None
    problem: str = ""

    def __len__(self) -> int:
        return min(N_SHOWN, len(self.bars))

    @property
    def first(self) -> int:
        """Number of the first bar that is shown."""
        return len(self.bars) - len(self)


def list_markets(strategy: Strategy) -> list[tuple[str, str]]:
    """Return every symbol and timeframe of a strategy, as it names them."""
    return [(symbol, one) for symbol in strategy.symbols for one in strategy.timeframes]


def read_window(strategy: Strategy, symbol: str, timeframe: str) -> Window:
    """Return the newest bars of a market, and what the strategy finds on them now.

    The setups are those of the rules as they stand, trained or not; nothing is stored.
    """
    empty = Window(symbol=symbol, timeframe=timeframe, bars=Candles.empty())
    try:
        instrument = find_instrument(symbol)
        bars = read_bars(instrument, timeframe)
    except DataError as error:
        return replace(empty, problem=str(error))
    spec = describe_instrument(instrument)
    window = replace(empty, bars=bars, digits=spec.digits)
    try:
        setups = scan_setups(parse_rules(strategy.rules), Frame(bars, timeframe), spec)
    except DataError as error:
        return replace(window, problem=str(error))
    return replace(window, setups=setups)


def read_bars(instrument: Instrument, timeframe: str) -> Candles:
    """Return the newest finished bars, built from finer ones where needed."""
    source = choose_source(list_coverage(instrument), timeframe)
    if source is None:
        raise DataError(
            f"no candles of {instrument.symbol} can make bars of {timeframe}",
            hint="Upload finer ones.",
        )
    from_s, to_s = TIMEFRAMES[source.timeframe], TIMEFRAMES[timeframe]
    n_source = min((N_SHOWN + N_LEAD) * to_s // from_s, MOST_SOURCE_BARS)
    back = timedelta(seconds=n_source * from_s * REST_DAYS)
    candles = load_candles(instrument, source.timeframe, source.last_at - back)
    bars = resample(candles, from_s, to_s)
    is_unfinished = from_s < to_s and candles.time[-1] + from_s < bars.time[-1] + to_s
    return bars.slice(0, len(bars) - 1) if is_unfinished else bars


def choose_source(held: Sequence[Coverage], timeframe: str) -> Coverage | None:
    """Return the candles to read: of the timeframe, or the coarsest that build it."""
    length = TIMEFRAMES[timeframe]
    builders = [one for one in held if length % TIMEFRAMES[one.timeframe] == 0]
    return max(builders, key=lambda one: TIMEFRAMES[one.timeframe], default=None)
