"""Yahoo Finance: daily prices with an adjusted close."""

from ml_training.data.layouts import generic
from ml_training.data.layouts.head import Head
from ml_training.data.layouts.plan import Plan


def recognise(head: Head) -> Plan | None:
    """Return the plan of a Yahoo Finance download.

    Parameters
    ----------
    head : Head
        First lines of the file.

    Returns
    -------
    Plan or None
        None when there is no column Adj Close.

    Notes
    -----
    Open to Close are adjusted for splits and read as they are. Adj Close also takes
    dividends off earlier prices; no stop or target was ever traded there.
    """
    if not any(label.lower() in {"adj close", "adj close**"} for label in head.first):
        return None
    labels = [label.rstrip("*") for label in head.first]
    columns = generic.plan_columns(labels, name=head.name)
    if columns is None:
        return None
    return Plan(
        layout="yahoo",
        title="a Yahoo Finance download",
        columns=columns,
        labels=tuple(head.first),
        has_blank_bars=True,
    )
