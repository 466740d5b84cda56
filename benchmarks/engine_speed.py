"""Measure what watching every batch costs, and what other tools cost on the same rows.

    python -m benchmarks.engine_speed [--steps 2000] [--output FILE]

Writes `benchmarks/results/engine_speed.json` by default. All train the house network
(scikit-learn: one of the same widths) on the same rows with AdamW at one rate, on one
thread, and validate once an epoch; they take turns in an order drawn anew every round.
Figures are medians of CPU time.

*Overhead*: our loop at every level of watching against a bare loop with the same fused
optimizer and the same gathered epoch, one epoch each in turn; fresh runs begin all
along, as long as a run with early stopping is. *Whole runs*: `fit` as it comes against
Lightning and skorch with their usual callbacks (best checkpoint, early stopping,
clipping; no logger, no progress bar), and scikit-learn's MLP, from arrays to a model;
per step without the first epoch and what comes before and after, and end to end.
Lightning and skorch are left out, and named, where they are not installed.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks.speed.loops import Epoch, make_bare_loop, make_our_loop
from benchmarks.speed.rows import N_FEATURES, N_ROWS, N_VALIDATION, Plan
from benchmarks.speed.table import describe
from benchmarks.speed.whole import find_contestants, measure_runs
from ml_training.core.settings import WATCH_LEVELS

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "engine_speed.json"
BATCH_SIZES = (16, 64, 256)
EPOCHS_OF_A_RUN = 50  # chosen: longer than runs with early stopping took (20 to 40)
ROUNDS_TO_WARM_UP = 3
MOST_OVERHEAD = {"core": 0.05, "ratios": 0.10, "everything": 0.15}  # engine.md, the bar
LEAST_GAIN = 2.0  # times as fast per step as Lightning and skorch; issue 3, the bar
PACKAGES = ("torch", "numpy", "lightning", "skorch", "scikit-learn")


def main() -> None:
    """Measure all batch sizes and write the results."""
    choices = read_arguments()
    contestants, missing = find_contestants()
    pin_threads()
    overhead, runs = {}, {}
    for size in BATCH_SIZES:
        overhead[str(size)] = measure_overhead(size, choices.steps)
        runs[str(size)] = measure_runs(size, choices.steps, contestants)
    results = {
        **provenance(),
        "not_installed": missing,
        "rows": {"training": N_ROWS, "validation": N_VALIDATION, "features": N_FEATURES},
        "most_overhead": MOST_OVERHEAD,
        "least_gain": LEAST_GAIN,
        "by_batch_size": overhead,
        "whole_runs": runs,
    }
    choices.output.parent.mkdir(parents=True, exist_ok=True)
    choices.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(describe(results) + "\n")


def pin_threads() -> None:
    """Give everyone one thread: CPU time counts those of others as well.

    Only what is loaded already can be pinned, so all contestants come first.
    """
    torch.set_num_threads(1)
    threadpool_limits(limits=1)


def count_threads() -> int:
    """Return how many threads the busiest library may use."""
    pools = [int(pool["num_threads"]) for pool in threadpool_info()]
    return max(torch.get_num_threads(), *pools)


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000, help="of everyone, at least")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def provenance() -> dict[str, Any]:
    """Return when, how and on what the figures were taken."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "command": " ".join(["python -m benchmarks.engine_speed", *sys.argv[1:]]),
        "machine": {
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "threads": count_threads(),
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
        "versions": {
            name: importlib.metadata.version(name)
            for name in PACKAGES
            if importlib.util.find_spec(name.replace("scikit-learn", "sklearn"))
        },
    }


def measure_overhead(batch_size: int, n_steps: int) -> dict[str, Any]:
    """Return microseconds per step and overheads of all loops at one batch size."""
    times: dict[str, list[float]] = {name: [] for name in ("bare", *WATCH_LEVELS)}
    n_taken, n_rounds, draw = 0, 0, np.random.default_rng(0)
    loops: dict[str, Epoch] = {}
    while n_taken < n_steps:
        if n_rounds % EPOCHS_OF_A_RUN == 0:
            loops = begin_loops(batch_size)
        n_rounds += 1
        for name in draw.permutation(list(loops)).tolist():
            started = time.process_time()
            n_taken_now = loops[name]()
            times[name].append((time.process_time() - started) / n_taken_now)
        n_taken += n_taken_now
    return summarise(times, n_taken)


def begin_loops(batch_size: int) -> dict[str, Epoch]:
    """Return all loops at the beginning of a run, warm."""
    plan = Plan(batch_size, EPOCHS_OF_A_RUN)
    loops: dict[str, Epoch] = {"bare": make_bare_loop(plan)}
    loops |= {watch: make_our_loop(plan, watch) for watch in WATCH_LEVELS}
    for _ in range(ROUNDS_TO_WARM_UP):
        for epoch in loops.values():
            epoch()
    return loops


def summarise(times: dict[str, list[float]], n_steps: int) -> dict[str, Any]:
    """Return medians, and overheads paired by round with their quartiles."""
    found: dict[str, Any] = {"n_steps": n_steps, "us_per_step": {}, "overhead": {}}
    for name, taken in times.items():
        found["us_per_step"][name] = round(1e6 * statistics.median(taken), 1)
        if name != "bare":
            ratios = np.array(taken) / np.array(times["bare"]) - 1.0
            low, middle, high = np.percentile(ratios, (25.0, 50.0, 75.0))
            found["overhead"][name] = {
                "median": round(float(middle), 4),
                "quartiles": [round(float(low), 4), round(float(high), 4)],
                "is_within_bar": bool(middle <= MOST_OVERHEAD[name]),
            }
    return found


if __name__ == "__main__":
    main()
