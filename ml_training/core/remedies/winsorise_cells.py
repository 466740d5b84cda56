"""Pull far cells back to a fence."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ml_training.core.arrays import Floats
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.treatments import Winsorise, fit_robust_scale

FENCE = 10.0  # robust deviations; as in robust_scaling: beyond it a cell drowns others


@dataclass(frozen=True)
class WinsoriseCells:
    """Start again with every cell within ten robust deviations of its column's median.

    All rows stay, and so do the scales of the features; the result pulls cells back in
    every prediction.

    References
    ----------
    Tukey (1962), The future of data analysis, section 15; Dixon (1960), winsorisation.
    """

    free_for: ClassVar[str] = "outliers"
    key: str = "winsorise_cells"
    title: str = "pull far cells back to a fence"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse when all cells lie within the fence, as scaled ones do."""
        low, high = find_fence(state)
        tables = _cells(state), state.data.treated(state.data.raw_validation.X)
        is_beyond = any((np.clip(X, low, high) != X).any() for X in tables)
        return "" if is_beyond else "no cell lies beyond the fence"

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Add the treatment to the data."""
        before, X = [treatment.key for treatment in state.data.treatments], _cells(state)
        low, high = find_fence(state)
        state.data = state.data.treated_with(Winsorise(low=low, high=high))
        n_pulled = int((_cells(state) != X).sum())
        return Change(
            what="treatments",
            before=before,
            after=[treatment.key for treatment in state.data.treatments],
            sentence=f"pulled {n_pulled} cells back to {FENCE:g} robust deviations from the "
            "median of their column",
        )


def find_fence(state: TrainingState) -> tuple[Floats, Floats]:
    """Return the lowest and highest value that cells of each column may have."""
    scale = fit_robust_scale(_cells(state), limit=np.inf)
    return scale.centre - FENCE * scale.width, scale.centre + FENCE * scale.width


def _cells(state: TrainingState) -> Floats:
    return state.data.treated_train()
