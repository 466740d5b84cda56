"""Ask for less certainty than the labels claim."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

USUAL = 0.1  # Szegedy et al. 2016


@dataclass(frozen=True)
class SmoothLabels:
    """Start again towards targets drawn a little to the middle of the classes.

    References
    ----------
    Szegedy et al. (2016), Rethinking the inception architecture, section 7. Lukasik et
    al. (2020), Does label smoothing mitigate label noise? ICML.
    """

    key: str = "smooth_labels"
    title: str = "ask for less certainty than the labels claim"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse losses that take no targets between the classes, and a second time."""
        if not state.objective.can_smooth:
            return "this loss takes no targets between the classes"
        return "labels are smoothed already" if state.objective.smoothing else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Change the targets that training sees."""
        before = state.objective.smoothing
        state.objective = state.objective.changed(smoothing=USUAL)
        return Change(
            what="smoothing",
            before=before,
            after=USUAL,
            sentence=f"smoothed the labels by {USUAL:.0%}",
        )
