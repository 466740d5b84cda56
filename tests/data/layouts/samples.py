"""One small file of every layout."""

import gzip
import io

from tests.data.layouts.builders import bars

GENERIC = """timestamp;open;high;low;close;volume
2024-01-08T00:00:00Z;1.10;1.20;1.00;1.15;7
2024-01-08T01:00:00Z;1.15;1.25;1.10;1.20;8
2024-01-08T02:00:00Z;1.20;1.25;1.10;1.15;9
"""
BINANCE = """1704672000000,1.10,1.20,1.00,1.15,7,1704675599999,8.1,3,4.0,4.6,0
1704675600000,1.15,1.25,1.10,1.20,8,1704679199999,9.6,3,4.0,4.6,0
1704679200000,1.20,1.25,1.10,1.15,9,1704682799999,10.3,3,4.0,4.6,0
"""
METATRADER5 = (
    "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
    "2024.01.08\t00:00:00\t1.10\t1.20\t1.00\t1.15\t7\t0\t1\n"
    "2024.01.08\t01:00:00\t1.15\t1.25\t1.10\t1.20\t8\t0\t1\n"
    "2024.01.08\t02:00:00\t1.20\t1.25\t1.10\t1.15\t9\t0\t1\n"
)
METATRADER4 = """2024.01.08,00:00,1.10,1.20,1.00,1.15,7
2024.01.08,01:00,1.15,1.25,1.10,1.20,8
2024.01.08,02:00,1.20,1.25,1.10,1.15,9
"""
HISTDATA = """20240107 190000;1.10;1.20;1.00;1.15;7
20240107 200000;1.15;1.25;1.10;1.20;8
20240107 210000;1.20;1.25;1.10;1.15;9
"""
TRADINGVIEW = """time,open,high,low,close,Volume,Plot
1704672000,1.10,1.20,1.00,1.15,7,NaN
1704675600,1.15,1.25,1.10,1.20,8,NaN
1704679200,1.20,1.25,1.10,1.15,9,1.1
"""
YAHOO = """Date,Open,High,Low,Close,Adj Close,Volume
2024-01-08,1.10,1.20,1.00,1.15,1.14,7
2024-01-09,1.15,1.25,1.10,1.20,1.19,8
2024-01-10,1.20,1.25,1.10,1.15,1.14,9
"""
STOOQ = """Date,Open,High,Low,Close,Volume
2024-01-08,1.10,1.20,1.00,1.15,7
2024-01-09,1.15,1.25,1.10,1.20,8
2024-01-10,1.20,1.25,1.10,1.15,9
"""


def parquet() -> bytes:
    """Return the bytes of a Parquet file."""
    file = io.BytesIO()
    bars(3).to_parquet(file)
    return file.getvalue()


TEXTS = {
    "generic": GENERIC,
    "binance": BINANCE,
    "metatrader5": METATRADER5,
    "metatrader4": METATRADER4,
    "histdata": HISTDATA,
    "tradingview": TRADINGVIEW,
    "yahoo": YAHOO,
    "stooq": STOOQ,
}
SAMPLES = {
    **{layout: text.encode() for layout, text in TEXTS.items()},
    "parquet": parquet(),
}
NEEDS_CLOCK = {"metatrader4", "metatrader5"}
ZIPPED = {layout: gzip.compress(content) for layout, content in SAMPLES.items()}


def clock_of(layout: str) -> str | None:
    """Return the clock to name for a sample, where one must be named."""
    return "UTC" if layout in NEEDS_CLOCK else None
