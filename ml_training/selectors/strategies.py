"""Find strategies."""

from ml_training.errors import DataError
from ml_training.models import Strategy

LONGEST_ID = 19  # digits of the largest key a database counts to; more can only be a name


def find_strategy(reference: str | int) -> Strategy:
    """Return the strategy with this id or this name.

    Raises `DataError` when there is none, or more than one of the name.
    """
    text = str(reference).strip()
    is_id = text.isdecimal() and len(text) <= LONGEST_ID
    if is_id and (found := Strategy.objects.filter(pk=int(text)).first()):
        return found
    named = list(Strategy.objects.filter(name=text)[:2])
    if len(named) == 1:
        return named[0]
    if named:
        raise DataError(
            f"more than one strategy is called {text!r}", hint="Name it by its id instead."
        )
    known = ", ".join(
        f"{pk} {name}" for pk, name in Strategy.objects.values_list("pk", "name")[:9]
    )
    raise DataError(f"no strategy is called {text!r}", hint=f"There are: {known or 'none yet'}.")
