"""Bound the size of the gradient."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

USUAL_CLIP = 1.0  # the value most recipes use; Pascanu et al. 2013 clip near typical norms


@dataclass(frozen=True)
class ClipGradient:
    """Roll back and clip gradients to the norm that healthy batches rarely exceeded.

    The finding brings that norm as evidence (``usual_norm``), a running quantile.

    References
    ----------
    Pascanu, Mikolov, Bengio (2013), On the difficulty of training recurrent neural
    networks, section 3.2. Kumar et al. (2025), ZClip: adaptive spike mitigation.
    """

    key: str = "clip_gradient"
    title: str = "roll back and clip the gradient"
    start: Start = "last_good"

    def objection(self, state: TrainingState) -> str:
        """Refuse when gradients are clipped already."""
        clip = state.knobs.clip_norm
        return f"gradients are clipped at {clip:.2g} already" if clip is not None else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Turn the knob."""
        before = state.knobs.clip_norm
        after = float(finding.evidence.get("usual_norm", USUAL_CLIP)) or USUAL_CLIP
        state.turn(clip_norm=after)
        return Change(
            what="clip_norm",
            before=before,
            after=after,
            sentence=f"clipped gradients to a norm of {after:.2g}",
        )
