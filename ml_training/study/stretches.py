"""How far a ranking differs between stretches of the market: a spread, no forecast."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial, reduce
from typing import Self

import numpy as np

from ml_training.core.events import ShouldStop, never
from ml_training.data.folds import Ints, Pair, combine_purged
from ml_training.data.labelled import LabelledSet
from ml_training.errors import DataError
from ml_training.evaluation.baselines import USUAL_STRENGTH, LogisticBaseline
from ml_training.evaluation.metrics import FloatArray
from ml_training.evaluation.significance import measure_auc_within
from ml_training.study.models import LOGISTIC

MIN_SETUPS = 2_000
"""Setups; chosen with the design: a sixth of them still holds 333, on which luck alone
moves an AUC by 0.03 (one standard error)."""


@dataclass(frozen=True)
class Range:
    """Hold the lowest, middle and highest of some figures."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Self:
        """Return the range of at least one figure."""
        return cls(min(figures), float(np.median(figures)), max(figures))


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Hold what several models made of the same setups.

    Attributes
    ----------
    start, end : int
        UTC epoch seconds of the first and the last entry.
    n : int
        Setups in it.
    auc : Range or None
        Over the models; None when one class occurs.
    better_half_r : Range
        Mean R of the setups with at least the model's median chance, after costs.
    every_r : float
        Mean R of all its setups after costs.
    """

    start: int
    end: int
    n: int
    auc: Range | None
    better_half_r: Range
    every_r: float

    def as_dict(self) -> dict[str, object]:
        """Return the figures as a dictionary that JSON can hold."""
        told = asdict(self)
        return {"from": told.pop("start"), "to": told.pop("end"), **told}


@dataclass(frozen=True, kw_only=True)
class Stretches:
    """Hold the whole time and its parts, each judged by models that had not seen it.

    Attributes
    ----------
    model : str
        What was fitted.
    n_pairs, n_paths : int
        Fits, and how often each setup was judged.
    whole : Stretch
        All setups: its ranges are over the paths.
    parts : tuple of Stretch
        Equal numbers of setups, in time order.
    """

    model: str
    n_pairs: int
    n_paths: int
    whole: Stretch
    parts: tuple[Stretch, ...]

    @property
    def words(self) -> str:
        """Say what was done, and what it may be taken for."""
        return (
            f"Each of the {len(self.parts)} stretches was judged by {self.n_paths} models that "
            f"learned from the others, later ones too{self._tell_aucs()}. The better half of a "
            "stretch are the setups a model ranks higher. This is a spread and no forecast: no "
            "verdict rests on it."
        )

    def _tell_aucs(self) -> str:
        known = [one.auc for one in self.parts if one.auc is not None]
        if not known or self.whole.auc is None:
            return ""
        low, high = min(one.low for one in known), max(one.high for one in known)
        whole = self.whole.auc
        return (
            f": AUC from {low:.3f} to {high:.3f}, and from {whole.low:.3f} to {whole.high:.3f} "
            "over the whole time"
        )

    def as_dict(self) -> dict[str, object]:
        """Return everything as a dictionary that JSON can hold."""
        return {
            "words": self.words,
            "model": self.model,
            "n_pairs": self.n_pairs,
            "n_paths": self.n_paths,
            "whole": self.whole.as_dict(),
            "parts": [one.as_dict() for one in self.parts],
        }


def measure_stretches(dataset: LabelledSet, *, beat: ShouldStop = never) -> Stretches | None:
    """Judge a logistic regression on every pair of sixths of the calendar.

    Parameters
    ----------
    dataset : LabelledSet
        All labelled setups, in time order.
    beat : callable
        Called before every fit, which no answer of its ends.

    Returns
    -------
    Stretches or None
        None below `MIN_SETUPS`, or where a part would be empty or hold one class.

    Notes
    -----
    A model may learn from setups later than those it is judged on, only never from any
    that share a moment with them. So this shows how far stretches of the market differ;
    what comes next is the walk-forward's question, and no verdict rests on this. The
    penalty is fixed beforehand: nothing is chosen that could differ between the pairs.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, chapter 12.
    """
    if len(dataset) < MIN_SETUPS:
        return None
    try:
        pairs = combine_purged(dataset.t0, dataset.t1)
    except DataError:
        return None
    if any(len(np.unique(dataset.y[pair.train])) < 2 for pair in pairs):
        return None
    parts = _find_parts(pairs)
    paths = _judge_pairs(dataset, pairs, parts, beat)
    score = partial(_score, dataset, paths)
    return Stretches(
        model=LOGISTIC,
        n_pairs=len(pairs),
        n_paths=len(paths),
        whole=score(parts),
        parts=tuple(score([rows]) for rows in parts),
    )


def _find_parts(pairs: Sequence[Pair]) -> list[Ints]:
    """Return the rows of each part: those that all pairs testing it have in common."""
    n_parts = 1 + max(max(pair.groups) for pair in pairs)
    return [
        reduce(np.intersect1d, [pair.test for pair in pairs if one in pair.groups])
        for one in range(n_parts)
    ]


def _judge_pairs(
    dataset: LabelledSet, pairs: Sequence[Pair], parts: Sequence[Ints], beat: ShouldStop
) -> list[FloatArray]:
    """Return the chances of all setups along each path, each part by another fit."""
    said: list[list[FloatArray]] = [[] for _ in parts]
    for pair in pairs:
        beat()
        rows = pair.train
        model = LogisticBaseline.fit_with(
            USUAL_STRENGTH,
            dataset.X[rows],
            dataset.y[rows].astype(np.int64),
            dataset.weight[rows],
        )
        for one in pair.groups:
            said[one].append(model.predict_proba(dataset.X[parts[one]]))
    paths = []
    for path in zip(*said, strict=True):
        p = np.empty(len(dataset))
        for rows, chances in zip(parts, path, strict=True):
            p[rows] = chances
        paths.append(p)
    return paths


def _score(dataset: LabelledSet, paths: Sequence[FloatArray], parts: Sequence[Ints]) -> Stretch:
    """Score some parts along every path, each part by the model that spoke there."""
    rows, fold = np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(x) for x in parts])
    aucs = [measure_auc_within(dataset.y[rows], p[rows], fold) for p in paths]
    known = [one for one in aucs if one is not None]
    better = [np.concatenate([x[p[x] >= np.median(p[x])] for x in parts]) for p in paths]
    return Stretch(
        start=int(dataset.t0[rows].min()),
        end=int(dataset.t0[rows].max()),
        n=len(rows),
        auc=Range.of(known) if known else None,
        better_half_r=Range.of([float(dataset.r[one].mean()) for one in better]),
        every_r=float(dataset.r[rows].mean()),
    )
