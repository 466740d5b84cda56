"""The areas of the final report: what was measured, and what the engine said of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ml_training.core.findings import Finding, Trial
from ml_training.core.history import RunHistory
from ml_training.core.problems import PROBLEMS
from ml_training.core.report import describe_trial
from ml_training.core.result import FitResult
from ml_training.evaluation.baselines import ROUNDING
from ml_training.evaluation.metrics import FloatArray, measure_auc, measure_log_loss
from ml_training.study.blocks import Blocks
from ml_training.study.candidates import Candidate

FAR = 5.0
"""Robust deviations from the median beyond which a cell counts as far out. Chosen: one
cell in two million of a normal column, a few in a thousand of ordinary returns."""

MOST_NAMED = 5
"""Columns named in one sentence. Chosen: more is a list nobody reads."""

NORMAL_QUARTILES = 1.349
"""Distance of the quartiles of a standard normal distribution."""

SMALLEST_WIDTH = 1e-200
"""Chosen: no feature varies by so little, and to divide by less overflows."""

AREAS: dict[str, tuple[str, ...]] = {
    "Gradient health": (
        *("exploding_gradient", "vanishing_gradient", "unstable_gradient"),
        *("exploding_activation", "saturated_activation", "dying_relu", "poor_init"),
    ),
    "Learning rate": ("lr_too_high", "lr_too_low", "oscillating_loss", "diverging_loss"),
    "Numerical stability": ("nan_inf_loss", "nan_inf_input", "loss_spike"),
    "Predictions": (
        *("mode_collapse", "class_imbalance", "miscalibrated", "wrong_output_activation"),
    ),
    "Plateau": ("plateau",),
    "Outliers": ("outliers",),
    "Scaling": ("unscaled_features", "constant_feature"),
    "Shift": ("distribution_shift", "leaking_feature", "duplicate_rows"),
    "Bias and variance": (
        *("overfitting", "underfitting", "no_signal", "label_noise", "insufficient_data"),
        *("high_dropout", "missing_nonlinearity", "worse_than_guessing"),
    ),
}
"""Which problems belong to which block of the report (interface of the product)."""


@dataclass(frozen=True)
class Area:
    """Hold one block of the report.

    Attributes
    ----------
    state : str
        `measured` while no rule watches the area, else `healthy`, `noted`, `repaired`
        or `needs attention`.
    lines : tuple of str
        What was measured, then what was found and done.
    """

    title: str
    state: str
    lines: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the block as a dictionary that JSON can hold."""
        return {**asdict(self), "lines": list(self.lines)}


def diagnose(fitted: FitResult, network: Candidate, blocks: Blocks) -> tuple[Area, ...]:
    """Return every area with its figures and findings.

    Parameters
    ----------
    fitted : FitResult
        What the engine left behind.
    network : Candidate
        The trained network, calibrated.
    blocks : Blocks
        Train and validation are read; the test block is not.
    """
    facts = {
        "Gradient health": _measure_gradients(fitted.history),
        "Learning rate": _measure_rate(fitted.history),
        "Numerical stability": _measure_stability(fitted.history, blocks),
        "Predictions": _measure_predictions(network, blocks),
        "Plateau": _measure_plateau(fitted.history),
        "Outliers": _measure_outliers(blocks),
        "Scaling": _measure_scaling(blocks),
        "Shift": _measure_shift(blocks),
        "Bias and variance": _measure_variance(network, blocks),
    }
    return tuple(_judge_area(title, facts[title], keys, fitted) for title, keys in AREAS.items())


def _judge_area(title: str, fact: str, keys: Sequence[str], fitted: FitResult) -> Area:
    found = [finding for finding in fitted.findings if finding.problem in keys]
    trials = [trial for trial in fitted.trials if trial.problem in keys]
    state = _name_state(found, trials, is_watched=any(key in PROBLEMS for key in keys))
    told = [finding.message for finding in found] + [describe_trial(t) for t in trials]
    return Area(title, state, (fact, *told))


def _name_state(found: list[Finding], trials: list[Trial], *, is_watched: bool) -> str:
    if not is_watched:
        return "measured"
    alarms = {finding.problem for finding in found if finding.is_alarm}
    if not alarms:
        return "noted" if found else "healthy"
    cured = {trial.problem for trial in trials if trial.kept}
    return "repaired" if alarms <= cured else "needs attention"


def _measure_gradients(history: RunHistory) -> str:
    norms = _finite(history.last("gradient_norm"))
    if not len(norms):
        return "No batch was trained"
    return (
        f"Gradient norm over {len(norms):,} batches: median {np.median(norms):.3g}, "
        f"nine in ten below {np.quantile(norms, 0.9):.3g}, largest {norms.max():.3g}"
    )


def _measure_rate(history: RunHistory) -> str:
    rates = _finite(history.last("learning_rate"))
    losses = _finite(np.array([score.validation_loss for score in history.scores]))
    if not len(rates) or len(losses) < 2:
        return "Too few epochs to tell"
    rose = int(np.sum(np.diff(losses) > 0))
    return (
        f"Rate {rates[0]:.6f} at the start, {rates[-1]:.6f} at the end; the validation loss "
        f"rose in {rose} of {len(losses) - 1} epochs"
    )


def _measure_stability(history: RunHistory, blocks: Blocks) -> str:
    losses, skipped = history.last("loss"), history.last("skipped")
    missing = ~np.isfinite(blocks.train.X)
    return (
        f"{int(np.sum(~np.isfinite(losses))):,} of {len(losses):,} batches without a finite "
        f"loss, {int(np.sum(skipped)):,} skipped; {int(missing.sum()):,} of {missing.size:,} "
        "training cells were missing or infinite and were filled with the column's median"
    )


def _measure_predictions(network: Candidate, blocks: Blocks) -> str:
    chances = network.predict_proba(blocks.validation.X)
    low, high = np.quantile(chances, [0.05, 0.95])
    return (
        f"Chances of a win on validation: nine in ten between {low:.1%} and {high:.1%}; wins "
        f"there {np.mean(blocks.validation.y):.1%}; {network.calibration.note}"
    )


def _measure_plateau(history: RunHistory) -> str:
    scores = history.scores
    best = max((score.epoch for score in scores if score.is_best), default=None)
    if best is None:
        return "No epoch improved the validation loss"
    return f"Best epoch {best + 1} of {len(scores)}, {len(scores) - 1 - best} epochs after it"


def _measure_outliers(blocks: Blocks) -> str:
    columns = _finite_columns(blocks.train.X)
    n_far = sum(int(np.sum(_robust_distance(column) > FAR)) for column in columns)
    n_cells = sum(len(column) for column in columns)
    share = n_far / n_cells if n_cells else 0.0
    return (
        f"{n_far:,} of {n_cells:,} training cells ({share:.2%}) lie more than {FAR:.0f} robust "
        "deviations from their column's median"
    )


def _measure_scaling(blocks: Blocks) -> str:
    """Say how far the columns' spreads lie apart, and which columns never move."""
    columns = zip(blocks.train.feature_names, _finite_columns(blocks.train.X), strict=True)
    filled = {name: column for name, column in columns if len(column)}
    spreads = {name: float(column.std()) for name, column in filled.items()}
    constant = [name for name in spreads if not _moves(filled[name], spreads[name])]
    moving = [spread for name, spread in spreads.items() if name not in constant]
    if not moving:
        return "Every column is constant"
    fact = f"Standard deviations of the columns from {min(moving):.3g} to {max(moving):.3g}"
    if not constant:
        return fact
    named = ", ".join(constant[:MOST_NAMED]) + (", ..." if len(constant) > MOST_NAMED else "")
    return f"{fact}; {len(constant)} of {len(spreads)} never change: {named}"


def _moves(column: FloatArray, spread: float) -> bool:
    return bool(spread > ROUNDING * abs(column.mean()))


def _measure_shift(blocks: Blocks) -> str:
    """Say which column moved most between the blocks one may look at."""
    names = np.array(blocks.train.feature_names)
    before, after = (_finite_columns(block.X) for block in (blocks.train, blocks.validation))
    moves = np.array([_distance_of_means(*pair) for pair in zip(before, after, strict=True)])
    if not len(moves):
        return "There are no columns"
    most = int(np.argmax(moves))
    return (
        f"From train to validation the mean of {names[most]} moved most, by {moves[most]:.2f} "
        f"standard deviations; half of all columns moved by less than {np.median(moves):.2f}"
    )


def _measure_variance(network: Candidate, blocks: Blocks) -> str:
    parts = []
    for name, block in (("train", blocks.train), ("validation", blocks.validation)):
        chances = network.predict_proba(block.X)
        auc = measure_auc(block.y, chances)
        ranking = "no AUC (one class)" if auc is None else f"AUC {auc:.3f}"
        parts.append(f"{name} {ranking}, log-loss {measure_log_loss(block.y, chances):.4f}")
    return f"Network on {'; on '.join(parts)}"


def _finite(values: FloatArray) -> FloatArray:
    return values[np.isfinite(values)]


def _finite_columns(X: FloatArray) -> list[FloatArray]:
    return [_finite(column) for column in X.T]


def _robust_distance(column: FloatArray) -> FloatArray:
    """Return distances from the median in robust deviations; 0 where nothing varies."""
    if not len(column):
        return column
    low, middle, high = np.quantile(column, [0.25, 0.5, 0.75])
    spread = (high - low) / NORMAL_QUARTILES
    if spread < SMALLEST_WIDTH:
        return np.zeros(len(column))
    distance: FloatArray = np.abs(column - middle) / spread
    return distance


def _distance_of_means(before: FloatArray, after: FloatArray) -> float:
    if not len(before) or not len(after) or before.std() < SMALLEST_WIDTH:
        return 0.0
    return float(abs(after.mean() - before.mean()) / before.std())
