"""Train a network, watch it, repair it, and return what came of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from ml_training.core.assembly import build_run
from ml_training.core.caller import Caller
from ml_training.core.errors import DataError
from ml_training.core.events import (
    Emit,
    RunEnded,
    RunStarted,
    SaveState,
    ShouldStop,
    always,
    never,
    say_nothing,
)
from ml_training.core.fingerprints import fingerprint
from ml_training.core.history import RunHistory
from ml_training.core.loop import Run, train
from ml_training.core.prepare import Prepared, prepare
from ml_training.core.problems import PROBLEMS
from ml_training.core.report import Report
from ml_training.core.result import FitResult, Predictor
from ml_training.core.resume import Keeper, check_marks, take_up, unseal
from ml_training.core.resume_parts import Origin
from ml_training.core.scores import forward_rows
from ml_training.core.settings import TrainSettings
from ml_training.core.state import seeded
from ml_training.core.structure import put_back
from ml_training.core.surgery import describe_surgery, tree_of
from ml_training.core.trends import lag_behind_rival

__all__ = ["fit"]

ONE_ANSWER = (
    "all training rows have the same target: collect rows with other outcomes "
    "(more time, more symbols, or a rule that fires more often)"
)
ONE_QUESTION = (
    "all training rows look the same: no column of X_train takes two values, so nothing "
    "tells the outcomes apart; check how the features were computed"
)
FEW_ROWS = 64  # chosen: enough to see that a model predicts at all


def fit(  # noqa: PLR0913 - the contract of the engine
    model: nn.Module | None,
    X_train: Any,
    y_train: Any,
    X_val: Any = None,
    y_val: Any = None,
    *,
    settings: TrainSettings | None = None,
    sample_weight: Any = None,
    emit: Emit = say_nothing,
    should_stop: ShouldStop = never,
    save_state: SaveState | None = None,
    wants_state: ShouldStop = always,
    resume: bytes | None = None,
) -> FitResult:
    """Train a network on a table, watching every batch and repairing what goes wrong.

    Parameters
    ----------
    model : torch.nn.Module or None
        From a float tensor (batch, n_features) to outputs (batch,), (batch, 1) or
        (batch, n_classes); trained in place. None builds the house network.
    X_train : array-like of shape (n, n_features)
        Raw features; NaN and Inf cells are filled with the column's median.
    y_train : array-like of shape (n,)
        Class labels of any kind, or float targets.
    X_val, y_val : array-like or None
        Validation rows; None takes the last part of the training rows.
    settings : TrainSettings or None
        None takes the defaults.
    sample_weight : array-like of shape (n,) or None
        Weight of each training row in the loss.
    emit : callable
        Hears every event; what it raises is noted in the report, and ends no run.
    should_stop : callable
        Asked now and then; True ends the run with the best model so far. What it raises
        counts as "no" and is noted.
    save_state : callable or None
        Given the state of the run as bytes, and how much of it was told by then,
        wherever it could be interrupted: between epochs, and now and then within long
        ones, never in a trial. What it raises is noted, and ends no run.
    wants_state : callable
        Asked before each such state is made; False leaves it out.
    resume : bytes or None
        What `save_state` was given: the run goes on from there to the same end, bit for
        bit, and tells what comes after. All else is handed in as it was then; what a
        network, a loss or an optimizer keeps outside of tensors and plain attributes is
        not brought back.

    Returns
    -------
    FitResult
        The model with the best validation loss, and the story of the run.

    Raises
    ------
    DataError
        If the arguments cannot be used, or are not those of the run that goes on; the
        message says which and why.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> result = fit(None, X, X[:, 0] > 0, settings=TrainSettings(max_epochs=20))
    >>> result.status
    'healthy'
    >>> result.predict_proba(X).shape
    (200, 2)
    """
    settings = settings or TrainSettings()
    check_keys(settings)
    prepared = prepare(
        X_train, y_train, X_val, y_val, task=settings.task, sample_weight=sample_weight
    )
    caller, saved = Caller(emit, should_stop), None
    marks = {} if save_state is None and resume is None else fingerprint(settings, prepared)
    if resume is not None:
        saved = unseal(resume)
        check_marks(saved, marks)
    if prepared.has_one_answer or prepared.has_one_question:
        return refuse(prepared, caller)
    with seeded(settings.seed, settings.n_threads):
        run = build_run(
            model, prepared, settings, emit=caller.tell, should_stop=caller.wants_to_stop
        )
        tree, origin = tree_of(run.state.model), Origin.of(run.state)
        if saved is None:
            run.emit(announcement(run, prepared))
        else:
            take_up(run, caller, saved, origin)
        if save_state is not None:
            keeper = Keeper(caller, marks, origin, save_state=save_state, wants_state=wants_state)
            keeper.saved_at, run.save = run.n_steps_taken, keeper.offer
        because = train(run)
        run.notes += caller.notes
        return conclude(run, prepared, because, tree)


def check_keys(settings: TrainSettings) -> None:
    """Refuse problems that are not known in `switched_off`."""
    unknown = sorted(settings.switched_off - PROBLEMS.keys())
    if unknown:
        raise DataError(
            f"`switched_off` must name known problems, got {', '.join(map(repr, unknown))}",
            hint=f"they are {', '.join(sorted(PROBLEMS))}",
        )


def announcement(run: Run, prepared: Prepared) -> RunStarted:
    """Return what is known of a run before its first step."""
    return RunStarted(
        task=prepared.task,
        n_rows=len(prepared.train),
        n_validation_rows=len(prepared.validation),
        n_features=run.data.n_features,
        n_parameters=run.state.flat.n_parameters,
        batch_size=run.settings.batch_size,
        max_epochs=run.settings.max_epochs,
        planned_steps=run.plan.planned_steps,
        step_budget=run.step_budget,
        layer_names=run.history.layer_names,
    )


def conclude(
    run: Run, prepared: Prepared, because: str, tree: Mapping[str, nn.Module]
) -> FitResult:
    """Restore the best model and tell the story."""
    model, notes = _best_model(run), list(prepared.notes)
    if run.is_refused:
        model = None
        notes.append("predictions are the base rate, and must not be acted on")
    elif model is None:
        notes.append("no epoch gave a usable model: predictions are the base rate")
    if run.state.data.raw_judging is run.state.data.raw_stopping and run.medic.trials:
        notes.append("few validation rows: repairs were judged on the rows of early stopping")
    notes += run.notes
    predictor = Predictor(
        model=model,
        treatments=run.state.data.treatments,
        task=prepared.task,
        output_kind=run.state.objective.output_kind,
        classes=prepared.classes,
        base_rate=base_rate(prepared),
        n_features=run.data.n_features,
        target_scale=run.state.objective.target_scale,
        temperature=run.state.objective.temperature,
        chunk=run.settings.batch_size,
        surgery=() if model is None else describe_surgery(tree, model),
    )
    status = decide_status(run)
    progress = run.state.progress
    run.emit(
        RunEnded(
            status=status,
            stopped_because=because,
            n_steps=run.n_steps_taken,
            n_epochs=run.state.epoch,
            best_epoch=progress.best_epoch,
            best_loss=progress.best_loss,
            best_score=progress.best_score,
        )
    )
    report = Report(
        status=status,
        stopped_because=because,
        summary=_summary(run, prepared),
        findings=tuple(run.monitor.findings),
        trials=tuple(run.medic.trials),
        unresolved={k: words for k, words in run.medic.unresolved.items() if not is_gone(run, k)},
        titles={key: problem.title for key, problem in PROBLEMS.items()},
        notes=tuple(notes),
    )
    return _result(predictor, report, run.history)


def decide_status(run: Run) -> str:
    """Return the state of health the run ended in."""
    if run.is_refused:
        return "refused"
    alarms = {finding.problem for finding in run.monitor.findings if finding.is_alarm}
    cured = {trial.problem for trial in run.medic.trials if trial.kept}
    cured = (cured | run.medic.overcome) - run.medic.unresolved.keys()
    cured |= {key for key, problem in PROBLEMS.items() if problem.is_always_treated}
    cured |= {key for key in alarms if is_gone(run, key)}
    if not alarms:
        return "healthy"
    is_behind = bool(lag_behind_rival(run.observe()))  # repaired is who does what others can
    return "repaired" if alarms <= cured and not is_behind else "unresolved"


def is_gone(run: Run, problem: str) -> bool:
    """Tell whether a problem was never seen again after another one was treated.

    One ill brings others along. Those asked about at every epoch or batch had their
    chance to be seen on the branch that was repaired.
    """
    stages = PROBLEMS[problem].stages
    last = max(f.step for f in run.monitor.findings if f.problem == problem)
    is_asked_again = "epoch" in stages or "batch" in stages
    return is_asked_again and any(t.kept and t.step >= last for t in run.medic.trials)


def base_rate(prepared: Prepared) -> np.ndarray:
    """Return the weight of each class in training, or the mean target."""
    y, weight = prepared.train.y, prepared.train.weight
    if prepared.task == "regression":
        return np.array([np.average(y, weights=weight)])
    sums = np.bincount(y, weight, minlength=max(prepared.n_classes, 1))
    shares: np.ndarray = sums / sums.sum()
    return shares


def _best_model(run: Run) -> nn.Module | None:
    """Return the model as it was at its best epoch, in memory of its own."""
    best = run.state.progress.best
    model = put_back(best) if best is not None else run.state.model
    for parameter in model.parameters():
        parameter.data = parameter.data.clone()
        parameter.grad = None
    is_finite = all(bool(torch.isfinite(p).all()) for p in model.parameters())
    return model.eval() if is_finite and _can_predict(run, model) else None


def _can_predict(run: Run, model: nn.Module) -> bool:
    """Tell whether a model that stands still gives any number at all."""
    rows = run.state.data.stopping.X[:FEW_ROWS]
    try:
        outputs = forward_rows(model, rows, chunk=run.settings.batch_size)
    except Exception:
        return False
    return bool(torch.isfinite(outputs).any())


def _summary(run: Run, prepared: Prepared) -> dict[str, Any]:
    progress = run.state.progress
    return {
        "task": prepared.task,
        "n_rows": len(prepared.train),
        "n_validation_rows": len(prepared.validation),
        "n_features": run.data.n_features,
        "n_epochs": run.state.epoch,
        "n_steps": run.n_steps_taken,
        "planned_steps": run.plan.planned_steps,
        "best_epoch": progress.best_epoch,
        "best_loss": progress.best_loss,
        "best_score": progress.best_score,
        "naive_loss": run.data.naive_loss,
    }


def refuse(prepared: Prepared, caller: Caller) -> FitResult:
    """Return a result that predicts the base rate, and says why."""
    because = "nothing_to_learn"
    caller.tell(
        RunEnded(
            status="refused",
            stopped_because=because,
            n_steps=0,
            n_epochs=0,
            best_epoch=-1,
            best_loss=float("nan"),
            best_score=float("nan"),
        )
    )
    report = Report(
        status="refused",
        stopped_because=because,
        summary={"task": prepared.task, "n_rows": len(prepared.train), "n_epochs": 0},
        unresolved={},
        titles={},
        notes=(
            *prepared.notes,
            ONE_ANSWER if prepared.has_one_answer else ONE_QUESTION,
            *caller.notes,
        ),
    )
    predictor = Predictor(
        model=None,
        treatments=(),
        task=prepared.task,
        output_kind="unknown",
        classes=prepared.classes,
        base_rate=base_rate(prepared),
        n_features=prepared.train.X.shape[1],
    )
    return _result(predictor, report, RunHistory(()))


def _result(predictor: Predictor, report: Report, history: RunHistory) -> FitResult:
    return FitResult(
        predictor=predictor,
        status=report.status,
        stopped_because=report.stopped_because,
        findings=report.findings,
        trials=report.trials,
        history=history,
        report=report,
    )
