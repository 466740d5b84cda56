"""Start from a base model: first what is new learns, then all of it, slowly."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ml_training.core.arrays import Floats, as_rows
from ml_training.core.errors import DataError
from ml_training.core.events import ShouldStop, never
from ml_training.core.network import HouseNetwork
from ml_training.core.report import describe_trial
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from ml_training.core.structure import copy_model, put_back
from ml_training.core.transfer_network import (
    Counts,
    TransferNetwork,
    count_layers,
    count_parameters,
)
from ml_training.core.transfer_optimizer import TwoPaces
from ml_training.core.transfer_watch import Rows, fit_base, fit_keeping, fit_treatments
from ml_training.core.treatments import Impute, Scale, Treatment

__all__ = ["LEVELS", "Level", "Rows", "TransferResult", "fit_base", "fit_transferred"]

SLOWER = 0.1  # design: what came from the base model moves ten times more slowly
PULL = 0.1  # chosen: of a distance to the base model, a share of rate times this goes
MOST_EPOCHS = 40  # of a stage; chosen: at such rates and so few rows it is done before
PATIENCE = 8  # chosen: as for the ensemble
SMALLEST_BATCH = 8  # rows; chosen: some four steps an epoch for the fewest rows
SMALLEST_CHANCE = float(np.finfo(np.float64).eps)  # scikit-learn's rule


@dataclass(frozen=True, kw_only=True)
class Level:
    """Say how much of a base model is kept.

    Parameters
    ----------
    name : str
        For the reader.
    learning_rate : float
        Of what is not slowed down.
    stages : tuple of str
        Names of `StagePlan`, in order.
    """

    name: str
    learning_rate: float
    stages: tuple[str, ...]


LEVELS = {
    level.name: level
    for level in (
        Level(name="aggressive", learning_rate=3e-4, stages=("frozen",)),
        Level(name="moderate", learning_rate=5e-4, stages=("frozen", "unfrozen")),
        Level(name="light", learning_rate=7e-4, stages=("frozen", "unfrozen")),
        Level(name="optional", learning_rate=1e-3, stages=("initialised",)),
    )
}
"""Rates by the design; see strategies.md."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Tell what came of one stage of training.

    Parameters
    ----------
    name : str
        ``"frozen"``, ``"unfrozen"`` or ``"initialised"``.
    learning_rate, slow_rate : float
        Of what is new, and of what came from the base model and is not frozen.
    layers, parameters : Counts
        Counted from the network as it was trained.
    epochs : int
        Trained, all of them.
    before, after : float
        Log-loss on the validation rows; `after` is NaN when nothing came of it.
    is_kept : bool
        Whether it was better than what was there before it.
    status : str
        Of the engine.
    fixes : tuple of str
        Repairs that were kept.
    """

    name: str
    learning_rate: float
    slow_rate: float
    layers: Counts
    parameters: Counts
    epochs: int
    before: float
    after: float
    is_kept: bool
    status: str
    fixes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        after = self.after if np.isfinite(self.after) else None
        return {**asdict(self), "after": after, "fixes": list(self.fixes)}


@dataclass(frozen=True, eq=False, kw_only=True)
class TransferResult(FitResult):
    """Hold what `fit_transferred` returns: a `FitResult` that knows where it began.

    Parameters
    ----------
    layers, parameters : Counts or None
        Of the first stage, counted from the network; None after `load`.
    stages : tuple of Stage
        In order.
    """

    layers: Counts | None = None
    parameters: Counts | None = None
    stages: tuple[Stage, ...] = ()

    @staticmethod
    def load(path: Any, *, model: Any = None) -> "TransferResult":
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or Path
            As given to `save`.
        model : None
            Not needed: the layers are in the file.
        """
        return as_transferred(FitResult.load(path, model=model))


def as_transferred(result: FitResult, **known: Any) -> TransferResult:
    """Return a result as one of transfer."""
    return TransferResult(**{**vars(result), **known})


def fit_transferred(
    base: FitResult,
    rows: Rows,
    *,
    level: Level,
    settings: TrainSettings,
    should_stop: ShouldStop = never,
) -> TransferResult:
    """Train a network that starts as a base model, in one stage or two.

    Parameters
    ----------
    base : FitResult
        From `fit_base`; its columns come first in the rows.
    rows : Rows
        Of training and validation, of the same two classes.
    level : Level
        How much of the base model is kept.
    settings : TrainSettings
        Seed, device and bounds; rates are those of the level.
    should_stop : callable
        As in `fit`.

    Returns
    -------
    TransferResult
        The base model as it was, where no stage did better on the validation rows.

    Raises
    ------
    DataError
        If the base model cannot be built upon, or the rows cannot be used.
    """
    network, treatments = start_from(base, as_rows(rows.X, name="X_train"))
    n_shared = base.predictor.n_features
    loss = _measure(base, np.asarray(rows.X_val)[:, :n_shared], rows.y_val)
    kept, last, stages = None, None, []
    for plan in plan_stages(level, n_hidden=len(network.blocks()) - 1):
        before = copy_model(network)
        network.freeze(plan.n_frozen)
        counts = count_layers(network), count_parameters(network)
        last = fit_keeping(
            network,
            rows,
            settings=_set_pace(settings, network, plan, len(rows.y)),
            treatments=treatments,
            should_stop=should_stop,
        )
        after = _measure(last, rows.X_val, rows.y_val)
        is_kept = after < loss
        stages.append(_tell(plan, counts, last, before=loss, after=after, is_kept=is_kept))
        if is_kept:
            kept, loss = last, after
        else:
            put_back(before)
    assert last is not None
    return _conclude(network, kept, last, stages)


@dataclass(frozen=True, kw_only=True)
class StagePlan:
    """Say what learns in a stage, and how fast.

    Parameters
    ----------
    name : str
        ``"frozen"``, ``"unfrozen"`` or ``"initialised"``.
    n_frozen : int
        Hidden blocks that stand still.
    rate, slow_rate : float
        Of output layer and own columns, and of hidden blocks that came from the base.
    """

    name: str
    n_frozen: int
    rate: float
    slow_rate: float


def plan_stages(level: Level, *, n_hidden: int) -> tuple[StagePlan, ...]:
    """Return the stages of a level.

    Parameters
    ----------
    level : Level
        How much of the base model is kept.
    n_hidden : int
        Hidden blocks of the base model.
    """
    rate = level.learning_rate
    plans = {
        "frozen": StagePlan(name="frozen", n_frozen=n_hidden, rate=rate, slow_rate=0.0),
        "unfrozen": StagePlan(name="unfrozen", n_frozen=0, rate=rate, slow_rate=SLOWER * rate),
        "initialised": StagePlan(name="initialised", n_frozen=0, rate=rate, slow_rate=rate),
    }
    return tuple(plans[name] for name in level.stages)


def start_from(base: FitResult, X: Floats) -> tuple[TransferNetwork, tuple[Treatment, ...]]:
    """Return a network that answers as a base model does, and its input treatments.

    Parameters
    ----------
    base : FitResult
        From `fit_base`.
    X : array of shape (n, n_features)
        Training rows; columns behind those of the base are the strategy's own.

    Raises
    ------
    DataError
        If the base model is no house network, or the rows have too few columns.
    """
    model, predictor = base.model, base.predictor
    if not isinstance(model, HouseNetwork) or predictor.output_kind != "logit":
        raise DataError(
            f"a base model must be a house network that gives log-odds, got "
            f"{type(model).__name__} that gives {predictor.output_kind!r}",
            hint="train the base model again",
        )
    n_own = X.shape[1] - predictor.n_features
    if n_own < 0:
        raise DataError(
            f"the base model takes {predictor.n_features} features, the rows have {X.shape[1]}",
            hint="compute them with the plan the base model was trained with",
        )
    network = TransferNetwork(model, n_own, temperature=predictor.temperature)
    return network, extend_treatments(predictor.treatments, X[:, predictor.n_features :])


def extend_treatments(known: Sequence[Treatment], own: Floats) -> tuple[Treatment, ...]:
    """Return the treatments of a base model, fitted on further columns behind its own.

    Parameters
    ----------
    known : sequence of Treatment
        Of the base model; what they do to its columns stays.
    own : array of shape (n, n_own)
        Training rows of the further columns.
    """
    if not own.shape[1]:
        return tuple(known)
    impute, scale = fit_treatments(own)
    extended: list[Treatment] = []
    for one in known:
        if isinstance(one, Impute):
            extended.append(Impute(fill=np.concatenate([one.fill, impute.fill])))
        elif isinstance(one, Scale):
            centre = np.concatenate([one.centre, scale.centre])
            width = np.concatenate([one.width, scale.width])
            extended.append(Scale(centre=centre, width=width, limit=one.limit))
        else:
            extended.append(one)
    return tuple(extended)


def _set_pace(
    settings: TrainSettings, network: TransferNetwork, plan: StagePlan, n_rows: int
) -> TrainSettings:
    *hidden, _ = network.blocks()
    carried = {id(p) for block in hidden for layer in block for p in layer.parameters()}
    pace = TwoPaces(
        rate=plan.rate,
        slow_rate=plan.slow_rate,
        carried=frozenset(carried),
        anchors={id(p): p.detach().clone() for p in network.parameters()},
        pull=PULL,
    )
    return replace(
        settings,
        optimizer=pace,
        learning_rate=plan.rate,
        batch_size=max(SMALLEST_BATCH, min(settings.batch_size, n_rows // 8)),
        max_epochs=min(settings.max_epochs, MOST_EPOCHS),
        patience=PATIENCE,
        task="binary",
    )


def _measure(fitted: FitResult, X: Any, y: Any) -> float:
    """Return the log-loss of a network on rows; NaN without a network."""
    if fitted.model is None:
        return float("nan")
    told = np.asarray(fitted.predict_proba(X), dtype=np.float64)
    places = np.searchsorted(fitted.classes, np.asarray(y))
    picked = np.take_along_axis(told, places[:, None], axis=1)
    return float(-np.log(np.clip(picked, SMALLEST_CHANCE, 1.0)).mean())


def _tell(
    plan: StagePlan,
    counts: tuple[Counts, Counts],
    fitted: FitResult,
    *,
    before: float,
    after: float,
    is_kept: bool,
) -> Stage:
    return Stage(
        name=plan.name,
        learning_rate=plan.rate,
        slow_rate=plan.slow_rate,
        layers=counts[0],
        parameters=counts[1],
        epochs=len(fitted.history.scores),
        before=before,
        after=after,
        is_kept=is_kept,
        status=fitted.status,
        fixes=tuple(describe_trial(trial) for trial in fitted.trials if trial.kept),
    )


def _conclude(
    network: TransferNetwork, kept: FitResult | None, last: FitResult, stages: Sequence[Stage]
) -> TransferResult:
    """Return the network in plain layers, with the story of the stage it comes from."""
    found = last if kept is None else kept
    predictor = found.predictor
    if predictor.output_kind == "logit":  # else there was nothing to train on
        temperature = 1.0 if kept is None else predictor.temperature
        predictor = replace(predictor, model=network.folded(), temperature=temperature)
    return as_transferred(
        replace(found, predictor=predictor),
        layers=stages[0].layers,
        parameters=stages[0].parameters,
        stages=tuple(stages),
    )
