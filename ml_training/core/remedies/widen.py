"""Give narrow hidden layers more units."""

from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from ml_training.core.anatomy import Part, linear_parts
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.surgery import no_free_layers, put_module, refresh, trace_still

NARROW = 16  # units; chosen: below it a few dead or idle units are a large share
WIDTH = 32  # units; chosen: the narrowest layer of the house network
HAS_NO_WIDTH = (nn.Dropout, nn.Identity)


@dataclass(frozen=True)
class Widen:
    """Start again with hidden layers of a usual width.

    References
    ----------
    Neyshabur et al. (2019), The role of over-parametrization in generalization: more
    units than needed train more easily and do no harm.
    """

    key: str = "widen"
    title: str = "start again with wider hidden layers"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse layers that are wide already, and networks that are no chain."""
        if reason := no_free_layers(state):
            return reason
        parts = trace_still(state)[0]
        widths = _hidden_widths(parts)
        if not widths or min(widths) >= NARROW:
            return "no hidden layer is narrow"
        return "" if _is_chain(parts) else "something between the layers has a width of its own"

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Replace the layers and draw the weights afresh."""
        parts = trace_still(state)[0]
        layers = linear_parts(parts)
        before = _hidden_widths(parts)
        first, last = layers[0].inputs.shape[-1], layers[-1].outputs.shape[-1]
        widths = [first, *(max(width, WIDTH) for width in before), last]
        for part, (n_in, n_out) in zip(layers, pairwise(widths), strict=True):
            has_bias = part.module.bias is not None
            put_module(state.model, part.name, nn.Linear(n_in, n_out, bias=has_bias))
        refresh(state)
        return Change(
            what="widths",
            before=before,
            after=widths[1:-1],
            sentence=f"started again with {WIDTH} units in hidden layers that had fewer "
            f"({', '.join(map(str, before))})",
        )


def read_widths(state: TrainingState) -> list[int]:
    """Return the units of every hidden dense layer."""
    return _hidden_widths(trace_still(state)[0])


def _hidden_widths(parts: list[Part]) -> list[int]:
    return [part.outputs.shape[-1] for part in linear_parts(parts)[:-1]]


def _is_chain(parts: list[Part]) -> bool:
    """Tell whether every layer feeds the next through nothing that counts units."""
    places = [i for i, part in enumerate(parts) if part.is_linear]
    between = parts[places[0] : places[-1] + 1]
    passes = (
        p.is_linear or p.is_activation or isinstance(p.module, HAS_NO_WIDTH) for p in between
    )
    return all(passes) and all(
        a.outputs.shape[-1] == b.inputs.shape[-1] for a, b in pairwise(between)
    )
