"""Train the network that starts from a base model, and measure what that gained."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ml_training.core.events import ShouldStop
from ml_training.core.settings import TrainSettings
from ml_training.core.transfer import Rows, TransferResult, fit_transferred
from ml_training.data.labelled import LabelledSet
from ml_training.evaluation.metrics import log_losses, measure_auc
from ml_training.evaluation.significance import bootstrap_mean, cut_blocks
from ml_training.study.blocks import Blocks
from ml_training.study.candidates import Candidate
from ml_training.study.models import NETWORK, TRANSFER
from ml_training.study.transfer import TransferPlan


@dataclass(frozen=True, kw_only=True)
class Gain:
    """Say how much better a network is that started from a base model.

    Attributes
    ----------
    on : str
        The block that was measured, on which nothing was fitted or chosen.
    n : int
        Setups of that block.
    log_loss, low, high : float or None
        By how much the log-loss of the network from scratch is higher, with the
        interval of the block bootstrap; None of an interval where there is too little.
    auc : float or None
        By how much the AUC is higher; None where only one class occurs.
    log_losses, aucs : dict
        Of both networks by name.
    """

    on: str
    n: int
    log_loss: float
    low: float | None
    high: float | None
    auc: float | None
    log_losses: Mapping[str, float]
    aucs: Mapping[str, float | None]

    def as_dict(self) -> dict[str, Any]:
        """Return the gain as JSON holds it."""
        return asdict(self)


@dataclass(frozen=True, eq=False, kw_only=True)
class Transferred:
    """Hold a network that started from a base model, and what that gained.

    Attributes
    ----------
    plan : TransferPlan
        How it started, and why.
    fitted : TransferResult or None
        None when the study was from scratch.
    gain : Gain or None
        Against the network from scratch, on the test block.
    """

    plan: TransferPlan
    fitted: TransferResult | None = None
    gain: Gain | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plan, stages and gain as JSON holds them."""
        told = self.plan.as_dict()
        if self.fitted is not None:
            counts = self.fitted.layers, self.fitted.parameters
            for name, one in zip(("layers", "parameters"), counts, strict=True):
                told[name] = None if one is None else one.as_dict()
            told["stages"] = [one.as_dict() for one in self.fitted.stages]
        if self.gain is not None:
            told["gain"] = self.gain.as_dict()
        return told


def train_transferred(
    plan: TransferPlan, blocks: Blocks, settings: TrainSettings, *, should_stop: ShouldStop
) -> TransferResult | None:
    """Return a network that started from the plan's base model; None without one.

    Parameters
    ----------
    plan : TransferPlan
        From `plan_study_transfer`.
    blocks : Blocks
        The same that the network from scratch is trained on.
    settings : TrainSettings
        Seed, device and bounds.
    should_stop : callable
        As in `fit`.
    """
    if plan.base is None:
        return None
    train, validation = blocks.train, blocks.validation
    rows = Rows(X=train.X, y=train.y, X_val=validation.X, y_val=validation.y, weight=train.weight)
    return fit_transferred(
        plan.base.fitted,
        rows,
        level=plan.depth,
        settings=settings,
        prior=plan.prior,
        should_stop=should_stop,
    )


def measure_gain(
    candidates: Mapping[str, Candidate], test: LabelledSet, *, seed: int
) -> Gain | None:
    """Compare the transferred network with that from scratch, both as they would serve.

    Parameters
    ----------
    candidates : mapping of Candidate by name
        Both are among them, or there is nothing to compare.
    test : LabelledSet
        Opened once, after the model to serve was chosen.
    seed : int
        Of the bootstrap.
    """
    if not {NETWORK, TRANSFER} <= candidates.keys():
        return None
    p = {name: candidates[name].predict_proba(test.X) for name in (NETWORK, TRANSFER)}
    losses = {name: log_losses(test.y, one) for name, one in p.items()}
    aucs = {name: measure_auc(test.y, one) for name, one in p.items()}
    differences = losses[NETWORK] - losses[TRANSFER]
    luck = bootstrap_mean(differences, cut_blocks(test.t0, test.t1), seed=seed)
    scratch, ours = aucs[NETWORK], aucs[TRANSFER]
    return Gain(
        on="test",
        n=len(test),
        log_loss=float(differences.mean()),
        low=None if luck is None else luck.low,
        high=None if luck is None else luck.high,
        auc=None if scratch is None or ours is None else ours - scratch,
        log_losses={name: float(one.mean()) for name, one in losses.items()},
        aucs=aucs,
    )
