"""Take features out of sight."""

from dataclasses import dataclass

import numpy as np

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.survey import frozen_columns, measure_shift
from ml_training.core.treatments import Silence


@dataclass(frozen=True)
class DropFeature:
    """Start again with the median in place of features that stand still in training.

    The network keeps its shape; the result does the same in every prediction.
    """

    key: str = "drop_feature"
    title: str = "take the features that stand still out of sight"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse when no feature stands still in training only."""
        return "" if len(_find(state)) else "no feature stands still in training only"

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Add the treatment to the data."""
        before = [treatment.key for treatment in state.data.treatments]
        columns = _find(state)
        values = np.median(state.data.treated_train(), axis=0)[columns]
        silence = Silence(tuple(columns.tolist()), tuple(values.tolist()))
        state.data = state.data.treated_with(silence)
        return Change(
            what="treatments",
            before=before,
            after=[treatment.key for treatment in state.data.treatments],
            sentence=f"took {len(columns)} features out of sight (columns "
            f"{', '.join(str(column) for column in columns)})",
        )


def _find(state: TrainingState) -> np.ndarray:
    data = state.data
    return frozen_columns(measure_shift(data.treated_train(), data.treated(data.raw_validation.X)))
