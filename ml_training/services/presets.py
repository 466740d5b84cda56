"""Strategies made from presets, for people at a terminal who have no user account."""

from collections.abc import Sequence

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction

from ml_training.data.presets import PRESETS
from ml_training.models import Strategy
from ml_training.models.strategy import LONGEST_NAME
from ml_training.selectors import find_instrument

TERMINAL_USER = "terminal"


def ensure_local_user(name: str) -> User:
    """Return the user of this name, made without a password when there is none."""
    user, is_new = get_user_model().objects.get_or_create(username=name)
    if is_new:
        user.set_unusable_password()
        user.save()
    return user


@transaction.atomic
def open_preset(key: str, symbols: Sequence[str], timeframes: Sequence[str]) -> Strategy:
    """Return the strategy of a preset over these markets; the same one every time.

    Raises `DataError` when nothing was imported for a symbol; no strategy is made then.
    """
    for symbol in symbols:
        find_instrument(symbol)
    preset = PRESETS[key]
    strategy = Strategy(
        owner=ensure_local_user(TERMINAL_USER),
        rules=dict(preset.document),
        symbols=list(symbols),
        timeframes=list(timeframes),
    )
    strategy.set_version()
    markets = f"{', '.join(strategy.symbols)} at {', '.join(strategy.timeframes)}"
    strategy.name = f"{preset.title}: {markets}"[:LONGEST_NAME]
    made = Strategy.objects.filter(owner=strategy.owner, version=strategy.version).first()
    if made is None:
        strategy.save()
    return made or strategy
