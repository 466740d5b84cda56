"""The leak alarm: columns and splits that know what they cannot know.

Three checks, from proof to suspicion. Rows computed again from candles that end at the
signal must be what was stored; a difference is a look ahead, whatever it looks like.
Blocks that share time are shuffled. And where there are no candles to compute from, no
column of a market ranks outcomes better than `PLAUSIBLE_AUC`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_training.evaluation.bounds import LEAK_AUC
from ml_training.evaluation.metrics import FloatArray, IntArray
from ml_training.evaluation.outcomes import Outcomes
from ml_training.evaluation.ranking import (
    cluster_sums,
    normalise_ranks,
    rank_deviation,
    rank_outcomes,
    remove_the_rest,
)
from ml_training.evaluation.significance import cut_blocks

Bools = NDArray[np.bool_]

PLAUSIBLE_AUC = LEAK_AUC
"""Of one column: an honest one cannot rank better than the best honest model."""

SYNTHETIC_AUC = 0.80
"""The same where an edge was planted on purpose. Chosen: the strongest planted edge of
our own markets gives a whole model 0.69 on average."""

SIGMAS = 3.0
"""Distance from the bound, in standard deviations that know the runs of overlapping
setups. Chosen and measured: benchmarks/verdicts/leaks.py."""

FEWEST_ROWS = 60
"""Below it the standard deviation itself is luck; chosen: five rows in each of twelve
blocks."""

FEWEST_OF_A_CLASS = 15
"""Wins or losses below which nothing is said; chosen for the same reason."""

TOLERANCE = 1e-6
"""Largest difference of two computations of one value, in spreads of its column: what a
window of candles instead of all of them changes (`FeaturePlan.lookback_bars`)."""

MOST_NAMED = 3
"""Columns named in one sentence; the others are counted."""


@dataclass(frozen=True)
class Leak:
    """Name one leak.

    Attributes
    ----------
    kind : str
        look_ahead, shared_time or tells_too_much.
    columns : tuple of str
        Which columns; empty for a split.
    message : str
        For a trader, with numbers.
    """

    kind: str
    columns: tuple[str, ...]
    message: str


def find_changed_rows(
    stored: FloatArray, again: FloatArray, names: Sequence[str], spread: FloatArray
) -> Leak | None:
    """Compare stored rows with the same rows computed from the past alone.

    Parameters
    ----------
    stored, again : array of float, shape (n_rows, n_features)
        As the model is trained on them, and computed again from candles that end with
        the signal bar of each row.
    names : sequence of str
        Of the columns.
    spread : array of float, shape (n_features,)
        Standard deviation of each column over all rows.

    Returns
    -------
    Leak or None
        None when no value differs by more than `TOLERANCE` spreads.

    Notes
    -----
    This catches a value from a later bar, a bar of a higher timeframe that had not
    closed, and a copy of the outcome alike: none of them can be computed from the past.
    """
    same = (stored == again) | (np.isnan(stored) & np.isnan(again))
    with np.errstate(invalid="ignore"):
        near = np.abs(stored - again) <= TOLERANCE * np.maximum(np.nan_to_num(spread), 1e-12)
    differs = ~(same | near)
    columns = tuple(names[column] for column in np.flatnonzero(differs.any(axis=0)).tolist())
    if not columns:
        return None
    n_rows, where = int(differs.any(axis=1).sum()), _enumerate(columns)
    return Leak(
        "look_ahead",
        columns,
        f"{where} cannot be computed from the candles up to the signal ({n_rows} of "
        f"{len(stored)} setups checked give other values)",
    )


def find_shared_time(
    earlier: tuple[IntArray, IntArray], later: tuple[IntArray, IntArray], words: tuple[str, str]
) -> Leak | None:
    """Find rows of an earlier block that touch the time of a later one.

    Parameters
    ----------
    earlier, later : tuple of arrays of int
        `t0` and `t1` of the rows of each block, UTC epoch seconds.
    words : tuple of str
        What the blocks are called.

    Returns
    -------
    Leak or None
        None when every label of the earlier block ends before the later one begins.
    """
    if not len(earlier[0]) or not len(later[0]):
        return None
    n_late = int(np.count_nonzero(earlier[1] >= later[0].min()))
    if not n_late:
        return None
    return Leak(
        "shared_time",
        (),
        f"{n_late:,} of {len(earlier[0]):,} {words[0]} setups end after the {words[1]} block "
        f"has begun, so the split was shuffled or not purged",
    )


def find_overlaps(
    kept: tuple[IntArray, IntArray], judged: tuple[IntArray, IntArray], words: tuple[str, str]
) -> Leak | None:
    """Find rows whose [t0, t1] overlaps one they are judged on, in whatever order.

    Parameters
    ----------
    kept, judged : tuple of arrays of int
        `t0` and `t1` of the rows to train on and of those to judge on.
    words : tuple of str
        What the blocks are called.

    Returns
    -------
    Leak or None
        For folds that train on both sides of the block they are judged on.
    """
    if not len(kept[0]) or not len(judged[0]):
        return None
    starts, ends = np.sort(judged[0]), np.sort(judged[1])
    n_begun = np.searchsorted(starts, kept[1], side="right")
    n_over = np.searchsorted(ends, kept[0], side="left")
    n_touching = int(np.count_nonzero(n_begun > n_over))
    if not n_touching:
        return None
    return Leak(
        "shared_time",
        (),
        f"{n_touching:,} of {len(kept[0]):,} {words[0]} setups share time with {words[1]} "
        f"setups, so the split was shuffled or not purged",
    )


def find_telling_columns(
    X: FloatArray,
    outcomes: Outcomes,
    *,
    side: IntArray,
    names: Sequence[str],
    exempt: Collection[str] = (),
    bound: float = PLAUSIBLE_AUC,
) -> Leak | None:
    """Find columns that rank outcomes better than any market lets them.

    Parameters
    ----------
    X : array of float, shape (n_setups, n_features)
        Raw features.
    outcomes : Outcomes
        Of the same setups. A column must tell the results in R as well as the wins:
        where the target is nearer than the stop a setup wins more often and earns no
        more, and that is no leak.
    side : array of int, shape (n_setups,)
        1 for long, -1 for short: a look ahead may point the same way for both.
    names : sequence of str
        Of the columns.
    exempt : collection of str
        Columns that describe the bet itself, such as the distance to the stop.
    bound : float
        The best AUC that is taken for honest.

    Returns
    -------
    Leak or None
        None with fewer than `FEWEST_ROWS` rows.

    Notes
    -----
    Each column is judged four times: as it is; turned by the side; as what is left of
    it after all others explain what they can, which bares a small look ahead in a slow
    column; and by where it is missing. The standard deviation of each AUC comes from
    its influences summed by calendar block, the analytic twin of the block bootstrap.
    """
    y, n_wins = outcomes.y, int(np.count_nonzero(outcomes.y == 1))
    if len(y) < FEWEST_ROWS or min(n_wins, len(y) - n_wins) < FEWEST_OF_A_CLASS:
        return None
    blocks = cut_blocks(outcomes.t0, outcomes.t1)
    told: dict[str, tuple[float, float]] = {}
    for view in _views(X, side):
        auc, deviation = rank_outcomes(view, y, blocks)
        deviation = np.maximum(deviation, rank_deviation(n_wins, len(y) - n_wins))
        low = np.abs(auc - 0.5) + 0.5 - SIGMAS * deviation
        is_telling = (low > bound) & _tells_results(view, outcomes.r, blocks)
        for column in np.flatnonzero(is_telling).tolist():
            name = names[column]
            if name not in exempt and low[column] > told.get(name, (0.0, 0.0))[1]:
                told[name] = (float(abs(auc[column] - 0.5) + 0.5), float(low[column]))
    return _name_telling(told, bound) if told else None


def _views(X: FloatArray, side: IntArray) -> list[FloatArray]:
    """Return the ways in which every column is looked at."""
    ranked = normalise_ranks(X)
    missing = (~np.isfinite(X)).astype(np.float64)
    views = [ranked, remove_the_rest(ranked)]
    if len(np.unique(side)) > 1:
        views.append(ranked * side[:, None])
    return [*views, missing] if missing.any() else views


def _tells_results(view: FloatArray, r: FloatArray, blocks: IntArray) -> Bools:
    """Mark columns that go with the results in R by more than luck."""
    results = np.clip(r, *np.quantile(r, [0.01, 0.99]))  # one windfall must not decide
    products = (view - view.mean(axis=0)) * (results - results.mean())[:, None]
    total, deviation = cluster_sums(products, blocks)
    return np.asarray(np.abs(total) > SIGMAS * deviation)


def _name_telling(told: dict[str, tuple[float, float]], bound: float) -> Leak:
    columns = tuple(sorted(told, key=lambda name: -told[name][1]))
    auc, low = told[columns[0]]
    verb = "ranks" if len(columns) == 1 else "rank"
    return Leak(
        "tells_too_much",
        columns,
        f"{_enumerate(columns)} alone {verb} the outcomes with an AUC of {auc:.2f} (at least "
        f"{low:.2f}), and nothing known before an entry tells more than {bound:.2f}",
    )


def _enumerate(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:MOST_NAMED])
    n_more = len(columns) - MOST_NAMED
    word = "column" if len(columns) == 1 else "columns"
    return f"the {word} {shown}" + (f" and {n_more} more" if n_more > 0 else "")
