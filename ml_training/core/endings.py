"""What a network has to end in, for the loss and the targets at hand."""

from dataclasses import replace

import numpy as np
from torch import nn

from ml_training.core.state import TrainingState
from ml_training.core.surgery import read_output

FAR = 5.0  # deviations or units; chosen: weights that start near one take long to get there


def wanted_ending(state: TrainingState) -> nn.Module:
    """Return what the outputs have to pass through for this loss."""
    objective = state.objective
    if objective.task != "regression" and objective.output_kind == "probability":
        return nn.Softmax(dim=-1) if objective.is_wide else nn.Sigmoid()
    if objective.output_kind == "log_probability":
        return nn.LogSoftmax(dim=-1)
    return nn.Identity()


def is_ending_right(state: TrainingState) -> bool:
    """Tell whether the network ends in what its loss asks for."""
    wanted = type(wanted_ending(state)).__name__
    return read_output(state) == ("nothing" if wanted == "Identity" else wanted)


def describe_ending(state: TrainingState) -> str:
    """Return what the outputs pass through, and the unit of the targets."""
    centre, width = state.objective.target_scale
    unit = "" if (centre, width) == (0.0, 1.0) else f" ({centre:.3g} + {width:.3g} times it)"
    return read_output(state) + unit


def has_far_targets(state: TrainingState) -> bool:
    """Tell whether targets lie far from what the network starts with."""
    if state.objective.task != "regression":
        return False
    centre, width = _measure(state)
    seen, unit = state.objective.target_scale
    is_near = abs(centre - seen) <= FAR * unit and unit / FAR <= width <= FAR * unit
    return width > 0 and not is_near


def scale_far_targets(state: TrainingState) -> None:
    """Let targets of a regression be learned around zero and one if they lie far out.

    A network that starts with outputs around one would spend its training on the way.
    """
    if has_far_targets(state):
        state.objective = state.objective.changed(target_scale=_measure(state))
        state.data = replace(state.data, targets=state.objective.targets)


def _measure(state: TrainingState) -> tuple[float, float]:
    y = state.data.raw_train.y
    return float(np.mean(y)), float(np.std(y))
