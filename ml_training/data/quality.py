"""Judge whether the setups suffice, before anything is trained."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml_training.data.labelled import LabelledSet

POOR_FROM, GOOD_FROM, EXCELLENT_FROM = 50, 100, 300
"""Effective setups at which the next level starts (first document's table)."""

WIN_RATE_LOW, WIN_RATE_HIGH = 0.35, 0.75
"""Outside of these accuracy says nothing (first document's table)."""

BALANCE_WARNING, BALANCE_SEVERE = 0.5, 0.3
"""Minority over majority (first document's table)."""

MIN_SAMPLES_PER_FEATURE = 10.0
"""Events per variable (Peduzzi et al. 1996, J. Clin. Epidemiol. 49:1373)."""


@dataclass(frozen=True)
class Candidate:
    """Name candles in the database and the setups they would add, as measured."""

    name: str
    n_setups: int


@dataclass(frozen=True)
class QualityNote:
    """Say one thing about the data: what is seen and what would help.

    Parameters
    ----------
    code : str
        Key of the rule.
    severity : str
        "info", "warning" or "severe".
    message : str
        What is seen, with numbers.
    advice : str
        What would help, with numbers.
    """

    code: str
    severity: str
    message: str
    advice: str


@dataclass(frozen=True)
class Quality:
    """Hold the level of the data and the numbers and notes behind it.

    Parameters
    ----------
    level : str
        "critical", "poor", "good" or "excellent", by effective setups.
    n : int
        Labelled setups.
    n_effective : float
        The same, counted as if none overlapped.
    win_rate : float, 0-1
        Share of wins; NaN without setups.
    balance : float, 0-1
        Setups of the rarer class over those of the other; 0 with one class only.
    samples_per_feature : float
        Effective setups per feature.
    notes : tuple of QualityNote
        Findings, gravest first.
    """

    level: str
    n: int
    n_effective: float
    win_rate: float
    balance: float
    samples_per_feature: float
    notes: tuple[QualityNote, ...]


def assess_quality(dataset: LabelledSet, *, candidates: Sequence[Candidate] = ()) -> Quality:
    """Judge number, balance and width of the setups.

    Parameters
    ----------
    dataset : LabelledSet
        What a model would be trained, validated and tested on.
    candidates : sequence of Candidate
        What could be added and how many setups that brings, measured by the caller.

    Returns
    -------
    Quality
        Level, numbers and notes.
    """
    n, n_effective = len(dataset), dataset.n_effective
    n_wins = int(np.count_nonzero(dataset.y))
    per_feature = n_effective / max(dataset.n_features, 1)
    return Quality(
        level=level_of(n_effective),
        n=n,
        n_effective=n_effective,
        win_rate=n_wins / n if n else float("nan"),
        balance=_balance(n_wins, n),
        samples_per_feature=per_feature,
        notes=(),
    )


def level_of(n_effective: float) -> str:
    """Name the level of a number of effective setups.

    Parameters
    ----------
    n_effective : float
        Setups counted as if none overlapped.

    Returns
    -------
    str
        "critical", "poor", "good" or "excellent".

    Examples
    --------
    >>> [level_of(n) for n in (49.9, 50, 100, 300)]
    ['critical', 'poor', 'good', 'excellent']
    """
    if n_effective < POOR_FROM:
        return "critical"
    if n_effective < GOOD_FROM:
        return "poor"
    return "good" if n_effective < EXCELLENT_FROM else "excellent"


def _balance(n_wins: int, n: int) -> float:
    n_losses = n - n_wins
    return min(n_wins, n_losses) / max(n_wins, n_losses, 1)
