"""Cases of the benchmark: a market, a seed, and every number of setups in turn."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.transferring.grounds import MARKETS, Ground, draw, make_ground
from benchmarks.transferring.learners import Blocks, Figures, cut_blocks, learn
from benchmarks.verdicts.rows import Case, Row
from ml_training.errors import DataError
from ml_training.study.base import BaseModel, train_base

SIZES = (25, 50, 100, 200, 300, 500, 1_000)
"""Setups a strategy has, validation included."""

SEEDS = 24
MOST_DRAWS = 100
"""Tries to draw setups of both classes; chosen: far more than ever needed."""

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
JUDGED = ("core", "data", "evaluation", "study")
"""Packages of the product that decide a row besides the case."""

DECIDING = ("cases.py", "grounds.py", "learners.py")


def list_cases(
    seeds: int = SEEDS, first_seed: int = 0, markets: tuple[str, ...] = MARKETS
) -> list[Case]:
    """Return the cases, markets by turns, so that a part of them is worth something."""
    return [
        {"market": market, "seed": seed}
        for seed in range(first_seed, first_seed + seeds)
        for market in markets
    ]


@lru_cache
def code_digest() -> str:
    """Return a short hash over the sources that decide what a row says."""
    text = hashlib.sha256()
    folders = [ROOT / "ml_training" / name for name in JUDGED]
    product = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    for path in [*product, *(HERE / name for name in DECIDING)]:
        text.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return text.hexdigest()[:12]


def run_case(case: Case, sizes: tuple[int, ...] = SIZES) -> Row:
    """Learn one strategy from ever more setups, with base models and without."""
    return measure_ground(make_ground(case["market"], case["seed"]), case["seed"], sizes)


def measure_ground(ground: Ground, seed: int, sizes: tuple[int, ...] = SIZES) -> Row:
    """Return the figures of every learner for every number of setups.

    Parameters
    ----------
    ground : Ground
        From `make_ground`.
    seed : int
        Draws the setups; also that of the networks.
    sizes : tuple of int
        Those the past cannot fill are left out.
    """
    bases = {
        name: train_base(one.setups, presets=one.presets, until=ground.until)
        for name, one in ground.bases.items()
    }
    return {
        "target": ground.target,
        "n_past": len(ground.past),
        "n_test": len(ground.test),
        "base_models": {name: describe_base(one) for name, one in bases.items()},
        "sizes": {
            str(n): learn(draw_blocks(ground, n, seed), bases, seed)
            for n in sizes
            if n <= len(ground.past)
        },
    }


def describe_base(base: BaseModel) -> Figures:
    """Return what a base model learned from, and what it is worth on its own."""
    kept: dict[str, Any] = {"n": base.n_setups, "n_effective": round(base.n_effective, 1)}
    return {**kept, "auc": base.scores["auc"], "log_loss": base.scores["log_loss"]}


def draw_blocks(ground: Ground, n: int, seed: int) -> Blocks:
    """Return n setups of the past that can be trained on, and the test.

    Raises
    ------
    DataError
        When no draw holds both classes.
    """
    rng = np.random.default_rng([seed, n])
    for _ in range(MOST_DRAWS - 1):
        try:
            return cut_blocks(draw(ground.past, n, rng), ground.test)
        except DataError:
            continue
    return cut_blocks(draw(ground.past, n, rng), ground.test)
