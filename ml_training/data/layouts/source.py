"""Bytes of a file, unzipped and proven to be text."""

import codecs
import gzip
import zlib
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from ml_training.data.layouts.plan import file_error
from ml_training.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"
OTHER_MAGICS = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"SQLite format 3": "an SQLite database",
}
# Unzipped size at which reading stops (chosen: five years of one-minute bars are 160 MB
# of text; what is ten times as large is a mistake or an attack).
MAX_BYTES = 2 * 1024**3
READ_BYTES = 16 * 1024**2


def read_bytes(source: Path | BinaryIO, *, name: str) -> bytes:
    """Read a whole file and unzip it when it is gzip.

    Parameters
    ----------
    source : Path or binary file
        Where the bytes are.
    name : str
        What messages call the file.

    Returns
    -------
    bytes
        Content, unzipped.

    Raises
    ------
    DataError
        If the file is missing, empty, too large, a broken gzip or no table at all.
    """
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                return read_bytes(file, name=name)
        except OSError as error:
            raise file_error(name, f"cannot be read: {error.strerror}") from error
    content = _read_limited(source, name)
    if content.startswith(GZIP_MAGIC):
        content = _unzip(source, content, name)
    if not content.strip():
        raise file_error(name, "is empty", hint="Export the candles again")
    for magic, kind in OTHER_MAGICS.items():
        if content.startswith(magic):
            raise file_error(name, f"is {kind}", hint="Save the candles as CSV or Parquet")
    return content


def check_text(content: bytes, *, name: str) -> bytes:
    """Return the content as UTF-8 without a mark at its beginning.

    Parameters
    ----------
    content : bytes
        What the file holds; UTF-16 is recognised by its mark.
    name : str
        What messages call the file.

    Returns
    -------
    bytes
        UTF-8 text.

    Raises
    ------
    DataError
        If the bytes are no text, with the row of the first that is not.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            content = content.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise file_error(name, "begins as UTF-16 and does not go on as such") from error
    content = content.removeprefix(codecs.BOM_UTF8)
    if (nul := content.find(b"\0")) >= 0:
        raise _byte_error(name, content, nul, "holds a NUL byte", "The file is damaged")
    if not content.isascii():
        try:
            content.decode()
        except UnicodeDecodeError as error:
            hint = "Save the file with the encoding UTF-8"
            raise _byte_error(name, content, error.start, "is not UTF-8 text", hint) from error
    return content


def check_size(n_bytes: int, *, name: str) -> None:
    """Refuse a file that would fill the memory.

    Parameters
    ----------
    n_bytes : int
        Its size, unpacked.
    name : str
        What messages call the file.

    Raises
    ------
    DataError
        If it is larger than `MAX_BYTES`.
    """
    if n_bytes > MAX_BYTES:
        limit = f"{MAX_BYTES / 1024**3:.0f} GiB"
        raise file_error(name, f"is larger than {limit}", hint="Split it by years")


def _read_limited(file: BinaryIO | gzip.GzipFile, name: str) -> bytes:
    parts, size = [], 0
    while part := file.read(READ_BYTES):
        parts.append(part)
        size += len(part)
        check_size(size, name=name)
    return b"".join(parts)


def _unzip(source: BinaryIO, content: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=BytesIO(content)) as unzipped:
            return _read_limited(unzipped, name)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        hint = "Download or export it again"
        raise file_error(name, f"is a damaged gzip file ({error})", hint=hint) from error


def _byte_error(name: str, content: bytes, at: int, rule: str, hint: str) -> DataError:
    row = content.count(b"\n", 0, at) + 1
    return file_error(name, f"{rule} (0x{content[at]:02x})", row=row, hint=hint)
