"""MetaTrader 5: header in angle brackets, times on the broker's clock."""

from ml_training.data.layouts.head import Head
from ml_training.data.layouts.plan import Plan, find_columns

NEEDED = {"date", "open", "high", "low", "close"}


def recognise(head: Head) -> Plan | None:
    """Return the plan of bars exported by MetaTrader 5.

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
    `<VOL>`, the volume of the exchange, is read where it is used; brokers of currencies
    leave it 0, and `<TICKVOL>` is read instead.
    """
    if head.first[0] != "<DATE>":
        return None
    columns = find_columns(head.first, name=head.name)
    if not columns.keys() >= NEEDED:
        return None
    ticks = columns.pop("tick volume", None)
    if ticks is not None and not _is_used(head, columns.get("volume")):
        columns["volume"] = ticks
    return Plan(
        layout="metatrader5",
        title="a MetaTrader 5 export",
        columns=columns,
        labels=tuple(head.first),
        zone=None,
    )


def _is_used(head: Head, column: int | None) -> bool:
    if column is None:
        return False
    return any(len(row) > column and row[column].strip("0.") for row in head.rows[1:])
