"""What an ensemble leaves behind: a result that also knows its members."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from ml_training.core.arrays import Floats, as_rows
from ml_training.core.checkpoints import load_model
from ml_training.core.ensemble_network import MOST_ROWS, Ensemble
from ml_training.core.errors import DataError
from ml_training.core.result import FitResult
from ml_training.core.treatments import Treatment, apply_all


@dataclass(frozen=True, eq=False, kw_only=True)
class EnsembleResult(FitResult):
    """Hold what `fit_ensemble` returns: a `FitResult` that also knows its members.

    Parameters
    ----------
    held_out : array of shape (n_rows, n_classes) or None
        For each training row the mean probability of the members that held it out; NaN
        where there is none. None after `load`, and for values.
    """

    held_out: Floats | None = field(default=None)

    @property
    def n_members(self) -> int:
        """Return how many members answer; 0 when the run was refused."""
        return self.model.n_members if isinstance(self.model, Ensemble) else 0

    def members_proba(self, X: Any) -> Floats:
        """Return what each member thinks of raw rows, (n_members, n, n_classes).

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Raw features.
        """
        if self.predictor.task == "regression" or not isinstance(self.model, Ensemble):
            return self.predictor.predict_proba(X)[None]
        return ask_members(self.model, self.predictor.treatments, as_rows(X, name="X"))

    def spread(self, X: Any) -> Floats:
        """Return how far the members are apart on raw rows, (n, n_classes).

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Raw features.

        Returns
        -------
        array
            Standard deviation of the members' probabilities.
        """
        spread: Floats = self.members_proba(X).std(axis=0)
        return spread

    def as_dict(self) -> dict[str, Any]:
        """Return what a model card tells, in plain values."""
        card: dict[str, Any] = {
            "kind": "ensemble",
            "status": self.status,
            "stopped_because": self.stopped_because,
            "n_members": self.n_members,
            "classes": self.classes.tolist(),
            "n_features": self.predictor.n_features,
            "treatments": [treatment.key for treatment in self.predictor.treatments],
            "temperature": self.predictor.temperature,
        }
        if isinstance(self.model, Ensemble):
            card |= {
                "shape": self.model.shape.as_dict(),
                "best_epochs": [int(one) for one in self.model.best_epoch.tolist()],
                "held_out_losses": [round(one, 6) for one in self.model.best_loss.tolist()],
                "n_returns": [int(one) for one in self.model.n_returns.tolist()],
            }
        return card

    @staticmethod
    def load(path: str | Path, *, model: Any = None) -> "EnsembleResult":
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or Path
            As given to `save`.
        model : None
            Not needed: the shape is in the file.

        Raises
        ------
        DataError
            If files are missing or damaged, or hold another kind of model.
        """
        _, document = load_model(Path(path))
        try:
            kind = document["predictor"]["network"]["kind"]
            loaded = FitResult.load(path, model=model) if kind in ("ensemble", "none") else None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"{Path(path).name} is damaged: {type(error).__name__}: {error}",
                hint="use an earlier copy of the file, or train again",
            ) from error
        if loaded is None:
            raise DataError(
                f"{Path(path).name} must hold an ensemble, got a network of kind {kind!r}",
                hint="read it with FitResult.load",
            )
        return as_ensemble(loaded)


def as_ensemble(result: FitResult) -> EnsembleResult:
    """Return a result with the members at their best and without what trained them."""
    model, predictor = result.model, result.predictor
    if isinstance(model, Ensemble) and model.live is not None:
        predictor = replace(predictor, model=model.without_training())
    return EnsembleResult(
        predictor=predictor,
        status=result.status,
        stopped_because=result.stopped_because,
        findings=result.findings,
        trials=result.trials,
        history=result.history,
        report=result.report,
    )


@torch.no_grad()
def ask_members(model: Ensemble, treatments: tuple[Treatment, ...], X: Floats) -> Floats:
    """Return what each member thinks of raw rows, (n_members, n, n_classes)."""
    sample = next(model.parameters())
    rows = torch.from_numpy(apply_all(treatments, X)).to(sample.device, sample.dtype)
    told = [model.probabilities(model.finished(part)) for part in rows.split(MOST_ROWS)]
    shares = torch.cat(told).transpose(0, 1)
    if shares.shape[-1] == 1:
        shares = torch.cat([1 - shares, shares], dim=-1)
    found: Floats = shares.double().cpu().numpy()
    return found
