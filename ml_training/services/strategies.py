"""Make, change and delete strategies: only valid ones, and nothing of the others."""

from collections.abc import Sequence
from typing import Any, TypedDict, Unpack

from django.contrib.auth.models import User
from django.db import transaction

from ml_training.errors import DataError
from ml_training.models import Strategy
from ml_training.models.strategy import LONGEST_NAME
from ml_training.services.runs import ACTIVE_STATES, RunConflictError


class StrategyFields(TypedDict, total=False):
    """What a user may say about a strategy."""

    name: str
    rules: Any
    symbols: Sequence[str]
    timeframes: Sequence[str]


def create_strategy(owner: User, **fields: Unpack[StrategyFields]) -> Strategy:
    """Make a strategy; raise `DataError` and store nothing when it is not valid."""
    return change_strategy(Strategy(owner=owner), **fields)


@transaction.atomic
def change_strategy(strategy: Strategy, **fields: Unpack[StrategyFields]) -> Strategy:
    """Save a strategy: the given fields anew, the others as they are.

    Raises `DataError` and stores nothing when what comes out is not valid.
    """
    if "name" in fields:
        strategy.name = check_name(fields["name"])
    if "rules" in fields:
        strategy.rules = fields["rules"]
    if "symbols" in fields:
        strategy.symbols = list(fields["symbols"])
    if "timeframes" in fields:
        strategy.timeframes = list(fields["timeframes"])
    strategy.save()
    return strategy


@transaction.atomic
def delete_strategy(strategy: Strategy) -> None:
    """Delete a strategy with its runs; `RunConflictError` while one is active."""
    locked = Strategy.objects.select_for_update().get(pk=strategy.pk)
    active = locked.runs.filter(state__in=ACTIVE_STATES).first()
    if active is not None:
        raise RunConflictError(active)
    locked.delete()


def check_name(name: str) -> str:
    """Return the name without spaces around it, or say what a name looks like."""
    cleaned = name.strip()
    if not cleaned or len(cleaned) > LONGEST_NAME or not cleaned.isprintable():
        raise DataError(
            f"a name has 1 to {LONGEST_NAME} printable characters, got {len(cleaned)}",
            hint="Give the strategy a name that you will know it by.",
        )
    return cleaned
