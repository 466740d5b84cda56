"""Drop fewer units."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.surgery import dropouts_of, read_dropouts


@dataclass(frozen=True)
class LowerDropout:
    """Start again with dropout no higher than a limit.

    Parameters
    ----------
    limit : float
        Share of units that may be dropped.
    """

    limit: float = 0.2
    start: Start = "beginning"
    key: str = "lower_dropout"
    title: str = "start again with less dropout"

    def objection(self, state: TrainingState) -> str:
        """Refuse when dropout is low already, or cannot be reached."""
        shares = read_dropouts(state)
        if not shares:
            return "the network has no dropout layers"
        return "" if max(shares) > self.limit else f"dropout is at most {self.limit:g} already"

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Lower every dropout above the limit."""
        before = read_dropouts(state)
        for module in dropouts_of(state):
            module.p = min(module.p, self.limit)
        return Change(
            what="dropouts",
            before=before,
            after=read_dropouts(state),
            sentence=f"lowered dropout from {max(before):g} to {self.limit:g}",
        )
