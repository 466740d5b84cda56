"""Sum up the rows of the benchmark: curves, paired differences, and the bar."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.transferring.grounds import MARKETS, POOLED, SYNTHETIC, TCE
from benchmarks.transferring.learners import CHOSEN, SERVED, UNTOUCHED, name_with
from benchmarks.verdicts.rows import Row
from ml_training.study.models import BASE_RATE, LOGISTIC, NETWORK, TRANSFER

Floats = NDArray[np.float64]
Figures = dict[str, Any]

FEW, MANY = "50", "300"
"""The claim: so few setups with a base model are worth so many without (issue 6)."""

OURS = name_with(POOLED, TRANSFER)
"""What the claim is about: the network that starts from what all presets taught."""

SCRATCH = NETWORK
"""The same network from scratch, on the same setups."""

BASES = (POOLED, TCE)
LEARNERS = (
    BASE_RATE, LOGISTIC, NETWORK, SERVED,
    *(name_with(base, learner) for base in BASES for learner in (UNTOUCHED, TRANSFER, CHOSEN)),
)  # fmt: skip
MEASURES = ("log_loss", "auc")

N_DRAWS = 10_000
CONFIDENCE = 0.95


def summarise(rows: Sequence[Row]) -> Figures:
    """Return curves, differences and the bar of each market."""
    found = {
        market: [row for row in rows if row["case"]["market"] == market] for market in MARKETS
    }
    markets = {market: describe_market(some) for market, some in found.items() if some}
    bar = markets.get(SYNTHETIC, {}).get("claims", {}).get(OURS)
    return {"bar_met": bar is not None and is_no_worse(bar["against_network"]), "markets": markets}


def describe_market(rows: Sequence[Row]) -> Figures:
    """Return the figures of one market.

    Parameters
    ----------
    rows : sequence of dict
        One per seed.
    """
    learners = [name for name in LEARNERS if np.isfinite(column(rows, name, FEW, "auc")).any()]
    return {
        "seeds": len(rows),
        "targets": sorted({row["target"] for row in rows}),
        "n_test": round(float(np.mean([row["n_test"] for row in rows]))),
        "base_models": {base: describe_bases(rows, base) for base in BASES},
        "curves": {name: describe_curve(rows, name) for name in learners},
        "gains": {name: describe_gains(rows, name) for name in learners},
        "claims": {
            name: describe_claim(rows, name)
            for name in learners
            if name.endswith(tuple(f", {base}" for base in BASES))
        },
        "served": {
            name: count_served(rows, name) for name in learners if name.startswith("served")
        },
    }


def list_sizes(rows: Sequence[Row]) -> list[str]:
    """Return the numbers of setups that were measured, ascending."""
    return sorted({n for row in rows for n in row["sizes"]}, key=int)


def column(rows: Sequence[Row], name: str, n: str, measure: str) -> Floats:
    """Return a figure of a learner for every seed; NaN where there is none."""
    told = [row["sizes"].get(n, {}).get(name, {}).get(measure) for row in rows]
    return np.array([np.nan if one is None else one for one in told], dtype=np.float64)


def describe_curve(rows: Sequence[Row], name: str) -> Figures:
    """Return means with their intervals against the number of setups."""
    return {
        n: {measure: describe_mean(column(rows, name, n, measure)) for measure in MEASURES}
        for n in list_sizes(rows)
    }


def describe_gains(rows: Sequence[Row], name: str) -> Figures:
    """Return what a learner gains over the network from scratch with as many setups.

    Above zero is better: log-loss saved, AUC won.
    """
    signs = {"log_loss": -1.0, "auc": 1.0}
    return {
        n: {
            measure: describe_mean(
                sign * (column(rows, name, n, measure) - column(rows, SCRATCH, n, measure))
            )
            for measure, sign in signs.items()
        }
        for n in list_sizes(rows)
    }


def describe_claim(rows: Sequence[Row], name: str) -> Figures:
    """Return how few setups with a base model stand against many from scratch."""
    against = {"against_network": SCRATCH, "against_served": SERVED}
    return {
        **{key: compare(rows, name, FEW, rival, MANY) for key, rival in against.items()},
        "rival_needs": {
            key: {measure: find_need(rows, name, rival, measure) for measure in MEASURES}
            for key, rival in against.items()
        },
        "reaches": {
            key: {
                measure: find_reach(rows, name, rival, measure) for measure in MEASURES
            }
            for key, rival in against.items()
        },
    }  # fmt: skip


def compare(rows: Sequence[Row], name: str, n: str, rival: str, n_rival: str) -> Figures:
    """Return log-loss saved and AUC won over a rival, seed by seed.

    Parameters
    ----------
    rows : sequence of dict
        One per seed.
    name, n : str
        The learner, and the setups it has.
    rival, n_rival : str
        What it is compared with.
    """
    saved = column(rows, rival, n_rival, "log_loss") - column(rows, name, n, "log_loss")
    won = column(rows, name, n, "auc") - column(rows, rival, n_rival, "auc")
    return {"log_loss": describe_mean(saved), "auc": describe_mean(won)}


def find_reach(rows: Sequence[Row], name: str, rival: str, measure: str) -> Figures:
    """Return from how many setups on a learner is at least what its rival is at 300.

    `mean` asks for the mean over the seeds, `surely` for the whole interval.
    """
    sizes = list_sizes(rows)
    gaps = [compare(rows, name, n, rival, MANY)[measure] for n in sizes]
    return {
        "mean": _first_lasting(sizes, [gap["mean"] for gap in gaps]),
        "surely": _first_lasting(sizes, [gap["low"] for gap in gaps]),
    }


def find_need(rows: Sequence[Row], name: str, rival: str, measure: str) -> int | None:
    """Return from how many setups on a rival is at least what a learner is with 50.

    By the mean over the seeds; None where the largest number was not enough.
    """
    sizes = list_sizes(rows)
    gaps = [compare(rows, name, FEW, rival, n)[measure]["mean"] for n in sizes]
    return _first_lasting(sizes, [None if gap is None else -gap for gap in gaps])


def _first_lasting(sizes: Sequence[str], gains: Sequence[float | None]) -> int | None:
    """Return the first size from which on no gain is below zero."""
    is_good = [gain is not None and gain >= 0 for gain in gains]
    lasting = [int(n) for place, n in enumerate(sizes) if all(is_good[place:])]
    return lasting[0] if lasting else None


def is_no_worse(gap: Figures) -> bool:
    """Tell whether a gain is at least zero with both measures, surely."""
    lows = [gap[measure]["low"] for measure in MEASURES]
    return all(low is not None and low >= 0.0 for low in lows)


def describe_mean(values: Floats) -> Figures:
    """Return a mean over the seeds and its interval, seeds drawn with replacement.

    Parameters
    ----------
    values : array of float, shape (n_seeds,)
        NaN where nothing was measured.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return {"mean": None, "low": None, "high": None, "n": 0}
    rng = np.random.default_rng(0)
    means = known[rng.integers(0, len(known), (N_DRAWS, len(known)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    told = {"mean": float(known.mean()), "low": float(low), "high": float(high)}
    return {**{key: round(value, 6) for key, value in told.items()}, "n": len(known)}


def describe_bases(rows: Sequence[Row], base: str) -> Figures:
    """Return means of what base models learned from and are worth on their own."""
    told = [row["base_models"][base] for row in rows]
    return {
        key: round(float(np.mean([one[key] for one in told])), 4)
        for key in ("n", "n_effective", "auc", "log_loss")
    }


def count_served(rows: Sequence[Row], name: str) -> Figures:
    """Return how often each model was chosen, for every number of setups."""
    counts: Figures = {}
    for n in list_sizes(rows):
        served = [row["sizes"][n][name]["served"] for row in rows if n in row["sizes"]]
        counts[n] = {one: served.count(one) for one in sorted(set(served))}
    return counts
