"""How much of a base model is kept: rates and stages, and what came of them."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from ml_training.core.transfer_network import Counts

SLOWER = 0.1  # design: what came from the base model moves ten times more slowly


@dataclass(frozen=True, kw_only=True)
class Level:
    """Say how much of a base model is kept.

    Parameters
    ----------
    name : str
        For the reader.
    learning_rate : float
        Of what is not slowed down.
    stages : tuple of str
        Names of `StagePlan`, in order.
    """

    name: str
    learning_rate: float
    stages: tuple[str, ...]


LEVELS = {
    level.name: level
    for level in (
        Level(name="aggressive", learning_rate=3e-4, stages=("frozen",)),
        Level(name="moderate", learning_rate=5e-4, stages=("frozen", "unfrozen")),
        Level(name="light", learning_rate=7e-4, stages=("frozen", "unfrozen")),
        Level(name="optional", learning_rate=1e-3, stages=("initialised",)),
    )
}
"""Rates by the design; see strategies.md."""


@dataclass(frozen=True, kw_only=True)
class StagePlan:
    """Say what learns in a stage, and how fast.

    Parameters
    ----------
    name : str
        ``"frozen"``, ``"unfrozen"`` or ``"initialised"``.
    n_frozen : int
        Hidden blocks that stand still.
    rate, slow_rate : float
        Of output layer and own columns, and of hidden blocks that came from the base.
    """

    name: str
    n_frozen: int
    rate: float
    slow_rate: float


def plan_stages(level: Level, *, n_hidden: int) -> tuple[StagePlan, ...]:
    """Return the stages of a level.

    Parameters
    ----------
    level : Level
        How much of the base model is kept.
    n_hidden : int
        Hidden blocks of the base model.
    """
    rate = level.learning_rate
    plans = {
        "frozen": StagePlan(name="frozen", n_frozen=n_hidden, rate=rate, slow_rate=0.0),
        "unfrozen": StagePlan(name="unfrozen", n_frozen=0, rate=rate, slow_rate=SLOWER * rate),
        "initialised": StagePlan(name="initialised", n_frozen=0, rate=rate, slow_rate=rate),
    }
    return tuple(plans[name] for name in level.stages)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Tell what came of one stage of training.

    Parameters
    ----------
    name : str
        ``"line"``, ``"frozen"``, ``"unfrozen"`` or ``"initialised"``.
    learning_rate, slow_rate : float
        Of what is new, and of what came from the base model and is not frozen.
    layers, parameters : Counts
        Counted from the network as it was trained.
    epochs : int
        Trained, all of them.
    before, after : float
        Log-loss on the validation rows; `after` is NaN when nothing came of it.
    is_kept : bool
        Whether it was better than what was there before it.
    status : str
        Of the engine.
    fixes : tuple of str
        Repairs that were kept.
    slope, level : float
        What the base model's log-odds were multiplied with, and what was added.
    """

    name: str
    learning_rate: float
    slow_rate: float
    layers: Counts
    parameters: Counts
    epochs: int
    before: float
    after: float
    is_kept: bool
    status: str
    fixes: tuple[str, ...] = ()
    slope: float = 1.0
    level: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        after = self.after if math.isfinite(self.after) else None
        return {**asdict(self), "after": after, "fixes": list(self.fixes)}
