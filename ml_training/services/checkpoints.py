"""Store trained models with their hash; hand out only what still has it."""

import hashlib
import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import transaction

from ml_training.errors import DataError
from ml_training.models import Checkpoint, TrainingRun
from ml_training.services.jsonable import to_jsonable


class CheckpointError(DataError):
    """Say that a stored model is not the one that was saved."""


def store_checkpoint(
    run: TrainingRun | None,
    kind: str,
    path: Path,
    *,
    epoch: int = 0,
    meta: Mapping[str, Any] | None = None,
) -> Checkpoint:
    """Copy a saved model into the storage and note its hash.

    The name comes from the run's UUID and a new one, never from the caller's path.
    """
    with path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
        source.seek(0)
        checkpoint = Checkpoint(
            run=run,
            kind=kind,
            sha256=digest,
            size=path.stat().st_size,
            epoch=epoch,
            meta=to_jsonable(meta or {}),
        )
        name = f"{run.pk if run else 'base'}/{kind}-{uuid.uuid4()}{path.suffix}"
        try:
            checkpoint.file.save(name, File(source), save=False)
            sync_file(checkpoint)
            with transaction.atomic():
                checkpoint.save()
        except BaseException:
            checkpoint.file.storage.delete(name)  # no file without its row
            raise
    return checkpoint


def sync_file(checkpoint: Checkpoint) -> None:
    """Let the disk take the file and its name, before a row says that it is there."""
    try:
        path = Path(checkpoint.file.path)
    except NotImplementedError:  # a storage that is no disk answers when it has the file
        return
    for place in (path, path.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def delete_checkpoint(checkpoint: Checkpoint) -> None:
    """Forget a saved model: first its row, so that none stands without its file."""
    name, storage = str(checkpoint.file.name), checkpoint.file.storage
    checkpoint.delete()
    storage.delete(name)


def read_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Return the bytes of a stored model; raise `CheckpointError` when they changed."""
    try:
        with checkpoint.file.open("rb") as file:
            content: bytes = file.read()
    except FileNotFoundError as error:
        raise CheckpointError(
            f"the file of {checkpoint} is missing: {checkpoint.file.name}",
            hint="Restore it from a backup, or train again.",
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != checkpoint.sha256:
        raise CheckpointError(
            f"the file of {checkpoint} must have SHA-256 {checkpoint.sha256}, got {digest}",
            hint="It was damaged or exchanged. Restore it from a backup, or train again.",
        )
    return content


@contextmanager
def local_copy(checkpoint: Checkpoint) -> Iterator[Path]:
    """Give the verified model as a file of its own for as long as the block lasts."""
    content = read_checkpoint(checkpoint)
    with tempfile.TemporaryDirectory(prefix="checkpoint_") as folder:
        path = Path(folder) / Path(str(checkpoint.file.name)).name
        path.write_bytes(content)
        yield path
