"""Draw the weights afresh, each layer scaled to the data."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.surgery import no_dense_layers, refresh, weight_sizes


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
        """Refuse a network without dense layers."""
        return no_dense_layers(state)

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
