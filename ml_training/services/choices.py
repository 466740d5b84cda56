"""What may be chosen about a run, in the form in which it is stored and compared."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ml_training.errors import DataError
from ml_training.selectors import to_utc

DATES = ("start_date", "end_date")
CHOICES = ("epochs", "batch_size", "learning_rate", "device", "seed", "use_transfer_learning")
"""What makes a run differ from others; None means the default."""


def describe_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes a run differ from others, for its row."""
    chosen = {name: given[name] for name in CHOICES if given.get(name) is not None}
    return {**{name: to_utc(read_moment(given.get(name))) for name in DATES}, "seed": 0, **chosen}


def check_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings as stored; raise `DataError` at a name that means nothing."""
    unknown = sorted(set(given) - {*DATES, *CHOICES})
    if unknown:
        raise DataError(
            f"a run has no setting {unknown[0]!r}",
            hint=f"There are {', '.join((*DATES, *CHOICES))}.",
        )
    return describe_settings(given)


def read_moment(moment: Any) -> Any:
    """Return the time that stands in a row; what is none of ours is handed on."""
    if not isinstance(moment, str):
        return moment
    try:
        return to_utc(datetime.fromisoformat(moment))
    except ValueError as error:
        raise DataError(
            f"{moment!r} is not a time", hint="Write it as 2024-01-31 or 2024-01-31T12:00:00Z."
        ) from error
