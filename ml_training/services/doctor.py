"""Look at every part of an installation; say what is wrong and the way out."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core import checks
from django.core.files.base import ContentFile
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from ml_training.models import TrainingRun
from ml_training.services.canary import ALIVE_S, last_answer
from ml_training.services.checkpoints import models_storage
from ml_training.services.orphans import count_unused
from ml_training.services.reconciler import EXPIRED

LEAST_FREE_GB = 1.0  # chosen: some thousand checkpoints of the house network
N_NAMED = 5
State = TrainingRun.State


@dataclass(frozen=True)
class Symptom:
    """One thing that was looked at, and what to do when it is not well."""

    name: str
    words: str
    is_well: bool = True
    way_out: str = ""


def examine() -> Iterator[Symptom]:
    """Look at one part after the other; what needs the database waits for it."""
    yield examine_settings()
    database = examine_database()
    yield database
    yield examine_storage()
    if database.is_well:
        for part in PARTS:
            yield part()


def examine_settings() -> Symptom:
    """Run the system checks."""
    found = [one for one in checks.run_checks() if one.is_serious()]
    words = "; ".join(str(one.msg) for one in found) or "nothing to say against them"
    return Symptom("settings", words, is_well=not found, way_out="manage.py check tells more.")


def examine_database() -> Symptom:
    """Ask the database for its tables."""
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError as error:
        return Symptom(
            "database", str(error), is_well=False, way_out="Look at DATABASE_URL, and start it."
        )
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    words = f"{connection.vendor}, {len(plan)} migration(s) to apply"
    return Symptom("database", words, is_well=not plan, way_out="manage.py migrate")


def examine_storage() -> Symptom:
    """Write a file where models are kept, and look how much room there is."""
    storage = models_storage()
    try:
        storage.delete(storage.save("doctor", ContentFile(b"well")))
    except OSError as error:
        return Symptom(
            "checkpoints",
            str(error),
            is_well=False,
            way_out="Give the process the right to write.",
        )
    free_gb = read_free_gb(storage)
    if free_gb is None:
        return Symptom("checkpoints", "can be written")
    if free_gb < LEAST_FREE_GB:
        words = f"the disk is low: {free_gb:.2f} GB free, less than {LEAST_FREE_GB:.0f} GB"
        return Symptom("checkpoints", words, is_well=False, way_out="Make room on the disk.")
    return Symptom("checkpoints", f"can be written, {free_gb:.1f} GB free")


def read_free_gb(storage: Any) -> float | None:
    """Return the room on the disk of a storage; None where it is not a disk."""
    try:
        return shutil.disk_usage(Path(storage.path(""))).free / 1e9
    except (NotImplementedError, OSError):
        return None


def examine_trainer() -> Symptom:
    """Ask when a worker answered last; one at work on a run has no time to."""
    n_busy = TrainingRun.objects.filter(state=State.RUNNING).exclude(lease_until=None).count()
    n_waiting = TrainingRun.objects.filter(state=State.QUEUED).count()
    answer = last_answer()
    age_s = (timezone.now() - answer.stopped).total_seconds() if answer else None
    is_alive = bool(n_busy) or (age_s is not None and age_s < ALIVE_S)
    heard = "never heard of" if age_s is None else f"answered {age_s:.0f} s ago"
    words = f"{heard}, {n_busy} run(s) at work, {n_waiting} waiting"
    return Symptom("trainer", words, is_well=is_alive, way_out="Start one: manage.py trainer")


def examine_leases() -> Symptom:
    """Look for runs whose worker is not heard any more."""
    lost = list(TrainingRun.objects.filter(EXPIRED, state=State.RUNNING)[:N_NAMED])
    words = "; ".join(f"run {run.pk} of {run.worker}" for run in lost) or "all workers are heard"
    return Symptom(
        "leases", words, is_well=not lost, way_out="manage.py reconcile, or start a trainer."
    )


def examine_poison() -> Symptom:
    """Look for runs that killed their process again and again."""
    poison = TrainingRun.objects.filter(end_cause=TrainingRun.EndCause.POISON)
    words = "; ".join(f"run {run.pk}: {run.error}" for run in poison[:N_NAMED])
    return Symptom(
        "failed attempts",
        words or "none",
        is_well=not words,
        way_out="Find the cause, then resume.",
    )


def examine_states() -> Symptom:
    """Look for places to resume that nobody will resume from."""
    unused = count_unused()
    words = (
        f"{unused.n_files} file(s) that no run knows, {unused.n_states} of runs that ended"
        if unused
        else "none is left over"
    )
    return Symptom(
        "saved states",
        words,
        is_well=not unused,
        way_out="manage.py reconcile deletes them; a trainer does so once an hour.",
    )


PARTS: tuple[Callable[[], Symptom], ...] = (
    examine_trainer,
    examine_leases,
    examine_poison,
    examine_states,
)
"""What is looked at when the database answers."""
