"""Store trained models with their hash; hand out only what still has it."""

import errno
import hashlib
import io
import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import Storage
from django.db import transaction

from ml_training.errors import DataError
from ml_training.models import Checkpoint, TrainingRun
from ml_training.services.jsonable import to_jsonable


class CheckpointError(DataError):
    """Say that a stored model is not the one that was saved."""


class StorageError(OSError):
    """Say why a model could not be stored; whatever was stored before is as it was."""

    def __init__(self, kind: str, size: int, error: OSError) -> None:
        number = error.errno or 0
        name = errno.errorcode.get(number, type(error).__name__)
        super().__init__(
            f"a {kind} checkpoint of {size:,} bytes could not be stored: "
            f"{error.strerror or error} ({name})"
        )
        self.errno = number
        self.hint = WAYS_OUT.get(number, "Look at the disk, and at the log of the system.")


MAKE_ROOM = "Make room on the disk, or put the storage `checkpoints` elsewhere; then resume."
GIVE_RIGHTS = "Give the trainer the right to write to the storage `checkpoints`; then resume."
WAYS_OUT = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), MAKE_ROOM),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), GIVE_RIGHTS),
}


def models_storage() -> Storage:
    """Return the storage that holds the files of all checkpoints."""
    return Checkpoint().file.storage


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
    Raises `StorageError` when it cannot be stored; nothing is left of it then.
    """
    checkpoint = Checkpoint(run=run, kind=kind, epoch=epoch, meta=to_jsonable(meta or {}))
    with path.open("rb") as source:
        return store(checkpoint, source, path.suffix)


def store_bytes(
    run: TrainingRun, kind: str, content: bytes, suffix: str, **columns: Any
) -> Checkpoint:
    """Put bytes into the storage and note their hash, like `store_checkpoint`."""
    return store(Checkpoint(run=run, kind=kind, **columns), io.BytesIO(content), suffix)


def store(checkpoint: Checkpoint, source: IO[bytes], suffix: str) -> Checkpoint:
    """Store the file of a checkpoint, then the row without which it is not there."""
    checkpoint.sha256 = hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]
    checkpoint.size = source.seek(0, os.SEEK_END)
    source.seek(0)
    name = f"{checkpoint.run_id or 'base'}/{checkpoint.kind}-{uuid.uuid4()}{suffix}"
    try:
        checkpoint.file.save(name, File(source), save=False)
        sync_file(checkpoint)
        with transaction.atomic():
            checkpoint.save()
    except BaseException as error:
        with suppress(OSError):  # the first error matters more; a sweep takes the rest
            models_storage().delete(name)
        if isinstance(error, OSError):
            raise StorageError(checkpoint.kind, checkpoint.size, error) from error
        raise
    return checkpoint


def sync_file(checkpoint: Checkpoint) -> None:
    """Let the disk take the file and its name, before a row says that it is there."""
    try:
        path = Path(checkpoint.file.path)
    except NotImplementedError:  # a storage that is no disk answers when it has the file
        return
    for place in (path, path.parent, path.parent.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def delete_checkpoint(checkpoint: Checkpoint) -> None:
    """Forget a saved model: first its row, so that none stands without its file."""
    name, storage = str(checkpoint.file.name), checkpoint.file.storage
    checkpoint.delete()
    with suppress(OSError):  # a file without its row is swept away later
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
