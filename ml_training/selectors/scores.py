"""Read what models said about fresh setups."""

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet

from ml_training.models import Scoring, Signal, Strategy
from ml_training.selectors.pages import strategies_of

MOST_NEWEST = 100
"""Signals that come with a scoring; chosen: what fits a screen, all have a list."""


def signals_of(user: User | AnonymousUser) -> QuerySet[Signal]:
    """Return the signals of the strategies that a user may see, newest first."""
    signals = Signal.objects.filter(strategy__in=strategies_of(user).order_by())
    return signals.select_related("instrument", "strategy", "checkpoint")


def newest_signals(strategy: Strategy) -> list[Signal]:
    """Return the signals that the newest finished scoring of a strategy found."""
    scoring = latest_scoring(strategy)
    if scoring is None:
        return []
    signals = Signal.objects.filter(scoring=scoring).select_related("instrument", "checkpoint")
    return list(signals[:MOST_NEWEST])


def latest_scoring(strategy: Strategy) -> Scoring | None:
    """Return the newest scoring of a strategy that came to its end."""
    done = Scoring.objects.filter(strategy=strategy, state=Scoring.State.DONE)
    return done.select_related("checkpoint__run").first()
