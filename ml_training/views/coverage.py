"""Which candles there are, as bars on a common axis of time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ml_training.data.timeframes import TIMEFRAMES
from ml_training.selectors.candles import Span, list_spans

SHARE_DIGITS = 3


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One timeframe of one instrument, placed between the first and last of all."""

    timeframe: str
    n_bars: int
    first_at: datetime
    last_at: datetime
    offset: float
    width: float


@dataclass(frozen=True, kw_only=True)
class Market:
    """One instrument with everything the database holds of it."""

    symbol: str
    is_known: bool
    is_synthetic: bool
    bars: Sequence[Bar]
    missing: Sequence[str] = ()

    @property
    def n_bars(self) -> int:
        """Bars of all timeframes."""
        return sum(bar.n_bars for bar in self.bars)


def describe_all_markets() -> list[Market]:
    """Return every instrument with its coverage."""
    spans = list_spans()
    bars = place_bars(spans)
    symbols = dict.fromkeys(span.symbol for span in spans)
    return [make_market(symbol, spans, bars) for symbol in symbols]


def describe_markets(symbols: Iterable[str], timeframes: Iterable[str]) -> list[Market]:
    """Return the markets of a strategy; what is missing is named."""
    wanted = list(symbols)
    spans = list_spans(wanted)
    bars = place_bars(spans)
    return [make_market(symbol, spans, bars, list(timeframes)) for symbol in wanted]


def make_market(
    symbol: str,
    spans: Sequence[Span],
    bars: Mapping[tuple[str, str], Bar],
    wanted: Sequence[str] = (),
) -> Market:
    """Gather the bars of one instrument."""
    own = [span for span in spans if span.symbol == symbol]
    held = [span.timeframe for span in own if span.timeframe]
    return Market(
        symbol=symbol,
        is_known=bool(own),
        is_synthetic=any(span.is_synthetic for span in own),
        bars=[bars[symbol, timeframe] for timeframe in held],
        missing=[one for one in wanted if not can_build(one, held)],
    )


def can_build(timeframe: str, held: Iterable[str]) -> bool:
    """Tell whether bars of a timeframe are stored or can be built of finer ones."""
    length = TIMEFRAMES[timeframe]
    return any(length % TIMEFRAMES[one] == 0 for one in held)


def place_bars(spans: Iterable[Span]) -> dict[tuple[str, str], Bar]:
    """Place every span between the earliest and the latest of all."""
    dated = [span for span in spans if span.timeframe]
    if not dated:
        return {}
    first = min(span.first_at for span in dated)
    whole_s = max((max(span.last_at for span in dated) - first).total_seconds(), 1.0)
    placed = {}
    for span in dated:
        offset = (span.first_at - first).total_seconds() / whole_s
        width = max((span.last_at - span.first_at).total_seconds() / whole_s, 0.004)
        placed[span.symbol, span.timeframe] = Bar(
            timeframe=span.timeframe,
            n_bars=span.n_bars,
            first_at=span.first_at,
            last_at=span.last_at,
            offset=round(100 * offset, SHARE_DIGITS),
            width=round(100 * width, SHARE_DIGITS),
        )
    return placed
