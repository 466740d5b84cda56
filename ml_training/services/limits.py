"""How much one person may ask of the machines at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from ml_training.errors import HintedError
from ml_training.models import Strategy, TrainingRun
from ml_training.services.runs import ACTIVE_STATES

MOST_ACTIVE_RUNS = 20
"""Runs of one user that wait or go on; chosen: a night's work of one machine."""


class TooManyRunsError(HintedError, RuntimeError):
    """Say that a user has as many active runs as anybody may."""

    def __init__(self, n_active: int) -> None:
        super().__init__(
            f"a user has at most {MOST_ACTIVE_RUNS} runs waiting or going on, got {n_active}",
            hint="Wait for one of them to end, or cancel it.",
        )


def check_room(strategy: Strategy, user: AbstractBaseUser) -> None:
    """Raise `TooManyRunsError` when the user must wait before asking for another run.

    A strategy with an active run of its own is no case for this: that is a conflict,
    and who asks is told about that run.
    """
    active = TrainingRun.objects.filter(state__in=ACTIVE_STATES)
    if active.filter(strategy=strategy).exists():
        return
    n_active = active.filter(requested_by_id=user.pk).count()
    if n_active >= MOST_ACTIVE_RUNS:
        raise TooManyRunsError(n_active)


@contextmanager
def one_at_a_time(user: AbstractBaseUser | None) -> Iterator[None]:
    """Let the requests of a user wait for each other, so that none passes the limit.

    Nobody in particular, as at a terminal, has no limit to pass.
    """
    if user is None:
        yield
        return
    with transaction.atomic():
        # Rows that point to the user may be written meanwhile; in SQLite all wait.
        people = get_user_model().objects.select_for_update(no_key=True)
        people.filter(pk=user.pk).first()
        yield
