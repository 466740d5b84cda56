"""Any table whose header names time, open, high, low and close."""

from ml_training.data.layouts.head import Head
from ml_training.data.layouts.plan import PRICES, Plan, file_error, find_columns


def recognise(head: Head) -> Plan | None:
    """Return the plan of a file with a header that says what its columns are.

    Parameters
    ----------
    head : Head
        First lines of the file.

    Returns
    -------
    Plan or None
        None when the header names neither a time nor two prices.

    Raises
    ------
    DataError
        If the header is of this kind and a column is missing.
    """
    if not head.has_header:
        return None
    columns = plan_columns(head.first, name=head.name, row=head.first_number)
    if columns is None:
        return None
    return Plan(
        layout="generic",
        title="a table with a header",
        columns=columns,
        labels=tuple(head.first),
    )


def plan_columns(labels: list[str], *, name: str, row: int = 1) -> dict[str, int] | None:
    """Find all columns that candles need.

    Parameters
    ----------
    labels : list of str
        Header cells.
    name : str
        The file, for messages.
    row : int
        Row of the header.

    Returns
    -------
    dict of str to int or None
        Position by role; None when this is no header of candles.

    Raises
    ------
    DataError
        If a time or price column is missing.
    """
    columns = find_columns(labels, name=name)
    n_prices = sum(role in columns for role in PRICES)
    if n_prices < 2:
        return None
    missing = [role for role in PRICES if role not in columns]
    if "timestamp" not in columns and "date" not in columns and "time" not in columns:
        missing.insert(0, "time")
    if missing:
        raise file_error(
            name,
            f"no column is called {' or '.join(missing)}, got {', '.join(labels)}",
            row=row,
            hint="A table needs timestamp (or date, time), open, high, low, close",
        )
    return _choose(columns)


def _choose(columns: dict[str, int]) -> dict[str, int]:
    """Settle which time and which volume to use when there are several."""
    if "timestamp" in columns:
        columns.pop("date", None)
        columns.pop("time", None)
    elif not ("date" in columns and "time" in columns):
        columns["timestamp"] = columns.pop("date" if "date" in columns else "time")
    if "tick volume" in columns:
        ticks = columns.pop("tick volume")
        columns.setdefault("volume", ticks)
    return columns
