"""Files of candles, made in memory."""

import io

import numpy as np
import pandas as pd

from ml_training.data.layouts import ParsedFile, read_candles


def read(content: str | bytes, *, tz: str | None = None, name: str = "a.csv") -> ParsedFile:
    """Read a file that has this content."""
    raw = content.encode() if isinstance(content, str) else content
    return read_candles(io.BytesIO(raw), name=name, tz=tz)


def times(parsed: ParsedFile) -> list[str]:
    """Return bar times as text, to be compared with what the file says."""
    return [f"{time}Z" for time in parsed.candles.time.astype("datetime64[s]").astype(str)]


def codes(parsed: ParsedFile) -> list[str]:
    """Return the codes of what was set right on the way in."""
    return [note.code for note in parsed.notes]


def bars(
    n: int, *, start: str = "2024-01-08T00:00:00", step: str = "1h", tz: str | None = None
) -> pd.DataFrame:
    """Make a table of bars; `tz` is the clock that its column of times keeps."""
    time = pd.date_range(start, periods=n, freq=step, tz="UTC")
    if tz is not None:
        time = time.tz_convert(tz).tz_localize(None)
    close = np.round(1.1 + 0.001 * np.sin(np.arange(n)), 5)
    return pd.DataFrame(
        {
            "time": time,
            "open": close,
            "high": np.round(close + 0.001, 5),
            "low": np.round(close - 0.001, 5),
            "close": close,
            "volume": np.arange(n) + 1,
        }
    )
