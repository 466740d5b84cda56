"""Take more rows per step."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

USUAL_BATCH = 32  # Masters, Luschi 2018: 32 or less works best, but not much less
FEWEST_BATCHES = 4  # chosen: an epoch of fewer steps hardly moves


@dataclass(frozen=True)
class LargerBatch:
    """Start again with batches large enough for a steady gradient, at a lower rate.

    References
    ----------
    Masters, Luschi (2018), Revisiting small batch training for deep neural networks.
    """

    rate_factor: float = 0.3
    key: str = "larger_batch"
    title: str = "start again with larger batches"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse when batches are of the usual size, or the rows would be too few."""
        if state.knobs.batch_size >= USUAL_BATCH:
            return f"batches have {state.knobs.batch_size} rows already"
        return "" if len(state.data.train) >= FEWEST_BATCHES * USUAL_BATCH else "too few rows"

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Turn the knob and scale the rate."""
        before = state.knobs.batch_size
        state.turn(batch_size=USUAL_BATCH)
        state.scale_learning_rate(self.rate_factor)
        return Change(
            what="batch_size",
            before=before,
            after=USUAL_BATCH,
            sentence=f"started again with batches of {USUAL_BATCH} rows instead of {before}, "
            f"at a rate of {state.learning_rate:.2g}",
        )
