"""Noise: how often an edge is claimed where there is none."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.verdicts import planted, studies
from benchmarks.verdicts.intervals import share
from benchmarks.verdicts.rows import Case, Row
from benchmarks.verdicts.sets import (
    CANDLES,
    RATES,
    count_bars,
    draw_entries,
    load_market,
    scan_walks,
)
from ml_training.data.instruments import guess_instrument
from ml_training.data.labelled import LabelledSet, concat_sets

RUNS = 200
BAR = 0.05  # of the runs may claim an edge (issue 5)
FEWEST, MOST = 700, 5_000
SIZES = (("700 to 1,500", 0, 1_500), ("1,500 to 3,000", 1_500, 3_000), ("over 3,000", 3_000, None))
WALKS, ENTRIES, CHANCE = "random walk", "random entries", "even chances"
MARKETS = (
    ("AUDUSD", "1h"), ("EURJPY", "1h"), ("GBPUSD", "1h"), ("USDCHF", "1h"), ("USDJPY", "1h"),
    ("XAUUSD", "1h"), ("AUDUSD", "4h"), ("EURUSD", "4h"), ("GBPUSD", "4h"), ("USDJPY", "4h"),
    ("XAUUSD", "4h"),
)  # fmt: skip
MOST_BARS = 80_000  # of four hours each: calendars know the days until 2100
WITHIN_THE_DAY = {"opening_range_break"}  # an opening range is over before four hours are
MIN_SPACING_BARS = 3  # chosen: entries on every third bar overlap sixfold, as busy rules do


def list_cases(runs: int = RUNS, first_seed: int = 0, models: str = studies.ALL) -> list[Case]:
    """Return the runs: the three kinds in turns, sizes drawn by the seed."""
    draw = (_draw_walk, _draw_entries, _draw_chance)
    return [
        {**draw[seed % len(draw)](seed), "models": models}
        for seed in range(first_seed, first_seed + runs)
    ]


def _draw_walk(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng([seed, 1])
    case: dict[str, Any] = {
        "kind": WALKS,
        "seed": seed,
        "n": _draw_size(rng),
        "preset": str(rng.choice(sorted(RATES))),
        "timeframe": str(rng.choice(["15m", "1h", "4h"])),
        "n_symbols": int(rng.integers(1, 6)),
    }
    is_long = count_bars(case["preset"], case["n_symbols"], case["n"]) > MOST_BARS
    is_unfit = is_long or case["preset"] in WITHIN_THE_DAY
    return {**case, "timeframe": "1h"} if is_unfit and case["timeframe"] == "4h" else case


def _draw_entries(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng([seed, 2])
    n_markets = int(rng.integers(1, 4))
    chosen = rng.choice(len(MARKETS), size=n_markets, replace=False)
    return {
        "kind": ENTRIES,
        "seed": seed,
        "n": _draw_size(rng),
        "markets": [list(MARKETS[number]) for number in sorted(chosen)],
        "share": float(np.round(rng.uniform(0.3, 1.0), 2)),
    }


def _draw_chance(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng([seed, 4])
    return {
        "kind": CHANCE,
        "seed": seed,
        "n": _draw_size(rng),
        "shape": "linear",
        "overlap": str(rng.choice(list(planted.SPACINGS))),
        "auc": 0.5,
    }


def _draw_size(rng: np.random.Generator) -> int:
    return round(float(np.exp(rng.uniform(np.log(FEWEST), np.log(MOST)))))


def make_set(case: Case, folder: Path = CANDLES) -> LabelledSet:
    """Return the set of a case."""
    if case["kind"] == WALKS:
        return scan_walks(
            case["preset"],
            case["timeframe"],
            n_symbols=case["n_symbols"],
            n_setups=case["n"],
            seed=case["seed"],
        )
    return planted.make_set(case)[0] if case["kind"] == CHANCE else _enter_at_random(case, folder)


def _enter_at_random(case: Case, folder: Path) -> LabelledSet:
    """Return entries over a stretch of each market; a shorter one overlaps more."""
    rng = np.random.default_rng([case["seed"], 3])
    n_each = -(-case["n"] // len(case["markets"]))
    parts = []
    for symbol, timeframe in case["markets"]:
        candles = load_market(symbol, timeframe, folder)
        n_bars = max(round(case["share"] * len(candles)), MIN_SPACING_BARS * n_each)
        start = int(rng.integers(0, max(len(candles) - n_bars, 0) + 1))
        stretch = candles.slice(start, start + n_bars)
        parts.append(draw_entries(stretch, guess_instrument(symbol), timeframe, n_each, rng))
    return concat_sets(parts)


def run_case(case: Case) -> Row:
    """Judge the set of a case; what is made up is so called: no alarm hides a claim."""
    dataset, is_made_up = make_set(case), case["kind"] != ENTRIES
    return studies.judge(
        dataset, seed=case["seed"], is_synthetic=is_made_up, models=case["models"]
    )


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Return how often an edge was claimed, in all and by kind and size."""
    groups: dict[str, list[Row]] = {"all": list(rows)}
    for kind in (WALKS, ENTRIES, CHANCE):
        groups[kind] = [row for row in rows if row["case"]["kind"] == kind]
    for title, low, high in SIZES:
        groups[title] = [row for row in rows if low <= row["n"] and (not high or row["n"] < high)]
    claims = [row for row in rows if row["claims"]]
    return {
        "bar": BAR,
        "groups": {title: count_claims(chosen) for title, chosen in groups.items()},
        "claims": [{"case": row["case"], "verdict": row["verdict"]} for row in claims],
        "met": bool(rows) and len(claims) <= BAR * len(rows),
    }


def count_claims(rows: Sequence[Row]) -> dict[str, Any]:
    """Return counts of claims and of all verdicts."""
    return {
        **share(sum(row["claims"] for row in rows), len(rows)),
        "verdicts": dict(sorted(Counter(row["verdict"] for row in rows).items())),
    }


def told(figures: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows of the page's table."""
    return [
        [
            title,
            str(one["n"]),
            str(one["k"]),
            f"{one['share']:.1%}" if one["n"] else "-",
            f"{one['low']:.1%} to {one['high']:.1%}" if one["n"] else "-",
            ", ".join(f"{name} {n}" for name, n in one["verdicts"].items()),
        ]
        for title, one in figures["groups"].items()
    ]
