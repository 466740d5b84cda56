"""Writers of every layout: what a program would export, so that it can be read back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ml_training.data.candles import Candles

Bar = tuple[int, float, float, float, float, float]


def rows_of(candles: Candles) -> list[Bar]:
    """Return bars as plain numbers."""
    columns = (column.tolist() for column in candles.columns)
    return list(zip(*columns, strict=True))


def wall_time(second: int, tz: str, ahead_h: int = 0) -> datetime:
    """Return what a clock on the wall shows."""
    moment = datetime.fromtimestamp(second, tz=UTC).astimezone(ZoneInfo(tz))
    return moment.replace(tzinfo=None) + timedelta(hours=ahead_h)


def write_generic(candles: Candles) -> str:
    """Write ISO-8601 times in UTC."""
    lines = ["timestamp,open,high,low,close,volume"]
    for second, *values in rows_of(candles):
        moment = datetime.fromtimestamp(second, tz=UTC)
        lines.append(",".join([f"{moment:%Y-%m-%dT%H:%M:%SZ}", *map(repr, values)]))
    return "\n".join(lines)


def write_semicolons(candles: Candles) -> str:
    """Write as a European spreadsheet does: semicolons and decimal commas."""
    lines = ["Date;Time;Open;High;Low;Close;Volume"]
    for second, *values in rows_of(candles):
        moment = datetime.fromtimestamp(second, tz=UTC)
        cells = [f"{value!r}".replace(".", ",") for value in values]
        lines.append(";".join([f"{moment:%Y-%m-%d;%H:%M:%S}", *cells]))
    return "\r\n".join(lines)


def write_binance(candles: Candles, *, unit: int = 1_000) -> str:
    """Write klines; `unit` is the number of time steps in a second."""
    lines = []
    for second, *values in rows_of(candles):
        prices = ",".join(map(repr, values))
        lines.append(f"{second * unit},{prices},{(second + 60) * unit - 1},0.0,1,0.0,0.0,0")
    return "\n".join(lines)


def write_metatrader5(candles: Candles, *, tz: str = "UTC", ahead_h: int = 0) -> str:
    """Write tabs and the broker's clock."""
    lines = ["<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"]
    for second, *values in rows_of(candles):
        wall = wall_time(second, tz, ahead_h)
        lines.append("\t".join([f"{wall:%Y.%m.%d\t%H:%M:%S}", *map(repr, values), "0", "3"]))
    return "\n".join(lines)


def write_metatrader4(candles: Candles, *, tz: str = "UTC", ahead_h: int = 0) -> str:
    """Write no header and the broker's clock."""
    lines = []
    for second, *values in rows_of(candles):
        wall = wall_time(second, tz, ahead_h)
        lines.append(",".join([f"{wall:%Y.%m.%d,%H:%M}", *map(repr, values)]))
    return "\n".join(lines)


def write_histdata(candles: Candles) -> str:
    """Write New York winter time."""
    lines = []
    for second, *values in rows_of(candles):
        wall = datetime.fromtimestamp(second - 5 * 3600, tz=UTC)
        lines.append(";".join([f"{wall:%Y%m%d %H%M%S}", *map(repr, values)]))
    return "\n".join(lines)


def write_tradingview(candles: Candles) -> str:
    """Write epochs and an indicator."""
    lines = ["time,open,high,low,close,Volume,RSI"]
    lines += [",".join([*map(repr, bar), "NaN"]) for bar in rows_of(candles)]
    return "\n".join(lines)


def write_yahoo(candles: Candles) -> str:
    """Write days, with an adjusted close that is half the close."""
    lines = ["Date,Open,High,Low,Close,Adj Close,Volume"]
    for second, open_, high, low, close, volume in rows_of(candles):
        day = f"{datetime.fromtimestamp(second, tz=UTC):%Y-%m-%d}"
        cells = (open_, high, low, close, close / 2, volume)
        lines.append(",".join([day, *map(repr, cells)]))
    return "\n".join(lines)


def write_stooq(candles: Candles) -> str:
    """Write days with a ticker and a period."""
    lines = ["<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"]
    for second, *values in rows_of(candles):
        day = f"{datetime.fromtimestamp(second, tz=UTC):%Y%m%d}"
        lines.append(",".join(["X.US,D", day, "000000", *map(repr, values), "0"]))
    return "\n".join(lines)


INTRADAY_WRITERS: dict[str, Callable[[Candles], str]] = {
    "generic": write_generic,
    "semicolons": write_semicolons,
    "binance": write_binance,
    "metatrader5": write_metatrader5,
    "metatrader4": write_metatrader4,
    "histdata": write_histdata,
    "tradingview": write_tradingview,
}
DAILY_WRITERS: dict[str, Callable[[Candles], str]] = {
    **{name: INTRADAY_WRITERS[name] for name in ("generic", "semicolons", "binance")},
    "metatrader5": write_metatrader5,
    "yahoo": write_yahoo,
    "stooq": write_stooq,
}
