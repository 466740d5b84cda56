"""One file for a base model: its tensors, and all else as JSON beside them, hashed."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors

from ml_training.core.network import HouseNetwork
from ml_training.core.result import FitResult
from ml_training.errors import DataError
from ml_training.study.base_model import MARKET_STATE, BaseModel

FORMAT = "base-model/1"
CARD = "card"
"""The one key of the metadata; several would be written in any order."""

HEADER_LENGTH = 8
"""Bytes in front of a safetensors file that say how long its header is."""

DAMAGE = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What a card that was cut off or written by hand makes Python raise."""

HINT = "Train the base model again: manage.py train_base_model"

Tensors = dict[str, torch.Tensor]


def write_base(base: BaseModel) -> bytes:
    """Return a base model as the bytes of one safetensors file.

    Parameters
    ----------
    base : BaseModel
        The same one always gives the same bytes.
    """
    tensors, network = base.fitted.parts()
    card = {"format": FORMAT, "base": base.describe(), "network": network}
    return _pack(tensors, {**card, "sha256": _hash(tensors, card)})


def read_base(data: bytes, *, before: int | None = None) -> BaseModel:
    """Return the base model that `write_base` wrote.

    Parameters
    ----------
    data : bytes
        All of the file.
    before : int or None
        UTC epoch seconds of the first setup that it will be judged on; a base model
        that learned from labels which end later is refused. None takes any.

    Raises
    ------
    DataError
        When it is cut off, altered, of another format, of other features, or from the
        future; the message says which. Nothing of it is loaded then.
    """
    card = _read_card(data)
    _check_features(card)
    tensors = _read_tensors(data, card)
    try:
        base = _rebuild(tensors, card)
    except DAMAGE as error:
        raise DataError(
            f"The base model does not fit together: {type(error).__name__}: {error}", hint=HINT
        ) from error
    if before is not None:
        check_past(base, before)
    return base


def check_past(base: BaseModel, before: int) -> None:
    """Refuse a base model that knows what comes after a moment.

    Parameters
    ----------
    base : BaseModel
        Any.
    before : int
        UTC epoch seconds.

    Raises
    ------
    DataError
        When it learned from labels that end later.
    """
    if base.trained_until > before:
        raise DataError(
            f"The base model {base.name!r} learned from setups up to {base.day}, which lies "
            "after the first setup it would be judged on",
            hint="Use an older base model, or train one with --until",
        )


def _pack(tensors: Mapping[str, torch.Tensor], card: Mapping[str, Any]) -> bytes:
    text = json.dumps(card, sort_keys=True, allow_nan=False)
    whole = {name: one.detach().cpu().contiguous().clone() for name, one in tensors.items()}
    return save_safetensors(whole, metadata={CARD: text})


def _read_card(data: bytes) -> dict[str, Any]:
    """Return the card of a file that is as long as its header says."""
    try:
        length = int.from_bytes(data[:HEADER_LENGTH], "little")
        header = json.loads(data[HEADER_LENGTH : HEADER_LENGTH + length])
        card = json.loads(header.pop("__metadata__")[CARD])
        end = max((one["data_offsets"][1] for one in header.values()), default=0)
        missing = HEADER_LENGTH + length + end - len(data)
    except DAMAGE as error:
        raise DataError(
            f"This is no base model, or its beginning is damaged: {error}", hint=HINT
        ) from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        found = card.get("format") if isinstance(card, dict) else type(card).__name__
        raise DataError(f"A base model must be of format {FORMAT!r}, got {found!r}", hint=HINT)
    if missing > 0:
        raise DataError(
            f"The file of the base model is cut off: {missing:,} bytes are missing", hint=HINT
        )
    return card


def _check_features(card: Mapping[str, Any]) -> None:
    base = card.get("base")
    digest = base.get("feature_digest") if isinstance(base, dict) else None
    if digest != MARKET_STATE.digest:
        raise DataError(
            f"The base model was trained on other features: their hash is {str(digest)[:12]}, "
            f"that of the present ones {MARKET_STATE.digest[:12]}",
            hint=HINT,
        )


def _read_tensors(data: bytes, card: dict[str, Any]) -> Tensors:
    """Return the tensors of a file that is what was written, to the last byte."""
    try:
        tensors = load_safetensors(data)
    except (SafetensorError, *DAMAGE) as error:
        raise DataError(f"The base model is damaged: {error}", hint=HINT) from error
    told = {name: value for name, value in card.items() if name != "sha256"}
    if card.get("sha256") != _hash(tensors, told) or _pack(tensors, card) != data:
        raise DataError("The base model was altered: its content has another hash", hint=HINT)
    return tensors


def _rebuild(tensors: Tensors, card: Mapping[str, Any]) -> BaseModel:
    told = card["base"]
    fitted = FitResult.from_parts(tensors, card["network"])
    names = tuple(told["feature_names"])
    if names != MARKET_STATE.names or fitted.predictor.n_features != len(names):
        raise ValueError(f"it takes {fitted.predictor.n_features} features, not {len(names)}")
    if fitted.model is not None and not isinstance(fitted.model, HouseNetwork):
        raise TypeError(f"its network is a {type(fitted.model).__name__}")
    base = BaseModel(
        name=str(told["name"]),
        presets=tuple(told["presets"]),
        trained_until=int(told["trained_until"]),
        feature_names=names,
        feature_digest=told["feature_digest"],
        n_setups=int(told["n_setups"]),
        n_effective=float(told["n_effective"]),
        scores=dict(told["scores"]),
        symbols=tuple(told["symbols"]),
        timeframes=tuple(told["timeframes"]),
        fitted=fitted,
    )
    base.predict_proba(torch.zeros(1, len(names)).numpy())  # fails here, not in a training
    return base


def _hash(tensors: Mapping[str, torch.Tensor], card: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the card, and of names, types, shapes and values."""
    sha = hashlib.sha256(json.dumps(card, sort_keys=True, allow_nan=False).encode())
    for name in sorted(tensors):
        one = tensors[name].detach().cpu().contiguous()
        sha.update(f"{name} {one.dtype} {tuple(one.shape)}".encode())
        sha.update(one.numpy().tobytes())
    return sha.hexdigest()
