"""Train a simpler network that is known to work."""

from dataclasses import dataclass
from functools import partial

import torch

from ml_training.core.endings import scale_far_targets, wanted_ending
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.network import HouseNetwork
from ml_training.core.optimizers import build_adamw
from ml_training.core.state import TrainingState
from ml_training.core.treatments import fit_robust_scale

WIDEST_CELL = 10.0  # as in robust_scaling: beyond it a cell only drowns others
WIDTHS = (64, 32)  # measured on develop: scores like the house widths, at 0.7 of a step
DROPOUT = 0.1  # chosen: half of the house network's; none at all scored alike on develop
FASTEST = 1.0  # chosen: AdamW then moves every weight by about one in a step
RATE = 3e-3  # chosen between 1e-3 and 1e-2, which end alike on develop


@dataclass(frozen=True)
class FallbackNetwork:
    """Start again with the house network, under its own optimizer and rate.

    Features are scaled if nothing scaled them. The last resort: it gives up the network
    that was handed in, and says so.
    """

    key: str = "fallback_network"
    title: str = "train a simpler network that is known to work"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse to replace the house network by itself, unless more is at fault.

        Faults that come together hide each other: no single cure shows an effect.
        """
        is_scaled = "scale" in {treatment.key for treatment in state.data.treatments}
        is_usual = state.learning_rate <= FASTEST
        if isinstance(state.model, HouseNetwork) and (is_scaled or is_usual):
            return "the network is the house network already"
        return ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Build the network and its optimizer."""
        before = type(state.model).__name__
        _scale_features(state)
        _replace_network(state)
        return Change(
            what="network",
            before=before,
            after=type(state.model).__name__,
            sentence=f"trained the house network in place of your {before}, at a learning "
            f"rate of {RATE:g}",
        )


def _scale_features(state: TrainingState) -> None:
    if "scale" not in {treatment.key for treatment in state.data.treatments}:
        scale = fit_robust_scale(state.data.treated_train(), limit=WIDEST_CELL)
        state.data = state.data.treated_with(scale)


def _replace_network(state: TrainingState) -> None:
    n_outputs = state.objective.n_classes if state.objective.is_wide else 1
    network = HouseNetwork(state.data.train.X.shape[1], n_outputs, widths=WIDTHS, dropout=DROPOUT)
    ending = wanted_ending(state)
    scale_far_targets(state)
    if not isinstance(ending, torch.nn.Identity):
        network.layers.append(ending)
    state.model = network.to(state.data.device, state.data.dtype)
    state.take_up_model()
    state.replace_optimizer(partial(build_adamw, rate=RATE))
