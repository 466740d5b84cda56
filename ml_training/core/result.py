"""What a run leaves behind: a model that predicts on raw features, and its story."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ml_training.core.arrays import Floats, as_rows
from ml_training.core.checkpoints import load_model, save_model
from ml_training.core.ensemble_network import Ensemble, Shape
from ml_training.core.errors import DataError
from ml_training.core.findings import Finding, Trial
from ml_training.core.history import RunHistory
from ml_training.core.network import HouseNetwork
from ml_training.core.objective import class_probabilities
from ml_training.core.report import Report
from ml_training.core.scores import forward_rows
from ml_training.core.surgery import redo_surgery
from ml_training.core.treatments import Treatment, apply_all, load_treatment


@dataclass(frozen=True, eq=False, kw_only=True)
class Predictor:
    """Predict on raw features: treatments, network, and the meaning of its outputs.

    Parameters
    ----------
    model : torch.nn.Module or None
        None predicts the base rate.
    treatments : tuple of Treatment
        Fitted on training rows, applied in order.
    task : str
        ``"binary"``, ``"multiclass"`` or ``"regression"``.
    output_kind : str
        What the outputs are: ``"logit"``, ``"probability"``, ``"log_probability"``,
        ``"value"`` or ``"unknown"``.
    classes : array of shape (n_classes,)
        Labels as the caller knows them; empty for regression.
    base_rate : array
        Share of each class in training, or the mean target.
    n_features : int
        Columns of the raw table.
    target_scale : tuple of float
        Centre and width of the targets the network learned.
    chunk : int
        Rows per call for models that fail on all rows at once.
    temperature : float
        Logits are divided by it before they become probabilities.
    surgery : tuple of mapping
        What repairs put into a network of the caller's own: `surgery.describe_surgery`.
    """

    model: nn.Module | None
    treatments: tuple[Treatment, ...]
    task: str
    output_kind: str
    classes: npt.NDArray[Any]
    base_rate: Floats
    n_features: int
    target_scale: tuple[float, float] = (0.0, 1.0)
    chunk: int = 64
    temperature: float = 1.0
    surgery: tuple[Mapping[str, Any], ...] = ()

    def outputs(self, X: Any) -> torch.Tensor | None:
        """Return the outputs of the network on raw rows; None without a network."""
        rows = as_rows(X, name="X")
        if rows.shape[1] != self.n_features:
            raise DataError(
                f"`X` must have {self.n_features} features, got {rows.shape[1]}",
                hint="compute them with the plan the model was trained with",
            )
        if self.model is None:
            return None
        sample = next(self.model.parameters())
        treated = torch.from_numpy(apply_all(self.treatments, rows)).to(
            sample.device, sample.dtype
        )
        return forward_rows(self.model, treated, chunk=self.chunk)

    def predict_proba(self, X: Any) -> Floats:
        """Return class probabilities of raw rows, shape (n, n_classes)."""
        if self.task == "regression":
            raise ValueError("`predict_proba` needs classes, got a regression; use `predict`")
        outputs = self.outputs(X)
        if outputs is None:
            return np.tile(self.base_rate, (len(X), 1))
        outputs = outputs / self.temperature
        found = class_probabilities(outputs, len(self.classes), self.output_kind)
        probabilities: Floats = found.double().cpu().numpy()
        broken = ~np.isfinite(probabilities).all(axis=1)
        probabilities[broken] = self.base_rate
        return probabilities

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return labels, or values for a regression, of raw rows."""
        if self.task != "regression":
            labels: npt.NDArray[Any] = self.classes[self.predict_proba(X).argmax(axis=1)]
            return labels
        outputs = self.outputs(X)
        if outputs is None:
            return np.full(len(X), self.base_rate[0])
        centre, width = self.target_scale
        values: Floats = outputs.double().cpu().numpy() * width + centre
        return np.where(np.isfinite(values), values, self.base_rate[0])

    def description(self) -> dict[str, Any]:
        """Return all but the tensors, JSON-able."""
        return {
            "network": {**_describe_network(self.model), "surgery": [*self.surgery]},
            "treatments": [treatment.as_dict() for treatment in self.treatments],
            "task": self.task,
            "output_kind": self.output_kind,
            "classes": self.classes.tolist(),
            "classes_dtype": self.classes.dtype.str,
            "base_rate": self.base_rate.tolist(),
            "n_features": self.n_features,
            "target_scale": list(self.target_scale),
            "chunk": self.chunk,
            "temperature": self.temperature,
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class FitResult:
    """Hold what `fit` returns.

    Parameters
    ----------
    predictor : Predictor
        Predicts on raw features.
    status : str
        ``"healthy"``, ``"repaired"``, ``"unresolved"`` or ``"refused"``.
    stopped_because : str
        Key of the reason; the report has words for it.
    findings : tuple of Finding
        In the order they were made.
    trials : tuple of Trial
        Every remedy tried.
    history : RunHistory
        Readings and scores of all attempts; empty after `load`.
    report : Report
        All of it for people and for JSON.
    """

    predictor: Predictor
    status: str
    stopped_because: str
    findings: tuple[Finding, ...]
    trials: tuple[Trial, ...]
    history: RunHistory
    report: Report

    @property
    def model(self) -> nn.Module | None:
        """Return the trained network; None when the run was refused."""
        return self.predictor.model

    @property
    def classes(self) -> npt.NDArray[Any]:
        """Return the labels in the order of the columns of `predict_proba`."""
        return self.predictor.classes

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return labels, or values for a regression, of raw rows.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Raw features; NaN and Inf are treated as in training.
        """
        return self.predictor.predict(X)

    def predict_proba(self, X: Any) -> Floats:
        """Return class probabilities of raw rows, shape (n, n_classes).

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Raw features; NaN and Inf are treated as in training.
        """
        return self.predictor.predict_proba(X)

    def save(self, path: str | Path) -> str:
        """Write ``path.safetensors`` and ``path.json``; return the tensors' SHA-256.

        Parameters
        ----------
        path : str or Path
            Without a suffix, or with either of the two.
        """
        return save_model(Path(path), *self.parts())

    def parts(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Return the tensors of the network, and all else as JSON holds it."""
        model = self.predictor.model
        tensors = {} if model is None else dict(model.state_dict())
        description = {"predictor": self.predictor.description(), "report": self.report.as_dict()}
        return tensors, description

    @staticmethod
    def load(path: str | Path, *, model: nn.Module | None = None) -> "FitResult":
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or Path
            As given to `save`.
        model : torch.nn.Module or None
            Needed when the network was the caller's own: a freshly built one of the
            same shape, which takes up the weights.

        Raises
        ------
        DataError
            If files are missing or damaged, or the model does not fit.
        """
        return FitResult.from_parts(*load_model(Path(path)), model=model)

    @staticmethod
    def from_parts(
        tensors: dict[str, torch.Tensor],
        document: Mapping[str, Any],
        *,
        model: nn.Module | None = None,
    ) -> "FitResult":
        """Put together what `parts` took apart.

        Parameters
        ----------
        tensors, document : dict
            As `parts` returned them.
        model : torch.nn.Module or None
            As in `load`.

        Raises
        ------
        DataError
            If the model does not fit.
        """
        saved = document["predictor"]
        network = _restore_network(saved["network"], tensors, model)
        report = Report.from_dict(document["report"])
        return FitResult(
            predictor=_restore_predictor(saved, network),
            status=report.status,
            stopped_because=report.stopped_because,
            findings=report.findings,
            trials=report.trials,
            history=RunHistory(()),
            report=report,
        )


def _describe_network(model: nn.Module | None) -> dict[str, Any]:
    if model is None:
        return {"kind": "none"}
    if isinstance(model, HouseNetwork):
        return {"kind": "house", "layers": model.description()}
    if isinstance(model, Ensemble):
        return {"kind": "ensemble", "shape": model.shape.as_dict()}
    return {"kind": "own", "class": f"{type(model).__module__}.{type(model).__qualname__}"}


def _restore_network(
    saved: Mapping[str, Any], tensors: dict[str, torch.Tensor], model: nn.Module | None
) -> nn.Module | None:
    if saved["kind"] == "none":
        return None
    if saved["kind"] == "house":
        model = HouseNetwork.from_description(saved["layers"])
    elif saved["kind"] == "ensemble":
        model = Ensemble(Shape.from_dict(saved["shape"]), is_training_kept=False)
    if model is None:
        raise DataError(
            f"the network is your own ({saved['class']}): its code is not in the file",
            hint="build it and pass it as `model`",
        )
    redo_surgery(model, saved.get("surgery", ()))
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise DataError(
            f"`model` does not fit the saved weights: {error}", hint="build it as for training"
        ) from error
    return model.eval()


def _restore_predictor(saved: Mapping[str, Any], network: nn.Module | None) -> Predictor:
    centre, width = saved["target_scale"]
    return Predictor(
        model=network,
        treatments=tuple(load_treatment(treatment) for treatment in saved["treatments"]),
        task=saved["task"],
        output_kind=saved["output_kind"],
        classes=np.array(saved["classes"], dtype=saved["classes_dtype"]),
        base_rate=np.array(saved["base_rate"], dtype=np.float64),
        n_features=saved["n_features"],
        target_scale=(centre, width),
        chunk=saved["chunk"],
        temperature=saved.get("temperature", 1.0),
        surgery=tuple(saved["network"].get("surgery", ())),
    )
