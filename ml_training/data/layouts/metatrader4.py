"""MetaTrader 4, and HistData in its MetaTrader form: no header, the broker's clock."""

import re

from ml_training.data.layouts.head import Head
from ml_training.data.layouts.plan import Plan

DATE = re.compile(r"\d{4}\.\d{2}\.\d{2}")
TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?")
LABELS = ("date", "time", "open", "high", "low", "close", "volume")
COLUMNS = {"date": 0, "time": 1, "open": 2, "high": 3, "low": 4, "close": 5, "volume": 6}


def recognise(head: Head) -> Plan | None:
    """Return the plan of bars exported by the history centre of MetaTrader 4.

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
    if len(cells) not in {6, 7} or not DATE.fullmatch(cells[0]) or not TIME.fullmatch(cells[1]):
        return None
    columns = {role: at for role, at in COLUMNS.items() if at < len(cells)}
    return Plan(
        layout="metatrader4",
        title="a MetaTrader 4 export",
        columns=columns,
        labels=LABELS[: len(cells)],
        n_header_rows=0,
        zone=None,
    )
