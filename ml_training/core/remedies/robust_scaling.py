"""Bring all features to one scale."""

from dataclasses import dataclass
from typing import ClassVar

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.treatments import fit_robust_scale

WIDEST_CELL = 10.0  # chosen: 10 robust deviations; beyond that a cell only drowns others


@dataclass(frozen=True)
class RobustScaling:
    """Start again on features scaled by their median and quartiles.

    Fitted on the training rows; the result applies it in every prediction. Order and
    distances within a column stay, so nothing is lost when its effect drowns in noise.
    """

    free_for: ClassVar[str] = "unscaled_features"
    key: str = "robust_scaling"
    title: str = "scale every feature by its median and quartiles"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse to scale twice."""
        keys = [treatment.key for treatment in state.data.treatments]
        return "features are scaled already" if "scale" in keys else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Add the treatment to the data."""
        before = [treatment.key for treatment in state.data.treatments]
        scale = fit_robust_scale(state.data.treated_train(), limit=WIDEST_CELL)
        state.data = state.data.treated_with(scale)
        return Change(
            what="treatments",
            before=before,
            after=[treatment.key for treatment in state.data.treatments],
            sentence=f"scaled all {len(scale.centre)} features by median and quartiles",
        )
