"""TradingView's chart export: time, prices, then whatever the chart shows."""

from ml_training.data.layouts import generic
from ml_training.data.layouts.head import Head
from ml_training.data.layouts.plan import Plan

HEADER = ("time", "open", "high", "low", "close")


def recognise(head: Head) -> Plan | None:
    """Return the plan of a TradingView export.

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
    Indicators drawn on the chart follow the prices and may repeat their names; only the
    first five columns and the first one called Volume are read.
    """
    if tuple(head.first[:5]) != HEADER or "volume" in head.first:
        return None  # TradingView writes Volume; other programs write all in small letters
    first = head.first.index("Volume") if "Volume" in head.first else -1
    labels = [label if at < 5 or at == first else "" for at, label in enumerate(head.first)]
    columns = generic.plan_columns(labels, name=head.name)
    return Plan(
        layout="tradingview",
        title="a TradingView export",
        columns=columns or {},
        labels=tuple(head.first),
    )
