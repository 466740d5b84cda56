"""How much of a figure is luck, when neighbouring setups share the same candles."""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import ArrayLike

from ml_training.evaluation.metrics import FloatArray, IntArray, mean_ranks

NULL_AUC_SD = 0.65
"""Standard deviation of the AUC of a model that knows nothing, times the root of the
effective number of out-of-sample setups. Measured on real candles, ordinary rules, TP 2
ATR / SL 1 ATR (design notes); independent setups with a win rate of 1/3 give 0.61."""

CONFIDENCE = 0.95
"""Of every interval shown; the customary level."""

CONFIDENCE_SIGMAS = 1.96
"""Half the width of such an interval in standard deviations of a normal value."""

N_RESAMPLES = 1000
"""Bootstrap draws; chosen: the ends of a 95 % interval then wobble by under 0.1 sd."""

MAX_BLOCKS, MIN_BLOCKS = 60, 12
"""Calendar blocks that are drawn with replacement. Chosen: fewer than a dozen cannot
show a spread, more than sixty cut through setups that share candles without need."""

HOLD_QUANTILE = 0.9
"""A block lasts at least as long as nine of ten setups are held; chosen: the longest
holds (daily bars) would leave a handful of blocks for hundreds of hourly setups."""

CHUNK = 100
"""Bootstrap draws computed at once; chosen: a table of them stays in the cache."""

ROUNDING = 0.25
"""Rank sums are multiples of one half: what lies closer is the transform's rounding."""


@dataclass(frozen=True)
class Interval:
    """A value with the range that luck alone explains."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Return the interval as a dictionary that JSON can hold."""
        return {"value": self.value, "low": self.low, "high": self.high}


def null_auc_sd(n_effective: float) -> float:
    """Return the standard deviation of the AUC of a model that knows nothing."""
    return NULL_AUC_SD / float(np.sqrt(max(n_effective, 1.0)))


def deflate(p_value: float | None, n_openings: int) -> float:
    """Return the p-value after several openings of the test block (Bonferroni).

    Examples
    --------
    >>> deflate(0.02, 3)
    0.06
    >>> deflate(None, 1)
    1.0
    """
    return 1.0 if p_value is None else min(1.0, p_value * max(n_openings, 1))


def cut_blocks(t0: ArrayLike, t1: ArrayLike) -> IntArray:
    """Assign calendar blocks that are long enough to hold most setups whole.

    Parameters
    ----------
    t0, t1 : array of int, shape (n_setups,)
        First and last second of each setup (UTC).

    Returns
    -------
    array of int, shape (n_setups,)
        Block of each setup by its t0, numbered 0, 1, ... without holes.

    Notes
    -----
    All symbols and timeframes share the blocks: markets move together, and a bootstrap
    that draws setups one by one would take five correlated pairs for five witnesses.
    """
    start, end = np.asarray(t0, dtype=np.int64), np.asarray(t1, dtype=np.int64)
    if not len(start):
        return start
    span = int(start.max() - start.min()) + 1
    held = float(np.quantile(end - start, HOLD_QUANTILE))
    length = min(max(span / MAX_BLOCKS, held), span / MIN_BLOCKS)
    block = ((start - start.min()) / max(length, 1.0)).astype(np.int64)
    numbered: IntArray = np.unique(block, return_inverse=True)[1].astype(np.int64)
    return numbered


def bootstrap_auc(
    y: ArrayLike, p: ArrayLike, blocks: ArrayLike, *, seed: int, fold: ArrayLike | None = None
) -> Interval | None:
    """Return the AUC with its block-bootstrap interval.

    Parameters
    ----------
    y, p : array, shape (n_setups,)
        Outcomes and scores.
    blocks : array of int, shape (n_setups,)
        Block of each setup; see `cut_blocks`.
    seed : int
        Of the draws.
    fold : array of int, shape (n_setups,), optional
        Wins are compared with losses of their own fold only; see `measure_auc_within`.

    Returns
    -------
    Interval or None
        None when only one class occurs (in every fold).
    """
    won, pairs = count_won_pairs(y, p, blocks, fold)
    if not pairs.sum():
        return None
    draws = [_redraw_auc(counts, won, pairs) for counts in _draw_blocks(len(won), seed)]
    return _percentiles(float(won.sum() / pairs.sum()), np.concatenate(draws))


def measure_auc_within(y: ArrayLike, p: ArrayLike, fold: ArrayLike) -> float | None:
    """Return the chance that a win is ranked above a loss of the same fold.

    Parameters
    ----------
    y, p, fold : array, shape (n_setups,)
        Outcomes, scores, and which model gave each score.

    Returns
    -------
    float or None
        None when no fold holds both classes.

    Notes
    -----
    Each fold has a model and a base rate of its own. Compared across folds, scores
    would tell good years from bad ones, which is not what a filter is paid for.
    """
    won, pairs = count_won_pairs(y, p, np.zeros(len(np.asarray(y)), dtype=np.int64), fold)
    return float(won.sum() / pairs.sum()) if pairs.sum() else None


def count_won_pairs(
    y: ArrayLike, p: ArrayLike, blocks: ArrayLike, fold: ArrayLike | None = None
) -> tuple[FloatArray, FloatArray]:
    """Count pairs of a win and a loss, and those in which the win has the higher score.

    Parameters
    ----------
    y, p : array, shape (n_setups,)
        Outcomes and scores.
    blocks : array of int, shape (n_setups,)
        Numbers from 0 on.
    fold : array of int, shape (n_setups,), optional
        Only pairs of one fold count; None makes all setups one fold.

    Returns
    -------
    tuple of two arrays of float, shape (n_blocks, n_blocks)
        Pairs won and all pairs of a win of block i and a loss of block j; a tie is half
        a pair won.

    Notes
    -----
    The counts are whole or half numbers, so sums of them are exact in any order.
    """
    wins, scores, block = np.asarray(y) == 1, np.asarray(p), np.asarray(blocks)
    folds = np.zeros(len(wins), dtype=np.int64) if fold is None else np.asarray(fold)
    n_blocks = int(block.max()) + 1 if len(block) else 1
    won, pairs = np.zeros((n_blocks, n_blocks)), np.zeros((n_blocks, n_blocks))
    for one in np.unique(folds):
        rows = np.flatnonzero(folds == one)
        win, lost = rows[wins[rows]], rows[~wins[rows]]
        sizes = [np.bincount(block[part], minlength=n_blocks) for part in (win, lost)]
        pairs += np.outer(*sizes)
        lost = lost[np.argsort(scores[lost], kind="stable")]
        below = np.zeros((len(lost) + 1, n_blocks))
        below[np.arange(1, len(lost) + 1), block[lost]] = 1.0
        np.cumsum(below, axis=0, out=below)
        for side in ("left", "right"):
            beaten = below[np.searchsorted(scores[lost], scores[win], side=side)]
            np.add.at(won, block[win], beaten / 2)
    return won, pairs


def bootstrap_mean(values: ArrayLike, blocks: ArrayLike, *, seed: int) -> Interval | None:
    """Return a mean with its block-bootstrap interval; None without values.

    Parameters
    ----------
    values : array of float, shape (n,)
        What is averaged: results in R, differences of losses.
    blocks : array of int, shape (n,)
        Block of each value; see `cut_blocks`.
    seed : int
        Of the draws.
    """
    sample = np.asarray(values, dtype=np.float64)
    if not len(sample):
        return None
    numbered = np.unique(np.asarray(blocks), return_inverse=True)[1]
    sums, sizes = np.bincount(numbered, sample), np.bincount(numbered)
    draws = [(c @ sums) / (c @ sizes) for c in _draw_blocks(len(sums), seed)]
    return _percentiles(float(sample.mean()), np.concatenate(draws))


def rotation_p_value(
    y: ArrayLike, p: ArrayLike, *, min_shift: int, fold: ArrayLike | None = None
) -> float | None:
    """Return how often outcomes shifted in time rank as well as the true ones.

    Parameters
    ----------
    y, p : array, shape (n_setups,)
        Outcomes and scores in time order.
    min_shift : int
        Shifts up to this many setups either way are left out: they are the true order
        again as far as overlapping setups go.
    fold : array of int, shape (n_setups,), optional
        Scores are ranked within their own fold; the outcomes turn through all of them.

    Returns
    -------
    float or None
        One-sided p-value; None when one class occurs or too few shifts are left.

    Notes
    -----
    Shuffling outcomes one by one destroys the runs of wins and losses that overlapping
    setups have, and so finds significance in noise. Turning the whole row keeps them.
    All shifts are exact and cost one Fourier transform.

    References
    ----------
    Lahiri 2003, Resampling methods for dependent data, ch. 2 (circular blocks).
    """
    outcomes = np.asarray(y, dtype=np.float64)
    n = len(outcomes)
    far = np.arange(n)
    far = far[(far > min_shift) & (far < n - min_shift)]
    if not 0 < outcomes.sum() < n or not len(far):
        return None
    ranks = rank_within(p, np.zeros(n) if fold is None else fold)
    sums = np.fft.irfft(np.fft.rfft(ranks) * np.conj(np.fft.rfft(outcomes)), n)
    true_sum = float(ranks @ outcomes)
    at_least = int(np.sum(sums[far] >= true_sum - ROUNDING))
    return (1 + at_least) / (1 + len(far))


def block_p_value(
    y: ArrayLike, p: ArrayLike, blocks: ArrayLike, *, fold: ArrayLike | None = None
) -> float | None:
    """Return how likely luck alone ranks so well in so many blocks of the calendar.

    Parameters
    ----------
    y, p : array, shape (n_setups,)
        Outcomes and scores.
    blocks : array of int, shape (n_setups,)
        Block of each setup; see `cut_blocks`.
    fold : array of int, shape (n_setups,), optional
        Scores are ranked, and outcomes compared, within their own fold.

    Returns
    -------
    float or None
        One-sided p-value; None when one class occurs, or one block.

    Notes
    -----
    Within a block everything may hang together: symbols that move alike, and long and
    short setups at once, whose outcomes turn against each other as their features do.
    Rotations mix those up and are too sure of themselves there (`python -m
    benchmarks.evaluation --part pvalues`). A sum of independent, symmetric blocks over
    the root of its squares is all but normal.

    References
    ----------
    Efron 1969, Student's t-test under symmetry conditions.
    """
    outcomes, numbers = np.asarray(y, dtype=np.float64), np.asarray(blocks, dtype=np.int64)
    folds = np.zeros(len(outcomes), dtype=np.int64) if fold is None else np.asarray(fold)
    if not 0 < outcomes.sum() < len(outcomes):
        return None
    centred = outcomes.copy()
    for one in np.unique(folds):
        centred[folds == one] -= outcomes[folds == one].mean()
    sums = np.bincount(numbers, rank_within(p, folds) * centred)
    squares = float(np.sum(sums**2))
    if len(np.unique(numbers)) < 2:
        return None
    return 0.5 * erfc(float(sums.sum()) / sqrt(2.0 * squares)) if squares else 1.0


def rank_within(p: ArrayLike, fold: ArrayLike) -> FloatArray:
    """Return ranks within each fold, centred on zero; equal scores share their mean.

    Examples
    --------
    >>> rank_within([0.2, 0.9, 0.2, 0.7], [0, 0, 1, 1]).tolist()
    [-0.5, 0.5, -0.5, 0.5]
    """
    scores, folds = np.asarray(p), np.asarray(fold)
    ranks = np.empty(len(scores))
    for one in np.unique(folds):
        rows = folds == one
        ranks[rows] = mean_ranks(scores[rows]) - (np.count_nonzero(rows) + 1) / 2
    return ranks


def _draw_blocks(n_blocks: int, seed: int) -> list[FloatArray]:
    """Return how often each block is drawn, in chunks of shape (CHUNK, n_blocks)."""
    rng = np.random.default_rng(seed)
    share = np.full(n_blocks, 1.0 / n_blocks)
    return [
        rng.multinomial(n_blocks, share, size=CHUNK).astype(np.float64)
        for _ in range(N_RESAMPLES // CHUNK)
    ]


def _redraw_auc(counts: FloatArray, won: FloatArray, pairs: FloatArray) -> FloatArray:
    """Return the AUC of each draw of blocks, NaN where it holds one class only."""
    held = np.sum((counts @ pairs) * counts, axis=1)
    scores = np.full(len(held), np.nan)
    np.divide(np.sum((counts @ won) * counts, axis=1), held, out=scores, where=held > 0)
    return scores


def _percentiles(value: float, draws: FloatArray) -> Interval:
    tail = (1 - CONFIDENCE) / 2
    known = draws[np.isfinite(draws)]
    low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (np.nan, np.nan)
    return Interval(value, float(low), float(high))
