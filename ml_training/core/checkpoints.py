"""Files that are whole or absent: written aside, synced, renamed, and hashed."""

import hashlib
import io
import json
import os
from collections import Counter, OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors

from ml_training.core.errors import DataError, TrainingError

FORMAT = 1
ARRAY = "array of numpy"  # marks one among plain values
SCALARS = (bool, int, float, str)
MAPPINGS = (dict, OrderedDict, Counter)  # weights-only unpickling knows these


def write_bytes(path: Path, content: bytes) -> str:
    """Write a file so that a crash leaves the old one or the new one; return its hash.

    Parameters
    ----------
    path : Path
        Its folder is made when it does not exist.
    content : bytes
        All of it.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return hashlib.sha256(content).hexdigest()


def read_bytes(path: Path, sha256: str) -> bytes:
    """Read a file and check its hash.

    Raises
    ------
    DataError
        If it is missing or not what was written.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(
            f"{path.name} is damaged: its SHA-256 should be {sha256[:12]}..., is {found[:12]}...",
            hint="use an earlier checkpoint",
        )
    return content


def save_model(
    path: Path, tensors: Mapping[str, torch.Tensor], description: Mapping[str, Any]
) -> str:
    """Write ``path.safetensors`` and ``path.json``; return the hash of the tensors.

    The description carries the hash, so the two cannot be mixed up.
    """
    content = save_safetensors(
        {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    )
    sha256 = write_bytes(path.with_suffix(".safetensors"), content)
    document = {"format": FORMAT, "sha256": sha256, **description}
    text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False)
    write_bytes(path.with_suffix(".json"), text.encode())
    return sha256


def load_model(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read what `save_model` wrote, after checking the hash.

    Raises
    ------
    DataError
        If a file is missing, damaged or of an unknown format.
    """
    try:
        description = json.loads(path.with_suffix(".json").read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{path.with_suffix('.json').name} cannot be read: {error}") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise DataError(f"{path.name} must be of format {FORMAT}", hint="train the model again")
    content = read_bytes(path.with_suffix(".safetensors"), str(description.get("sha256")))
    return load_safetensors(content), description


def pack_resume(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a resume checkpoint: tensors and plain values only."""
    buffer = io.BytesIO()
    torch.save(dict(document), buffer)
    return buffer.getvalue()


def unpack_resume(content: bytes) -> dict[str, Any]:
    """Return what `pack_resume` packed; check the hash of `content` before.

    Raises
    ------
    DataError
        If it holds anything but tensors and plain values, or is cut short.
    """
    try:
        document = torch.load(io.BytesIO(content), weights_only=True)
    except Exception as error:
        raise DataError(f"the checkpoint cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise DataError(f"the checkpoint must hold a mapping, got {type(document).__name__}")
    return document


def to_plain(value: Any) -> Any:
    """Return a value as tensors and plain values, all the way down.

    Numbers of numpy become Python's, arrays become tensors of bytes with a type and a
    shape. Counters and ordered mappings stay what they are: schedules go by them.

    Raises
    ------
    TrainingError
        If there is anything else in it: `unpack_resume` would not read it back.
    """
    if type(value) in MAPPINGS:
        return type(value)({to_plain(key): to_plain(kept) for key, kept in value.items()})
    if type(value) in (list, tuple, set):
        return type(value)(to_plain(kept) for kept in value)
    if isinstance(value, torch.Tensor):
        still = value.detach()
        is_view = still.untyped_storage().nbytes() > still.nbytes  # all of it would be saved
        return still.clone() if is_view else still
    return _array_to_plain(value) if isinstance(value, np.ndarray) else _scalar_to_plain(value)


def _array_to_plain(value: npt.NDArray[Any]) -> dict[str, Any]:
    if value.dtype.hasobject:
        raise TrainingError("an array of objects cannot be kept in a checkpoint")
    content = np.ascontiguousarray(value).reshape(-1).view(np.uint8).copy()
    return {ARRAY: torch.from_numpy(content), "type": value.dtype.str, "shape": value.shape}


def _scalar_to_plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or type(value) in SCALARS:
        return value
    raise TrainingError(f"a value of type {type(value).__name__} cannot be kept in a checkpoint")


def from_plain(value: Any) -> Any:
    """Return what `to_plain` was given."""
    if isinstance(value, dict):
        if ARRAY in value:
            content = value[ARRAY].numpy().view(np.dtype(value["type"]))
            return content.reshape(value["shape"])
        return type(value)({key: from_plain(kept) for key, kept in value.items()})
    if type(value) in (list, tuple):
        return type(value)(from_plain(kept) for kept in value)
    return value


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
