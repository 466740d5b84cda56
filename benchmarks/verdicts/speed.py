"""Speed: what it takes to judge 25,000 setups."""

import time
from collections.abc import Sequence
from typing import Any

from benchmarks.verdicts import planted, studies
from benchmarks.verdicts.rows import Case, Row
from ml_training.core.settings import TrainSettings
from ml_training.study.settings import MAX_EPOCHS, StudySettings
from ml_training.study.walk_forward import walk_study_forward

N = 25_000
MOST_S = 60.0  # on two cores (issue 5)
SEEDS = 1


def list_cases(seeds: int = SEEDS, first_seed: int = 0, n: int = N) -> list[Case]:
    """Return the runs: the walk-forward alone, then the whole study around it."""
    return [
        {"kind": kind, "n": n, "seed": seed}
        for seed in range(first_seed, first_seed + seeds)
        for kind in ("evaluation", "whole study")
    ]


def run_case(case: Case) -> Row:
    """Time one judgement; making the setups is not part of it."""
    planned = {"shape": "linear", "overlap": "some", "auc": planted.POWER_AUC}
    dataset, _ = planted.make_set({**case, **planned})
    wall, cpu = time.perf_counter(), time.process_time()
    if case["kind"] == "evaluation":
        train = TrainSettings(max_epochs=MAX_EPOCHS, seed=case["seed"])
        walked = walk_study_forward(dataset, StudySettings(train=train, is_synthetic=True))
        found = walked.found
        told: dict[str, Any] = {"note": walked.note, "is_whole": found is not None}
    else:
        told = studies.judge(dataset, seed=case["seed"], is_synthetic=True)
    taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {
        "n": len(dataset),
        "judged_wall_s": round(taken["wall"], 2),
        "judged_cpu_s": round(taken["cpu"], 2),
        "told": told,
    }


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the times of both."""
    alone = [row["judged_wall_s"] for row in rows if row["case"]["kind"] == "evaluation"]
    return {
        "most_s": MOST_S,
        "times": [
            {
                "what": row["case"]["kind"],
                "n": row["n"],
                "wall_s": row["judged_wall_s"],
                "cpu_s": row["judged_cpu_s"],
            }
            for row in rows
        ],
        "met": bool(alone) and max(alone) <= MOST_S,
    }


def tell(row: Row) -> str:
    """Return a run in a line."""
    return f"{row['case']['kind']}: {row['judged_wall_s']} s, {row['judged_cpu_s']} s of CPU"
