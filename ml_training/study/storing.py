"""Store any model as plain files: arrays as safetensors, all else as JSON."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from ml_training.core.ensemble_result import EnsembleResult
from ml_training.core.result import FitResult
from ml_training.core.transfer import TransferResult
from ml_training.evaluation.baselines import BaseRate, LogisticBaseline
from ml_training.evaluation.boosting import BoostingBaseline
from ml_training.evaluation.forest import ForestBaseline
from ml_training.evaluation.pairwise import PairwiseBaseline
from ml_training.study.models import (
    BASE_RATE,
    BLEND,
    BOOSTING,
    ENSEMBLE,
    FOREST,
    LOGISTIC,
    NETWORK,
    PAIRWISE,
    TRANSFER,
    Blend,
    Model,
    Single,
)

Stored = dict[str, Any]

STEMS: Mapping[str, str] = {
    NETWORK: "network",
    ENSEMBLE: "ensemble",
    TRANSFER: "transfer",
    BOOSTING: "boosting",
    FOREST: "forest",
}
"""Files of the models that have some; there is never more than one of a kind."""

FILES = tuple(f"{stem}.{suffix}" for stem in STEMS.values() for suffix in ("safetensors", "json"))
"""All that a folder of a model may hold."""


def write_model(model: Model, folder: Path) -> Stored:
    """Write the arrays of a model as files, and return the rest.

    Parameters
    ----------
    model : Model
        Any that a study serves.
    folder : Path
        Exists; a blend puts the files of all its members into it.

    Returns
    -------
    dict
        Values that JSON can hold; `kind` names the model.
    """
    match model:
        case FitResult():
            kind = _kind_of(model)
            model.save(folder / STEMS[kind])
            return {"kind": kind}
        case BoostingBaseline() | ForestBaseline():
            save_file(model.as_arrays(), folder / f"{STEMS[model.name]}.safetensors")
            return {"kind": model.name, **model.as_dict()}
        case Blend():
            return {
                "kind": BLEND,
                "weights": model.weights.tolist(),
                "anchor": model.anchor,
                "members": [write_model(one, folder) for one in model.members.values()],
            }
        case _:
            return {"kind": model.name, **model.as_dict()}


def _kind_of(model: FitResult) -> str:
    if isinstance(model, EnsembleResult):
        return ENSEMBLE
    return TRANSFER if isinstance(model, TransferResult) else NETWORK


def read_model(stored: Stored, folder: Path) -> Model:
    """Read what `write_model` wrote.

    Parameters
    ----------
    stored : dict
        What it returned.
    folder : Path
        Where the files are.

    Raises
    ------
    ValueError
        When the model is of a kind nobody knows, or does not fit together.
    """
    return _read_blend(stored, folder) if stored["kind"] == BLEND else _read_single(stored, folder)


def _read_blend(stored: Stored, folder: Path) -> Blend:
    members = {one["kind"]: _read_single(one, folder) for one in stored["members"]}
    weights = np.asarray(stored["weights"], dtype=np.float64)
    if weights.shape != (len(members),) or not (weights >= 0).all():
        raise ValueError(f"a blend of {len(members)} needs as many weights of 0 or more")
    return Blend(members, weights, float(stored["anchor"]))


def _read_single(stored: Stored, folder: Path) -> Single:
    kind = stored["kind"]
    if not isinstance(kind, str) or kind not in READERS:
        raise ValueError(f"it names a model nobody knows: {kind!r}")
    return READERS[kind](stored, folder)


def _read_trees(
    kind: type[BoostingBaseline] | type[ForestBaseline], stem: str
) -> Callable[[Stored, Path], Single]:
    return lambda stored, folder: kind.from_stored(
        stored, load_file(folder / f"{stem}.safetensors")
    )


READERS: Mapping[str, Callable[[Stored, Path], Single]] = {
    NETWORK: lambda _, folder: FitResult.load(folder / STEMS[NETWORK]),
    ENSEMBLE: lambda _, folder: EnsembleResult.load(folder / STEMS[ENSEMBLE]),
    TRANSFER: lambda _, folder: TransferResult.load(folder / STEMS[TRANSFER]),
    LOGISTIC: lambda stored, _: LogisticBaseline.from_dict(stored),
    PAIRWISE: lambda stored, _: PairwiseBaseline.from_dict(stored),
    BOOSTING: _read_trees(BoostingBaseline, STEMS[BOOSTING]),
    FOREST: _read_trees(ForestBaseline, STEMS[FOREST]),
    BASE_RATE: lambda stored, _: BaseRate.from_dict(stored),
}
