"""Open the model of a strategy or a run; refuse in words what no longer fits.

The hash chain is checked link by link: the rules as they stand, the features as this
code computes them, the bytes as they were stored.
"""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_training.data.features import FeaturePlan, plan_features
from ml_training.data.rules import indicator_uses, parse_rules
from ml_training.errors import DataError
from ml_training.models import Checkpoint, Strategy, TrainingRun
from ml_training.selectors import find_strategy
from ml_training.services.checkpoints import local_copy

if TYPE_CHECKING:
    from ml_training.study.profile import TrainingProfile
    from ml_training.study.serving import ServedModel

TRAIN_AGAIN = "Train the strategy again."


@dataclass(frozen=True, eq=False, kw_only=True)
class Opened:
    """A model that fits its strategy as it stands now.

    `profile` describes what it was trained on; None when the model was stored without.
    """

    run: TrainingRun
    checkpoint: Checkpoint
    model: "ServedModel"
    profile: "TrainingProfile | None"


def find_trained(reference: str | int) -> TrainingRun:
    """Return the run with this id, or the newest fitting one of this strategy."""
    try:
        run_id = uuid.UUID(str(reference))
    except ValueError:
        return find_newest(find_strategy(reference))
    run = TrainingRun.objects.select_related("strategy").filter(pk=run_id).first()
    if run is None:
        raise DataError(f"no run has the id {run_id}", hint="`manage.py runs` lists them.")
    return run


def find_newest(strategy: Strategy) -> TrainingRun:
    """Return the newest run whose model was trained on the strategy's present rules."""
    trained = strategy.runs.filter(
        state=TrainingRun.State.SUCCEEDED, checkpoints__kind=Checkpoint.Kind.BEST
    )
    trained = trained.select_related("strategy").order_by("-ended_at", "-queued_at")
    fitting = trained.filter(rules_digest=strategy.rules_digest).first()
    if fitting is not None:
        return fitting
    newest = trained.first()
    if newest is None:
        raise DataError(f"strategy {strategy.pk} has no model yet", hint="Train it first.")
    raise _refuse_rules(newest)


def open_served(run: TrainingRun) -> Opened:
    """Return the model of a run, verified; the hint of the refusal is the way out.

    Imports torch, so no web process may call it.
    """
    from ml_training.study.profile import read_profile  # noqa: PLC0415 - imports torch
    from ml_training.study.serving import load_served  # noqa: PLC0415

    checkpoint = check_run(run)
    with local_copy(checkpoint) as path:
        model, profile = load_served(path), read_profile(path)
    check_features(run, model.feature_digest)
    return Opened(run=run, checkpoint=checkpoint, model=model, profile=profile)


def check_run(run: TrainingRun) -> Checkpoint:
    """Return the stored model of a run that fits the strategy's present rules."""
    checkpoint = run.checkpoints.filter(kind=Checkpoint.Kind.BEST).first()
    if run.state != TrainingRun.State.SUCCEEDED or checkpoint is None:
        raise DataError(f"run {run.pk} is {run.state} and has no model", hint=TRAIN_AGAIN)
    if run.rules_digest != run.strategy.rules_digest:
        raise _refuse_rules(run)
    check_features(run, run.feature_digest)
    if checkpoint.sha256 != run.model_digest:
        raise DataError(
            f"run {run.pk} ended with the model {shorten(run.model_digest)}, and the stored one "
            f"is {shorten(checkpoint.sha256)}",
            hint="It was exchanged. Restore it from a backup, or train again.",
        )
    return checkpoint


def check_features(run: TrainingRun, digest: str) -> None:
    """Refuse a model of other features than this version computes for the strategy."""
    computed = plan_of(run.strategy).digest
    if computed != digest:
        raise DataError(
            f"the model of run {run.pk} expects the features {shorten(digest)}, and this "
            f"version computes {shorten(computed)}",
            hint=TRAIN_AGAIN,
        )


def plan_of(strategy: Strategy) -> FeaturePlan:
    """Return the features that this version computes for a strategy."""
    return plan_features(indicator_uses(parse_rules(strategy.rules)))


def shorten(digest: str) -> str:
    """Return enough of a hash to tell two apart."""
    return digest[:12]


def _refuse_rules(run: TrainingRun) -> DataError:
    return DataError(
        f"the model of run {run.pk} was trained on the rules {shorten(run.rules_digest)}, and "
        f"strategy {run.strategy_id} follows {shorten(run.strategy.rules_digest)} now",
        hint=f"{TRAIN_AGAIN} Or give it its earlier rules back.",
    )
