"""Candle files of every known layout, told apart by their content."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ml_training.data.layouts import (
    binance,
    generic,
    histdata,
    metatrader4,
    metatrader5,
    stooq,
    tradingview,
    yahoo,
)
from ml_training.data.layouts.assemble import ParsedFile, assemble
from ml_training.data.layouts.head import Head, read_head
from ml_training.data.layouts.parquet import read_parquet
from ml_training.data.layouts.plan import Plan, file_error
from ml_training.data.layouts.source import PARQUET_MAGIC, check_text, read_bytes
from ml_training.data.layouts.table import read_table

__all__ = ["LAYOUTS", "ParsedFile", "read_candles"]

# The first that recognises a file reads it: the most particular stand in front.
LAYOUTS: tuple[Callable[[Head], Plan | None], ...] = (
    metatrader5.recognise,
    metatrader4.recognise,
    histdata.recognise,
    binance.recognise,
    tradingview.recognise,
    yahoo.recognise,
    stooq.recognise,
    generic.recognise,
)


def read_candles(source: Path | BinaryIO, *, name: str, tz: str | None = None) -> ParsedFile:
    """Read a file of candles, whatever its layout.

    Parameters
    ----------
    source : Path or binary file
        CSV, gzipped CSV or Parquet; the content decides, never the name.
    name : str
        What messages call the file.
    tz : str, optional
        Clock of times that do not name one: an IANA zone, an offset such as +02:00, or
        America/New_York+7.

    Returns
    -------
    ParsedFile
        Candles in UTC, the layout found and what was set right on the way in.

    Raises
    ------
    DataError
        If the file cannot be used; the message names file, row and column.
    """
    content = read_bytes(source, name=name)
    if content.startswith(PARQUET_MAGIC):
        return assemble(read_parquet(content, name=name), tz=tz)
    content = check_text(content, name=name)
    head = read_head(content, name=name)
    plan = next(filter(None, (recognise(head) for recognise in LAYOUTS)), None)
    if plan is None:
        raise file_error(
            name,
            f"no known layout begins like this: {head.delimiter.join(head.first)[:100]!r}",
            row=head.first_number,
            hint="The first line must name the columns: timestamp,open,high,low,close,volume",
        )
    return assemble(read_table(content, head, plan), tz=tz)
