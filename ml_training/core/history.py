"""What was read at every batch and every epoch, in every attempt; nothing is deleted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ml_training.core.facts import DataFacts, PlanFacts

FIRST_CAPACITY = 1024
SIGNALS = (
    "loss",
    "gradient_norm",
    "clip_factor",
    "update_norm",
    "output_size",
    "learning_rate",
    "skipped",
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
    output_size : float
        Largest output of the batch in absolute value; NaN unless watched.
    learning_rate : float
        Of the first parameter group.
    skipped : bool
        True when the update was not made because the batch was poisoned.
    error : str
        What the model or the loss raised; empty when nothing was raised.
    """

    epoch: int
    step: int
    loss: float
    gradient_norm: float
    layer_norms: Sequence[float] = ()
    clip_factor: float = 1.0
    update_norm: float = float("nan")
    update_ratios: Sequence[float] = ()
    output_size: float = float("nan")
    learning_rate: float = float("nan")
    skipped: bool = False
    error: str = ""


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
        self._width = len(SIGNALS) + 2 * len(self.layer_names)
        self._rows = np.full((FIRST_CAPACITY, self._width), np.nan)
        self._where = np.zeros((FIRST_CAPACITY, 3), dtype=np.int64)  # attempt, epoch, step
        self._n_rows = 0
        self._visible = np.zeros(FIRST_CAPACITY, dtype=np.int64)
        self._n_visible = 0
        self._scores: list[tuple[int, EpochScore]] = []
        self._visible_scores: list[int] = []

    def add(self, reading: Reading) -> None:
        """Append the reading of one batch to the current attempt."""
        row = self._n_rows
        if row == len(self._rows):
            self._grow()
        values = self._rows[row]
        values[: len(SIGNALS)] = (
            reading.loss,
            reading.gradient_norm,
            reading.clip_factor,
            reading.update_norm,
            reading.output_size,
            reading.learning_rate,
            reading.skipped,
        )
        n_layers = len(self.layer_names)
        if len(reading.layer_norms) == n_layers:
            values[len(SIGNALS) : len(SIGNALS) + n_layers] = reading.layer_norms
        if len(reading.update_ratios) == n_layers:
            values[len(SIGNALS) + n_layers :] = reading.update_ratios
        self._where[row] = (self.attempt, reading.epoch, reading.step)
        self._visible[self._n_visible] = row
        self._n_rows += 1
        self._n_visible += 1

    def _grow(self) -> None:
        room = len(self._rows)
        self._rows = np.concatenate([self._rows, np.full((room, self._width), np.nan)])
        self._where = np.concatenate([self._where, np.zeros((room, 3), dtype=np.int64)])
        self._visible = np.concatenate([self._visible, np.zeros(room, dtype=np.int64)])

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
            return self._where[rows, 1 + (signal == "step")].astype(np.float64)
        values: npt.NDArray[np.float64] = self._rows[rows, SIGNALS.index(signal)]
        return values

    def last_layers(self, signal: str, n: int | None = None) -> npt.NDArray[np.float64]:
        """Return a per-layer signal at the last `n` visible batches, shape (n, n_layers).

        Parameters
        ----------
        signal : str
            ``"layer_norms"`` or ``"update_ratios"``.
        n : int or None
            How many; fewer are returned when fewer were read.
        """
        n_layers = len(self.layer_names)
        start = len(SIGNALS) + n_layers * ("layer_norms", "update_ratios").index(signal)
        values: npt.NDArray[np.float64] = self._rows[self._recent(n), start : start + n_layers]
        return values

    def _recent(self, n: int | None) -> npt.NDArray[np.int64]:
        start = 0 if n is None else max(0, self._n_visible - n)
        return self._visible[start : self._n_visible]

    def rewind_to(self, step: int) -> Branch:
        """Hide everything from `step` on, start a new attempt, return what was visible."""
        branch = self.branch()
        keep = int(np.searchsorted(self._where[self._recent(None), 2], step))
        self._n_visible = keep
        self._visible_scores = [i for i in self._visible_scores if self._scores[i][1].step <= step]
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
        self._visible_scores = list(branch.scores)

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
            columns[signal] = [_plain(v) for v in self._rows[: self._n_rows, i].tolist()]
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
    """

    history: RunHistory
    data: DataFacts
    plan: PlanFacts
    epoch: int = 0
    step: int = 0
    error: str = ""


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
