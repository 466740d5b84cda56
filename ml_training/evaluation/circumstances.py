"""What a verdict must know beside the figures."""

from dataclasses import dataclass

from ml_training.evaluation.outcomes import Evaluation
from ml_training.evaluation.walk_forward import WalkForward


@dataclass(frozen=True)
class Coverage:
    """Say what the setups came from, to put a need for more into words.

    Attributes
    ----------
    n_setups : int
        All labelled setups of the strategy, train to test.
    n_symbols : int
        Symbols they come from.
    years : float
        Length of the history they come from.
    """

    n_setups: int
    n_symbols: int
    years: float


@dataclass(frozen=True)
class Circumstances:
    """Hold what changes how the same figures are to be read.

    Attributes
    ----------
    is_synthetic : bool
        The market is made up, so a high AUC may be a planted edge and not a leak.
    n_openings : int
        How often this strategy's test block was opened, this time included: whoever
        tries often enough finds luck.
    leak_found : str
        What another check found, in words; empty when it found nothing.
    walk : WalkForward or None
        The whole procedure walked forward; None when there were too few setups.
    serves_nothing : bool
        The model that is served is the base rate, which tells no setups apart.
    """

    is_synthetic: bool = False
    n_openings: int = 1
    leak_found: str = ""
    walk: WalkForward | None = None
    serves_nothing: bool = False

    def choose(self, test: Evaluation) -> Evaluation:
        """Return what a verdict rests on: all unseen setups, or the test block."""
        return test if self.walk is None else self.walk.pooled
