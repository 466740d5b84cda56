"""Time whole runs of everyone, in turns, and compare them with ours."""

import importlib
import importlib.util
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.speed.rows import Plan
from benchmarks.speed.runs import run_bare, run_mlp, run_ours

N_EPOCHS = 20  # chosen: as long as runs with early stopping take on such rows
FEWEST_ROUNDS = 5  # chosen: a median needs some
ENOUGH_STEPS = 500  # fewer only try whether everything runs
OURS = "fit"
PEERS = ("lightning", "skorch")  # each has a module of its own, imported only if it can be

Contestant = Callable[[Plan], Any]
Times = dict[str, list[float]]


def find_contestants() -> tuple[dict[str, Contestant], list[str]]:
    """Return who can run here, and the names of those that are not installed."""
    found: dict[str, Contestant] = {
        "bare loop": run_bare,
        OURS: partial(run_ours, watch="core"),
        "fit, everything watched": partial(run_ours, watch="everything"),
        "scikit-learn MLP": run_mlp,
    }
    missing = []
    for name in PEERS:
        if importlib.util.find_spec(name) is None:
            missing.append(name)
        else:
            module = importlib.import_module(f"benchmarks.speed.{name}_run")
            found[name] = module.run
            found[f"{name}, fused"] = partial(module.run, is_fused=True)
    return found, missing


def measure_runs(
    batch_size: int, n_steps: int, contestants: dict[str, Contestant]
) -> dict[str, Any]:
    """Return microseconds per step of everyone, and how they compare with ours."""
    is_trial = n_steps < ENOUGH_STEPS
    n_epochs = 2 if is_trial else N_EPOCHS
    plan = Plan(batch_size, n_epochs)
    steps_of_a_run = n_epochs * -(-len(plan.train[0]) // batch_size)
    n_rounds = 1 if is_trial else max(FEWEST_ROUNDS, -(-n_steps // steps_of_a_run))
    per_step: Times = {name: [] for name in contestants}
    in_all: Times = {name: [] for name in contestants}
    said: set[str] = set()
    draw = np.random.default_rng(0)
    for number in range(n_rounds + 1):
        for name in draw.permutation(list(contestants)).tolist():
            steady, whole, words = time_run(contestants[name], plan)
            said |= {words} if words else set()
            if number:  # the first round warms up
                per_step[name].append(steady)
                in_all[name].append(whole)
    return {
        "n_steps": n_rounds * steps_of_a_run,
        "n_runs": n_rounds,
        "n_epochs": n_epochs,
        "ours_ended": sorted(said),
        "us_per_step": medians(per_step),
        "us_per_step_end_to_end": medians(in_all),
        "ours_is_faster_by": gains(per_step),
        "ours_is_faster_end_to_end_by": gains(in_all),
    }


def time_run(run: Contestant, plan: Plan) -> tuple[float, float, str]:
    """Return CPU time per step after the first epoch, and of the whole run.

    Who cannot say when its epochs ended is timed as a whole for both.
    """
    started = time.process_time()
    ends = run(plan)
    whole = (time.process_time() - started) / ends.steps[-1]
    if len(ends.at) < 2:
        return whole, whole, ends.said
    steady = (ends.at[-1] - ends.at[0]) / (ends.steps[-1] - ends.steps[0])
    return steady, whole, ends.said


def medians(times: Times) -> dict[str, float]:
    """Return the median of everyone, in microseconds."""
    return {name: round(1e6 * statistics.median(taken), 1) for name, taken in times.items()}


def gains(times: Times) -> dict[str, float]:
    """Return how many times as long the others take, paired by round."""
    ours = np.array(times[OURS])
    return {
        name: round(float(np.median(np.array(taken) / ours)), 3)
        for name, taken in times.items()
        if name != OURS
    }
