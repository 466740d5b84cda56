"""Divide the logits by a temperature."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState


@dataclass(frozen=True)
class CoolDown:
    """Divide the logits by the temperature that validation asks for.

    No class changes; only how sure it is. The result does it in every prediction.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger (2017), On calibration of modern neural networks.
    """

    key: str = "cool_down"
    title: str = "divide the logits by a temperature"
    start: Start = "here"

    def objection(self, state: TrainingState) -> str:
        """Refuse outputs that are no logits, and a second temperature."""
        if state.objective.output_kind != "logit":
            return "the outputs are no logits"
        is_set = state.objective.temperature != 1.0
        return "a temperature is in place already" if is_set else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Set the temperature of predictions."""
        before = state.objective.temperature
        after = float(finding.evidence["temperature"])
        state.objective = state.objective.changed(temperature=after)
        return Change(
            what="temperature",
            before=before,
            after=after,
            sentence=f"divided the logits by {after:.2f} in every prediction",
        )
