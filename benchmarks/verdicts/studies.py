"""Run a study as the product does, and keep what a verdict is judged by."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ml_training.core.settings import TrainSettings
from ml_training.data.labelled import LabelledSet
from ml_training.errors import DataError
from ml_training.evaluation.outcomes import Evaluation
from ml_training.study.models import LOGISTIC
from ml_training.study.result import Study
from ml_training.study.results import describe_study
from ml_training.study.run import run_study
from ml_training.study.settings import MAX_EPOCHS, StudySettings

CLAIMS = ("edge_uncertain", "edge_stable")
REFUSED = "refused"
"""Stands for the verdict where the study would not train at all."""


ALL, QUICK = "all", "quick"
MODELS = {ALL: None, QUICK: frozenset({LOGISTIC})}
"""Models fitted beside the network: all, as the product does, or the fastest."""


def run(dataset: LabelledSet, *, seed: int, is_synthetic: bool, models: str = ALL) -> Study:
    """Run a study with the product's own settings."""
    settings = StudySettings(
        train=TrainSettings(max_epochs=MAX_EPOCHS, seed=seed),
        is_synthetic=is_synthetic,
        models=MODELS[models],
    )
    return run_study(dataset, settings)


def judge(
    dataset: LabelledSet, *, seed: int, is_synthetic: bool, models: str = ALL
) -> dict[str, Any]:
    """Return the row of one study: its verdict and the figures behind it."""
    size = {
        "n": len(dataset),
        "n_effective": round(dataset.n_effective, 1),
        "base_rate": round(float(np.mean(dataset.y)), 4),
    }
    try:
        study = run(dataset, seed=seed, is_synthetic=is_synthetic, models=models)
    except DataError as error:
        return {**size, "verdict": REFUSED, "claims": False, "message": str(error)}
    return {**size, **boil_down(study)}


def boil_down(study: Study) -> dict[str, Any]:
    """Return the figures of a study in plain values."""
    test = study.served_test
    results = describe_study(study)
    return {
        "verdict": study.verdict.key,
        "claims": study.verdict.key in CLAIMS,
        "served": study.choice.name,
        "network": study.fitted.status,
        "test": describe(test),
        "candidates": {one.name: describe(one) for one in study.test},
        "walk_forward": shorten(results.get("walk_forward")),
        "evidence": list(study.verdict.evidence),
    }


def describe(evaluation: Evaluation) -> dict[str, Any]:
    """Return the figures of one model on the test block."""
    auc, pay = evaluation.auc, evaluation.expectancy
    return {
        "auc": None if auc is None else round(auc.value, 5),
        "auc_low": None if auc is None else round(auc.low, 5),
        "auc_high": None if auc is None else round(auc.high, 5),
        "p_value": evaluation.p_value,
        "log_loss": round(evaluation.metrics.log_loss, 6),
        "log_loss_skill": round(evaluation.log_loss_skill, 6),
        "brier_skill": round(evaluation.brier_skill, 6),
        "n_effective": round(evaluation.n_effective, 1),
        "n_taken": evaluation.taken.n,
        "expectancy_r": round(evaluation.taken.expectancy_r, 4),
        "expectancy_low": None if pay is None else round(pay.low, 4),
        "every_r": round(evaluation.every.expectancy_r, 4),
    }


def shorten(walk: object) -> dict[str, Any] | None:
    """Return the pooled figures of the walk-forward, where the study has one."""
    if not isinstance(walk, Mapping):
        return None
    kept = ("n_folds", "models", "p_value", "deflated_sharpe", "probability_of_overfitting")
    short = {name: walk[name] for name in kept if name in walk}
    pooled = walk.get("pooled")
    if isinstance(pooled, Mapping):
        names = ("auc", "auc_interval", "log_loss", "log_loss_skill", "n_effective", "p_value",
                 "expectancy_interval", "trades")  # fmt: skip
        short["pooled"] = {name: pooled[name] for name in names if name in pooled}
    short["served"] = [fold.get("served") for fold in walk.get("folds", [])]
    return short
