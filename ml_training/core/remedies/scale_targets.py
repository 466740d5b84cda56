"""Bring the targets of a regression to the scale that networks begin at."""

from dataclasses import dataclass, replace

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

FAR = 10.0  # chosen: nearer than that, weights of a fresh network reach them


@dataclass(frozen=True)
class ScaleTargets:
    """Start again towards targets of mean zero and unit deviation.

    Predictions are scaled back; both branches are judged in the units of the caller.
    """

    key: str = "scale_targets"
    title: str = "scale the targets"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse classes, and targets that are scaled already."""
        if state.objective.task != "regression":
            return "there are no values to scale"
        if state.objective.target_scale != (0.0, 1.0):
            return "targets are scaled already"
        y = state.data.raw_train.y
        is_near = max(abs(float(y.mean())), float(y.std())) < FAR and float(y.std()) > 1 / FAR
        return "targets are near one already" if is_near else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Change the units in which the network learns."""
        before, y = list(state.objective.target_scale), state.data.raw_train.y
        scale = float(y.mean()), float(y.std()) or 1.0
        state.objective = state.objective.changed(target_scale=scale)
        state.data = replace(state.data, targets=state.objective.targets)
        return Change(
            what="target_scale",
            before=before,
            after=list(scale),
            sentence=f"learned targets in units of {scale[1]:.3g} around {scale[0]:.3g}",
        )
