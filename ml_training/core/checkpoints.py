"""Files that are whole or absent: written aside, synced, renamed, and hashed."""

import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors

from ml_training.core.errors import DataError

FORMAT = 1


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


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
