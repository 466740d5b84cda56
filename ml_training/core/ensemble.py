"""Sixteen networks for the price of a few, trained and healed as one."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ml_training.core.arrays import Floats
from ml_training.core.assembly import build_run
from ml_training.core.caller import Caller
from ml_training.core.ensemble_network import Ensemble, Shape
from ml_training.core.ensemble_result import EnsembleResult, as_ensemble, ask_members
from ml_training.core.ensemble_splits import MemberSplits, split_members
from ml_training.core.ensemble_step import MOST_RETURNS, MemberStep, measure_held_out
from ml_training.core.errors import DataError
from ml_training.core.events import Emit, FindingMade, ShouldStop, never, say_nothing
from ml_training.core.findings import Finding
from ml_training.core.fit import announcement, check_keys, conclude, refuse
from ml_training.core.history import Observations
from ml_training.core.loop import Run, train
from ml_training.core.prepare import Prepared, prepare
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from ml_training.core.state import TrainingState, seeded
from ml_training.core.surgery import tree_of
from ml_training.core.treatments import Treatment, apply_all

__all__ = ["HOUSE_RECIPE", "EnsembleResult", "Recipe", "fit_ensemble"]

N_MEMBERS = 16  # strategies.md: measured on small tables, with the best log loss of all
SURE = 1.5  # standard errors; chosen: on noise members lose, an edge of 0.56 shows 2.5
FEWEST_GAINS = 50  # rows; chosen, as there: fewer cannot tell anything
FITTING_REMEDIES = frozenset(
    {
        "balanced_sampling", "change_dropout", "class_weights", "clip_gradient", "cool_down",
        "cosine_decay", "drop_copies", "drop_doubtful", "drop_feature", "drop_outliers",
        "larger_batch", "lower_dropout", "lower_rate", "raise_rate", "reduce_on_plateau",
        "robust_scaling", "scale_targets", "skip_poisoned", "skip_spike", "smooth_labels",
        "train_longer", "usual_rate", "warm_up", "weight_decay", "winsorise_cells",
    }
)  # fmt: skip  # the others rebuild one network, or try rates by its steps


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Hold the shape of the members, and how they are trained by default.

    The defaults are the house recipe. They were tuned once, on planted edges and noise
    over the features of made-up markets (`benchmarks/ensemble.py`), never on a set that
    they are used for. There widths of 64 and 32, normalisation, and a dropout of 0.2
    scored alike or worse, and cost up to four times as much.

    Parameters
    ----------
    widths : tuple of int
        Units of the hidden layers.
    dropout : float
        Share of units dropped while training.
    is_normalised : bool
        True normalises behind every hidden layer.
    learning_rate, weight_decay : float
        Of AdamW.
    batch_size, max_epochs, patience : int
        As in `TrainSettings`.
    most_steps : int
        Bound of the plan: fewer epochs are planned for many rows.
    """

    widths: tuple[int, ...] = (32, 16)
    dropout: float = 0.0
    is_normalised: bool = False
    learning_rate: float = 1e-3
    weight_decay: float = 1.0
    batch_size: int = 256
    max_epochs: int = 40
    patience: int = 8
    most_steps: int = 1_500

    def settings(self, n_rows: int, **changes: Any) -> TrainSettings:
        """Return how to train on so many rows.

        Parameters
        ----------
        n_rows : int
            Of training.
        **changes
            Any of `TrainSettings` that is to be otherwise.
        """
        batch_size = max(16, min(self.batch_size, n_rows // 8))
        epochs = max(8, min(self.max_epochs, self.most_steps * batch_size // max(n_rows, 1)))
        usual = {
            "learning_rate": self.learning_rate,
            "optimizer_options": {"weight_decay": self.weight_decay},
            "batch_size": batch_size,
            "max_epochs": epochs,
            "patience": self.patience,
        }
        return TrainSettings(**{**usual, **changes})


HOUSE_RECIPE = Recipe()


def fit_ensemble(  # noqa: PLR0913 - the contract of the engine
    X_train: Any,
    y_train: Any,
    X_val: Any = None,
    y_val: Any = None,
    *,
    settings: TrainSettings | None = None,
    recipe: Recipe = HOUSE_RECIPE,
    n_members: int = N_MEMBERS,
    sample_weight: Any = None,
    groups: Any = None,
    times: tuple[Any, Any] | None = None,
    emit: Emit = say_nothing,
    should_stop: ShouldStop = never,
    start_from: FitResult | None = None,
) -> EnsembleResult:
    """Train many small networks at once, each on a split of its own.

    Parameters
    ----------
    X_train, y_train, X_val, y_val : array-like
        As in `fit`. The members hold out rows of their own within the training rows;
        the validation rows say when all of them are done, and judge repairs.
    settings : TrainSettings or None
        None takes what the recipe says for so many rows.
    recipe : Recipe
        Shape of the members.
    n_members : int
        How many.
    sample_weight : array-like of shape (n,) or None
        Weight of each training row.
    groups : array-like of shape (n,) or None
        Rows of one group are held out together; None holds out blocks of time.
    times : tuple of two array-like of shape (n,) or None
        Where the label of each row begins and ends: no member learns from rows that
        overlap with those that judge it. None takes the order of rows for time.
    emit, should_stop : callable
        As in `fit`.
    start_from : FitResult or None
        A run whose treatments of the data are taken over.

    Returns
    -------
    EnsembleResult
        The mean of the members, each as it was at its own best epoch.

    Raises
    ------
    DataError
        If the arguments cannot be used; the message says which and why.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> result = fit_ensemble(X, X[:, 0] > 0, n_members=4)
    >>> result.predict_proba(X).shape, result.members_proba(X).shape
    ((200, 2), (4, 200, 2))
    """
    if type(n_members) is not int or n_members < 1:
        raise DataError(
            f"`n_members` must be a whole number of at least 1, got {n_members!r}",
            hint="16 is a good number",
        )
    task = "auto" if settings is None else settings.task
    prepared = prepare(X_train, y_train, X_val, y_val, task=task, sample_weight=sample_weight)
    settings = settings or recipe.settings(len(prepared.train))
    check_keys(settings)
    caller = Caller(emit, should_stop)
    if prepared.has_one_answer or prepared.has_one_question:
        return as_ensemble(refuse(prepared, caller))
    splits = _split(prepared, n_members, settings.seed, groups=groups, times=times)
    treatments = () if start_from is None else _take_over(start_from, prepared)
    with seeded(settings.seed, settings.n_threads):
        network = _build(prepared, recipe, n_members, treatments)
        run = build_run(
            network,
            _with_splits(prepared, splits),
            settings,
            emit=caller.tell,
            should_stop=caller.wants_to_stop,
            treatments=treatments,
        )
        weight = prepared.train.weight
        weight = np.ones(len(prepared.train)) if weight is None else weight
        step = MemberStep(splits, weight, lambda state, who: _tell_lost(run, state, who))
        run.step_once = step
        _suit_problems(run, step)
        tree = tree_of(network)
        run.emit(announcement(run, prepared))
        because = train(run)
        run.notes += caller.notes
        result = as_ensemble(conclude(run, prepared, because, tree))
        return replace(result, held_out=_answer_held_out(result, prepared, splits))


def _split(
    prepared: Prepared, n_members: int, seed: int, *, groups: Any, times: Any
) -> MemberSplits:
    rows = prepared.train
    places = np.arange(len(rows)) if rows.places is None else rows.places
    try:
        groups = None if groups is None else np.asarray(groups)[places]
        times = None if times is None else tuple(np.asarray(part)[places] for part in times)
    except IndexError as error:
        raise DataError(
            f"`groups` and `times` must hold a value for each training row: {error}",
            hint="they belong to the rows of X_train one by one",
        ) from error
    return split_members(
        rows.y, n_members, seed=seed, groups=groups, times=times, is_classes=prepared.n_classes > 0
    )


def _with_splits(prepared: Prepared, splits: MemberSplits) -> Prepared:
    """Return the rows weighted for each member: those it holds out count nothing."""
    rows = prepared.train
    weight = splits.trained.astype(np.float64)
    if rows.weight is not None:
        weight *= rows.weight[:, None]
    places = np.arange(len(rows))
    return replace(prepared, train=replace(rows, weight=weight / weight.mean(), places=places))


def _take_over(start_from: FitResult, prepared: Prepared) -> tuple[Treatment, ...]:
    """Return the treatments of another run, which was given the same columns."""
    n_known, n_given = start_from.predictor.n_features, prepared.train.X.shape[1]
    if n_known != n_given:
        raise DataError(
            f"`start_from` must know the {n_given} features of `X_train`, knows {n_known}",
            hint="compute both with the same plan of features",
        )
    return start_from.predictor.treatments


def _build(
    prepared: Prepared, recipe: Recipe, n_members: int, treatments: tuple[Treatment, ...]
) -> Ensemble:
    n_features = apply_all(treatments, prepared.train.X[:2]).shape[1]
    shape = Shape(
        n_members=n_members,
        n_features=n_features,
        n_outputs=prepared.n_classes if prepared.task == "multiclass" else 1,
        widths=recipe.widths,
        dropout=recipe.dropout,
        is_normalised=recipe.is_normalised,
        averages="values" if prepared.task == "regression" else "probabilities",
    )
    return Ensemble(shape)


def _suit_problems(run: Run, step: MemberStep) -> None:
    """Keep the remedies that suit an ensemble: its shape is known to be sound.

    Nor does it give up where simple methods find nothing to learn. Its members begin at
    the line that does best on held-out rows, and when all is done those rows tell what
    it is worth.
    """
    problems = {
        key: replace(
            problem, remedies=tuple(r for r in problem.remedies if r.key in FITTING_REMEDIES)
        )
        for key, problem in run.monitor.problems.items()
    }
    problems["no_signal"] = replace(
        problems["no_signal"],
        stages=("after",),
        refuses=False,
        detect=lambda seen: _find_no_gain(run, step, seen),
    )
    run.monitor.problems = problems


def _find_no_gain(run: Run, step: MemberStep, seen: Observations) -> Finding | None:
    """Find members that know nothing about the rows they held out."""
    state = run.state
    if not isinstance(state.model, Ensemble) or not state.objective.n_classes:
        return None
    gains = measure_held_out(state, state.model, step.rows(state)).double()
    if state.knobs.is_balanced or len(gains) < FEWEST_GAINS:
        return None
    errors = float(gains.mean() / (gains.std() / len(gains) ** 0.5).clamp_min(1e-12))
    if errors >= SURE:
        return None
    return Finding(
        problem="no_signal",
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"gain": float(gains.mean()), "gain_errors": errors, "n_held": len(gains)},
        message=f"On {len(gains):,} training rows, each told by members that had not seen it, "
        "the ensemble is not surely better than always telling the usual share.",
    )


def _tell_lost(run: Run, state: TrainingState, members: list[int]) -> None:
    """Report members that went back to their best epoch."""
    assert isinstance(state.model, Ensemble)
    n_returns = [int(state.model.n_returns[member]) for member in members]
    names = ", ".join(str(member + 1) for member in members)
    many = len(members) > 1
    stays = any(n > MOST_RETURNS for n in n_returns)
    finding = Finding(
        problem="nan_inf_loss",
        severity="warning",
        epoch=state.epoch,
        step=state.step,
        evidence={"n_members": float(len(members)), "n_returns": float(max(n_returns))},
        message=f"{'Members' if many else 'Member'} {names} of the ensemble had a loss or a "
        f"gradient that is no number, and went back to {'their' if many else 'its'} best "
        f"epoch{' to stay there' if stays else ''}. The others trained on.",
    )
    run.medic.overcome.add(finding.problem)
    if sum(known.problem == finding.problem for known in run.monitor.findings) < MOST_RETURNS:
        run.monitor.findings.append(finding)
        run.speak(FindingMade(finding=finding))


def _answer_held_out(
    result: EnsembleResult, prepared: Prepared, splits: MemberSplits
) -> Floats | None:
    """Return for each training row what the members that held it out think of it."""
    if prepared.task == "regression" or not isinstance(result.model, Ensemble):
        return None
    told = ask_members(result.model, result.predictor.treatments, prepared.train.X)
    held = splits.held.T[:, :, None].astype(np.float64)
    with np.errstate(invalid="ignore"):
        means: Floats = (told * held).sum(axis=0) / held.sum(axis=0)
    return means
