"""How often p-values are small where there is nothing, and where there is an edge."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.verdicts import planted
from benchmarks.verdicts.intervals import share
from benchmarks.verdicts.rows import Case, Row
from ml_training.data.folds import walk_forward
from ml_training.data.labelled import LabelledSet
from ml_training.evaluation.baselines import LogisticBaseline
from ml_training.evaluation.bounds import MAX_P
from ml_training.evaluation.significance import block_p_value, cut_blocks, rotation_p_value
from ml_training.study.blocks import as_outcomes

RUNS = 240
NOTHING, EDGE = "no edge, breaks even", "edge of AUC 0.56"
STRENGTH = 0.01  # of the logistic regression: the same penalty in every step
SIZES = (1_500, 5_000)
SHAPES = ("linear", "many weak")
"""Of the edges: those that a logistic regression can learn."""


def list_cases(runs: int = RUNS, first_seed: int = 0) -> list[Case]:
    """Return four sets without an edge for each with one."""
    return [_draw(number) for number in range(first_seed, first_seed + runs)]


def _draw(number: int) -> dict[str, Any]:
    is_edge = number % 5 == 4
    rng = np.random.default_rng([number, 7])
    overlaps = list(planted.SPACINGS)
    return {
        "kind": EDGE if is_edge else NOTHING,
        "shape": SHAPES[number // 5 % len(SHAPES)],
        "overlap": overlaps[number % len(overlaps)],
        "auc": planted.POWER_AUC if is_edge else 0.5,
        "n": planted.POWER_N if is_edge else int(rng.integers(*SIZES)),
        "seed": number,
    }


def run_case(case: Case) -> Row:
    """Walk a logistic regression forward on the set of a case, and test its ranking."""
    return judge(planted.make_set(case)[0])


def judge(dataset: LabelledSet) -> Row:
    """Return both p-values of what is said of the unseen setups."""
    rows, fold, p = [], [], []
    for number, step in enumerate(walk_forward(dataset.t0, dataset.t1)):
        past = dataset.take(np.concatenate([step.train, step.validation]))
        outcomes = past.y.astype(np.int64)
        model = LogisticBaseline.fit_with(STRENGTH, past.X, outcomes, past.weight)
        p.append(model.predict_proba(dataset.X[step.test]))
        rows.append(step.test)
        fold.append(np.full(len(step.test), number))
    said, folds = np.concatenate(p), np.concatenate(fold)
    unseen = as_outcomes(dataset.take(np.concatenate(rows)))
    shift, blocks = unseen.n_overlapping, cut_blocks(unseen.t0, unseen.t1)
    return {
        "n": len(dataset),
        "rotation": rotation_p_value(unseen.y, said, min_shift=shift, fold=folds),
        "blocks": block_p_value(unseen.y, said, blocks, fold=folds),
    }


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Return how often each p-value, and the larger of both, is small enough."""
    kinds = {kind: [row for row in rows if row["case"]["kind"] == kind] for kind in
             (NOTHING, EDGE)}  # fmt: skip
    return {
        "limit": MAX_P,
        "kinds": {
            kind: {
                name: share(sum(worst(row, names) <= MAX_P for row in chosen), len(chosen))
                for name, names in TESTS.items()
            }
            for kind, chosen in kinds.items()
        },
    }


TESTS = {
    "rotations in time": ("rotation",),
    "blocks of the calendar": ("blocks",),
    "the larger of both": ("rotation", "blocks"),
}


def worst(row: Row, names: Sequence[str]) -> float:
    """Return the largest of some p-values; 1 where one is unknown."""
    return max(1.0 if row[name] is None else float(row[name]) for name in names)


def tell(row: Row) -> str:
    """Return one set in a line."""
    return f"{row['case']['kind']}, {row['n']:,} setups: {worst(row, TESTS['the larger of both'])}"
