"""How far fresh setups lie from those trained on, told from stored shares."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml_training.evaluation.metrics import FloatArray

Bools = NDArray[np.bool_]

N_LEVELS = 40
"""Equal shares between the stored quantiles. Chosen: the largest gap between two
distributions is then seen to within 0.025, and a column takes some 80 numbers."""

N_BINS = 10
"""Bins of the stability index, as customary (Siddiqi 2006, Credit Risk Scorecards)."""

MODERATE_PSI, LARGE_PSI = 0.10, 0.25
"""Rule of thumb of the index (Siddiqi 2006): stable below, another population above."""

MAX_P = 0.01
"""After Holm's correction over all columns. Chosen: one false word in 100 looks."""

MIN_GAP = 0.15
"""Least Kolmogorov-Smirnov distance that matters. Chosen: with thousands of setups
smaller ones are significant, and a shift of 0.4 standard deviations gives 0.16."""

MIN_RECENT = 50
"""Setups below which nothing is said. Chosen: the index of 50 equal ones is 0.18 by
luck alone, already near the bound."""

MARGIN = 0.1
"""Share of the training range by which a value must leave it to be called new. Chosen:
among sixty columns one in four setups steps a hair outside the extremes of 500."""

HALF = 0.5
"""Added to every count, so that an empty bin is rare and not impossible (Jeffreys)."""


@dataclass(frozen=True)
class ColumnProfile:
    """Hold what is kept of one column of the training rows.

    Attributes
    ----------
    n, n_missing : int
        Rows, and those of them without a finite value.
    low, high : float or None
        Range of the finite values; None without any.
    edges, shares : tuple of float
        Distinct quantiles, and the share of finite values at or below each.
    """

    n: int
    n_missing: int
    low: float | None
    high: float | None
    edges: tuple[float, ...]
    shares: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the profile as a dictionary that JSON can hold."""
        return {**asdict(self), "edges": list(self.edges), "shares": list(self.shares)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_dict` gave."""
        lists = {name: tuple(map(float, stored[name])) for name in ("edges", "shares")}
        return cls(**{**stored, **lists})


@dataclass(frozen=True)
class ColumnDrift:
    """Say how far one column has moved.

    Attributes
    ----------
    psi : float
        Population stability index over `N_BINS` bins and missing values.
    gap : float
        Kolmogorov-Smirnov distance, 0-1: the effect size.
    p_value : float
        Of the gap, after Holm's correction over all columns.
    shift : float or None
        Difference of the medians in training quartile distances; None where the
        quartiles are equal.
    """

    name: str
    psi: float
    gap: float
    p_value: float
    shift: float | None

    @property
    def level(self) -> str:
        """Return one word: stable, moderate or large."""
        is_sure = self.p_value < MAX_P and self.gap >= MIN_GAP
        if self.psi >= LARGE_PSI and is_sure:
            return "large"
        return "moderate" if self.psi >= MODERATE_PSI and is_sure else "stable"

    def as_dict(self) -> dict[str, Any]:
        """Return the drift as a dictionary that JSON can hold."""
        return {**asdict(self), "level": self.level}


def describe_column(values: ArrayLike) -> ColumnProfile:
    """Keep of a column what comparing fresh rows with it needs, and no row.

    Parameters
    ----------
    values : array of float, shape (n_setups,)
        May hold NaN and Inf; both count as missing.

    Returns
    -------
    ColumnProfile
    """
    column = np.asarray(values, dtype=np.float64)
    known = np.sort(column[np.isfinite(column)])
    n_missing = len(column) - len(known)
    if not len(known):
        return ColumnProfile(len(column), n_missing, None, None, (), ())
    levels = np.arange(1, N_LEVELS) / N_LEVELS
    edges = np.unique(np.quantile(known, levels, method="inverted_cdf"))
    shares = np.searchsorted(known, edges, side="right") / len(known)
    return ColumnProfile(
        n=len(column),
        n_missing=n_missing,
        low=float(known[0]),
        high=float(known[-1]),
        edges=tuple(edges.tolist()),
        shares=tuple(shares.tolist()),
    )


def mark_outside(profile: ColumnProfile, values: ArrayLike) -> Bools:
    """Mark values that the training rows give no hint of.

    Parameters
    ----------
    profile : ColumnProfile
        Of the training rows.
    values : array of float, shape (n_setups,)
        Of fresh setups.

    Returns
    -------
    array of bool, shape (n_setups,)
        Beyond the range by more than `MARGIN` of it; or missing where none was.
    """
    column = np.asarray(values, dtype=np.float64)
    is_missing = ~np.isfinite(column)
    if profile.low is None or profile.high is None:
        return np.asarray(~is_missing)
    margin = MARGIN * (profile.high - profile.low)
    beyond = (column < profile.low - margin) | (column > profile.high + margin)
    unseen = is_missing & (profile.n_missing == 0)
    return np.asarray(np.where(is_missing, unseen, beyond), dtype=bool)


def measure_drift(
    profiles: Mapping[str, ColumnProfile],
    X: FloatArray,
    *,
    n_effective: float,
    n_effective_trained: float,
) -> tuple[ColumnDrift, ...]:
    """Compare recent setups with the training rows, column by column.

    Parameters
    ----------
    profiles : mapping of str to ColumnProfile
        One per column of `X`, in its order.
    X : array of float, shape (n_recent, n_features)
        Raw features of recent setups.
    n_effective, n_effective_trained : float
        What the rows are worth as independent ones: overlapping setups look alike, and
        counting them one by one finds drift everywhere.

    Returns
    -------
    tuple of ColumnDrift
        The farthest first; empty with fewer than `MIN_RECENT` rows.
    """
    if len(X) < MIN_RECENT:
        return ()
    found = []
    for column, profile in enumerate(profiles.values()):
        gap = measure_gap(profile, X[:, column])
        found.append((measure_psi(profile, X[:, column]), gap, _shift(profile, X[:, column])))
    raw = [gap_p_value(gap, n_effective, n_effective_trained) for _, gap, _ in found]
    drifts = [
        ColumnDrift(name, psi, gap, p_value, shift)
        for name, (psi, gap, shift), p_value in zip(profiles, found, correct(raw), strict=True)
    ]
    return tuple(sorted(drifts, key=lambda one: -one.psi))


def measure_psi(profile: ColumnProfile, values: ArrayLike) -> float:
    """Return the population stability index of fresh values, >= 0.

    Parameters
    ----------
    profile : ColumnProfile
        Of the training rows.
    values : array of float, shape (n_recent,)
        Missing ones have a bin of their own.
    """
    column = np.asarray(values, dtype=np.float64)
    edges, shares = _thin(profile)
    n_known = profile.n - profile.n_missing
    cumulative = np.concatenate(([0.0], shares, [1.0]))
    trained = np.append(np.diff(cumulative) * n_known, profile.n_missing)
    known = column[np.isfinite(column)]
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    recent = np.append(counts, len(column) - len(known))
    occurs = (trained > 0) | (recent > 0)
    before, now = (_as_shares(one[occurs]) for one in (trained, recent))
    return float(np.sum((now - before) * np.log(now / before)))


def measure_gap(profile: ColumnProfile, values: ArrayLike) -> float:
    """Return the Kolmogorov-Smirnov distance at the stored quantiles, 0-1.

    Parameters
    ----------
    profile : ColumnProfile
        Of the training rows.
    values : array of float, shape (n_recent,)
        Missing ones are left out.

    Notes
    -----
    Between two stored quantiles the true gap may be larger by 1 / `N_LEVELS`: the
    distance errs on the quiet side.
    """
    column = np.asarray(values, dtype=np.float64)
    known = np.sort(column[np.isfinite(column)])
    if not len(known) or not profile.edges:
        return 0.0
    now = np.searchsorted(known, profile.edges, side="right") / len(known)
    return float(np.max(np.abs(now - np.asarray(profile.shares))))


def gap_p_value(gap: float, n: float, m: float) -> float:
    """Return how often two equal samples lie so far apart.

    Parameters
    ----------
    gap : float
        Kolmogorov-Smirnov distance.
    n, m : float
        Effective sizes of the samples.

    References
    ----------
    Stephens (1970), J. Royal Statistical Society B 32: the small-sample factor.
    """
    root = float(np.sqrt(max(n, 1.0) * max(m, 1.0) / (max(n, 1.0) + max(m, 1.0))))
    reach = (root + 0.12 + 0.11 / root) * gap
    if reach < 0.2:  # the series needs more terms there, and the value is 1 to 1e-11
        return 1.0
    k = np.arange(1, 101)
    total = 2 * np.sum((-1.0) ** (k - 1) * np.exp(-2 * k**2 * reach**2))
    return float(np.clip(total, 0.0, 1.0))


def correct(p_values: Sequence[float]) -> list[float]:
    """Return p-values that may be read together (Holm 1979).

    Examples
    --------
    >>> correct([0.01, 0.5, 0.02])
    [0.03, 0.5, 0.04]
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    stepped = np.maximum.accumulate(np.asarray(p_values, dtype=np.float64)[order] * factors)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(one) for one in corrected]


def _thin(profile: ColumnProfile) -> tuple[FloatArray, FloatArray]:
    """Return the stored quantiles nearest to the tenths, each once."""
    if not profile.edges:
        return np.empty(0), np.empty(0)
    shares = np.asarray(profile.shares)
    tenths = np.arange(1, N_BINS) / N_BINS
    chosen = np.unique(np.minimum(np.searchsorted(shares, tenths - 1e-9), len(shares) - 1))
    return np.asarray(profile.edges)[chosen], shares[chosen]


def _as_shares(counts: FloatArray) -> FloatArray:
    smoothed: FloatArray = (counts + HALF) / (counts.sum() + HALF * len(counts))
    return smoothed


def _shift(profile: ColumnProfile, values: FloatArray) -> float | None:
    known = values[np.isfinite(values)]
    if not len(known) or not profile.edges:
        return None
    at = np.minimum(np.searchsorted(profile.shares, [0.25, 0.5, 0.75]), len(profile.edges) - 1)
    low, middle, high = np.asarray(profile.edges)[at]
    return float((np.median(known) - middle) / (high - low)) if high > low else None
