"""What a run was given, in a few words and hashes: to see that it is given the same."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from ml_training.core.prepare import Prepared
from ml_training.core.settings import TrainSettings
from ml_training.core.structure import PLAIN_TYPES


def fingerprint(settings: TrainSettings, prepared: Prepared) -> dict[str, str]:
    """Return a hash of every array of a run, and every setting in words.

    Parameters
    ----------
    settings : TrainSettings
        Functions among them are known by name, losses of torch by what they hold.
    prepared : Prepared
        Rows, classes and weights.

    Notes
    -----
    Hashing takes about a second for each gigabyte.
    """
    train, validation = prepared.train, prepared.validation
    arrays = {
        "X_train": train.X,
        "y_train": train.y,
        "sample_weight": np.zeros(0) if train.weight is None else train.weight,
        "X_val": validation.X,
        "y_val": validation.y,
    }
    marks = {name: hash_array(values) for name, values in arrays.items()}
    marks["the classes of y_train"] = f"{prepared.task} {prepared.classes.tolist()}"
    chosen = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return marks | {f"settings.{name}": describe(value) for name, value in chosen.items()}


def hash_array(values: np.ndarray) -> str:
    """Return the SHA-256 of type, shape and content of an array."""
    content = hashlib.sha256(f"{values.dtype.str} {values.shape}".encode())
    content.update(np.ascontiguousarray(values).data)
    return content.hexdigest()


def describe(value: Any) -> str:
    """Return words that are the same for the same value in every process.

    Examples
    --------
    >>> describe({"b": 2, "a": frozenset({"y", "x"})})
    "{a: {'x', 'y'}, b: 2}"
    >>> describe(nn.MSELoss())
    "MSELoss(reduction='mean')"
    """
    for kind, in_words in WORDS:
        if isinstance(value, kind):
            return in_words(value)
    is_function = callable(value)
    return (
        str(getattr(value, "__qualname__", type(value).__qualname__))
        if is_function
        else repr(value)
    )


def _describe_mapping(value: Mapping[Any, Any]) -> str:
    return "{" + ", ".join(f"{k}: {describe(value[k])}" for k in sorted(value)) + "}"


def _describe_set(value: Collection[Any]) -> str:
    return "{" + ", ".join(sorted(map(describe, value))) + "}"


def _describe_row(value: Collection[Any]) -> str:
    return "[" + ", ".join(map(describe, value)) + "]"


def _describe_tensor(value: torch.Tensor) -> str:
    return hash_array(value.numpy(force=True))


def _describe_partial(value: "partial[Any]") -> str:
    return f"{describe(value.func)}{describe(value.args)}{describe(value.keywords)}"


def _describe_module(module: nn.Module) -> str:
    plain = {
        name: value
        for name, value in vars(module).items()
        if type(value) in PLAIN_TYPES and name[0] != "_" and name != "training"
    }
    held = {**plain, **module.state_dict()}
    inside = ", ".join(f"{name}={describe(value)}" for name, value in held.items())
    return f"{type(module).__qualname__}({inside})"


WORDS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (Mapping, _describe_mapping),
    (frozenset | set, _describe_set),
    (list | tuple, _describe_row),
    (torch.Tensor, _describe_tensor),
    (nn.Module, _describe_module),
    (partial, _describe_partial),
)
