"""Measurements on a network before its first step: scale, gradient, reach, bends."""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from ml_training.core.anatomy import BLOCKING, SQUASHING, Part, standing_still, trace
from ml_training.core.arrays import Floats
from ml_training.core.curves import compare_curves
from ml_training.core.facts import LayerFacts, NetworkFacts
from ml_training.core.objective import flatten_outputs
from ml_training.core.state import TrainingState
from ml_training.core.surgery import sample_rows

SATURATED = 0.95  # of the way to the limit; tanh then passes 10 % of a gradient
ALIKE = 1e-6  # chosen: rounding of single floats
REACHES = (1e3, 1e6)  # chosen: a bounded output does not tell them apart
GROWTH = 10.0  # chosen: what is not bounded grows a thousandfold between the two
N_DRAWS = 4  # chosen: two of either sign, whatever the layers before make of the rows
STRAIGHT = 1e-3  # chosen: rounding of single floats through a dozen layers


def measure_network(state: TrainingState) -> NetworkFacts:
    """Return what is to be known of a network before it is trained.

    Parameters
    ----------
    state : TrainingState
        Left as it was: weights, statistics, random generators, gradients.

    Notes
    -----
    Costs about as much as ten steps. A model that cannot be looked into gives facts
    that no detector minds.
    """
    generators = torch.get_rng_state()
    try:
        facts = _measure_parts(state)
        facts = _measure_reach(state, facts)
        return _measure_curves(state, facts)
    except Exception:
        return NetworkFacts()
    finally:
        torch.set_rng_state(generators)
        state.flat.zero_gradients()


def _measure_parts(state: TrainingState) -> NetworkFacts:
    X = sample_rows(state)
    targets = state.data.train.y[: len(X)]
    with torch.enable_grad(), standing_still(state.model):
        parts, outputs = trace(state.model, X)
        state.flat.zero_gradients()
        state.objective(outputs, targets).backward()
    flat_outputs = flatten_outputs(outputs.detach())
    return NetworkFacts(
        layers=tuple(_layer_facts(i, parts) for i in _dense(parts)),
        input_size=_size(X),
        output_kind=state.objective.output_kind,
        n_outputs=flat_outputs.shape[1] if flat_outputs.ndim > 1 else 1,
        output_deviation=_deviation(flat_outputs),
        target_deviation=_target_deviation(state),
        sums_to_one=_sums_to_one(flat_outputs),
    )


def _dense(parts: list[Part]) -> list[int]:
    return [i for i, part in enumerate(parts) if part.is_linear]


def _layer_facts(place: int, parts: list[Part]) -> LayerFacts:
    part = parts[place]
    layer = part.module
    assert isinstance(layer, nn.Linear)
    facts = LayerFacts(
        name=part.name,
        n_inputs=layer.in_features,
        n_units=layer.out_features,
        weight_size=_size(layer.weight.detach()),
        deviation_in=_deviation(part.inputs.detach()),
        deviation_out=_deviation(part.outputs.detach()),
        size_out=_size(part.outputs.detach()),
        gradient=0.0 if layer.weight.grad is None else float(layer.weight.grad.norm()),
        alike=float(_are_units_alike(layer)),
    )
    following = _until_next_dense(place, parts)
    dropout = _dropouts(following)
    facts = replace(facts, dropout=dropout, is_normalised=any(p.is_norm for p in following))
    activation = next((p for p in following if p.is_activation), None)
    return facts if activation is None else _with_activation(facts, activation)


def _until_next_dense(place: int, parts: list[Part]) -> list[Part]:
    following: list[Part] = []
    for part in parts[place + 1 :]:
        if part.is_linear:
            break
        following.append(part)
    return following


def _dropouts(following: list[Part]) -> float:
    """Return the share dropped behind a layer; what several keep is multiplied."""
    kept = math.prod(1 - p.module.p for p in following if isinstance(p.module, _DropoutNd))
    return 1.0 - kept


def _with_activation(facts: LayerFacts, part: Part) -> LayerFacts:
    values = part.outputs.detach().reshape(len(part.outputs), -1)
    kind = (
        "blocking" if isinstance(part.module, BLOCKING)
        else "squashing" if isinstance(part.module, SQUASHING) else "other"
    )  # fmt: skip
    return replace(
        facts,
        activation=kind,
        size_after=_size(values),
        silent_share=silent_share(values) if kind == "blocking" else 0.0,
        saturated_share=saturated_share(part.module, values) if kind == "squashing" else 0.0,
    )


def silent_share(values: Tensor) -> float:
    """Return the share of columns that are zero in every row."""
    return float((values.amax(dim=0) <= 0).double().mean())


def saturated_share(module: nn.Module, values: Tensor) -> float:
    """Return the share of cells close to a limit of a squashing activation."""
    low = 0.0 if isinstance(module, nn.Sigmoid | nn.Hardsigmoid) else -1.0
    middle, reach = (low + 1.0) / 2, (1.0 - low) / 2
    return float(((values - middle).abs() >= SATURATED * reach).double().mean())


@torch.no_grad()
def _are_units_alike(layer: nn.Linear) -> bool:
    """Tell whether the units of a layer can never come to differ."""
    if layer.out_features < 2 or layer.weight.grad is None:
        return False
    return _rows_alike(layer.weight) and _rows_alike(layer.weight.grad)


def _rows_alike(matrix: Tensor) -> bool:
    spread = float((matrix - matrix[:1]).abs().max())
    return spread <= ALIKE * float(matrix.abs().max())


def _size(values: Tensor) -> float:
    return float(values.double().square().mean().sqrt())


def _deviation(values: Tensor) -> float:
    return float(values.double().var(dim=0, correction=0).mean().sqrt())


def _target_deviation(state: TrainingState) -> float:
    if state.objective.task != "regression":
        return 1.0
    return float(state.data.train.y.double().std(correction=0)) or 1.0


def _sums_to_one(outputs: Tensor) -> bool:
    return outputs.ndim > 1 and bool(((outputs.sum(dim=1) - 1).abs() < 1e-3).all())


def _measure_reach(state: TrainingState, facts: NetworkFacts) -> NetworkFacts:
    """Draw the last layer anew, far too large, and see how far the outputs get."""
    if not facts.layers:
        return facts
    layer = state.model.get_submodule(facts.layers[-1].name)
    assert isinstance(layer, nn.Linear)
    kept = [(p, p.detach().clone()) for p in layer.parameters()]
    try:
        near, far = (_limits(state, layer, size) for size in REACHES)
    finally:
        with torch.no_grad():
            for parameter, values in kept:
                parameter.copy_(values)
    low = near[0] if far[0] > GROWTH * near[0] - GROWTH else -math.inf
    high = near[1] if far[1] < GROWTH * near[1] + GROWTH else math.inf
    return replace(
        facts, output_low=low, output_high=high, out_of_reach=_out_of_reach(state, low, high)
    )


@torch.no_grad()
def _limits(state: TrainingState, layer: nn.Linear, size: float) -> tuple[float, float]:
    """Return the smallest and largest output over some draws of the last layer."""
    lows, highs = [], []
    X = sample_rows(state)[:64]
    signs = torch.Generator().manual_seed(0)
    with standing_still(state.model):
        for number in range(N_DRAWS):
            sign = 1.0 if number % 2 else -1.0
            for parameter in layer.parameters():
                drawn = torch.rand(parameter.shape, generator=signs)
                parameter.copy_(drawn * size * sign * _alternating(drawn))
            outputs = state.model(X)
            lows.append(float(outputs.min()))
            highs.append(float(outputs.max()))
    return min(lows), max(highs)


def _alternating(values: Tensor) -> Tensor:
    """Return a sign for every unit, so that classes are set against each other."""
    signs = torch.ones(len(values))
    signs[1::2] = -1.0
    return signs.reshape(-1, *[1] * (values.ndim - 1))


def _out_of_reach(state: TrainingState, low: float, high: float) -> float:
    if state.objective.task != "regression":
        return 0.0
    y = state.data.train.y.double()
    missed = (y - y.clamp(low, high)).square().mean()
    return float(missed / y.var(correction=0).clamp_min(1e-30))


@torch.no_grad()
def _measure_curves(state: TrainingState, facts: NetworkFacts) -> NetworkFacts:
    """Compare the network with a straight line, and a curve with a line on the data."""
    curvature = _curvature(state)
    is_flat = not facts.output_deviation > 0  # dead, or not a number: nothing to compare
    if is_flat or not curvature <= STRAIGHT:
        return replace(facts, curvature=curvature)
    curve = compare_curves(
        state.data.train.X.double().cpu().numpy(),
        _as_columns(state.data.train.y),
        n_classes=state.objective.n_classes,
    )
    return replace(
        facts,
        curvature=curvature,
        curved_gain=curve.gain,
        curved_share=curve.share,
        curved_answers=curve.answers,
    )


def _curvature(state: TrainingState) -> float:
    """Return how far f(a) + f(b) - f(a + b - c) - f(c) is from zero for four rows."""
    X = sample_rows(state)
    a, b, c = X, X.roll(1, dims=0), X.roll(2, dims=0)
    state.model.eval()
    parts = linear_outputs(state, [a, b, c, a + b - c])
    if parts is None:
        return 1.0
    of_a, of_b, of_c, of_sum = parts
    spread = float((of_a - of_a.mean(dim=0)).abs().max())
    return float((of_a + of_b - of_sum - of_c).abs().max()) / max(spread, 1e-12)


def linear_outputs(state: TrainingState, inputs: list[Tensor]) -> list[Tensor] | None:
    """Return outputs of the last dense layer, before any output activation."""
    last = [part for part in trace(state.model, inputs[0][:2])[0] if part.is_linear][-1:]
    if not last:
        return None
    name = last[0].name
    found = [trace(state.model, rows)[0] for rows in inputs]
    return [next(p.outputs for p in parts if p.name == name).double() for parts in found]


def _as_columns(y: Tensor) -> Floats:
    """Return targets as columns of numbers: classes as one indicator each."""
    values = y.cpu().numpy()
    if values.ndim > 1 or y.is_floating_point():
        return np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    indicators: Floats = np.eye(int(values.max()) + 1)[values]
    return indicators
