"""A study as one dictionary: the results that callers, rows and pages read."""

from dataclasses import asdict
from typing import Any

from ml_training.core.findings import Finding, Trial
from ml_training.evaluation.outcomes import Evaluation
from ml_training.study.pairs import describe_pairs
from ml_training.study.report import list_fixes, list_recommendations
from ml_training.study.result import Study, find_evaluation
from ml_training.study.unseen import describe_unseen


def describe_study(study: Study) -> dict[str, Any]:
    """Return everything a study found out, in the names of the interface.

    Parameters
    ----------
    study : Study
        What was found out.

    Returns
    -------
    dict
        Plain values; `metrics` holds the served model's figures on test, and again
        under `test` and `validation` by name.
    """
    test, validation = study.served_test.as_dict(), study.served_validation.as_dict()
    blocks, fitted = study.blocks, study.fitted
    return {
        "success": True,
        "verdict": study.verdict.key,
        "verdict_details": study.verdict.as_dict(),
        "served_model": {"name": study.choice.name, "reason": study.choice.reason},
        "final_accuracy": study.served_test.metrics.accuracy,
        "final_accuracy_measured_on": "test",
        "metrics": {**test, "measured_on": "test", "test": test, "validation": validation},
        "baselines": _describe_baselines(study),
        "threshold": study.served.threshold,
        "calibration": study.served.calibration.as_dict(),
        "training_samples": len(blocks.train),
        "validation_samples": len(blocks.validation),
        "test_samples": len(blocks.test),
        "purged_samples": blocks.split.n_purged,
        "fixes_applied": list_fixes(fitted.trials),
        "fix_events": [_describe_event(one, fitted.trials) for one in fitted.findings],
        "status": fitted.status,
        "stopped_because": fitted.stopped_because,
        "stopped_early": fitted.stopped_because == "early_stopping",
        "epochs_run": len(fitted.history.scores),
        "data_quality": asdict(study.quality),
        "pairs": None if study.pairs is None else describe_pairs(study.pairs),
        "transfer": study.transfer.as_dict(),
        "diagnostics": [area.as_dict() for area in study.areas],
        "recommendations": list_recommendations(study),
        "history": fitted.history.as_dict()["epochs"],
        **describe_unseen(study),
    }


def _describe_baselines(study: Study) -> dict[str, Any]:
    """Return each candidate on both blocks, and taking every setup."""
    baselines: dict[str, Any] = {
        _as_key(one.name): {
            "test": one.as_dict(),
            "validation": find_evaluation(study.validation, one.name).as_dict(),
        }
        for one in study.test
    }
    baselines["take_every_setup"] = {
        "test": _describe_every(study.served_test),
        "validation": _describe_every(study.served_validation),
    }
    return baselines


def _describe_every(evaluation: Evaluation) -> dict[str, object]:
    return evaluation.every.as_dict()


def _describe_event(finding: Finding, trials: tuple[Trial, ...]) -> dict[str, Any]:
    """Return a finding with the trials that answered it."""
    answers = [
        trial.as_dict()
        for trial in trials
        if (trial.problem, trial.step) == (finding.problem, finding.step)
    ]
    return {**finding.as_dict(), "trials": answers}


def _as_key(name: str) -> str:
    return name.replace(" ", "_")
