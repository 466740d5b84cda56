"""What is known about data and model before the first step, in plain numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ml_training.core.arrays import Floats, measure_quartiles
from ml_training.core.survey import Copies, FarCells, Leak, Shift, TargetShift


def ask_nobody() -> float:
    """Return NaN: no rival was asked."""
    return float("nan")


@dataclass(frozen=True, eq=False)
class DataFacts:
    """Describe the training rows as they came in, column by column.

    Parameters
    ----------
    n_rows, n_features : int
        Size of the training part.
    n_judging_rows : int
        Validation rows kept for judging repairs.
    mean, std, median, spread : array of shape (n_features,)
        Of the finite cells; `spread` is the interquartile range over 1.349, the
        standard deviation of a normal column with the same quartiles.
    n_missing : array of shape (n_features,)
        NaN and Inf cells.
    class_counts : tuple of int
        Rows per class; empty for regression.
    naive_loss : float
        Loss of the best constant prediction; NaN when the loss is not known to us.
    n_incomplete : int
        Rows with a missing cell.
    leading_missing : float
        Share of the missing cells that lie before the first number of their column, as
        the warm-up of a trailing indicator leaves them.
    far, far_targets : FarCells or None
        Rows with cells, or targets, far from all others; None when not looked for.
    n_strays : int
        Validation rows with cells far beyond all of training.
    copies : Copies
        Equal rows.
    shift : Shift or None
        How validation rows differ; None when not looked for.
    target_shift : TargetShift
        How the targets of validation differ.
    leak : Leak
        The column that tells the target best.
    target_centre, target_width : float
        Median and robust deviation of the targets of a regression.
    n_stopping_rows : int
        Validation rows of early stopping, on which every epoch is scored.
    closing : mapping of str to float
        Measured once when training has ended: see `closing.measure_closing`.
    ask_rival : callable
        Returns what a cheap model scores on these rows; computed when first asked.
    """

    n_rows: int
    n_features: int
    n_judging_rows: int
    mean: Floats
    std: Floats
    median: Floats
    spread: Floats
    n_missing: Floats
    class_counts: tuple[int, ...] = ()
    naive_loss: float = float("nan")
    n_incomplete: int = 0
    leading_missing: float = 0.0
    far: FarCells | None = None
    far_targets: FarCells | None = None
    n_strays: int = 0
    copies: Copies = field(default_factory=Copies)
    shift: Shift | None = None
    target_shift: TargetShift = field(default_factory=TargetShift)
    leak: Leak = field(default_factory=Leak)
    target_centre: float = 0.0
    target_width: float = 1.0
    n_stopping_rows: int = 0
    closing: Mapping[str, float] = field(default_factory=dict)
    ask_rival: Callable[[], float] = ask_nobody

    @property
    def rival_score(self) -> float:
        """Return what a cheap model scores on these rows; NaN when unknown."""
        return self.ask_rival()


@dataclass(frozen=True)
class PlanFacts:
    """Describe what the run intends to do.

    Parameters
    ----------
    task : str
        ``"binary"``, ``"multiclass"`` or ``"regression"``.
    steps_per_epoch, planned_steps : int
        Before any repair changed the batch size.
    is_house_network : bool
        True when the engine built the network itself.
    options : mapping of str to float
        Further numbers of the plan, by name.
    """

    task: str
    steps_per_epoch: int
    planned_steps: int
    is_house_network: bool
    options: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LayerFacts:
    """Describe one dense layer before the first step, and what follows it.

    Parameters
    ----------
    name : str
        Path in the model.
    n_inputs, n_units : int
        Width before and after.
    weight_size : float
        Root mean square of the weights.
    deviation_in, deviation_out : float
        How far inputs and outputs of the layer vary from row to row: root mean square
        over the units of the deviation over the rows.
    size_out : float
        Root mean square of the outputs.
    gradient : float
        Norm of the gradient of the weights on the sample.
    alike : float
        1 when all units have the same weights and get the same gradient, else 0.
    activation : str
        What follows: ``"blocking"`` (ReLU), ``"squashing"`` (tanh, sigmoid),
        ``"other"``, or ``""`` when nothing does.
    size_after : float
        Root mean square after the activation.
    silent_share : float
        Units behind a ReLU that are zero for every row of the sample.
    saturated_share : float
        Cells behind a squashing activation within 5 % of its limits.
    is_normalised : bool
        True when a normalisation stands between layer and activation.
    dropout : float
        Share of the units dropped behind it.
    """

    name: str
    n_inputs: int
    n_units: int
    weight_size: float
    deviation_in: float
    deviation_out: float
    size_out: float
    gradient: float
    alike: float
    activation: str = ""
    size_after: float = float("nan")
    silent_share: float = 0.0
    saturated_share: float = 0.0
    is_normalised: bool = False
    dropout: float = 0.0


@dataclass(frozen=True, kw_only=True)
class NetworkFacts:
    """Describe the network before the first step, in numbers.

    Parameters
    ----------
    layers : tuple of LayerFacts
        Dense layers in order of use, the output layer last.
    input_size : float
        Root mean square of the treated features.
    output_low, output_high : float
        Limits of what the outputs can reach, whatever the last layer holds; infinite
        where they can go on.
    sums_to_one : bool
        True when the outputs of every row sum to one.
    output_kind : str
        What the loss takes outputs for, as in `Objective`.
    n_outputs : int
        Columns of the outputs.
    output_deviation : float
        How far outputs vary from row to row.
    target_deviation : float
        Standard deviation of the targets as the loss sees them; 1 for classes.
    out_of_reach : float
        Share of the variance of the targets that outputs within their limits must
        leave; 0 for classes.
    curvature : float
        How far the outputs are from linear in the features, relative to their size.
    curved_gain : float
        By how many standard errors a curved fit beats a straight one on rows that
        neither saw; 0 where it was not compared.
    curved_share : float
        Share of the straight fit's error that the curved one saves.
    curved_answers : float
        By how many standard errors it names more classes rightly; infinite for values.
    """

    layers: tuple[LayerFacts, ...] = ()
    input_size: float = 1.0
    output_low: float = float("-inf")
    output_high: float = float("inf")
    sums_to_one: bool = False
    output_kind: str = "unknown"
    n_outputs: int = 1
    output_deviation: float = 1.0
    target_deviation: float = 1.0
    out_of_reach: float = 0.0
    curvature: float = 1.0
    curved_gain: float = 0.0
    curved_share: float = 0.0
    curved_answers: float = float("inf")


def measure_columns(X: Floats) -> dict[str, Floats]:
    """Return mean, std, median, spread and missing cells of every column.

    Parameters
    ----------
    X : array of shape (n, n_features)
        NaN marks a missing cell; columns without any number count as all zero.
    """
    missing = np.isnan(X)
    columns = np.where(missing.all(axis=0), 0.0, X)
    low, median, high = measure_quartiles(columns)
    return {
        "mean": np.nanmean(columns, axis=0),
        "std": np.nanstd(columns, axis=0),
        "median": median,
        "spread": (high - low) / NORMAL_QUARTILES,
        "n_missing": missing.sum(axis=0).astype(np.float64),
    }


def measure_missing(X: Floats) -> dict[str, float]:
    """Return how missing cells lie: rows that have one, and the share at beginnings.

    Parameters
    ----------
    X : array of shape (n, n_features)
        NaN marks a missing cell.
    """
    missing = np.isnan(X)
    n_missing = int(missing.sum())
    if not n_missing:
        return {"n_incomplete": 0, "leading_missing": 0.0}
    n_leading = int(np.logical_and.accumulate(missing, axis=0).sum())
    return {
        "n_incomplete": int(missing.any(axis=1).sum()),
        "leading_missing": n_leading / n_missing,
    }


NORMAL_QUARTILES = 1.349  # distance of the quartiles of a standard normal distribution
