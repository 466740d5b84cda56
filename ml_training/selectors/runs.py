"""Read runs: what they recorded, what they follow from, how often they looked."""

import hashlib
import json
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.dispatch import Signal

from ml_training.models import FixEvent, MetricPoint, SetupScan, Strategy, TrainingRun

State = TrainingRun.State
unheard_run_seen = Signal()
"""Sent when somebody looks at a run whose worker is not heard any more."""


def count_openings(run: TrainingRun) -> int:
    """Return how often the strategy's test block is opened with this run.

    Whoever opens it often enough finds luck, so every other way of training counts, of
    every version of the strategy. A run that repeats an earlier one cannot be luckier
    than that one and counts once with it.
    """
    earlier = run.strategy.runs.filter(state=TrainingRun.State.SUCCEEDED).exclude(pk=run.pk)
    opened = {_identify(*row) for row in earlier.values_list("setups_digest", "settings")}
    return len(opened | {_identify(run.setups_digest, run.settings)})


def digest_scanned_candles(strategy: Strategy) -> str:
    """Return one hash over all candles that the strategy's setups were scanned from."""
    scans = SetupScan.objects.filter(
        strategy=strategy,
        rules_digest=strategy.rules_digest,
        instrument__symbol__in=strategy.symbols,
        timeframe__in=strategy.timeframes,
    )
    rows = scans.order_by("instrument__symbol", "timeframe").values_list(
        "instrument__symbol", "timeframe", "candles_digest"
    )
    return hashlib.sha256(json.dumps([list(row) for row in rows]).encode()).hexdigest()


def list_points(run: TrainingRun, kind: str, after: int = 0) -> list[dict[str, Any]]:
    """Return the points of a kind behind a cursor (`id`), oldest first."""
    points = MetricPoint.objects.filter(run=run, kind=kind, pk__gt=after).order_by("pk")
    return [
        {
            **point.values,
            "id": point.pk,
            "attempt": point.attempt,
            "epoch": point.epoch,
            "step": point.step,
        }
        for point in points
    ]


def runs_of(user: User | AnonymousUser) -> QuerySet[TrainingRun]:
    """Return the runs that a user may see, newest first; staff see all."""
    runs = TrainingRun.objects.select_related("strategy", "strategy__owner")
    if not user.is_authenticated:
        return runs.none()
    return runs if getattr(user, "is_staff", False) else runs.filter(strategy__owner=user)


def list_events(run: TrainingRun, after: int = 0) -> list[dict[str, Any]]:
    """Return the fix events behind a cursor (`number`), in the order they were seen.

    An event grows until its last trial is judged, so a reader comes back for those
    that have no outcome yet.
    """
    return list(FixEvent.objects.filter(run=run, number__gt=after).values(*EVENT_COLUMNS))


EVENT_COLUMNS = (
    "number",
    "problem",
    "severity",
    "epoch",
    "step",
    "message",
    "evidence",
    "trials",
    "remedy",
    "outcome",
    "conclusion",
    "recorded_at",
)


def is_stale(run: TrainingRun) -> bool:
    """Say whether the holder of a running run has not been heard for too long.

    A list may have asked for all its rows at once, as `is_unheard`.
    """
    known = getattr(run, "is_unheard", None)
    if known is None:
        running = TrainingRun.objects.filter(pk=run.pk, state=State.RUNNING)
        known = running.filter(lease_until__lt=Now()).exists()
    if known:
        unheard_run_seen.send(TrainingRun)
    return bool(known)


def progress_of(run: TrainingRun) -> dict[str, Any]:
    """Return how far a run is, in plain JSON; `version` changes whenever the rest does.

    `share` is 0-1 of the planned steps, `rate` in steps per second, `eta_s` in seconds;
    None where nothing is known yet.
    """
    told = run.progress
    n_done, n_planned = told.get("step", 0), told.get("planned_steps", 0)
    share = (
        1.0 if run.state == State.SUCCEEDED else min(n_done / n_planned, 1.0) if n_planned else 0.0
    )
    doing = told.get("doing", "")
    rate = None if doing else told.get("rate")  # of the training, which is over by then
    stale = is_stale(run)
    found = {
        "id": str(run.pk),
        "state": run.state,
        "end_cause": run.end_cause,
        "attempt": run.attempt,
        "epoch": told.get("epoch"),
        "epochs": told.get("max_epochs"),
        "share": share,
        "rate": rate,
        "eta_s": (n_planned - n_done) / rate if rate and run.state == State.RUNNING else None,
        "train_loss": told.get("train_loss"),
        "validation_loss": told.get("validation_loss"),
        "health": name_health(run, is_stale=stale),
        "trying": told.get("trying", ""),
        "doing": doing,
        "alive": run.state == State.RUNNING and not stale,
        "stale": stale,
        "canceling": run.cancel_requested_at is not None and run.state == State.RUNNING,
        "verdict": run.verdict,
        "error": run.error,
        "hint": run.hint,
    }
    words = json.dumps(found, sort_keys=True)
    return {**found, "version": hashlib.sha256(words.encode()).hexdigest()[:16]}


def name_health(run: TrainingRun, *, is_stale: bool) -> str:
    """Return one word for the state of the training, as the engine sees it."""
    if is_stale:
        return "unheard"
    if run.state == State.QUEUED:
        return "restarting" if run.attempt else "waiting"
    if run.progress.get("trying"):
        return "repairing"
    return str(run.progress.get("status") or "training")


def _identify(setups_digest: str, settings: object) -> str:
    return json.dumps([setups_digest, settings], sort_keys=True)
