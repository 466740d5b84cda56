"""Candle files that strangers send: bounded before they are read, looked at, stored."""

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

import pyarrow as pa  # type: ignore[import-untyped]
from django.db import transaction
from pyarrow import parquet

from ml_training.data.candles import Candles
from ml_training.data.doctor import Diagnosis, examine
from ml_training.data.instruments import guess_instrument
from ml_training.data.layouts import read_candles
from ml_training.data.layouts.source import GZIP_MAGIC, PARQUET_MAGIC
from ml_training.data.timeframes import check_timeframe, infer_timeframe, parse_timeframe
from ml_training.errors import DataError
from ml_training.services.market import (
    ImportResult,
    check_symbol,
    guess_labels,
    import_file,
    to_datetime,
)

MIB = 1024**2
MOST_BYTES = 50 * MIB
"""Size of an upload (security plan of the product)."""

MOST_ROWS = 5_000_000
"""Rows of an upload (security plan of the product)."""

MOST_UNZIPPED_BYTES = 500 * MIB
"""Chosen: 5 million rows of a hundred characters."""

READ_BYTES = MIB
LONGEST_NAME = 120
HEAD_ROWS = 5


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it arrived, and what its sender said of it; empty means: find out."""

    file: BinaryIO
    name: str
    symbol: str = ""
    timeframe: str = ""
    tz: str = ""


@dataclass(frozen=True, kw_only=True)
class UploadPreview:
    """What a file holds, before any of it is stored."""

    symbol: str
    timeframe: str
    layout: str
    title: str
    columns: tuple[str, ...]
    n_bars: int
    first_at: datetime
    last_at: datetime
    head: list[tuple[datetime, float, float, float, float, float]]
    findings: list[Diagnosis]


def preview_upload(upload: Upload) -> UploadPreview:
    """Read and examine a file; store nothing; `DataError` when it is of no use."""
    symbol, guessed = choose_labels(upload)
    with bounded(upload) as source:
        parsed = read_candles(source, name=clean_name(upload.name), tz=upload.tz or None)
    candles = parsed.candles
    timeframe = parse_timeframe(upload.timeframe or guess_timeframe(candles, guessed))
    check_timeframe(candles.time, timeframe)
    calendar = guess_instrument(symbol, candles).calendar
    return UploadPreview(
        symbol=symbol,
        timeframe=timeframe,
        layout=parsed.layout,
        title=parsed.title,
        columns=parsed.columns,
        n_bars=len(candles),
        first_at=to_datetime(candles.time[0]),
        last_at=to_datetime(candles.time[-1]),
        head=list_head(candles),
        findings=[*parsed.notes, *examine(candles, timeframe, calendar)],
    )


@transaction.atomic
def import_upload(upload: Upload, *, may_change: bool) -> ImportResult:
    """Store the candles of a file, all of them or none.

    Candles are shared by all users: who may not change them may only add bars.
    """
    symbol, guessed = choose_labels(upload)
    with bounded(upload) as source:
        result = import_file(
            source,
            symbol=symbol,
            timeframe=upload.timeframe or None,
            fallback_timeframe=guessed,
            tz=upload.tz or None,
            name=clean_name(upload.name),
        )
    n_changed = result.counts.n_changed
    if n_changed and not may_change:
        raise DataError(
            f"the file changes {n_changed:,} bars of {symbol} that are stored already, "
            "and others use them too",
            hint="Upload under another symbol, or ask an administrator.",
        )
    return result


def choose_labels(upload: Upload) -> tuple[str, str | None]:
    """Return the symbol, and the timeframe that the file's name tells."""
    symbol, timeframe = guess_labels(clean_name(upload.name))
    return check_symbol(upload.symbol or symbol), timeframe


def guess_timeframe(candles: Candles, from_name: str | None) -> str:
    """Return the timeframe that the bars show; a single bar shows none."""
    return from_name if from_name and len(candles) == 1 else infer_timeframe(candles.time)


def clean_name(name: str) -> str:
    """Return a file name that can stand in a message: one line, and no path."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1][-LONGEST_NAME:]
    return "".join(c if c.isprintable() else "?" for c in last) or "the file"


def list_head(candles: Candles) -> list[tuple[datetime, float, float, float, float, float]]:
    """Return the first bars, for people to compare with their file."""
    columns = zip(*(column[:HEAD_ROWS].tolist() for column in candles.columns), strict=True)
    return [(to_datetime(time), *prices) for time, *prices in columns]


@contextmanager
def bounded(upload: Upload) -> Iterator[BinaryIO]:
    """Give the file, unzipped, once it is proven to keep the limits."""
    name = clean_name(upload.name)
    upload.file.seek(0)
    magic = upload.file.read(len(PARQUET_MAGIC))
    upload.file.seek(0, 2)
    check_most(upload.file.tell(), MOST_BYTES, name)
    upload.file.seek(0)
    if magic == PARQUET_MAGIC:
        check_parquet(upload.file, name)
        yield upload.file
    elif magic.startswith(GZIP_MAGIC):
        with tempfile.TemporaryFile() as plain:
            unzip(upload.file, plain, name)
            yield plain
    else:
        check_rows(upload.file, name)
        yield upload.file


def check_most(n_bytes: int, most: int, name: str) -> None:
    """Refuse a file that is larger than allowed."""
    if n_bytes > most:
        raise DataError(
            f"{name}: at most {most // MIB} MB are taken, got more", hint="Split it by years."
        )


def check_parquet(file: BinaryIO, name: str) -> None:
    """Refuse a Parquet file that says of itself that it is too long."""
    try:
        meta = parquet.read_metadata(file)
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"{name}: is a damaged Parquet file", hint="Export the candles again."
        ) from error
    finally:
        file.seek(0)
    n_bytes = sum(meta.row_group(at).total_byte_size for at in range(meta.num_row_groups))
    check_most(n_bytes, MOST_UNZIPPED_BYTES, name)
    refuse_rows(meta.num_rows, name)


def unzip(packed: BinaryIO, plain: BinaryIO, name: str) -> None:
    """Unpack a gzip file piece by piece; stop at the limit, not at the end."""
    size = 0
    try:
        with gzip.GzipFile(fileobj=packed) as unpacked:
            while part := unpacked.read(READ_BYTES):
                size += len(part)
                check_most(size, MOST_UNZIPPED_BYTES, name)
                plain.write(part)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{name}: is a damaged gzip file ({error})", hint="Download or export it again."
        ) from error
    check_rows(plain, name)


def check_rows(file: BinaryIO, name: str) -> None:
    """Count the lines of a text and go back to its beginning."""
    file.seek(0)
    n_rows = 0
    while part := file.read(READ_BYTES):
        n_rows += part.count(b"\n")
        refuse_rows(n_rows, name)
    file.seek(0)


def refuse_rows(n_rows: int, name: str) -> None:
    """Refuse more rows than are allowed."""
    if n_rows > MOST_ROWS:
        raise DataError(
            f"{name}: at most {MOST_ROWS:,} rows are taken, got more", hint="Split it by years."
        )
