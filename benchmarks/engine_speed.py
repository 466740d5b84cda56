"""Measure what watching every batch costs, against a bare loop written by hand.

    python -m benchmarks.engine_speed [--steps 2000] [--output FILE]

Writes `benchmarks/results/engine_speed.json` by default. All loops train the house
network on the same rows with fused AdamW, validate once an epoch and keep the best
weights. They take turns, one epoch each in an order drawn anew every round, on one
thread; figures are medians of CPU time, overheads medians over the rounds.
"""

import argparse
import copy
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from ml_training.core.assembly import build_run
from ml_training.core.events import never, say_nothing
from ml_training.core.loop import advance
from ml_training.core.network import HouseNetwork
from ml_training.core.prepare import prepare
from ml_training.core.settings import WATCH_LEVELS, TrainSettings

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "engine_speed.json"
N_ROWS, N_VALIDATION, N_FEATURES = 850, 280, 45  # the size of engine.md's own figures
BATCH_SIZES = (16, 64, 256)
ROUNDS_TO_WARM_UP = 3
MOST_OVERHEAD = {"core": 0.05, "ratios": 0.10, "everything": 0.15}  # engine.md, the bar

Epoch = Callable[[], int]


def main() -> None:
    """Measure all batch sizes and write the results."""
    choices = read_arguments()
    torch.set_num_threads(1)
    by_batch = {str(size): measure(size, choices.steps) for size in BATCH_SIZES}
    results = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "command": " ".join(["python -m benchmarks.engine_speed", *sys.argv[1:]]),
        "machine": {
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
        "rows": {"training": N_ROWS, "validation": N_VALIDATION, "features": N_FEATURES},
        "most_overhead": MOST_OVERHEAD,
        "by_batch_size": by_batch,
    }
    choices.output.parent.mkdir(parents=True, exist_ok=True)
    choices.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    say(describe(by_batch))


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000, help="of every loop, at least")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def measure(batch_size: int, n_steps: int) -> dict[str, Any]:
    """Return microseconds per step and overheads of all loops at one batch size."""
    loops: dict[str, Epoch] = {"bare": make_bare_loop(batch_size)}
    loops |= {watch: make_our_loop(batch_size, watch) for watch in WATCH_LEVELS}
    for _ in range(ROUNDS_TO_WARM_UP):
        for epoch in loops.values():
            epoch()
    times: dict[str, list[float]] = {name: [] for name in loops}
    n_taken, draw = 0, np.random.default_rng(0)
    while n_taken < n_steps:
        for name in draw.permutation(list(loops)).tolist():
            started = time.process_time()
            n_taken_now = loops[name]()
            times[name].append((time.process_time() - started) / n_taken_now)
        n_taken += n_taken_now
    return summarise(times, n_taken)


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


def make_rows(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows with a weak signal."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, N_FEATURES))
    return X, (X[:, 0] + X[:, 1] * X[:, 2] + 2.0 * rng.normal(size=n) > 0).astype(int)


def make_bare_loop(batch_size: int) -> Epoch:
    """Return one epoch of the loop a careful user writes by hand."""
    X, y = (torch.tensor(a, dtype=torch.float32) for a in make_rows(N_ROWS, 0))
    X_val, y_val = (torch.tensor(a, dtype=torch.float32) for a in make_rows(N_VALIDATION, 1))
    model = HouseNetwork(N_FEATURES, 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    best: dict[str, Any] = {"loss": float("inf"), "weights": None}

    def epoch() -> int:
        model.train()
        order = torch.randperm(N_ROWS)
        X_now, y_now = X[order], y[order]
        starts = range(0, N_ROWS, batch_size)
        for start in starts:
            rows = slice(start, start + batch_size)
            loss = binary_cross_entropy_with_logits(model(X_now[rows])[:, 0], y_now[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            held_out = binary_cross_entropy_with_logits(model(X_val)[:, 0], y_val).item()
        if held_out < best["loss"]:
            best.update(loss=held_out, weights=copy.deepcopy(model.state_dict()))
        return len(starts)

    return epoch


def make_our_loop(batch_size: int, watch: str) -> Epoch:
    """Return one epoch of our loop, everything a healthy run does included."""
    prepared = prepare(
        *make_rows(N_ROWS, 0), *make_rows(N_VALIDATION, 1), task="binary", sample_weight=None
    )
    settings = TrainSettings(
        batch_size=batch_size, max_epochs=10**6, patience=None, watch=watch, repair=False
    )
    run = build_run(None, prepared, settings, emit=say_nothing, should_stop=never)

    def epoch() -> int:
        before, epoch_before = run.state.step, run.state.epoch
        while run.state.epoch == epoch_before:
            advance(run)
        return run.state.step - before

    return epoch


def describe(by_batch: dict[str, Any]) -> str:
    """Return a table for the terminal."""
    lines = [f"{'batch':>6} {'bare':>8} " + " ".join(f"{w:>20}" for w in WATCH_LEVELS)]
    for size, found in by_batch.items():
        cells = [
            f"{found['us_per_step'][w]:>9.0f} us {found['overhead'][w]['median']:>+7.1%}"
            for w in WATCH_LEVELS
        ]
        bare = f"{found['us_per_step']['bare']:>5.0f} us"
        lines.append(f"{size:>6} {bare} " + " ".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines)


def say(text: str) -> None:
    """Write a line for whoever started the benchmark."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
