"""Bring candles into the database: every bar once, all of a file or nothing."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np
from django.db import transaction

from ml_training.data.candles import Candles, merge
from ml_training.data.doctor import Diagnosis, examine
from ml_training.data.instruments import InstrumentSpec, guess_instrument
from ml_training.data.layouts import read_candles
from ml_training.data.packing import pack, split_by_month, unpack
from ml_training.data.timeframes import check_timeframe, infer_timeframe, parse_timeframe
from ml_training.errors import DataError
from ml_training.models import CandleChunk, Instrument
from ml_training.models.market import LONGEST_SYMBOL

# Words that HistData and TradingView put in front of the symbol in their file names.
NOT_A_SYMBOL = frozenset({"DAT", "ASCII", "MT", "NT", "FX", "OANDA", "BINANCE", "NASDAQ", "NYSE"})


@dataclass(frozen=True)
class StoreCounts:
    """What storing candles changed, counted in bars."""

    n_new: int = 0
    n_changed: int = 0
    n_unchanged: int = 0

    @property
    def n_bars(self) -> int:
        """All bars that were handed in."""
        return self.n_new + self.n_changed + self.n_unchanged

    def __add__(self, other: "StoreCounts") -> "StoreCounts":
        return StoreCounts(
            self.n_new + other.n_new,
            self.n_changed + other.n_changed,
            self.n_unchanged + other.n_unchanged,
        )


@dataclass(frozen=True)
class ImportResult:
    """What an imported file held and what it changed."""

    symbol: str
    timeframe: str
    layout: str
    title: str
    counts: StoreCounts
    first_at: datetime
    last_at: datetime
    findings: list[Diagnosis] = field(default_factory=list)

    @property
    def n_bars(self) -> int:
        """Bars in the file."""
        return self.counts.n_bars


def import_file(
    source: Path | BinaryIO,
    *,
    symbol: str,
    timeframe: str | None = None,
    fallback_timeframe: str | None = None,
    tz: str | None = None,
    name: str | None = None,
) -> ImportResult:
    """Read a file of any known layout, examine it and store its candles.

    `timeframe` is checked against the bars; `fallback_timeframe` is for a file with too
    few bars to tell. Raises `DataError` and writes nothing when the file is of no use.
    """
    name = name or (source.name if isinstance(source, Path) else symbol)
    parsed = read_candles(source, name=name, tz=tz)
    candles = parsed.candles
    if timeframe is None and len(candles) == 1:
        timeframe = fallback_timeframe
    timeframe = parse_timeframe(timeframe or infer_timeframe(candles.time))
    check_timeframe(candles.time, timeframe)
    with transaction.atomic():
        instrument = ensure_instrument(guess_instrument(check_symbol(symbol), candles))
        findings = [*parsed.notes, *examine(candles, timeframe, instrument.calendar)]
        counts = store_candles(instrument, timeframe, candles)
    return ImportResult(
        symbol=instrument.symbol,
        timeframe=timeframe,
        layout=parsed.layout,
        title=parsed.title,
        counts=counts,
        first_at=to_datetime(candles.time[0]),
        last_at=to_datetime(candles.time[-1]),
        findings=findings,
    )


def guess_labels(file_name: str) -> tuple[str, str | None]:
    """Guess symbol and timeframe from a file name such as AUDUSD_1h.csv.

    They are defaults for the labels only; the layout is read from the content.
    """
    stem = re.sub(r"(\.(csv|txt|parquet|gz))+$", "", file_name, flags=re.IGNORECASE)
    words = [word for word in re.split(r"[_\-\s,]+", stem) if word]
    symbol = next((word for word in words if word.upper() not in NOT_A_SYMBOL), "")
    return symbol.upper(), next(filter(None, map(read_timeframe, words[1:])), None)


def read_timeframe(word: str) -> str | None:
    """Return the timeframe that a word names, if it names one."""
    try:
        return parse_timeframe(word)
    except DataError:
        return None


def check_symbol(symbol: str) -> str:
    """Return the symbol in upper case, or say what a symbol looks like."""
    cleaned = symbol.strip().upper()
    if not cleaned or len(cleaned) > LONGEST_SYMBOL or not cleaned.isprintable():
        raise DataError(
            f"a symbol has 1 to {LONGEST_SYMBOL} printable characters, got {symbol!r}",
            hint="Name it with --symbol, such as --symbol EURUSD.",
        )
    return cleaned


def ensure_instrument(spec: InstrumentSpec, *, is_synthetic: bool = False) -> Instrument:
    """Return the instrument of this symbol; make it when it is new, never change it."""
    instrument, is_new = Instrument.objects.get_or_create(
        symbol=spec.symbol,
        defaults={
            "asset_class": spec.asset_class,
            "pip": spec.pip,
            "digits": spec.digits,
            "calendar": spec.calendar,
            "spread_pips": spec.spread_pips,
            "commission_bps": spec.commission_bps,
            "is_synthetic": is_synthetic,
        },
    )
    if not is_new and instrument.is_synthetic != is_synthetic:
        kind = "synthetic" if instrument.is_synthetic else "real"
        raise DataError(
            f"{instrument.symbol} holds {kind} candles, and real and synthetic ones never mix",
            hint="Import under another symbol, or delete the instrument first.",
        )
    return instrument


@transaction.atomic
def store_candles(instrument: Instrument, timeframe: str, candles: Candles) -> StoreCounts:
    """Merge candles into the database; at equal times the new bar wins.

    The instrument's row is locked, so that two imports of one symbol never lose bars.
    """
    timeframe = parse_timeframe(timeframe)
    Instrument.objects.select_for_update().get(pk=instrument.pk)
    months = {date(year, month, 1): part for year, month, part in split_by_month(candles)}
    chunks = CandleChunk.objects.filter(instrument=instrument, timeframe=timeframe)
    stored = dict(chunks.filter(month__in=months).values_list("month", "blob"))
    counts, written = StoreCounts(), []
    for month, part in months.items():
        old = unpack(bytes(stored[month])) if month in stored else Candles.empty()
        difference = count_differences(old, part)
        counts += difference
        if difference.n_new or difference.n_changed:
            chunk = CandleChunk(instrument=instrument, timeframe=timeframe, month=month)
            written.append(fill_chunk(chunk, merge(old, part)))
    save_chunks(written)
    return counts


def count_differences(old: Candles, new: Candles) -> StoreCounts:
    """Count the bars of `new` that are new, changed and unchanged against `old`."""
    both, at_old, at_new = np.intersect1d(
        old.time, new.time, assume_unique=True, return_indices=True
    )
    same = np.ones(len(both), dtype=bool)
    for before, after in zip(old.columns[1:], new.columns[1:], strict=True):
        same &= before[at_old] == after[at_new]
    n_same = int(same.sum())
    return StoreCounts(len(new) - len(both), len(both) - n_same, n_same)


def fill_chunk(chunk: CandleChunk, candles: Candles) -> CandleChunk:
    """Put candles into a chunk and describe them in its columns."""
    chunk.bar_count = len(candles)
    chunk.first_at = to_datetime(candles.time[0])
    chunk.last_at = to_datetime(candles.time[-1])
    chunk.sha256 = candles.digest()
    chunk.blob = pack(candles)
    return chunk


def save_chunks(chunks: list[CandleChunk]) -> None:
    """Insert chunks, or put them in the place of those of the same month."""
    CandleChunk.objects.bulk_create(
        chunks,
        update_conflicts=True,
        unique_fields=["instrument", "timeframe", "month"],
        update_fields=["bar_count", "first_at", "last_at", "sha256", "updated_at", "blob"],
    )


def to_datetime(seconds: int | np.int64) -> datetime:
    """Return UTC epoch seconds as an aware time."""
    return datetime.fromtimestamp(int(seconds), tz=UTC)
