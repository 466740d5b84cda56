"""Read an exported strategy model with numpy and safetensors alone.

This file travels with every exported model and knows nothing of the program that
trained it.

    from strategy_model import StrategyModel
    model = StrategyModel.read("folder")
    chances = model.predict_proba(rows)      # rows: raw features, one setup per row
    taken = model.take(rows)
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import load_file

FORMAT = "strategy-model/1"
FLOOR = float(np.finfo(np.float64).eps)

Floats = NDArray[np.float64]
Step = dict[str, Any]


class StrategyModel:
    """Give setups a calibrated chance of a win, and say which to take.

    Parameters
    ----------
    document : dict
        Contents of `model.json`.
    arrays : dict
        Contents of `model.safetensors`.
    """

    def __init__(self, document: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        if document.get("format") != FORMAT:
            raise ValueError(f"`format` must be {FORMAT!r}, got {document.get('format')!r}")
        self.document, self.arrays = document, arrays
        self.feature_names: list[str] = document["feature_names"]

    @classmethod
    def read(cls, folder: str | Path) -> "StrategyModel":
        """Read `model.json` and `model.safetensors` in a folder."""
        document = json.loads((Path(folder) / "model.json").read_text(encoding="utf-8"))
        return cls(document, load_file(Path(folder) / "model.safetensors"))

    def predict_proba(self, rows: ArrayLike) -> Floats:
        """Return the calibrated chance of a win of each row; NaN cells are allowed."""
        X = np.asarray(rows, dtype=np.float64)
        if X.ndim != 2 or X.shape[1] != len(self.feature_names):
            names = len(self.feature_names)
            raise ValueError(f"rows must have {names} features, got shape {X.shape}")
        return self._calibrate(self._ask(self.document["model"], X))

    def take(self, rows: ArrayLike) -> NDArray[np.bool_]:
        """Return which rows are worth taking."""
        taken: NDArray[np.bool_] = self.predict_proba(rows) >= self.document["threshold"]
        return taken

    def _calibrate(self, chances: Floats) -> Floats:
        how = self.document["calibration"]
        if not how["applied"]:
            return chances
        if how.get("knots"):
            read: Floats = np.interp(chances, how["knots"], how["rates"])
            return read
        base = log_odds(how["anchor"])
        return sigmoid(base + (log_odds(chances) - base) / how["temperature"])

    def _ask(self, model: Step, X: Floats) -> Floats:
        match model["kind"]:
            case "constant":
                return np.full(len(X), model["chance"])
            case "boosting":
                climbed = self._climb(model["trees"], blank(X))
                return sigmoid(model["base_log_odds"] + climbed)
            case kind:
                asked = getattr(self, f"_ask_{kind}")
                chances: Floats = asked(model, X)
                return chances

    def _ask_logistic(self, model: Step, X: Floats) -> Floats:
        part = {name: self.arrays[model[name]] for name in model if name not in PLAIN}
        rows = np.where(np.isfinite(X), X, part["centre"])
        rows = (np.clip(rows, part["low"], part["high"]) - part["mean"]) / part["scale"]
        return sigmoid(rows @ part["coef"] + model["intercept"])

    def _ask_pairwise(self, model: Step, X: Floats) -> Floats:
        moved = log_odds(self._ask(model["line"], X)) + model["level"]
        for pair in model["pairs"]:
            moved = moved + pair["coef"] * bend(X, pair["first"]) * bend(X, pair["second"])
        return sigmoid(moved)

    def _ask_forest(self, model: Step, X: Floats) -> Floats:
        single = np.clip(blank(X), -model["largest"], model["largest"]).astype(np.float32)
        n_trees = len(self.arrays[model["trees"]["roots"]])
        return self._climb(model["trees"], single.astype(np.float64)) / n_trees

    def _ask_blend(self, model: Step, X: Floats) -> Floats:
        base = log_odds(model["anchor"])
        parts = [log_odds(self._ask(member, X)) - base for member in model["members"]]
        return sigmoid(base + np.asarray(model["weights"]) @ np.stack(parts))

    def _climb(self, names: dict[str, str], X: Floats) -> Floats:
        """Return the sum of the leaves that each row reaches."""
        tree = {name: self.arrays[key] for name, key in names.items()}
        total, lines = np.zeros(len(X)), np.arange(len(X))
        for root in tree["roots"]:
            node = np.full(len(X), root)
            while (tree["feature"][node] >= 0).any():
                cell = X[lines, np.maximum(tree["feature"][node], 0)]
                missing = np.isnan(cell) & (tree["missing_left"][node] == 1)
                left = (cell <= tree["threshold"][node]) | missing
                node = np.where(left, tree["left"][node], tree["right"][node])
            total += tree["value"][node]
        return total

    def _ask_network(self, model: Step, X: Floats) -> Floats:
        rows = np.where(np.abs(X) <= model["largest"], X, np.nan)
        rows = self._run(model["treatments"], rows)
        outputs = self._run(model["steps"], rows.astype(np.float32).astype(np.float64))
        outputs /= model["temperature"]
        if outputs.shape[1] == 1:
            wins = sigmoid(outputs[:, 0]) if model["outputs"] == "logit" else outputs[:, 0]
            chances = wins if model["wins"] == 1 else 1.0 - wins
        else:
            shares = softmax(outputs) if model["outputs"] == "logit" else outputs
            chances = (shares / shares.sum(axis=1, keepdims=True))[:, model["wins"]]
        return np.where(np.isfinite(chances), chances, model["base_rate"])

    def _run(self, steps: list[Step], rows: Floats) -> Floats:
        for step in steps:
            rows = self._do(step, rows)
        return rows

    def _do(self, step: Step, rows: Floats) -> Floats:
        op = step["op"]
        if op == "sum":
            parts = [self._run(branch, rows) for branch in step["branches"]]
            total: Floats = np.sum(parts, axis=0)
            return total
        if op == "mean_of_members":
            shares = [sigmoid(self._run(member, rows)) for member in step["members"]]
            return log_odds(np.mean(shares, axis=0))
        own = {name: key for name, key in step.items() if name != "op"}
        part = {
            name: self.arrays[key] if isinstance(key, str) else key for name, key in own.items()
        }
        if op in ON_COLUMNS:
            return on_first_columns(ON_COLUMNS[op], part, rows)
        return OPS[op](rows, **part)


PLAIN = ("kind", "intercept")


def blank(X: Floats) -> Floats:
    """Return rows whose infinite cells count as missing."""
    return np.where(np.isfinite(X), X, np.nan)


def sigmoid(x: ArrayLike) -> Floats:
    """Return log-odds as chances."""
    chances: Floats = 1.0 / (1.0 + np.exp(-np.asarray(x, dtype=np.float64)))
    return chances


def log_odds(p: ArrayLike) -> Floats:
    """Return chances as log-odds."""
    safe = np.clip(np.asarray(p, dtype=np.float64), FLOOR, 1 - FLOOR)
    odds: Floats = np.log(safe) - np.log1p(-safe)
    return odds


def softmax(x: Floats) -> Floats:
    """Return log-odds of several classes as shares."""
    raised = np.exp(x - x.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares


def on_first_columns(change: Callable[..., Floats], part: dict[str, Any], rows: Floats) -> Floats:
    """Change as many columns as there are numbers for; those behind stay."""
    n_columns = max(len(values) for values in part.values() if isinstance(values, np.ndarray))
    return np.hstack([change(rows[:, :n_columns], **part), rows[:, n_columns:]])


def bend(X: Floats, curve: Step) -> Floats:
    """Return one column, read from a curve of straight lines."""
    cells = X[:, curve["column"]]
    known = np.where(np.isfinite(cells), cells, curve["centre"])
    read: Floats = np.interp(known, curve["knots"], curve["scores"])
    return read


def fill(X: Floats, value: Floats) -> Floats:
    """Put a column's own value into its missing cells."""
    return np.where(np.isnan(X), value, X)


def clip(X: Floats, low: Floats, high: Floats) -> Floats:
    """Keep every column within its fence."""
    return np.clip(X, low, high)


def scale(X: Floats, centre: Floats, width: Floats, limit: float | None) -> Floats:
    """Shift and stretch, and keep what comes out within a limit."""
    scaled = (X - centre) / width
    return scaled if limit is None else np.clip(scaled, -limit, limit)


def flag(X: Floats, columns: list[int]) -> Floats:
    """Add a column of ones and zeros for each that may be missing."""
    return np.hstack([X, np.isnan(X[:, columns]).astype(np.float64)])


def replace(X: Floats, columns: list[int], values: list[float]) -> Floats:
    """Put one value into all cells of some columns."""
    X = X.copy()
    X[:, columns] = values
    return X


def batch_norm(
    X: Floats, mean: Floats, var: Floats, weight: Floats, bias: Floats, eps: float
) -> Floats:
    """Normalise by what was measured in training."""
    return (X - mean) / np.sqrt(var.astype(np.float64) + eps) * weight + bias


def layer_norm(X: Floats, weight: Floats, bias: Floats, eps: float) -> Floats:
    """Normalise every row by itself."""
    centred = X - X.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)
    normal: Floats = centred / spread * weight + bias
    return normal


def elu(X: Floats, alpha: float = 1.0) -> Floats:
    """Bend what is below zero."""
    return np.where(X > 0, X, alpha * np.expm1(np.minimum(X, 0)))


def gelu(X: Floats) -> Floats:
    """Weigh every value by how likely a smaller one is."""
    halves: Floats = np.vectorize(math.erf, otypes=[np.float64])(X / math.sqrt(2))
    return X * (1 + halves) / 2


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""Klambauer et al. 2017, Self-normalizing neural networks."""

ON_COLUMNS: dict[str, Callable[..., Floats]] = {
    "fill": fill,
    "clip": clip,
    "scale": scale,
}
OPS: dict[str, Callable[..., Floats]] = {
    "flag": flag,
    "replace": replace,
    "linear": lambda X, weight, bias: X @ weight.T.astype(np.float64) + bias,
    "multiply": lambda X, factor: X * factor,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "relu": lambda X: np.maximum(X, 0),
    "leaky_relu": lambda X, slope: np.where(X > 0, X, slope * X),
    "elu": elu,
    "selu": lambda X: SELU_SCALE * elu(X, SELU_ALPHA),
    "silu": lambda X: X * sigmoid(X),
    "gelu": gelu,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
}
