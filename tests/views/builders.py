"""A user with one row of everything that pages show."""

import hashlib
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.files.base import ContentFile

from ml_training.models import Checkpoint, FixEvent, Instrument, MetricPoint, Strategy, TrainingRun
from ml_training.services.jsonable import to_jsonable
from tests.charts.builders import make_batch, make_epoch, make_results, make_trial, rewind
from tests.services.builders import make_market, make_signal, make_strategy, make_user

MODEL = b"a trained model"
SCRIPT = "<script>alert(1)</script>"
INTERVAL = {"value": 0.7, "low": 0.67, "high": 0.73}
FIGURES = {
    "auc": 0.7,
    "auc_interval": INTERVAL,
    "balanced_accuracy": 0.64,
    "log_loss": 0.6,
    "precision": 0.5,
    "recall": 0.6,
    "trades": {"n": 400, "win_rate": 0.54, "expectancy_r": 0.5, "max_drawdown_r": 10.5},
}
RESULTS = {
    "verdict_details": {
        "key": "edge_stable",
        "title": "A stable edge",
        "sentence": "The setups taken made +0.5 R each.",
        "evidence": ["1,077 test setups"],
        "next_steps": ["Start with the smallest size"],
    },
    "served_model": {"name": "network", "reason": "simply better"},
    "threshold": 0.42,
    "calibration": {"note": "calibrated by a temperature"},
    "metrics": {"test": FIGURES},
    "baselines": {
        "network": {"test": FIGURES, "validation": FIGURES},
        "logistic_regression": {"test": FIGURES, "validation": FIGURES},
        "take_every_setup": {"test": FIGURES["trades"], "validation": FIGURES["trades"]},
    },
}
SLICE = {"n": 1_077, "auc": 0.69, "taken": 400, "expectancy_r": 0.321, "every_r": 0.06}
MODEL_FIGURES = {"auc": 0.7, "auc_low": 0.66, "auc_high": 0.74, "log_loss": 0.6, "brier": 0.2}
MODEL_FIGURES |= {"skill": 0.089}
STRETCH = {
    "from": 1_550_000_000,
    "to": 1_600_000_000,
    "n": 400,
    "auc": {"low": 0.471, "middle": 0.523, "high": 0.552},
    "better_half_r": {"low": -0.12, "middle": 0.04, "high": 0.11},
    "every_r": 0.02,
}
JUDGED = {
    **make_results(),
    "walk_forward": {
        "n_folds": 1,
        "folds": [
            {
                "from": 1_600_000_000,
                "to": "2021-02-03T00:00:00+00:00",
                "n": 900,
                "auc": 0.68,
                "log_loss": 0.61,
                "served": "gradient boosting",
                "taken": FIGURES["trades"],
            }
        ],
        "pooled": FIGURES,
        "models": {
            name: {**MODEL_FIGURES, "taken": FIGURES["trades"]}
            for name in ("network", "gradient boosting")
        },
        "p_value": 0.001,
        "deflated_sharpe": 0.97,
        "probability_of_overfitting": 0.05,
    },
    "stretches": {
        "words": "This is a spread and no forecast.",
        "model": "logistic regression",
        "n_pairs": 15,
        "n_paths": 5,
        "parts": [STRETCH, STRETCH],
        "whole": {**STRETCH, "from": 1_500_000_000},
    },
    "slices": {
        "symbol": [{"key": "EURUSD", **SLICE}],
        "timeframe": [{"key": "1h", **SLICE}],
        "year": [{"key": 2021, **SLICE}],
    },
}
"""What a run of today adds to the results of earlier versions."""


@dataclass(frozen=True)
class Filled:
    """What one user owns."""

    owner: User
    strategy: Strategy
    run: TrainingRun
    checkpoint: Checkpoint
    instrument: Instrument


def fill(name: str = "owner", symbol: str = "EURUSD") -> Filled:
    """Store a finished run that was repaired once, with its strategy and its market."""
    owner = make_user(name)
    instrument = Instrument.objects.filter(symbol=symbol).first() or make_market(symbol)
    strategy = make_strategy(owner=owner, name=f"Strategy of {name}", symbols=[symbol])
    run = make_finished_run(strategy)
    checkpoint = make_checkpoint(run)
    make_signal(checkpoint, instrument)
    return Filled(owner, strategy, run, checkpoint, instrument)


def make_finished_run(strategy: Strategy, **changes) -> TrainingRun:
    """Store a run with curves, a rewind and a repair."""
    fields = {
        "state": "succeeded",
        "end_cause": "finished",
        "verdict": "edge_stable",
        "results": RESULTS,
        "report": "FINAL DIAGNOSTICS REPORT",
        "rules_digest": strategy.rules_digest,
        "settings": {"seed": 0, "epochs": 4},
        "progress": {
            "step": 40,
            "planned_steps": 40,
            "epoch": 3,
            "n_epochs": 4,
            "max_epochs": 4,
            "best_loss": 0.5,
            "layer_names": ["first", "last"],
            "branches": [rewind(attempt=1, to_step=10)],
        },
    }
    run = TrainingRun.objects.create(strategy=strategy, **fields | changes)
    add_points(run)
    add_event(run)
    return run


def add_points(run: TrainingRun, n_batches: int = 30) -> None:
    points = [("batch", make_batch(step)) for step in range(n_batches)]
    points += [("epoch", make_epoch(number)) for number in range(3)]
    points += [("batch", make_batch(step, attempt=1)) for step in range(10, 40)]
    points += [("epoch", make_epoch(number, attempt=1)) for number in (1, 2, 3)]
    MetricPoint.objects.bulk_create(make_point(run, kind, values) for kind, values in points)


def make_point(run: TrainingRun, kind: str, values: dict) -> MetricPoint:
    place = {name: values.pop(name) for name in ("attempt", "epoch", "step")}
    return MetricPoint(run=run, kind=kind, values=to_jsonable(values), **place)


def add_event(run: TrainingRun, **changes) -> FixEvent:
    fields = {
        "number": run.events.count() + 1,
        "problem": "lr_too_high",
        "severity": "warning",
        "epoch": 1,
        "step": 20,
        "message": "The loss jumps about.",
        "evidence": {"shake": 2.5},
        "trials": [make_trial()],
        "remedy": "lower_rate",
        "outcome": "repaired",
        "conclusion": "lowered the learning rate from 0.1 to 0.01",
    }
    return FixEvent.objects.create(run=run, **fields | changes)


def make_checkpoint(run: TrainingRun, kind: str = "best") -> Checkpoint:
    checkpoint = Checkpoint(run=run, kind=kind, epoch=3, size=len(MODEL))
    checkpoint.sha256 = hashlib.sha256(MODEL).hexdigest()
    checkpoint.file.save(f"{run.pk}/{kind}.zip", ContentFile(MODEL), save=False)
    checkpoint.save()
    return checkpoint
