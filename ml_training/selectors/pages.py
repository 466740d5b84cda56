"""Reads that pages need: lists with their counts, each for one user's eyes."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Now

from ml_training.models import (
    Checkpoint,
    FixEvent,
    Instrument,
    Setup,
    SetupScan,
    Strategy,
    TrainingRun,
)
from ml_training.selectors.runs import runs_of

Viewer = User | AnonymousUser
ACTIVE = (TrainingRun.State.QUEUED, TrainingRun.State.RUNNING)
HEAVY = ("results", "report")
"""Columns of a run that only its own page shows."""


@dataclass(frozen=True, kw_only=True)
class RunFilter:
    """What a list of runs may be narrowed to; empty means all."""

    state: str = ""
    verdict: str = ""
    strategy: str = ""
    q: str = ""


def strategies_of(user: Viewer) -> QuerySet[Strategy]:
    """Return the strategies that a user may see: their own, and all for staff."""
    if not user.is_authenticated:
        return Strategy.objects.none()
    strategies = Strategy.objects.select_related("owner")
    return strategies if user.is_staff else strategies.filter(owner=user)


def list_strategies(user: Viewer) -> QuerySet[Strategy]:
    """Return strategies with the number of their runs and what the last one said."""
    newest = TrainingRun.objects.filter(strategy=OuterRef("pk")).order_by("-queued_at")
    strategies = strategies_of(user).annotate(
        n_runs=Count("runs"),
        last_state=Subquery(newest.values("state")[:1]),
        last_verdict=Subquery(newest.values("verdict")[:1]),
        last_run=Subquery(newest.values("pk")[:1]),
    )
    return strategies.order_by("name", "pk")


def list_runs(user: Viewer, chosen: RunFilter = RunFilter()) -> QuerySet[TrainingRun]:
    """Return runs, newest first, with the number of their findings and repairs."""
    runs = runs_of(user).defer(*HEAVY)
    if chosen.state:
        runs = runs.filter(state=chosen.state)
    if chosen.verdict:
        runs = runs.filter(verdict=chosen.verdict)
    if chosen.strategy.isascii() and chosen.strategy.isdecimal():
        runs = runs.filter(strategy_id=chosen.strategy[:18])
    if chosen.q:
        runs = runs.filter(strategy__name__icontains=chosen.q)
    n_fixes = Count("events", filter=~Q(events__remedy=""))
    is_unheard = Q(state=TrainingRun.State.RUNNING, lease_until__lt=Now())
    counted = runs.annotate(
        n_findings=Count("events"),
        n_fixes=n_fixes,
        is_unheard=Case(When(is_unheard, then=True), default=False),
    )
    return counted.order_by("-queued_at", "-pk")


def events_of(run: TrainingRun) -> QuerySet[FixEvent]:
    """Return a run's findings in the order they were made."""
    return FixEvent.objects.filter(run=run).order_by("number")


def checkpoints_of(user: Viewer) -> QuerySet[Checkpoint]:
    """Return the models that a user may download: those of their runs."""
    return Checkpoint.objects.filter(run__in=runs_of(user)).select_related("run")


def served_models_of(user: Viewer) -> QuerySet[Checkpoint]:
    """Return those that are put to use; states to resume are for the trainer only."""
    return checkpoints_of(user).filter(kind=Checkpoint.Kind.BEST)


def downloads_of(run: TrainingRun) -> list[Checkpoint]:
    """Return the served models of a run; places to resume are for the trainer only."""
    return list(Checkpoint.objects.filter(run=run, kind=Checkpoint.Kind.BEST))


def latest_findings(user: Viewer, most: int) -> list[FixEvent]:
    """Return what was found last in a user's runs."""
    events = FixEvent.objects.filter(run__in=runs_of(user).order_by())
    return list(events.select_related("run__strategy").order_by("-recorded_at", "-pk")[:most])


def latest_setups(strategy: Strategy, most: int) -> list[Setup]:
    """Return the last setups that the strategy's scans stored."""
    setups = Setup.objects.filter(
        scan__strategy=strategy, scan__rules_digest=strategy.rules_digest
    )
    found = setups.select_related("scan__instrument").defer("features")
    return list(found.order_by("-entry_at")[:most])


def scans_of(strategy: Strategy) -> list[SetupScan]:
    """Return the stored scans of the strategy's present version."""
    scans = SetupScan.objects.filter(strategy=strategy, rules_digest=strategy.rules_digest)
    return list(scans.select_related("instrument").order_by("instrument__symbol", "timeframe"))


def count_instruments() -> int:
    """Return how many instruments have been imported."""
    return Instrument.objects.count()
