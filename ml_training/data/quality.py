"""Judge whether the setups suffice, before anything is trained."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml_training.data import advice
from ml_training.data.advice import Candidate
from ml_training.data.labelled import LabelledSet

__all__ = ["Candidate", "Quality", "QualityNote", "assess_quality", "level_of"]

POOR_FROM, GOOD_FROM, EXCELLENT_FROM = 50, 100, 300
"""Effective setups at which the next level starts; from the first document."""

WIN_RATE_LOW, WIN_RATE_HIGH = 0.35, 0.75
"""Usual win rates of entry rules; from the first document."""

BALANCE_WARNING, BALANCE_CRITICAL = 0.5, 0.3
"""Setups of the rarer class over those of the other; from the first document."""

MIN_SAMPLES_PER_FEATURE = 10.0
"""Peduzzi et al. (1996), J. Clin. Epidemiol. 49:1373, for logistic regression."""

OVERLAP_SHARE = 0.5
"""Effective over counted setups. Chosen: below it most of the count is repetition."""

SEVERITIES = ("critical", "warning", "info")
"""In the order in which notes are told."""


@dataclass(frozen=True)
class QualityNote:
    """Say one thing about the data: what is seen and what would help.

    Parameters
    ----------
    code : str
        Key of the rule.
    severity : {"critical", "warning", "info"}
        How grave it is.
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
    level : {"critical", "poor", "good", "excellent"}
        By effective setups.
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
    notes: tuple[QualityNote, ...] = ()


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
    n, n_wins = len(dataset), int(np.count_nonzero(dataset.y))
    quality = Quality(
        level=level_of(dataset.n_effective),
        n=n,
        n_effective=dataset.n_effective,
        win_rate=n_wins / n if n else float("nan"),
        balance=min(n_wins, n - n_wins) / max(n_wins, n - n_wins, 1),
        samples_per_feature=dataset.n_effective / max(dataset.n_features, 1),
    )
    notes = [
        _note_number(dataset, quality, candidates),
        _note_overlap(quality),
        _note_win_rate(dataset, quality),
        _note_balance(quality, n_wins),
        _note_width(dataset, quality),
    ]
    found = sorted(
        (note for note in notes if note), key=lambda note: SEVERITIES.index(note.severity)
    )
    return Quality(**{**vars(quality), "notes": tuple(found)})


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


def _note_number(
    dataset: LabelledSet, quality: Quality, candidates: Sequence[Candidate]
) -> QualityNote | None:
    """Say how many effective setups the next level needs and what would bring them."""
    steps = {
        "critical": (POOR_FROM, "critical", "poor"),
        "poor": (GOOD_FROM, "warning", "good"),
        "good": (EXCELLENT_FROM, "info", "excellent"),
    }
    if quality.level not in steps:
        return None
    wanted, severity, following = steps[quality.level]
    if not quality.n:
        return QualityNote(
            "no_setups",
            "critical",
            "The rules found no labelled setup in these candles",
            advice.on_no_setups(candidates),
        )
    message = (
        f"{quality.n_effective:.0f} effective setups ({quality.n} counted) is {quality.level}; "
        f"{following} starts at {wanted}"
    )
    n_missing = wanted - quality.n_effective
    help_ = advice.on_few_setups(dataset, n_missing, following, candidates)
    return QualityNote("few_setups", severity, message, help_)


def _note_overlap(quality: Quality) -> QualityNote | None:
    if quality.n_effective >= OVERLAP_SHARE * quality.n:
        return None
    message = (
        f"{quality.n} setups overlap so much in time that they count as {quality.n_effective:.0f}"
    )
    return QualityNote("overlapping_setups", "info", message, advice.ON_OVERLAP)


def _note_win_rate(dataset: LabelledSet, quality: Quality) -> QualityNote | None:
    if not quality.n or WIN_RATE_LOW <= quality.win_rate <= WIN_RATE_HIGH:
        return None
    message = (
        f"{quality.win_rate:.0%} of the setups win, outside the usual "
        f"{WIN_RATE_LOW:.0%} to {WIN_RATE_HIGH:.0%}"
    )
    is_low = quality.win_rate < WIN_RATE_LOW
    return QualityNote(
        "win_rate_out_of_range",
        "warning",
        message,
        advice.on_win_rate(dataset, is_low=is_low),
    )


def _note_balance(quality: Quality, n_wins: int) -> QualityNote | None:
    if not quality.n or quality.balance >= BALANCE_WARNING:
        return None
    n_losses = quality.n - n_wins
    counts = f"{n_wins:,} wins and {n_losses:,} losses"
    if not quality.balance:
        message = f"{counts}: there is only one class, so there is nothing to tell apart"
        return QualityNote("one_class", "critical", message, advice.ON_ONE_CLASS)
    severity = "critical" if quality.balance < BALANCE_CRITICAL else "warning"
    message = f"{counts}: the rarer class has {quality.balance:.2f} of the other"
    wanted = int(np.ceil(BALANCE_WARNING * max(n_wins, n_losses)))
    help_ = advice.on_imbalance(n_wins, n_losses, wanted - min(n_wins, n_losses))
    return QualityNote("class_imbalance", severity, message, help_)


def _note_width(dataset: LabelledSet, quality: Quality) -> QualityNote | None:
    if not quality.n or quality.samples_per_feature >= MIN_SAMPLES_PER_FEATURE:
        return None
    message = (
        f"{quality.samples_per_feature:.1f} effective setups per feature "
        f"({dataset.n_features} features); {MIN_SAMPLES_PER_FEATURE:.0f} is the rule of thumb"
    )
    n_missing = MIN_SAMPLES_PER_FEATURE * dataset.n_features - quality.n_effective
    return QualityNote(
        "few_samples_per_feature",
        "warning",
        message,
        advice.on_width(n_missing, dataset.n_features),
    )
