"""HistData.com, generic ASCII bars: no header, semicolons, New York winter time."""

import re

from ml_training.data.layouts.head import Head
from ml_training.data.layouts.plan import Plan

MOMENT = re.compile(r"\d{8} \d{6}")
LABELS = ("date time", "open", "high", "low", "close", "volume")
COLUMNS = {"timestamp": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5}
# "Eastern Standard Time (EST) time-zone without Day Light Savings adjustments":
# histdata.com, data files detailed specification.
ZONE = "-05:00"


def recognise(head: Head) -> Plan | None:
    """Return the plan of generic ASCII bars from HistData.com.

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
    if len(cells) not in {5, 6} or not MOMENT.fullmatch(cells[0]):
        return None
    columns = {role: at for role, at in COLUMNS.items() if at < len(cells)}
    return Plan(
        layout="histdata",
        title="HistData.com bars",
        columns=columns,
        labels=LABELS[: len(cells)],
        n_header_rows=0,
        zone=ZONE,
    )
