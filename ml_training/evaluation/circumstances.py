"""What a verdict must know beside the figures."""

from dataclasses import dataclass


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
    """

    is_synthetic: bool = False
    n_openings: int = 1
    leak_found: str = ""
