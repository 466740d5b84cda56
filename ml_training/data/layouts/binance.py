"""Binance klines: twelve columns, with a header in some markets only."""

from ml_training.data.layouts.head import Head
from ml_training.data.layouts.plan import Plan

N_COLUMNS = 12
EPOCH_DIGITS = (13, 16)  # milliseconds; microseconds in spot files since 2025
LABELS = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)
COLUMNS = {"timestamp": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5}


def recognise(head: Head) -> Plan | None:
    """Return the plan of a file of klines from Binance.

    Parameters
    ----------
    head : Head
        First lines of the file.

    Returns
    -------
    Plan or None
        None when the file is of another kind.
    """
    cells = head.first
    if len(cells) != N_COLUMNS:
        return None
    has_header = cells[0].lower().replace(" ", "_") == LABELS[0]
    is_bar = cells[0].isdigit() and len(cells[0]) in EPOCH_DIGITS and cells[6].isdigit()
    if not has_header and not is_bar:
        return None
    return Plan(
        layout="binance",
        title="Binance klines",
        columns=COLUMNS,
        labels=tuple(cells) if has_header else LABELS,
        n_header_rows=int(has_header),
    )
