"""Who trains a workload: our engine, and what a user would pick instead."""

import contextlib
import logging
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.faults.cases import Workload
from benchmarks.faults.reference import Care, PlainLoop, Rows, care_of, predict
from benchmarks.faults.scores import finite
from ml_training.core.events import EpochEnded, RunEnded
from ml_training.core.fit import fit
from ml_training.core.report import describe_trial

EFFECT = ("loss_without", "loss_with", "score_without", "score_with", "tolerance")
CAREFUL = Care(patience=10, restore_best=True, clip_norm=1.0)  # the usual defaults by hand


@dataclass(frozen=True, eq=False)
class Outcome:
    """Hold what one contestant made of one workload.

    Parameters
    ----------
    predict : callable
        Classes or values of rows that are scaled like the others.
    seconds : float
        CPU time of the training, without predictions.
    seconds_to_best : float
        CPU time until it had the weights that it handed over.
    story : dict
        What it said about the run; empty for the rivals.
    """

    predict: Callable[[Rows], Rows]
    seconds: float
    seconds_to_best: float
    story: dict[str, Any] = field(default_factory=dict)


def train_plain(workload: Workload, care: Care | None = None) -> Outcome:
    """Train with the plain loop."""
    started = time.process_time()
    loop = PlainLoop(workload, care or care_of(workload))
    loop.train()
    spent = time.process_time() - started
    keeps_best = loop.care.restore_best and loop.best is not None
    return Outcome(
        predict=lambda X: predict(loop.model, workload, X),
        seconds=spent,
        seconds_to_best=spent * loop.best_step / loop.n_steps if keeps_best else spent,
        story={"first_nonfinite_step": loop.record.first_nonfinite_step, "steps": loop.n_steps},
    )


def train_careful(workload: Workload) -> Outcome:
    """Train with early stopping, gradient clipping and the best checkpoint."""
    return train_plain(workload, CAREFUL)


def train_engine(workload: Workload, *, repair: bool = True) -> Outcome:
    """Train with `fit`."""
    parts = workload.parts
    heard = Heard()
    rows = (parts.X_train, parts.y_train, parts.X_val, parts.y_val)
    model, settings = workload.model(), workload.settings(repair=repair)
    started = time.process_time()
    result = fit(model, *rows, settings=settings, emit=heard)
    spent = time.process_time() - started
    return Outcome(
        predict=result.predict,
        seconds=spent,
        seconds_to_best=heard.best_at - started if heard.best_at else spent,
        story={**story_of(result), "steps": heard.n_steps},
    )


@dataclass(eq=False)
class Heard:
    """Hear what a run says, and when it reached the loss it ended with.

    Parameters
    ----------
    n_steps : int
        Steps of the run, once it has ended.
    best_at : float or None
        CPU time at the end of the epoch whose weights were handed over.
    reached : dict of float to float
        CPU time at which each validation loss was seen first.
    """

    n_steps: int = 0
    best_at: float | None = None
    reached: dict[float, float] = field(default_factory=dict)

    def __call__(self, event: Any) -> None:
        """Hear one event."""
        if isinstance(event, EpochEnded):
            self.reached.setdefault(event.score.validation_loss, time.process_time())
        if isinstance(event, RunEnded):
            self.n_steps = event.n_steps
            self.best_at = self.reached.get(event.best_loss)


def story_of(result: Any) -> dict[str, Any]:
    """Return what a result says about its run, as plain values."""
    return {
        "status": result.status,
        "stopped_because": result.stopped_because,
        "findings": [
            {
                "problem": finding.problem,
                "severity": finding.severity,
                "epoch": finding.epoch,
                "step": finding.step,
                "message": finding.message,
            }
            for finding in result.findings
        ],
        "trials": [
            {
                "problem": trial.problem,
                "remedy": trial.remedy,
                "verdict": trial.verdict,
                "kept": trial.kept,
                "change": trial.change.sentence,
                "effect": {name: finite(getattr(trial.effect, name)) for name in EFFECT},
                "told": describe_trial(trial),
            }
            for trial in result.trials
        ],
    }


def train_watcher(workload: Workload) -> Outcome:
    """Train with `fit` that watches and touches nothing."""
    return train_engine(workload, repair=False)


def train_lightning(workload: Workload) -> Outcome:
    """Train with Lightning and its usual callbacks."""
    from benchmarks.faults.lightning_rival import train_with_callbacks  # noqa: PLC0415  # optional

    with quiet_lightning():
        started = time.process_time()
        model, share = train_with_callbacks(workload)
        spent = time.process_time() - started
    return Outcome(
        predict=lambda X: predict(model, workload, X), seconds=spent, seconds_to_best=share * spent
    )


@contextlib.contextmanager
def quiet_lightning() -> Any:
    """Silence the hints of Lightning, which are about larger machines."""
    loggers = [
        logging.getLogger(name) for name in ("lightning", "lightning.pytorch", "lightning.fabric")
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


CONTESTANTS: dict[str, Callable[[Workload], Outcome]] = {
    "fit": train_engine,
    "watch": train_watcher,
    "plain": train_plain,
    "careful": train_careful,
    "lightning": train_lightning,
}
