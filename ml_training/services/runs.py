"""Open and close training runs: every change of state is one conditional update."""

import hashlib
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from ml_training.errors import DataError, HintedError
from ml_training.models import Strategy, TrainingRun
from ml_training.models.run import KEY_LENGTH
from ml_training.services.away import AWAY
from ml_training.services.jsonable import to_jsonable
from ml_training.services.leases import FREE, Halted, LeaseLostError, claim_run, lease_of

LARGEST_SEED = 2**63 - 1  # what the column holds
EndCause = TrainingRun.EndCause
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


class RunCanceledError(RunStateError):
    """Say that somebody canceled the run from elsewhere."""


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
    """Claim a queued run for this process, which nobody will replace."""
    if claim_run(run.pk, name_worker(), is_replaceable=False) is None:
        run.refresh_from_db(fields=["state"])
        raise RunStateError(f"run {run.pk} was expected to be queued, but it is {run.state}")
    run.refresh_from_db()


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
        end_cause=EndCause.FINISHED,
        error="",  # of an attempt that died before this one
        hint="",
        results=to_jsonable(results),
        verdict=str(results.get("verdict", "")),
        report=report,
        report_digest=hashlib.sha256(report.encode()).hexdigest(),
        model_digest=best.sha256 if best else "",
    )


def fail_run(run: TrainingRun, error: BaseException) -> None:
    """End a run with the reason why it could not go on."""
    first = error.args[0] if error.args else ""  # of a system's error the number
    message = first if isinstance(first, str) and first else str(error)
    move(
        run,
        TrainingRun.State.RUNNING,
        TrainingRun.State.FAILED,
        end_cause=EndCause.REFUSED if isinstance(error, HintedError) else EndCause.ERROR,
        error=message or type(error).__name__,
        hint=getattr(error, "hint", ""),
    )


def cancel_run(run: TrainingRun, reason: str = "canceled by the user") -> None:
    """End a run that is not wanted any more."""
    canceled = {"end_cause": EndCause.CANCELED, "error": reason}
    move(run, run.state, TrainingRun.State.CANCELED, **canceled)


@contextmanager
def running(strategy: Strategy, settings: Mapping[str, Any]) -> Iterator[TrainingRun]:
    """Open a run around a block, and end it when the block does not."""
    run = open_run(strategy, settings)
    with ending(run):
        yield run


@contextmanager
def ending(run: TrainingRun) -> Iterator[None]:
    """End a run when its block raises: an error fails it, Ctrl-C cancels it.

    A run that is lost or drained is left as it is: it goes on elsewhere. So is one
    whose database is away, if there is a supervisor to let it go on.
    """
    try:
        yield
    except Exception as error:
        is_away = isinstance(error, AWAY) and run.lease_until is not None
        with suppress(RunStateError, LeaseLostError):  # ended elsewhere; the error matters more
            if not is_away:
                fail_run(run, error)
        raise
    except BaseException as error:
        if not isinstance(error, Halted) or error.why == "canceled":
            with suppress(RunStateError, LeaseLostError):
                cancel_run(run)
        raise


@contextmanager
def explaining_halt() -> Iterator[None]:
    """Turn the halt of a training in this process into an error with words."""
    try:
        yield
    except Halted as halted:
        what = "was canceled" if halted.why == "canceled" else "was taken over elsewhere"
        raise RunCanceledError(f"the run {what}", hint="Nothing is half-written.") from None


def move(run: TrainingRun, before: str, after: str, **changes: Any) -> None:
    """End a run in the expected state and in these hands; reload the row."""
    if before not in ACTIVE_STATES:
        raise RunStateError(f"run {run.pk} has ended ({before}) and stays as it is")
    rows = TrainingRun.objects.filter(pk=run.pk, state=before)
    changed = rows.filter(lease_token=run.lease_token).update(
        state=after, ended_at=Now(), **FREE, **changes
    )
    if changed:
        run.refresh_from_db()
    elif rows.exists():
        raise LeaseLostError(run.pk)
    else:
        run.refresh_from_db(fields=["state"])
        raise RunStateError(f"run {run.pk} was expected to be {before}, but it is {run.state}")


def note_digests(run: TrainingRun, **digests: str) -> None:
    """Write links of the hash chain, such as `candles`, `setups`, `feature`."""
    columns = {f"{name}_digest": digest for name, digest in digests.items()}
    with lease_of(run).writing(**columns):
        pass
    run.refresh_from_db(fields=list(columns))


def name_worker() -> str:
    """Return host and process, so that a dead worker can be told from a busy one."""
    return f"{name_host()}:{os.getpid()}"


def name_host() -> str:
    """Return the name of this machine."""
    return platform.node()


def fail_orphaned_runs(strategy: Strategy | None = None) -> int:
    """Fail runs whose process on this host has died, so that they block nobody.

    Those with a lease that ends are none of these: the reconciler lets them go on.
    """
    runs = TrainingRun.objects.filter(state=TrainingRun.State.RUNNING, lease_until=None)
    n_failed = 0
    for run in runs if strategy is None else runs.filter(strategy=strategy):
        if is_worker_gone(run.worker):
            error = RunStateError(
                f"the process {run.worker} that trained this run has ended without a word",
                hint="Start the run again.",
            )
            with suppress(RunStateError, LeaseLostError):  # another was faster
                fail_run(run, error)
                n_failed += 1
    return n_failed


def is_worker_gone(worker: str) -> bool:
    """Say whether a process of this host is dead; those of other hosts are trusted."""
    host, _, pid = worker.rpartition(":")
    if host != name_host() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it lives, and belongs to somebody else
        return False
    return False
