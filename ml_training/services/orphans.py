"""Places to resume that nobody will resume from: found, counted and swept away.

A process that is killed between its file and its row leaves a file that no row knows; a
run that is deleted leaves all of its. Files of models are left alone whatever the rows
say: another installation may share the storage, and a model cannot be made again in
minutes.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from ml_training.conf import read_conf
from ml_training.models import Checkpoint, TrainingRun
from ml_training.services.checkpoints import delete_checkpoint, models_storage

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
FOLDER = re.compile(UUID)
STATE = re.compile(rf"resume-{UUID}\.state")
GRACE = timedelta(hours=1)  # chosen: a row follows its file within seconds
State = TrainingRun.State


@dataclass(frozen=True, kw_only=True)
class Swept:
    """How many places to resume were of no use any more."""

    n_states: int = 0
    n_files: int = 0

    def __bool__(self) -> bool:
        """Say whether there were any."""
        return bool(self.n_states or self.n_files)


def sweep() -> Swept:
    """Delete the states of runs that ended, and the files that no row knows."""
    n_states = 0
    for checkpoint in ended_states():
        delete_checkpoint(checkpoint)
        n_states += 1
    n_files = 0
    for name in find_orphans():
        models_storage().delete(name)
        n_files += 1
    return Swept(n_states=n_states, n_files=n_files)


def count_unused() -> Swept:
    """Count what a sweep would take."""
    return Swept(n_states=ended_states().count(), n_files=sum(1 for _ in find_orphans()))


def ended_states() -> QuerySet[Checkpoint]:
    """Return the states of runs that succeeded, or that nobody resumed for long."""
    late = Now() - timedelta(days=read_conf().keep_states_days)
    ended = Q(run__state__in=[State.FAILED, State.CANCELED], run__ended_at__lt=late)
    states = Checkpoint.objects.filter(kind=Checkpoint.Kind.RESUME)
    return states.filter(Q(run__state=State.SUCCEEDED) | ended)


def find_orphans() -> Iterator[str]:
    """Yield the files of states that have no row, and are not just being written."""
    known = set(
        Checkpoint.objects.filter(kind=Checkpoint.Kind.RESUME).values_list("file", flat=True)
    )
    for folder in filter(FOLDER.fullmatch, list_names("", at=0)):
        for file in filter(STATE.fullmatch, list_names(folder, at=1)):
            name = f"{folder}/{file}"
            if name not in known and is_old(name):
                yield name


def list_names(folder: str, *, at: int) -> list[str]:
    """Return the folders (at 0) or files (at 1) in a folder; none when it is gone."""
    with suppress(FileNotFoundError):
        return list(models_storage().listdir(folder)[at])
    return []


def is_old(name: str) -> bool:
    """Say whether a file is so old that its row would be there."""
    with suppress(FileNotFoundError):
        return models_storage().get_modified_time(name) < timezone.now() - GRACE
    return False
