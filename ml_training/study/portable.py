"""Say in arrays and plain words how a served model counts, for readers without torch.

A network becomes a list of steps such as `linear` or `relu`; what each step does is
written down once more, in numpy alone, in `ml_training/study/strategy_model.py`, which
travels with every exported model.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from ml_training.core.arrays import LARGEST
from ml_training.core.ensemble_network import SCALE_PACE, Ensemble, MemberStack
from ml_training.core.network import HouseNetwork, Sum
from ml_training.core.result import FitResult
from ml_training.core.treatments import Flag, Impute, Scale, Silence, Treatment, Winsorise
from ml_training.errors import DataError
from ml_training.evaluation.baselines import COLUMNS, BaseRate, LogisticBaseline
from ml_training.evaluation.boosting import BoostingBaseline
from ml_training.evaluation.forest import LARGEST as FOREST_LARGEST
from ml_training.evaluation.forest import ForestBaseline
from ml_training.evaluation.pairwise import PairwiseBaseline
from ml_training.study.models import BLEND, Blend, Model
from ml_training.study.serving import ServedModel

FORMAT = "strategy-model/1"

Step = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

BARE = {
    kind.__name__: kind.__name__.lower()
    for kind in (nn.ReLU, nn.SELU, nn.SiLU, nn.Tanh, nn.Sigmoid)
}
"""Layers that have no numbers of their own, and the step they become."""


class Shelf:
    """Collect arrays under names that do not collide."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}

    def put(self, name: str, values: ArrayLike | torch.Tensor) -> str:
        """Keep an array, and return the name it is found under."""
        if isinstance(values, torch.Tensor):
            values = values.detach().cpu().numpy()
        key = f"{len(self.arrays):04d}.{name}"
        self.arrays[key] = np.ascontiguousarray(values)
        return key


def describe_portable(served: ServedModel) -> tuple[dict[str, Any], Arrays]:
    """Return a document that JSON can hold, and the arrays it names.

    Parameters
    ----------
    served : ServedModel
        Any model that a study serves.

    Raises
    ------
    DataError
        When a part of a network has no description; the house's own all have one.
    """
    shelf = Shelf()
    document = {
        "format": FORMAT,
        "name": served.name,
        "feature_names": list(served.feature_names),
        "feature_digest": served.feature_digest,
        "model": _describe(served.model, shelf),
        "calibration": served.calibration.as_dict(),
        "threshold": served.threshold,
    }
    return document, shelf.arrays


def _describe(model: Model, shelf: Shelf) -> Step:
    match model:
        case BaseRate():
            described = {"kind": "constant", "chance": model.rate}
        case LogisticBaseline():
            arrays = {name: shelf.put(name, getattr(model, name)) for name in COLUMNS}
            described = {"kind": "logistic", "intercept": model.intercept, **arrays}
        case PairwiseBaseline():
            described = {"kind": "pairwise", "level": model.level}
            described["line"] = _describe(model.line, shelf)
            described["pairs"] = model.as_dict()["pairs"]
        case BoostingBaseline():
            trees = _put_all(model.as_arrays(), shelf)
            described = {"kind": "boosting", "base_log_odds": model.base_log_odds, "trees": trees}
        case ForestBaseline():
            trees = _put_all(model.as_arrays(), shelf)
            described = {"kind": "forest", "largest": FOREST_LARGEST, "trees": trees}
        case Blend():
            described = {
                "kind": BLEND,
                "anchor": model.anchor,
                "weights": model.weights.tolist(),
                "members": [_describe(one, shelf) for one in model.members.values()],
            }
        case FitResult():
            described = _describe_network(model, shelf)
    return described


def _put_all(arrays: Arrays, shelf: Shelf) -> dict[str, str]:
    return {name: shelf.put(name, values) for name, values in arrays.items()}


def _describe_network(fitted: FitResult, shelf: Shelf) -> Step:
    predictor = fitted.predictor
    wins = int(np.flatnonzero(predictor.classes == 1)[0])
    if predictor.model is None:
        return {"kind": "constant", "chance": float(predictor.base_rate[wins])}
    if predictor.output_kind not in {"logit", "probability"} or len(predictor.classes) != 2:
        raise DataError(
            f"a network must give log-odds or chances of two classes to be exported, this one "
            f"gives {predictor.output_kind!r} of {len(predictor.classes)}",
            hint="export a model of the house network",
        )
    return {
        "kind": "network",
        "largest": LARGEST,
        "treatments": [_describe_treatment(one, shelf) for one in predictor.treatments],
        "steps": list(_describe_layers([predictor.model], shelf)),
        "outputs": predictor.output_kind,
        "temperature": predictor.temperature,
        "wins": wins,
        "base_rate": float(predictor.base_rate[wins]),
    }


def _describe_treatment(treatment: Treatment, shelf: Shelf) -> Step:
    match treatment:
        case Impute():
            return {"op": "fill", "value": shelf.put("fill", treatment.fill)}
        case Flag():
            return {"op": "flag", "columns": list(treatment.columns)}
        case Scale():
            names = {n: shelf.put(n, getattr(treatment, n)) for n in ("centre", "width")}
            return {"op": "scale", "limit": treatment.limit, **names}
        case Silence():
            columns, values = list(treatment.columns), list(treatment.values)
            return {"op": "replace", "columns": columns, "values": values}
        case Winsorise():
            return {"op": "clip", **{n: shelf.put(n, getattr(treatment, n)) for n in FENCE}}
        case _:
            raise _unknown(treatment)


FENCE = ("low", "high")


def _describe_layers(layers: Iterable[nn.Module], shelf: Shelf) -> Iterable[Step]:
    for layer in layers:
        match layer:
            case HouseNetwork():
                yield from _describe_layers(layer.layers, shelf)
            case nn.Sequential():
                yield from _describe_layers(layer, shelf)
            case Sum():
                branches = [list(_describe_layers([one], shelf)) for one in layer.branches]
                yield {"op": "sum", "branches": branches}
            case Ensemble():
                yield from _describe_ensemble(layer, shelf)
            case nn.Dropout() | nn.AlphaDropout() | nn.Identity():
                pass  # nothing happens there once training is over
            case _:
                yield _describe_layer(layer, shelf)


def _describe_layer(layer: nn.Module, shelf: Shelf) -> Step:
    kind = type(layer).__name__
    match layer:
        case nn.Linear():
            described = _linear(layer.weight, layer.bias, shelf)
        case nn.BatchNorm1d() | nn.LayerNorm():
            described = _describe_norm(layer, shelf)
        case nn.LeakyReLU():
            described = {"op": "leaky_relu", "slope": layer.negative_slope}
        case nn.ELU():
            described = {"op": "elu", "alpha": layer.alpha}
        case nn.GELU() if layer.approximate == "none":
            described = {"op": "gelu"}
        case _ if kind in BARE:
            described = {"op": BARE[kind]}
        case _:
            raise _unknown(layer)
    return described


def _describe_norm(layer: nn.BatchNorm1d | nn.LayerNorm, shelf: Shelf) -> Step:
    own = {name.removeprefix("running_"): values for name, values in layer.state_dict().items()}
    own.pop("num_batches_tracked", None)
    op = "batch_norm" if isinstance(layer, nn.BatchNorm1d) else "layer_norm"
    return {"op": op, "eps": layer.eps, **_put_tensors(own, shelf)}


def _linear(weight: torch.Tensor, bias: torch.Tensor | None, shelf: Shelf) -> Step:
    bias = weight.new_zeros(len(weight)) if bias is None else bias
    return {"op": "linear", "weight": shelf.put("weight", weight), "bias": shelf.put("bias", bias)}


def _put_tensors(tensors: dict[str, torch.Tensor], shelf: Shelf) -> dict[str, str]:
    return {name: shelf.put(name, values) for name, values in tensors.items()}


def _describe_ensemble(ensemble: Ensemble, shelf: Shelf) -> Iterable[Step]:
    """Say what the members do one by one: small, and plain to follow."""
    if ensemble.shape.averages != "probabilities" or ensemble.shape.n_outputs != 1:
        raise _unknown(ensemble)
    yield {"op": "clip", **_put_tensors({n: getattr(ensemble, n) for n in FENCE}, shelf)}
    names = {n: shelf.put(n, getattr(ensemble, n)) for n in ("centre", "width")}
    yield {"op": "scale", "limit": None, **names}
    members = [
        list(_describe_member(ensemble.best, number, shelf))
        for number in range(ensemble.n_members)
    ]
    yield {"op": "mean_of_members", "members": members}


def _describe_member(stack: MemberStack, number: int, shelf: Shelf) -> Iterable[Step]:
    bent = [*_describe_member_layers(stack.layers, number, shelf)]
    bent.append(_member_linear(stack.head, number, shelf))
    yield {"op": "sum", "branches": [bent, [_member_linear(stack.line, number, shelf)]]}


def _describe_member_layers(
    layers: Iterable[nn.Module], number: int, shelf: Shelf
) -> Iterable[Step]:
    for layer in layers:
        own = dict(layer.named_parameters())
        match type(layer).__name__:
            case "MemberScale":
                yield {
                    "op": "multiply",
                    "factor": shelf.put("factor", own["weight"][number, 0] * SCALE_PACE),
                }
            case "MemberLinear":
                yield _member_linear(layer, number, shelf)
            case "MemberNorm":
                arrays = {name: values[number, 0] for name, values in own.items()}
                yield {"op": "layer_norm", "eps": 1e-5, **_put_tensors(arrays, shelf)}
            case _:
                yield from _describe_layers([layer], shelf)


def _member_linear(layer: nn.Module, number: int, shelf: Shelf) -> Step:
    own = dict(layer.named_parameters())
    return _linear(own["weight"][number].T, own["bias"][number, 0], shelf)


def _unknown(part: object) -> DataError:
    return DataError(
        f"a {type(part).__name__} of a network cannot be exported: it has no description",
        hint="serve another model, or use the saved one with this program",
    )
