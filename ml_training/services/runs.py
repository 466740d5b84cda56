"""Open and close training runs: every change of state is one conditional update."""

import hashlib
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from ml_training.errors import DataError, HintedError
from ml_training.models import Strategy, TrainingRun
from ml_training.models.run import KEY_LENGTH
from ml_training.services.jsonable import to_jsonable

LARGEST_SEED = 2**63 - 1  # what the column holds
ACTIVE_STATES = (TrainingRun.State.QUEUED, TrainingRun.State.RUNNING)


class RunConflictError(HintedError, RuntimeError):
    """Say that the strategy is being trained already."""

    def __init__(self, run: TrainingRun | None) -> None:
        who = f"run {run.pk} is {run.state}" if run else "another run has just started"
        super().__init__(
            f"a strategy has one active run at a time, and {who}",
            hint="Wait for it to end, or cancel it.",
        )
        self.run = run


class RunStateError(HintedError, RuntimeError):
    """Say that a run is not in the state that a step needs."""


def create_run(
    strategy: Strategy,
    settings: Mapping[str, Any],
    *,
    requested_by: AbstractBaseUser | None = None,
    idempotency_key: str = "",
) -> TrainingRun:
    """Ask for a run; raise `RunConflictError` while the strategy has an active one.

    The same key by the same user returns the run that the first request made.
    """
    if len(idempotency_key) > KEY_LENGTH:
        raise DataError(f"an idempotency key has at most {KEY_LENGTH} characters")
    if again := find_same_request(strategy, requested_by, idempotency_key):
        return again
    fail_orphaned_runs(strategy)
    seed = read_seed(settings.get("seed"))
    try:
        with transaction.atomic():
            return TrainingRun.objects.create(
                strategy=strategy,
                requested_by=requested_by,  # type: ignore[misc]
                settings=to_jsonable(settings),
                seed=seed,
                rules_digest=strategy.rules_digest,
                idempotency_key=idempotency_key,
            )
    except IntegrityError as error:
        if again := find_same_request(strategy, requested_by, idempotency_key):
            return again
        if not is_conflict(error):
            raise
        active = strategy.runs.filter(state__in=ACTIVE_STATES).first()
        raise RunConflictError(active) from error


def find_same_request(
    strategy: Strategy, user: AbstractBaseUser | None, key: str
) -> TrainingRun | None:
    """Return the run that a user asked for with this key, if any."""
    if not key:
        return None
    found = TrainingRun.objects.filter(
        requested_by=user,  # type: ignore[misc]
        idempotency_key=key,
    ).first()
    if found is not None and found.strategy_id != strategy.pk:
        raise DataError(
            f"the idempotency key {key!r} belongs to run {found.pk} of another strategy",
            hint="Use a new key for each request.",
        )
    return found


def read_seed(seed: object) -> int:
    """Return the seed of a run; none means 0."""
    if seed is None:
        return 0
    if isinstance(seed, int) and 0 <= seed <= LARGEST_SEED:
        return int(seed)
    raise DataError(f"`seed` must be a whole number from 0 to {LARGEST_SEED}, got {seed!r}")


def is_conflict(error: IntegrityError) -> bool:
    """Say whether the database refused a second active run, and nothing else."""
    words = str(error)
    return "one_active_run_per_strategy" in words or "trainingrun.strategy_id" in words


def start_run(run: TrainingRun) -> None:
    """Claim a queued run for this process."""
    move(run, TrainingRun.State.QUEUED, TrainingRun.State.RUNNING, worker=name_worker())


def open_run(strategy: Strategy, settings: Mapping[str, Any]) -> TrainingRun:
    """Create a run and start it in this process."""
    run = create_run(strategy, settings)
    start_run(run)
    return run


def close_run(run: TrainingRun, results: Mapping[str, Any]) -> None:
    """End a run with its results; the verdict and the report are taken from them."""
    report = str(results.get("diagnostics_report", ""))
    best = run.checkpoints.filter(kind="best").first()
    move(
        run,
        TrainingRun.State.RUNNING,
        TrainingRun.State.SUCCEEDED,
        results=to_jsonable(results),
        verdict=str(results.get("verdict", "")),
        report=report,
        report_digest=hashlib.sha256(report.encode()).hexdigest(),
        model_digest=best.sha256 if best else "",
    )


def fail_run(run: TrainingRun, error: BaseException) -> None:
    """End a run with the reason why it could not go on."""
    message = str(error.args[0]) if error.args else type(error).__name__
    move(
        run,
        TrainingRun.State.RUNNING,
        TrainingRun.State.FAILED,
        error=message,
        hint=getattr(error, "hint", ""),
    )


def cancel_run(run: TrainingRun, reason: str = "canceled by the user") -> None:
    """End a run that is not wanted any more."""
    move(run, run.state, TrainingRun.State.CANCELED, error=reason)


@contextmanager
def running(strategy: Strategy, settings: Mapping[str, Any]) -> Iterator[TrainingRun]:
    """Open a run around a block: an error fails it, Ctrl-C cancels it, both go on."""
    run = open_run(strategy, settings)
    try:
        yield run
    except Exception as error:
        with suppress(RunStateError):  # ended elsewhere; the error matters more
            fail_run(run, error)
        raise
    except BaseException:
        with suppress(RunStateError):
            cancel_run(run)
        raise


def move(run: TrainingRun, before: str, after: str, **changes: Any) -> None:
    """Change the state of a run if it is still the expected one, and reload the row."""
    if before not in ACTIVE_STATES:
        raise RunStateError(f"run {run.pk} has ended ({before}) and stays as it is")
    stamp = "started_at" if after == TrainingRun.State.RUNNING else "ended_at"
    changes = {"state": after, stamp: timezone.now(), **changes}
    changed = TrainingRun.objects.filter(pk=run.pk, state=before).update(**changes)
    run.refresh_from_db()
    if not changed:
        raise RunStateError(f"run {run.pk} was expected to be {before}, but it is {run.state}")


def note_digests(run: TrainingRun, **digests: str) -> None:
    """Write links of the hash chain, such as `candles`, `setups`, `feature`."""
    columns = {f"{name}_digest": digest for name, digest in digests.items()}
    TrainingRun.objects.filter(pk=run.pk).update(**columns)
    run.refresh_from_db(fields=list(columns))


def name_worker() -> str:
    """Return host and process, so that a dead worker can be told from a busy one."""
    return f"{platform.node()}:{os.getpid()}"


def fail_orphaned_runs(strategy: Strategy) -> None:
    """Fail runs whose process on this host has died, so that they block nobody."""
    for run in strategy.runs.filter(state=TrainingRun.State.RUNNING):
        if is_worker_gone(run.worker):
            error = RunStateError(
                f"the process {run.worker} that trained this run has ended without a word",
                hint="Start the run again.",
            )
            fail_run(run, error)


def is_worker_gone(worker: str) -> bool:
    """Say whether a process of this host is dead; those of other hosts are trusted."""
    host, _, pid = worker.rpartition(":")
    if host != platform.node() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it lives, and belongs to somebody else
        return False
    return False
