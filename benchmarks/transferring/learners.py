"""Learn from a few setups as the product does, with a base model and without."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_training.core.fit import fit
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from ml_training.core.transfer import Rows, fit_transferred
from ml_training.data.labelled import LabelledSet
from ml_training.errors import DataError
from ml_training.evaluation.metrics import log_losses, measure_auc
from ml_training.study.base_model import BaseModel
from ml_training.study.candidates import Candidate, fit_rivals, prepare_candidates
from ml_training.study.choosing import MOST_FOR_BASE, choose_served
from ml_training.study.models import BASE_RATE, ENSEMBLE, LOGISTIC, NETWORK, TRANSFER
from ml_training.study.settings import MAX_EPOCHS
from ml_training.study.transfer import TransferPlan, plan_transfer

Floats = NDArray[np.float64]
Figures = dict[str, Any]

TRAIN_SHARE = 0.75
"""Of what a strategy has; the rest validates. As studies cut 60 and 20 %."""

SERVED = "served without a base model"
FROM_SCRATCH = (NETWORK, ENSEMBLE, LOGISTIC, BASE_RATE)


@dataclass(frozen=True, eq=False)
class Blocks:
    """Hold what one learner gets, and what all are judged on."""

    train: LabelledSet
    validation: LabelledSet
    test: LabelledSet


def cut_blocks(drawn: LabelledSet, test: LabelledSet) -> Blocks:
    """Cut drawn setups into older and newer ones that share no candles.

    Parameters
    ----------
    drawn : LabelledSet
        In time order.
    test : LabelledSet
        Lies behind all of them.

    Raises
    ------
    DataError
        When the older ones hold one class only, which no study would train on.
    """
    start = int(drawn.t0[round(TRAIN_SHARE * len(drawn))])
    train = drawn.take(np.flatnonzero(drawn.t1 < start))
    if len(np.unique(train.y)) < 2:
        raise DataError(f"{len(train)} setups to train on hold one class only")
    return Blocks(train, drawn.take(np.flatnonzero(drawn.t0 >= start)), test)


def learn(blocks: Blocks, bases: Mapping[str, BaseModel], seed: int) -> dict[str, Figures]:
    """Return what every learner is worth on the test setups.

    Parameters
    ----------
    blocks : Blocks
        From `cut_blocks`.
    bases : mapping of BaseModel by name
        What there is to start from.
    seed : int
        Of the networks and the choice.

    Returns
    -------
    dict of figures by learner
        Models from scratch by the product's names, `SERVED`, and for each base model
        what `name_with` says.
    """
    settings = TrainSettings(max_epochs=MAX_EPOCHS, seed=seed)
    scratch = fit_scratch(blocks, settings)
    rivals = fit_rivals(blocks.train, blocks.validation, settings, start_from=scratch)

    def prepare(networks: Mapping[str, FitResult]) -> dict[str, Candidate]:
        named = {NETWORK: scratch, **networks}
        return prepare_candidates(blocks.train, blocks.validation, settings, named, rivals=rivals)

    found = prepare({})
    told = {name: judge(found[name], blocks.test) for name in FROM_SCRATCH}
    told[SERVED] = serve(found, blocks, seed)
    for name, base in bases.items():
        plan = plan_base(blocks, base)
        ours = fit_from_base(blocks, plan, settings)
        with_base = prepare({TRANSFER: ours})
        told[name_with(name, UNTOUCHED)] = measure(blocks.test, base.predict_proba(blocks.test.X))
        told[name_with(name, TRANSFER)] = judge(with_base[TRANSFER], blocks.test)
        told[name_with(name, CHOSEN)] = serve(with_base, blocks, seed, plan=plan)
    return told


UNTOUCHED, CHOSEN = "base model untouched", "served with a base model"
WITH_BASE = (UNTOUCHED, TRANSFER, CHOSEN)


def name_with(base: str, learner: str) -> str:
    """Return the name of a learner that starts from a base model.

    Examples
    --------
    >>> name_with("TCE", "transferred network")
    'transferred network, TCE'
    """
    return f"{learner}, {base}"


def fit_scratch(blocks: Blocks, settings: TrainSettings) -> FitResult:
    """Train the house network on the drawn setups alone."""
    train, validation = blocks.train, blocks.validation
    return fit(
        None, train.X, train.y, validation.X, validation.y,
        settings=settings, sample_weight=train.weight,
    )  # fmt: skip


def plan_base(blocks: Blocks, base: BaseModel) -> TransferPlan:
    """Return how deep the product learns from so many setups with a base model."""
    n_effective = blocks.train.n_effective + blocks.validation.n_effective
    return plan_transfer(n_effective, is_wanted=True, base=base)


def fit_from_base(blocks: Blocks, plan: TransferPlan, settings: TrainSettings) -> FitResult:
    """Train the network that starts from a base model, as deep as the plan says."""
    assert plan.base is not None
    train, validation = blocks.train, blocks.validation
    rows = Rows(X=train.X, y=train.y, X_val=validation.X, y_val=validation.y, weight=train.weight)
    return fit_transferred(
        plan.base.fitted, rows, level=plan.depth, settings=settings, prior=plan.prior
    )


def serve(
    found: Mapping[str, Candidate], blocks: Blocks, seed: int, plan: TransferPlan | None = None
) -> Figures:
    """Return the figures of the model that would be served, and its name."""
    n = len(blocks.train) + len(blocks.validation)
    prefers_base = plan is not None and plan.is_pooled and n <= MOST_FOR_BASE
    name = choose_served(found, blocks.validation, seed=seed, prefers_base=prefers_base).name
    return {**judge(found[name], blocks.test), "served": name}


def judge(candidate: Candidate, test: LabelledSet) -> Figures:
    """Return the figures of a model as it would serve, calibrated."""
    return measure(test, candidate.predict_proba(test.X))


def measure(test: LabelledSet, p: Floats) -> Figures:
    """Return log-loss and AUC of chances."""
    auc = measure_auc(test.y, p)
    return {
        "log_loss": round(float(log_losses(test.y, p).mean()), 6),
        "auc": None if auc is None else round(auc, 6),
    }
