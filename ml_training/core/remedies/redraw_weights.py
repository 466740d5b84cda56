"""Draw the weights afresh, each layer scaled to the data."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ml_training.core.anatomy import linear_parts
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.surgery import no_free_layers, refresh, trace_still, weight_sizes

FEW = 2.0  # directions; measured on develop: in vain at 1.0 to 2.0, of help at 4.0 and more
LOST = 0.6  # of what could pass; chosen: a narrow network of few features is no funnel
TINY = 1e-30  # keeps rows that are all alike from dividing by zero


@dataclass(frozen=True)
class RedrawWeights:
    """Start again from weights drawn so that every layer varies by one on the data.

    References
    ----------
    Mishkin, Matas (2016), All you need is a good init, ICLR.
    """

    key: str = "redraw_weights"
    title: str = "start again from freshly drawn weights"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse a network without dense layers, and one that no draw can help."""
        if reason := no_free_layers(state):
            return reason
        n_left, n_possible = measure_passage(state)
        if n_left < min(FEW, LOST * n_possible):
            return f"drawn afresh, its last layer would still see {n_left:.1f} directions only"
        return ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Draw every dense layer."""
        before = weight_sizes(state)
        refresh(state)
        after = weight_sizes(state)
        return Change(
            what="weight_sizes",
            before=before,
            after=after,
            sentence=f"drew the weights of {len(after)} layers afresh and scaled them to the data",
        )


def measure_passage(state: TrainingState) -> tuple[float, float]:
    """Return how many directions reach the last layer of fresh weights, and could.

    Many narrow layers in a row squeeze all rows onto a line, however they are drawn.
    The draw is the one that `apply` would make; the state is left as it was.

    References
    ----------
    Schoenholz et al. (2017), Deep information propagation, ICLR.
    """
    moment = state.snapshot()
    try:
        refresh(state)
        layers = linear_parts(trace_still(state)[0])
    finally:
        state.restore(moment)
    narrowest = min(part.inputs.shape[-1] for part in layers)
    possible = min(count_directions(layers[0].inputs), float(narrowest))
    return count_directions(layers[-1].inputs), possible


@torch.no_grad()
def count_directions(values: Tensor) -> float:
    """Return how many directions the rows spread over: the participation ratio.

    Parameters
    ----------
    values : tensor of shape (n, n_units)
        Alike in all rows gives zero.
    """
    rows = values.reshape(len(values), -1).double()
    powers = torch.linalg.svdvals(rows - rows.mean(dim=0)).square()
    return float(powers.sum().square() / powers.square().sum().clamp_min(TINY))
