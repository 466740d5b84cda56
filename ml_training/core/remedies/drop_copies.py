"""Keep one of equal rows."""

from dataclasses import dataclass

import numpy as np

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.survey import row_keys


@dataclass(frozen=True)
class DropCopies:
    """Start again with the first of every group of equal training rows.

    Which answer is right where copies contradict each other cannot be known; the first
    was there before the copies were made.
    """

    key: str = "drop_copies"
    title: str = "train on each row once"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse when no training row repeats another."""
        keys = row_keys(state.data.treated_train())
        return "no training row repeats another" if len(np.unique(keys)) == len(keys) else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Leave the copies out."""
        rows = state.data.raw_train
        first = np.sort(np.unique(row_keys(state.data.treated_train()), return_index=True)[1])
        state.data = state.data.with_training(rows.at(first))
        return Change(
            what="training_rows",
            before=len(rows),
            after=len(first),
            sentence=f"left out {len(rows) - len(first)} rows that repeat others",
        )
