"""Stooq: daily files in English or Polish, bulk files with ticker and period."""

import re

from ml_training.data.layouts.head import Head
from ml_training.data.layouts.plan import Plan, find_columns

TITLE = "a Stooq download"
DAILY = ("Date", "Open", "High", "Low", "Close", "Volume")
POLISH = {
    "Data": "date",
    "Czas": "time",
    "Otwarcie": "open",
    "Najwyzszy": "high",
    "Najnizszy": "low",
    "Zamkniecie": "close",
    "Wolumen": "volume",
}
BULK = ("<TICKER>", "<PER>", "<DATE>", "<TIME>")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
NEEDED = {"date", "open", "high", "low", "close"}


def recognise(head: Head) -> Plan | None:
    """Return the plan of a file from Stooq.

    Parameters
    ----------
    head : Head
        First lines of the file.

    Returns
    -------
    Plan or None
        None when the file is of another kind.

    Notes
    -----
    Days need no clock. Bars within the day are on a clock that the file does not name,
    so that the user is asked for it.
    """
    labels = head.first
    if tuple(labels[:4]) == BULK:
        names = labels
    elif labels[0] == "Data" and "Zamkniecie" in labels:
        names = [POLISH.get(label, "") for label in labels]
    elif tuple(labels) in {DAILY, DAILY[:5]} and _begins_with_a_day(head):
        names = labels
    else:
        return None
    columns = find_columns(names, name=head.name)
    if not columns.keys() >= NEEDED:
        return None
    return Plan(layout="stooq", title=TITLE, columns=columns, labels=tuple(labels), zone=None)


def _begins_with_a_day(head: Head) -> bool:
    """Tell Stooq's days from tables that others write under the same header."""
    return len(head.rows) > 1 and DAY.fullmatch(head.rows[1][0]) is not None
