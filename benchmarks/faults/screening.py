"""Find out which of our own cases are what they claim to be, with the plain loop alone.

    python -m benchmarks.faults.screening [--group holdout] [--only ID ...]

Nothing of the product takes part. A faulty case must, for every one of three seeds, do
clearly worse than its known good fix, or show its symptom in the measurements; a
healthy one must leave nothing to gain: neither a careful version of itself nor a
standard network beats it. The result is written beside this file, for everybody.
"""

import argparse
import json
import logging
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.faults.bases import GROUPS
from benchmarks.faults.cases import build_workload
from benchmarks.faults.generator import SCREENED, generate_candidates
from benchmarks.faults.reference import Care, measure
from benchmarks.faults.schema import Case

logger = logging.getLogger(__name__)
SEEDS = (0, 1, 2)
KEPT = (
    "val_balanced_accuracy", "val_r2", "test_balanced_accuracy", "test_r2", "val_loss",
    "best_val_loss", "max_grad_norm", "largest_loss_over_median", "first_nonfinite_step",
)  # fmt: skip
STORED = (
    "val_balanced_accuracy", "val_r2", "test_balanced_accuracy", "test_r2", "first_nonfinite_step",
)  # fmt: skip
CLEARLY_WORSE = 0.05  # engine.md: repaired means 95 % of the known good score
LOSS_RISE = 1.2  # chosen: a validation loss 20 % above its best is no longer noise
SPIKE = 20.0  # chosen: far beyond the batch noise of every healthy case here (below 8)
SHIFT_COST = 0.04  # chosen: twice the standard error of 500 validation rows
PRIOR_MOVE = 0.3  # chosen: fifteen standard errors
LEAK_GAIN = 0.1  # chosen: five standard errors
SURE_BUT_WRONG = 0.25  # chosen: the validation loss is a quarter above its best
NOTHING_TO_GAIN = 0.03  # chosen: one and a half standard errors of 500 validation rows
SMALL_RISE = 0.03  # chosen: a rise of the loss that costs no accuracy, as on separable rows
HEALTHY_RISE = 1.35  # chosen: late creep of the loss that costs no accuracy (converged nets)
Measured = dict[str, list[float]]
Verdict = tuple[bool, str]


def measure_seeds(case: Case, care: Care | None = None) -> Measured:
    """Train a case with the plain loop for every seed and return its measurements."""
    runs = [measure(build_workload(case, seed), care) for seed in SEEDS]
    names = [name for name in KEPT if any(name in run for run in runs)]
    return {name: [run.get(name, math.nan) for run in runs] for name in names}


def val_scores(measured: Measured) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the validation score per seed."""
    return np.array(measured.get("val_balanced_accuracy") or measured["val_r2"])


def test_scores(measured: Measured) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the score on unseen rows per seed."""
    return np.array(measured.get("test_balanced_accuracy") or measured["test_r2"])


def judge_score(given: Measured, fixed: Measured, case: Case) -> Verdict:
    """Demand that every seed ends below what counts as repaired."""
    del case
    good, bad = val_scores(fixed), val_scores(given)
    needed = max(CLEARLY_WORSE * abs(good.mean()), 2 * good.std())
    gap = good.mean() - bad.max()
    return bool(gap >= needed), f"best faulty seed {gap:.3f} below the fix, {needed:.3f} needed"


def judge_loss(given: Measured, fixed: Measured, case: Case) -> Verdict:
    """Demand a validation loss well above its best, and that the fix lowers it."""
    del case
    rise = min(np.array(given["val_loss"]) / np.array(given["best_val_loss"]))
    is_cured = max(fixed["val_loss"]) < min(given["val_loss"])
    return bool(rise >= LOSS_RISE and is_cured), f"validation loss at least {rise:.2f} x its best"


def judge_spike(given: Measured, fixed: Measured, case: Case) -> Verdict:
    """Demand a loss far above all others that the fix does not show."""
    del case
    low, calm = min(given["largest_loss_over_median"]), max(fixed["largest_loss_over_median"])
    return bool(
        low >= SPIKE and low >= 3 * calm
    ), f"peak {low:.0f} x the median, {calm:.0f} without"


def judge_shift(given: Measured, fixed: Measured, case: Case) -> Verdict:
    """Demand that the moved rows cost score."""
    del case
    cost = (val_scores(fixed) - val_scores(given)).min()
    return bool(cost >= SHIFT_COST), f"the shift costs at least {cost:.3f}"


def judge_prior(given: Measured, fixed: Measured, case: Case) -> Verdict:
    """Demand that a class is far more or less frequent outside training."""
    del given, fixed
    parts = build_workload(case, 0).parts
    moved = abs(float(np.mean(parts.y_train == 1) - np.mean(parts.y_val == 1)))
    return moved >= PRIOR_MOVE, f"the share of class 1 moves by {moved:.2f}"


def judge_leak(given: Measured, fixed: Measured, case: Case) -> Verdict:
    """Demand that validation promises what unseen rows do not hold."""
    del fixed, case
    gain = (val_scores(given) - test_scores(given)).min()
    return bool(gain >= LEAK_GAIN), f"validation promises at least {gain:.3f} too much"


def judge_chance(given: Measured, fixed: Measured, case: Case) -> Verdict:
    """Demand that nothing was learned; the labels say nothing by construction."""
    del fixed
    parts = build_workload(case, 0).parts
    chance = 0.0 if parts.is_regression else 1.0 / len(np.unique(parts.y_val))
    margin = 3 * 0.5 / math.sqrt(len(parts.y_val))
    above = (val_scores(given) - chance).mean()
    return bool(above <= margin), f"{above:.3f} above chance, {margin:.3f} is noise"


def judge_calibration(given: Measured, fixed: Measured, case: Case) -> Verdict:
    """Demand a loss far above its best while the classes are still mostly right."""
    del fixed, case
    rise = min(np.array(given["val_loss"]) / np.array(given["best_val_loss"])) - 1
    is_useful = val_scores(given).min() > 0.6
    return bool(rise >= SURE_BUT_WRONG and is_useful), f"loss {rise:.2f} above its best"


JUDGES: dict[str, Callable[[Measured, Measured, Case], Verdict]] = {
    "score": judge_score,
    "loss": judge_loss,
    "spike": judge_spike,
    "shift": judge_shift,
    "leak": judge_leak,
    "chance": judge_chance,
    "calibration": judge_calibration,
    "scarce": judge_shift,
    "prior": judge_prior,
}
HIDDEN_BY = ("shift_val_columns", "scale_val_only", "keep_rows", "val_prior")


def comparison_of(case: Case) -> Case:
    """Return what to compare with: the fix, or the case without its fault."""
    if case.is_repairable:
        return case.cured()
    dataset = dict(case.dataset)
    dataset["transforms"] = [t for t in dataset["transforms"] if t["op"] not in HIDDEN_BY]
    return case.overridden({"dataset": dataset})


def standard_version(case: Case) -> Case:
    """Return the same rows with a standard network and optimizer."""
    preprocess = "standardize_xy" if case.loss == "mse" else "standardize"
    n_outputs = case.loss in {"cross_entropy", "ce_on_probs", "mse_onehot"}
    loss = "mse" if case.loss == "mse" else "cross_entropy" if n_outputs else "bce_with_logits"
    return case.overridden(
        {
            "dataset": {**case.dataset, "preprocess": preprocess},
            "model": {"hidden": [32, 32], "activation": "relu", "output_activation": "none",
                      "init": "default"},
            "loss": loss,
            "optimizer": {"name": "adam", "lr": 0.003},
            "batch_size": 32,
            "epochs": 60,
            "scheduler": None,
            "early_stopping": {"patience": 8, "restore_best": True},
            "clip_norm": None,
        }
    )  # fmt: skip


def judge_healthy(case: Case, given: Measured) -> Verdict:
    """Demand that neither care nor a standard network does better."""
    careful = measure_seeds(case, Care(patience=10, restore_best=True, clip_norm=1.0))
    standard = measure_seeds(standard_version(case))
    if case.notes.get("proof") == "base_rate":
        best = min(np.mean(careful["val_loss"]), np.mean(standard["val_loss"]))
        excess = float(np.mean(given["val_loss"]) / best - 1)
        return excess <= NOTHING_TO_GAIN, f"loss {excess:.3f} above the best alternative"
    scores = val_scores(given)
    gain = max(val_scores(careful).mean(), val_scores(standard).mean()) - scores.mean()
    best_losses = np.array(given["best_val_loss"])
    rise = max((np.array(given["val_loss"]) - SMALL_RISE) / best_losses)
    allowed = NOTHING_TO_GAIN + scores.std()
    is_healthy = gain <= allowed and rise <= HEALTHY_RISE and scores.std() <= NOTHING_TO_GAIN
    return bool(is_healthy), f"{gain:.3f} to gain; validation loss at most {rise:.2f} x its best"


def rounded(measured: Measured) -> dict[str, list[float | None]]:
    """Return what is stored, with four digits, and None for what is not finite."""
    return {
        name: [float(f"{value:.4g}") if math.isfinite(value) else None for value in values]
        for name, values in measured.items()
        if name in STORED
    }


def screen(case: Case) -> dict[str, Any]:
    """Measure one case and judge whether it is what it claims.

    Parameters
    ----------
    case : Case
        A candidate; its note ``proof`` says what is demanded.

    Returns
    -------
    dict
        Digest, verdict, its reason, and the measurements in the document's form.
    """
    given = measure_seeds(case)
    measured = {"as_given": rounded(given)}
    if case.is_healthy:
        is_verified, reason = judge_healthy(case, given)
    else:
        fixed = measure_seeds(comparison_of(case))
        is_verified, reason = JUDGES[case.notes["proof"]](given, fixed, case)
        measured["with_known_good_fix" if case.is_repairable else "without_fault"] = rounded(fixed)
    return {
        "digest": case.digest,
        "verified": is_verified,
        "reason": reason,
        "measured": measured,
    }


def screen_all(cases: Iterable[Case], path: Path) -> None:
    """Screen what is new or has changed, writing after every case."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for case in cases:
        if known.get(case.id, {}).get("digest") == case.digest:
            continue
        known[case.id] = screen(case)
        logger.info("%s: %s (%s)", case.id, known[case.id]["verified"], known[case.id]["reason"])
        lines = (f"{json.dumps(key)}: {json.dumps(known[key])}" for key in sorted(known))
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Screen all groups, or some of their cases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--group", choices=GROUPS, nargs="*", default=list(GROUPS))
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--output", type=Path, default=SCREENED)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    for group in options.group:
        cases = generate_candidates(group)
        chosen = [c for c in cases if not options.only or c.id in options.only]
        screen_all(chosen, options.output)


if __name__ == "__main__":
    main()
