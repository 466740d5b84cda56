"""Plant faults in runs on real candles, and see how the repaired runs end.

    python -m benchmarks.planted [--candles FOLDER] [--seeds 5] [--questions wins]

Candles of three markets become the labelled setups of a preset, together as the product
takes them, cut along one calendar. Two questions can be asked of them: does a setup
*win* (what the product is for, and close to chance with these rules), and does it *end
soon* (sooner than half of the setups of the training block; answered far better than
chance, so that there is something to lose). Into each run faults are planted: a column
in another unit, outlier rows, a learning rate of 10, missing cells, all at once. The
faulty run with repair and the one without are compared with the clean run on the test
block, seed by seed.

A run ends *within noise* when the interval of the difference in test loss (95 %, blocks
of the calendar drawn with replacement, mean over the seeds) includes zero, or when the
difference is no larger than the spread of the clean run over the seeds. Writes
`benchmarks/results/planted.json`.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults.planting import FAULTS, Block, Plant, Task
from benchmarks.faults.tables import table as markdown
from ml_training.core.fit import fit
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from ml_training.data.described import describe_setups
from ml_training.data.features import plan_features
from ml_training.data.frame import Frame
from ml_training.data.instruments import guess_instrument
from ml_training.data.layouts import read_candles
from ml_training.data.presets import PRESETS
from ml_training.data.rules import parse_rules
from ml_training.data.rules.walk import indicator_uses
from ml_training.data.setups import scan_setups
from ml_training.data.splits import calendar_split
from ml_training.data.weights import average_uniqueness
from ml_training.evaluation.metrics import log_losses, measure_auc
from ml_training.evaluation.significance import bootstrap_mean, cut_blocks

ROOT = Path(__file__).resolve().parents[1]
CANDLES = ROOT.parent / "shared" / "data" / "candles"
RESULTS = ROOT / "benchmarks" / "results" / "planted.json"
STRATEGIES = ("rsi_return", "macd_cross")
SYMBOLS = ("GBPUSD", "USDJPY", "XAUUSD")
TIMEFRAME = "1h"
QUESTIONS = ("ends soon", "wins")
N_SEEDS = 5
EPOCHS = 60
LOSS_FLOOR = 1e-6  # chances are kept this far from 0 and 1, as in every log loss here


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all tasks, write the figures and show the table."""
    choices = read_arguments(arguments)
    missing = [path.name for path in list_files(choices.candles) if not path.exists()]
    if missing:
        sys.exit(f"no {', '.join(missing)} in {choices.candles}")
    started = time.perf_counter()
    tasks = [
        task
        for strategy in STRATEGIES
        for task in make_tasks(choices.candles, strategy, choices.questions)
    ]
    rows = [row for task in tasks for row in measure_task(task, choices.seeds, choices.epochs)]
    figures = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "command": f"python -m benchmarks.planted --seeds {choices.seeds} --questions "
        + " ".join(f"'{question}'" for question in choices.questions),
        "seeds": choices.seeds,
        "epochs": choices.epochs,
        "seconds": round(time.perf_counter() - started, 1),
        "rows": rows,
        "summary": summarise(rows),
    }
    choices.output.parent.mkdir(exist_ok=True)
    choices.output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(table(figures) + "\n")


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--candles", type=Path, default=CANDLES)
    parser.add_argument("--seeds", type=int, default=N_SEEDS)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--questions", nargs="+", choices=QUESTIONS, default=list(QUESTIONS))
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def list_files(folder: Path) -> list[Path]:
    """Return where the candles of each market should be."""
    return [folder / f"{symbol}_{TIMEFRAME}.csv" for symbol in SYMBOLS]


def make_tasks(folder: Path, strategy: str, questions: Sequence[str] = QUESTIONS) -> list[Task]:
    """Find the setups of a strategy in all markets and ask the questions of them."""
    found = [
        scan(path, symbol, strategy)
        for path, symbol in zip(list_files(folder), SYMBOLS, strict=True)
    ]
    t0, t1, group, lasted, wins = (
        np.concatenate([one[name] for one in found])
        for name in ("t0", "t1", "group", "lasted", "wins")
    )
    X = np.concatenate([one["X"] for one in found])
    order = np.argsort(t0, kind="stable")
    X, t0, t1, group = X[order], t0[order], t1[order], group[order]
    split = calendar_split(t0, t1)
    soon = lasted[order] < np.median(lasted[order][split.train])
    answers = {"ends soon": soon, "wins": wins[order]}
    tasks = []
    for question in questions:
        y = answers[question].astype(np.int64)
        blocks = [
            Block(
                X[rows],
                y[rows],
                average_uniqueness(t0[rows], t1[rows], group[rows]),
                t0[rows],
                t1[rows],
            )
            for rows in (split.train, split.validation, split.test)
        ]
        tasks.append(Task(strategy, question, *blocks))
    return tasks


def scan(path: Path, symbol: str, strategy: str) -> dict[str, np.ndarray]:
    """Return the labelled setups of one market: features, times, outcomes."""
    frame = Frame(read_candles(path, name=path.name).candles, TIMEFRAME)
    rules = parse_rules(PRESETS[strategy].document)
    setups = scan_setups(rules, frame, guess_instrument(symbol))
    known = setups.take(setups.labelled)
    X = describe_setups(plan_features(indicator_uses(rules)), frame, known)
    times = {"t0": known.t0, "t1": known.t1, "lasted": known.t1 - known.t0}
    return {"X": X, **times, "wins": known.win, "group": np.full(len(known), symbol)}


def measure_task(task: Task, n_seeds: int, epochs: int = EPOCHS) -> list[dict[str, Any]]:
    """Return one row of figures for every fault, and say on the way where it is."""
    clean = [train(task, None, seed, repair=True, epochs=epochs) for seed in range(n_seeds)]
    rows = []
    for fault, plant in FAULTS.items():
        repaired, left = (
            [train(task, plant, seed, repair=repair, epochs=epochs) for seed in range(n_seeds)]
            for repair in (True, False)
        )
        rows.append(
            {
                "task": task.name,
                "question": task.question,
                "fault": fault,
                "n_train": len(task.train.y),
                "n_test": len(task.test.y),
                "clean": describe(clean, task),
                "repaired": {**describe(repaired, task), **compare(repaired, clean, task)},
                "unrepaired": {**describe(left, task), **compare(left, clean, task)},
            }
        )
        sys.stderr.write(f"{task.name}, {task.question}, {fault}: {rows[-1]['repaired']}\n")
    return rows


@dataclass(frozen=True, eq=False)
class Ended:
    """Hold what a run came to on the test block."""

    losses: np.ndarray
    auc: float
    status: str
    kept: tuple[str, ...]


def train(
    task: Task,
    fault: Callable[[Plant], None] | None,
    seed: int,
    *,
    repair: bool,
    epochs: int = EPOCHS,
) -> Ended:
    """Train once, with a fault or without, and look at the test block."""
    plant = Plant(task.train.X, task.validation.X, task.test.X, seed)
    if fault is not None:
        fault(plant)
    settings = TrainSettings(max_epochs=epochs, seed=seed, repair=repair, **plant.settings)
    result = fit(
        None,
        plant.train,
        task.train.y,
        plant.validation,
        task.validation.y,
        settings=settings,
        sample_weight=task.train.weight,
    )
    chances = read_chances(result, plant.test)
    return Ended(
        losses=log_losses(task.test.y, chances),
        auc=measure_auc(task.test.y, chances) or 0.5,
        status=result.status,
        kept=tuple(trial.remedy for trial in result.trials if trial.kept),
    )


def read_chances(result: FitResult, X: np.ndarray) -> np.ndarray:
    """Return the chances of class 1, a little apart from 0 and 1."""
    chances = np.asarray(result.predict_proba(X)[:, 1], dtype=np.float64)
    return np.clip(chances, LOSS_FLOOR, 1 - LOSS_FLOOR)


def describe(runs: Sequence[Ended], task: Task) -> dict[str, Any]:
    """Return the figures of runs over the seeds, in plain values."""
    losses = [float(run.losses.mean()) for run in runs]
    statuses = [run.status for run in runs]
    rate = float(task.train.y.mean())
    naive = log_losses(task.test.y, np.full(len(task.test.y), rate))
    return {
        "loss": round(float(np.mean(losses)), 4),
        "loss_spread": round(float(np.std(losses, ddof=min(1, len(losses) - 1))), 4),
        "auc": round(float(np.mean([run.auc for run in runs])), 3),
        "loss_of_guessing": round(float(naive.mean()), 4),
        "status": {status: statuses.count(status) for status in sorted(set(statuses))},
        "kept": sorted({remedy for run in runs for remedy in run.kept}),
    }


def compare(runs: Sequence[Ended], clean: Sequence[Ended], task: Task) -> dict[str, Any]:
    """Return how far runs end from the clean ones, and the verdict on it."""
    by_row = np.mean(
        [run.losses - other.losses for run, other in zip(runs, clean, strict=True)], axis=0
    )
    interval = bootstrap_mean(by_row, cut_blocks(task.test.t0, task.test.t1), seed=0)
    assert interval is not None  # there are rows
    means = [float(run.losses.mean()) for run in clean]
    spread = float(np.std(means, ddof=min(1, len(means) - 1)))
    return {
        "difference": round(float(by_row.mean()), 4),
        "low": round(interval.low, 4),
        "high": round(interval.high, 4),
        "verdict": judge(float(by_row.mean()), interval.low, interval.high, spread=spread),
    }


def judge(difference: float, low: float, high: float, *, spread: float) -> str:
    """Return whether a difference in loss is more than noise.

    Examples
    --------
    >>> judge(0.01, -0.01, 0.03, spread=0.0)
    'within noise'
    >>> judge(0.02, 0.01, 0.03, spread=0.05)
    'within noise'
    >>> judge(0.20, 0.10, 0.30, spread=0.05)
    'worse'
    """
    if low <= 0 <= high or abs(difference) <= spread:
        return "within noise"
    return "worse" if difference > 0 else "better"


def summarise(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Count how the runs ended, with repair and without."""
    return {
        side: {
            verdict: sum(row[side]["verdict"] == verdict for row in rows)
            for verdict in ("within noise", "better", "worse")
        }
        for side in ("repaired", "unrepaired")
    }


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures as a page section: what was done, then one row per run.

    Parameters
    ----------
    figures : mapping
        As in `benchmarks/results/planted.json`.
    """
    summary, n_rows = figures["summary"], len(figures["rows"])
    head = ["setups", "question", "fault", "clean", "not repaired", "repaired",
            "difference to clean", "ends"]  # fmt: skip
    rows = [
        [
            row["task"],
            row["question"],
            row["fault"],
            *(show(row[side]) for side in ("clean", "unrepaired", "repaired")),
            show_difference(row["repaired"]),
            row["repaired"]["verdict"],
        ]
        for row in figures["rows"]
    ]
    good, bad = (
        summary[side]["within noise"] + summary[side]["better"]
        for side in ("repaired", "unrepaired")
    )
    words = (
        f"Measured {figures['date']} by `{figures['command']}`: real candles, "
        f"{figures['seeds']} seeds, test loss (AUC). With repair {good} of {n_rows} faulty "
        f"runs end within noise of the clean run or better, without {bad}."
    )
    return words + "\n\n" + markdown(head, rows)


def show_difference(side: Mapping[str, Any]) -> str:
    """Return a difference and its interval in one cell."""
    return f"{side['difference']:+.4f} ({side['low']:+.4f} to {side['high']:+.4f})"


def show(side: Mapping[str, Any]) -> str:
    """Return loss and AUC in one cell."""
    return f"{side['loss']:.4f} ({side['auc']:.3f})"


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
