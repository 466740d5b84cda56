"""A history in plain values and arrays, and back."""

# ruff: noqa: SLF001 - the other half of RunHistory, apart from it for its length

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ml_training.core.history import FIRST_CAPACITY, EpochScore, RunHistory, Table

NUMBERS = ("train_loss", "validation_loss", "validation_score", "learning_rate")


def pack_history(history: RunHistory) -> dict[str, Any]:
    """Return all readings and scores of all attempts, and which are visible.

    Notes
    -----
    Numbers lie in a few arrays: thousands of single ones take far longer to write.
    """
    n_rows = history._n_rows
    return {
        "layer_names": history.layer_names,
        "attempts": (history.attempt, history.n_attempts),
        "where": history._where[:n_rows],
        "numbers": history._numbers._cells[:n_rows],
        "layers": {name: table._cells[:n_rows] for name, table in history._layers.items()},
        "visible": history._visible[: history._n_visible],
        "visible_scores": np.array(history._visible_scores, dtype=np.int64),
        "scores": _pack_scores(history._scores),
    }


def count_scores(history: RunHistory) -> int:
    """Return the number of epoch scores of all attempts."""
    return len(history._scores)


def unpack_history(packed: Mapping[str, Any]) -> RunHistory:
    """Return the history that `pack_history` packed."""
    history = RunHistory(packed["layer_names"])
    history.attempt, history.n_attempts = packed["attempts"]
    history._n_rows, history._n_visible = len(packed["where"]), len(packed["visible"])
    capacity = max(FIRST_CAPACITY, history._n_rows)
    history._where = np.zeros((capacity, 3), dtype=np.int64)
    history._where[: history._n_rows] = packed["where"]
    history._visible = np.zeros(capacity, dtype=np.int64)
    history._visible[: history._n_visible] = packed["visible"]
    history._numbers = _fill_table(packed["numbers"])
    history._layers = {name: _fill_table(cells) for name, cells in packed["layers"].items()}
    history._scores = _unpack_scores(packed["scores"])
    history._visible_scores = packed["visible_scores"].tolist()
    return history


def _fill_table(cells: np.ndarray) -> Table:
    table = Table(cells.shape[1])
    table._cells = np.full((max(FIRST_CAPACITY, len(cells)), cells.shape[1]), np.nan)
    table._cells[: len(cells)] = cells
    return table


def _pack_scores(scores: Sequence[tuple[int, EpochScore]]) -> dict[str, Any]:
    names = [tuple(score.signals) for _, score in scores]
    sets = list(dict.fromkeys(names))
    signals = [value for _, score in scores for value in score.signals.values()]
    return {
        "places": np.array([(a, s.epoch, s.step) for a, s in scores], np.int64).reshape(-1, 3),
        "numbers": np.array([[getattr(s, n) for n in NUMBERS] for _, s in scores], np.float64),
        "is_best": np.array([score.is_best for _, score in scores], dtype=bool),
        "sets": sets,
        "set": np.array([sets.index(each) for each in names], dtype=np.int64),
        "signals": np.array(signals, dtype=np.float64),
    }


def _unpack_scores(packed: Mapping[str, Any]) -> list[tuple[int, EpochScore]]:
    signals, scores = iter(packed["signals"].tolist()), []
    for place, numbers, is_best, number in zip(
        packed["places"].tolist(),
        packed["numbers"].tolist(),
        packed["is_best"].tolist(),
        packed["set"].tolist(),
        strict=True,
    ):
        attempt, epoch, step = place
        score = EpochScore(
            epoch=epoch,
            step=step,
            **dict(zip(NUMBERS, numbers, strict=True)),
            is_best=is_best,
            signals={name: next(signals) for name in packed["sets"][number]},
        )
        scores.append((attempt, score))
    return scores
