"""Do something to chosen rows, and say how it went."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest

from ml_training.admin.rows import Rows
from ml_training.errors import HintedError


def apply(
    where: Rows,
    request: HttpRequest,
    rows: QuerySet[Any],
    do: Callable[[Any], object],
    done: str,
) -> None:
    """Do something to each row; say how often it went well, and why not."""
    n_done = 0
    for row in rows:
        try:
            do(row)
        except HintedError as error:
            where.message_user(request, str(error), messages.ERROR)
        else:
            n_done += 1
    level = messages.SUCCESS if n_done else messages.WARNING
    where.message_user(request, f"{n_done} {done}.", level)
