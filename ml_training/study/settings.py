"""What a caller may choose about a study."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ml_training.core.settings import TrainSettings
from ml_training.data.advice import Candidate
from ml_training.study.base_model import BaseModel

MAX_EPOCHS = 100
"""Chosen: early stopping ends most runs before; the plan only bounds the time."""


FindBase = Callable[[int], BaseModel | None]


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """Hold the choices of one study.

    Attributes
    ----------
    title : str
        Headline of the report.
    train : TrainSettings
        Of the network; its seed also draws the bootstrap.
    fractions : tuple of float
        Shares of train, validation and test along the calendar.
    is_synthetic : bool
        True for made-up markets, where a high AUC may be a planted edge.
    n_openings : int
        How often the strategy's test block is opened with this run.
    use_transfer_learning : bool
        Start from a base model when one fits.
    prologue : tuple of str
        Headline and beginning of step 1 where the caller, who collected the setups,
        has told them already; empty lets the study tell them.
    models : frozenset of str or None
        Names of the models fitted beside the network; None fits all. Fewer make a study
        quick, and the verdict that of fewer.
    bases : callable or None
        Asked with the moment (UTC epoch seconds) from which on everything is judged;
        returns a base model that learned from nothing that ends later, or None.
    candidates : tuple of Candidate
        What other candles would add; named where setups are few.
    leaks : tuple of str
        What a look at the candles found that the setups could not know, in words.
    """

    title: str = "STRATEGY"
    train: TrainSettings = field(default_factory=lambda: TrainSettings(max_epochs=MAX_EPOCHS))
    fractions: tuple[float, float, float] = (0.6, 0.2, 0.2)
    is_synthetic: bool = False
    n_openings: int = 1
    use_transfer_learning: bool = True
    prologue: tuple[str, ...] = ()
    models: frozenset[str] | None = None
    bases: FindBase | None = None
    candidates: tuple[Candidate, ...] = ()
    leaks: tuple[str, ...] = ()
