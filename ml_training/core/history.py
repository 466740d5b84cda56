"""What was read at every batch and epoch, in every attempt; nothing is deleted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ml_training.core.facts import DataFacts, NetworkFacts, PlanFacts

FIRST_CAPACITY = 1024
FIRST_EPOCHS = 128
LAYER_SIGNALS = ("layer_norms", "update_ratios", "activation_sizes", "quiet_shares")
SIGNALS = (
    "loss",
    "gradient_norm",
    "clip_factor",
    "update_norm",
    "output_size",
    "learning_rate",
    "skipped",
    "n_rows",
)


@dataclass(slots=True)
class Reading:
    """Hold the numbers of one batch.

    Parameters
    ----------
    epoch, step : int
        Where it was taken; `step` counts from 0 over the whole run.
    loss : float
        Of this batch, before the update.
    gradient_norm : float
        Of the whole gradient, before clipping.
    layer_norms : sequence of float
        Of each layer's gradient, in the order of the model.
    clip_factor : float
        What the gradient was multiplied by; 1 when it was not clipped.
    update_norm : float
        Of the change of all weights; NaN unless ratios are watched.
    update_ratios : sequence of float
        Change over size of the weights of each layer; empty unless watched.
    activation_sizes, quiet_shares : sequence of float
        Root mean square of each activation's outputs, and the share that passes no
        gradient (see `ActivationTap`); empty unless everything is watched.
    output_size : float
        Largest output of the batch in absolute value; NaN unless everything is watched.
    learning_rate : float
        Of the first parameter group.
    skipped : bool
        True when the update was not made because the batch was poisoned.
    error : str
        What the model or the loss raised; empty when nothing was raised.
    n_rows : float
        Of the batch; NaN when it is not known.
    """

    epoch: int
    step: int
    loss: float
    gradient_norm: float
    layer_norms: Sequence[float] = ()
    clip_factor: float = 1.0
    update_norm: float = float("nan")
    update_ratios: Sequence[float] = ()
    activation_sizes: Sequence[float] = ()
    quiet_shares: Sequence[float] = ()
    output_size: float = float("nan")
    learning_rate: float = float("nan")
    skipped: bool = False
    error: str = ""
    n_rows: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class EpochScore:
    """Hold what one pass over the training rows came to.

    Parameters
    ----------
    epoch, step : int
        The epoch that ended and the steps taken by then.
    train_loss : float
        Mean over the batches of the epoch, as they were seen (dropout on).
    validation_loss, validation_score : float
        On the early-stopping slice; the score is balanced accuracy, or R squared.
    learning_rate : float
        During the epoch.
    is_best : bool
        True when no epoch before had a lower validation loss.
    signals : dict of str to float
        Further numbers measured once per epoch.
    """

    epoch: int
    step: int
    train_loss: float
    validation_loss: float
    validation_score: float
    learning_rate: float
    is_best: bool = False
    signals: dict[str, float] = field(default_factory=dict)


class Branch(NamedTuple):
    """Remember which readings and scores were visible, to make them so again."""

    attempt: int
    readings: npt.NDArray[np.int64]
    scores: tuple[int, ...]


class Table:
    """Hold rows of numbers that grow in both directions; NaN where nothing was put.

    Parameters
    ----------
    width : int
        Columns to begin with; surgery on the network can add layers later.
    """

    def __init__(self, width: int) -> None:
        self._cells = np.full((FIRST_CAPACITY, width), np.nan)

    def put(self, row: int, values: Sequence[float]) -> None:
        """Write the first cells of a row."""
        if row >= len(self._cells) or len(values) > self._cells.shape[1]:
            self._make_room(row, len(values))
        self._cells[row, : len(values)] = values

    def take(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return rows; those never written are NaN."""
        if len(rows) and int(rows.max()) >= len(self._cells):
            self._make_room(int(rows.max()), 0)
        return self._cells[rows]

    def _make_room(self, row: int, width: int) -> None:
        n_rows, n_columns = self._cells.shape
        while n_rows <= row:
            n_rows *= 2
        larger = np.full((n_rows, max(n_columns, width)), np.nan)
        larger[: len(self._cells), :n_columns] = self._cells
        self._cells = larger


class RunHistory:
    """Keep readings and scores; a rewind hides what came after, it never deletes.

    Parameters
    ----------
    layer_names : sequence of str
        Names of the columns of per-layer signals.

    Notes
    -----
    Readings are rows of one growing array: adding one costs about a microsecond.
    """

    def __init__(self, layer_names: Sequence[str]) -> None:
        self.layer_names = tuple(layer_names)
        self.attempt = 0
        self.n_attempts = 1
        self._numbers = Table(len(SIGNALS))
        self._layers: dict[str, Table] = {}
        self._where = np.zeros((FIRST_CAPACITY, 3), dtype=np.int64)  # attempt, epoch, step
        self._n_rows = 0
        self._visible = np.zeros(FIRST_CAPACITY, dtype=np.int64)
        self._n_visible = 0
        self._scores: list[tuple[int, EpochScore]] = []
        self._visible_scores: list[int] = []
        self._series: dict[str, npt.NDArray[np.float64]] = {}  # by visible epoch
        self._n_read: dict[str, int] = {}

    def add(self, reading: Reading) -> None:
        """Append the reading of one batch to the current attempt."""
        row = self._n_rows
        if row == len(self._where):
            self._where, self._visible = _doubled(self._where), _doubled(self._visible)
        self._numbers.put(
            row,
            (
                reading.loss,
                reading.gradient_norm,
                reading.clip_factor,
                reading.update_norm,
                reading.output_size,
                reading.learning_rate,
                reading.skipped,
                reading.n_rows,
            ),
        )
        for signal in LAYER_SIGNALS:
            values = getattr(reading, signal)
            if values:
                table = self._layers.get(signal)
                if table is None:  # `setdefault` would fill a new one at every step
                    table = self._layers[signal] = Table(len(values))
                table.put(row, values)
        self._where[row] = (self.attempt, reading.epoch, reading.step)
        self._visible[self._n_visible] = row
        self._n_rows += 1
        self._n_visible += 1

    def add_score(self, score: EpochScore) -> None:
        """Append what an epoch came to."""
        self._visible_scores.append(len(self._scores))
        self._scores.append((self.attempt, score))

    def __len__(self) -> int:
        """Return the number of visible readings."""
        return self._n_visible

    @property
    def n_readings(self) -> int:
        """Return the number of readings of all attempts, hidden ones included."""
        return self._n_rows

    @property
    def scores(self) -> list[EpochScore]:
        """Return the visible epoch scores, oldest first."""
        return [self._scores[i][1] for i in self._visible_scores]

    def by_epoch(self, name: str) -> npt.NDArray[np.float64]:
        """Return a number of every visible epoch, oldest first; not to be written to.

        Parameters
        ----------
        name : str
            A field of `EpochScore`, or a signal; NaN where it was not measured.

        Notes
        -----
        Detectors ask for dozens of these at every epoch: only new epochs are read.
        """
        n_epochs, n_read = len(self._visible_scores), self._n_read.get(name, 0)
        cells = self._series.get(name)
        if cells is None or len(cells) < n_epochs:
            larger = np.full(max(FIRST_EPOCHS, 2 * n_epochs), np.nan)
            larger[:n_read] = [] if cells is None else cells[:n_read]
            cells = self._series[name] = larger
        for place in range(n_read, n_epochs):
            cells[place] = _number_of(self._scores[self._visible_scores[place]][1], name)
        self._n_read[name] = n_epochs
        shown = cells[:n_epochs]
        shown.flags.writeable = False
        return shown

    def last(self, signal: str, n: int | None = None) -> npt.NDArray[np.float64]:
        """Return a signal at the last `n` visible batches (all when None).

        Parameters
        ----------
        signal : str
            One of `SIGNALS`, or ``"step"`` or ``"epoch"``.
        n : int or None
            How many; fewer are returned when fewer were read.
        """
        rows = self._recent(n)
        if signal in ("epoch", "step"):
            places: npt.NDArray[np.int64] = self._where[rows, 1 + (signal == "step")]
            return places.astype(np.float64)
        return self._numbers.take(rows)[:, SIGNALS.index(signal)]

    def last_layers(self, signal: str, n: int | None = None) -> npt.NDArray[np.float64]:
        """Return a signal by layer at the last `n` visible batches: (n, n_layers).

        Parameters
        ----------
        signal : str
            One of `LAYER_SIGNALS`.
        n : int or None
            How many; fewer are returned when fewer were read. NaN where it was not
            watched; no columns at all when it never was.
        """
        table = self._layers.get(signal)
        rows = self._recent(n)
        return np.empty((len(rows), 0)) if table is None else table.take(rows)

    def _recent(self, n: int | None) -> npt.NDArray[np.int64]:
        start = 0 if n is None else max(0, self._n_visible - n)
        return self._visible[start : self._n_visible]

    def rewind_to(self, step: int) -> Branch:
        """Hide all from `step` on, start a new attempt, return what was visible."""
        branch = self.branch()
        keep = int(np.searchsorted(self._where[self._recent(None), 2], step))
        self._n_visible = keep
        self._see_epochs(i for i in self._visible_scores if self._scores[i][1].step <= step)
        self.attempt = self.n_attempts
        self.n_attempts += 1
        return branch

    def branch(self) -> Branch:
        """Return what is visible now."""
        return Branch(self.attempt, self._recent(None).copy(), tuple(self._visible_scores))

    def show(self, branch: Branch) -> None:
        """Make exactly the readings and scores of a branch visible again."""
        self.attempt = branch.attempt
        self._n_visible = len(branch.readings)
        self._visible[: self._n_visible] = branch.readings
        self._see_epochs(branch.scores)

    def _see_epochs(self, scores: Iterable[int]) -> None:
        """Make exactly these epochs visible, and forget what was read of others."""
        self._visible_scores = list(scores)
        self._series, self._n_read = {}, {}

    def as_dict(self) -> dict[str, Any]:
        """Return all readings and scores with attempt and visibility, JSON-able."""
        shown, shown_scores = set(self._recent(None).tolist()), set(self._visible_scores)
        columns = {
            "attempt": self._where[: self._n_rows, 0].tolist(),
            "epoch": self._where[: self._n_rows, 1].tolist(),
            "step": self._where[: self._n_rows, 2].tolist(),
            "is_visible": [i in shown for i in range(self._n_rows)],
        }
        for i, signal in enumerate(SIGNALS):
            values = self._numbers.take(np.arange(self._n_rows))[:, i]
            columns[signal] = [_plain(v) for v in values.tolist()]
        epochs = [
            {"attempt": attempt, "is_visible": i in shown_scores, **_score_as_dict(score)}
            for i, (attempt, score) in enumerate(self._scores)
        ]
        return {"layers": list(self.layer_names), "batches": columns, "epochs": epochs}


@dataclass(frozen=True)
class Observations:
    """Show a detector all it may look at: numbers, nothing that can be changed.

    Parameters
    ----------
    history : RunHistory
        Readings and scores of the visible branch.
    data : DataFacts
        Of the training rows.
    plan : PlanFacts
        What the run intends.
    epoch, step : int
        Where the run stands.
    error : str
        What model or loss raised at the last step; empty when nothing was raised.
    network : NetworkFacts
        Of the network before the first step.
    """

    history: RunHistory
    data: DataFacts
    plan: PlanFacts
    epoch: int = 0
    step: int = 0
    error: str = ""
    network: NetworkFacts = field(default_factory=NetworkFacts)


def _doubled(cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([cells, np.zeros_like(cells)])


def _number_of(score: EpochScore, name: str) -> float:
    """Return a field of a score, or one of its signals; NaN when it has neither."""
    signal = score.signals.get(name)
    return float(getattr(score, name, np.nan) if signal is None else signal)


def _plain(value: float) -> float | None:
    """Return None for what JSON cannot carry."""
    return value if np.isfinite(value) else None


def _score_as_dict(score: EpochScore) -> dict[str, Any]:
    numbers = ("train_loss", "validation_loss", "validation_score", "learning_rate")
    return {
        "epoch": score.epoch,
        "step": score.step,
        **{name: _plain(getattr(score, name)) for name in numbers},
        "is_best": score.is_best,
        "signals": {name: _plain(value) for name, value in score.signals.items()},
    }
