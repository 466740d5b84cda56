"""Read which candles there are, of all instruments at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Max, Min, Sum

from ml_training.data.timeframes import TIMEFRAMES
from ml_training.models import Instrument

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Span:
    """What the database holds of one instrument at one timeframe.

    An instrument without candles has one span without a timeframe.
    """

    symbol: str
    is_synthetic: bool
    timeframe: str
    n_bars: int
    first_at: datetime
    last_at: datetime


def list_spans(symbols: Iterable[str] | None = None) -> list[Span]:
    """Return the spans of all or some instruments in one query, finest first."""
    instruments = Instrument.objects.order_by("symbol")
    if symbols is not None:
        instruments = instruments.filter(symbol__in=list(symbols))
    rows = instruments.values_list(
        "symbol",
        "is_synthetic",
        "chunks__timeframe",
        Sum("chunks__bar_count"),
        Min("chunks__first_at"),
        Max("chunks__last_at"),
    )
    return sorted((read_span(*row) for row in rows), key=place_span)


def read_span(
    symbol: str,
    is_synthetic: bool,  # noqa: FBT001 - a column of the query
    timeframe: str | None,
    n_bars: int | None,
    first_at: datetime | None,
    last_at: datetime | None,
) -> Span:
    """Turn a row of the query into a span."""
    return Span(
        symbol=symbol,
        is_synthetic=is_synthetic,
        timeframe=timeframe or "",
        n_bars=n_bars or 0,
        first_at=first_at or NEVER,
        last_at=last_at or NEVER,
    )


def place_span(span: Span) -> tuple[str, int]:
    """Sort by symbol, then by the length of a bar."""
    return span.symbol, TIMEFRAMES.get(span.timeframe, 0)
