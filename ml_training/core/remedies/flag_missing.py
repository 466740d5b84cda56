"""Let the network see which cells were missing."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ml_training.core.anatomy import Part, standing_still
from ml_training.core.arrays import Floats
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.surgery import no_free_layers, put_module, sample_rows, trace_still

FREQUENT = 0.02  # of the rows; chosen: of rarer gaps a network sees one in some batches only
FEWEST_GAPS = 20  # rows; chosen: the rate of a class among fewer is known to 20 points
CHANCE = 1e-3  # of all comparisons together, after Bonferroni; chosen: a trial still judges
CLOSE = 1e-4  # of the outputs; chosen: rounding of single floats over a few layers
TINY = 1e-12  # keeps targets that are all the same from dividing by zero


@dataclass(frozen=True)
class FlagMissing:
    """Start again with a column of marks for each column whose gaps tell the target.

    The gaps themselves stay filled. The first layer gets weights of zero for the marks:
    at first nothing changes, and training finds out what a gap means. The result marks
    the gaps in every prediction.

    References
    ----------
    Little, Rubin (2019), Statistical Analysis with Missing Data, chapter 1: gaps may
    depend on what is missing. Van Ness et al. (2023), The missing indicator method.
    """

    key: str = "flag_missing"
    title: str = "mark the cells that were missing"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse gaps that are rare or tell nothing, and networks that cannot grow."""
        if "flag" in {treatment.key for treatment in state.data.treatments}:
            return "missing cells are marked already"
        columns = find_telling(state)
        if not columns:
            return "no column has gaps that tell anything about the target"
        return no_free_layers(state) or why_not_wider(state, len(columns))

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Mark the gaps, and let the first layer take the marks up."""
        before, columns = [t.key for t in state.data.treatments], find_telling(state)
        entrance = find_entrance(state)
        assert entrance is not None
        put_module(state.model, entrance.name, widen(entrance.module, len(columns)))
        state.data = state.data.flagged(columns)
        state.rebuild()
        return Change(
            what="treatments",
            before=before,
            after=[treatment.key for treatment in state.data.treatments],
            sentence=f"marked the missing cells of {len(columns)} features (columns "
            f"{', '.join(str(column) for column in columns)}) for the network to see",
        )


def find_telling(state: TrainingState) -> tuple[int, ...]:
    """Return columns with frequent gaps, where rows with a gap have other targets.

    Of columns with the same gaps only the first.
    """
    raw, n_classes = state.data.raw_train, state.objective.n_classes
    gaps = np.isnan(raw.X)
    counts = gaps.sum(axis=0)
    least = max(FEWEST_GAPS, FREQUENT * len(raw))
    frequent = np.flatnonzero((counts >= least) & (counts <= len(raw) - least))
    targets = np.eye(n_classes)[raw.y] if n_classes else raw.y[:, None].astype(np.float64)
    patterns = {gaps[:, column].tobytes(): column for column in frequent[::-1]}
    n_comparisons = max(len(patterns), 1) * targets.shape[1]
    sure = NormalDist().inv_cdf(1 - CHANCE / (2 * n_comparisons))
    telling = [k for k in patterns.values() if measure_shift(gaps[:, k], targets) > sure]
    return tuple(sorted(int(column) for column in telling))


def measure_shift(gaps: npt.NDArray[np.bool_], targets: Floats) -> float:
    """Return by how many standard errors targets of rows with a gap differ, at most.

    Parameters
    ----------
    gaps : array of bool, shape (n,)
        Some, but not all.
    targets : array of shape (n, n_columns)
        Values, or a column of zeros and ones for each class.
    """
    shift = targets[gaps].mean(axis=0) - targets[~gaps].mean(axis=0)
    error = targets.std(axis=0) * np.sqrt(1 / gaps.sum() + 1 / (~gaps).sum())
    return float((np.abs(shift) / np.maximum(error, TINY)).max())


def find_entrance(state: TrainingState) -> Part | None:
    """Return the dense layer that all features enter by; None without such a one."""
    parts, rows = trace_still(state)[0], sample_rows(state)
    takers = [part for part in parts if _is_same(part.inputs, rows)]
    return takers[0] if len(takers) == 1 and takers[0].is_linear else None


def _is_same(some: torch.Tensor, others: torch.Tensor) -> bool:
    return some.shape == others.shape and bool(torch.equal(some, others))


@torch.no_grad()
def widen(layer: nn.Module, n_more: int) -> nn.Linear:
    """Return a dense layer that takes further inputs, and does not mind them yet.

    Built without drawing weights: asking must not move the random generator.
    """
    assert isinstance(layer, nn.Linear)
    n_in, n_out = layer.weight.shape[1], layer.weight.shape[0]
    has_bias = layer.bias is not None
    wider = nn.utils.skip_init(nn.Linear, n_in + n_more, n_out, bias=has_bias)
    assert isinstance(wider, nn.Linear)
    wider.weight.zero_()
    wider.weight[:, :n_in] = layer.weight
    if layer.bias is not None:
        wider.bias.copy_(layer.bias)
    return wider


@torch.no_grad()
def why_not_wider(state: TrainingState, n_more: int) -> str:
    """Return why the network cannot take further columns; empty when it can.

    It is tried: only what answers as before, whatever the marks, can be made wider.
    """
    entrance = find_entrance(state)
    if entrance is None:
        return "the features do not enter by one dense layer that could be made wider"
    outputs, rows = trace_still(state)[1], sample_rows(state)
    put_module(state.model, entrance.name, widen(entrance.module, n_more))
    try:
        with standing_still(state.model):
            again = state.model(torch.cat([rows, rows.new_ones(len(rows), n_more)], dim=1))
        is_alike = torch.allclose(outputs, again, rtol=CLOSE, atol=CLOSE)
    except Exception:
        is_alike = False
    finally:
        put_module(state.model, entrance.name, entrance.module)
    return "" if is_alike else "the network does something else with its features as well"
