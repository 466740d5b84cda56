"""Train with an optimizer that is known to work, at a rate tried out beforehand."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from ml_training.core.buffers import FlatParameters
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.optimizers import build_adamw, describe_optimizer
from ml_training.core.state import TrainingState
from ml_training.core.steps import take_step

RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)  # chosen: half decades around Adam's usual 1e-3
N_STEPS = 60  # of each rate; chosen: AdamW moves a weight by some 60 rates, enough to rank
N_JUDGED = 20  # chosen: the last third says how well, the first steps only how fast
NEARLY = 0.9  # of the best gain; chosen: of rates that gain alike the smaller one ages better
LEAST_STEPS = 1_500  # chosen: small networks on tables settle within about a thousand


@dataclass(frozen=True)
class SoundFactory:
    """Build AdamW at a rate; told from a caller's factory by its type."""

    rate: float
    is_sound: ClassVar[bool] = True

    def __call__(self, flat: FlatParameters) -> torch.optim.Optimizer:
        """Return the optimizer of a vector of weights."""
        return build_adamw(flat, self.rate)


@dataclass(frozen=True)
class SoundOptimizer:
    """Replace the optimizer by AdamW, at the best of some rates tried on a few batches.

    What was set up wrongly about the old one (its rate, momentum, decay or sign) goes
    with it, and so does its schedule.

    Parameters
    ----------
    start : str
        ``"beginning"`` starts from the first weights, ``"here"`` keeps those there are.
    prolongs : bool
        True allows more epochs as well.

    References
    ----------
    Loshchilov, Hutter (2019), Decoupled weight decay. Smith (2017), Cyclical learning
    rates, section 3.3: a range test of a few dozen steps finds a usable rate.
    """

    start: Start = "beginning"
    prolongs: bool = False
    key: str = "sound_optimizer"
    title: str = "train with AdamW at a rate tried out on a few batches"

    def objection(self, state: TrainingState) -> str:
        """Refuse to do it twice."""
        is_done = isinstance(state.make_optimizer, SoundFactory)
        return "the optimizer was chosen by trial already" if is_done else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Try the rates, then set the optimizer up with the best."""
        before = describe_optimizer(state.optimizer)
        rate = choose_rate(state)
        state.replace_optimizer(SoundFactory(rate))
        if self.prolongs:
            state.extend_plan(LEAST_STEPS)
        after = describe_optimizer(state.optimizer)
        return Change(
            what="optimizer",
            before=before,
            after=after,
            sentence=f"replaced {before} by {after}, the best of {len(RATES)} rates tried for "
            f"{N_STEPS} steps each",
        )


def choose_rate(state: TrainingState) -> float:
    """Return the smallest rate that gains nearly as much as the best."""
    moment = state.snapshot()
    losses = {rate: _try_rate(state, rate) for rate in RATES}
    state.restore(moment)
    ends = {rate: end for rate, (_, end) in losses.items() if math.isfinite(end)}
    if not ends:
        return RATES[0]
    start = max(first for first, _ in losses.values() if math.isfinite(first))
    best = min(ends.values())
    enough = start - NEARLY * (start - best)
    return min((rate for rate, end in ends.items() if end <= enough), default=RATES[1])


def _try_rate(state: TrainingState, rate: float) -> tuple[float, float]:
    """Return the mean loss of the first and of the last steps at a rate."""
    moment = state.snapshot()
    state.replace_optimizer(SoundFactory(rate))
    state.model.train()
    losses = [_step(state) for _ in range(N_STEPS)]
    state.restore(moment)
    return float(np.mean(losses[:3])), float(np.mean(losses[-N_JUDGED:]))


def _step(state: TrainingState) -> float:
    if state.has_epoch_ended():
        state.epoch, state.batch, state.position = state.epoch + 1, 0, 0
    state.n_steps_tried += 1
    try:
        return take_step(state, state.next_batch()).loss
    except Exception:  # whatever a model raises, this rate is not the one
        state.position = len(state.data.train)
        return math.nan
