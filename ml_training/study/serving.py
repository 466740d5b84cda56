"""The model that is served, in one file that gives the same numbers when read back."""

import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_training.core.result import FitResult
from ml_training.errors import DataError
from ml_training.evaluation.baselines import BaseRate, LogisticBaseline
from ml_training.evaluation.calibration import Calibration
from ml_training.evaluation.metrics import FloatArray
from ml_training.study.candidates import BASE_RATE, LOGISTIC, NETWORK, Model, predict_wins

FORMAT = 1
CARD, WEIGHTS, DESCRIPTION = "serving.json", "network.safetensors", "network.json"

DAMAGE = (OSError, LookupError, ValueError, TypeError, ArithmeticError, RecursionError)
"""What a card that was cut off or written by hand makes Python raise."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ServedModel:
    """Give fresh setups a calibrated chance of a win, and say which to take.

    Attributes
    ----------
    name : str
        Network, logistic regression or base rate.
    model : FitResult, LogisticBaseline or BaseRate
        Takes raw features; all fitted treatments are inside.
    calibration, threshold : Calibration, float
        Fitted on validation.
    feature_names, feature_digest : tuple of str, str
        The columns it expects, and the hash of the plan that makes them.
    """

    name: str
    model: Model
    calibration: Calibration
    threshold: float
    feature_names: tuple[str, ...]
    feature_digest: str

    def predict_proba(self, X: FloatArray) -> FloatArray:
        """Return calibrated chances of a win of raw rows, shape (n_setups,)."""
        return self.calibration.apply(predict_wins(self.model, X))

    def take(self, X: FloatArray) -> NDArray[np.bool_]:
        """Return which setups are worth taking, shape (n_setups,)."""
        taken: NDArray[np.bool_] = self.predict_proba(X) >= self.threshold
        return taken

    def save(self, path: Path) -> None:
        """Write one file; the same model always gives the same bytes."""
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w") as bundle:
            if isinstance(self.model, FitResult):
                self.model.save(Path(folder) / Path(WEIGHTS).stem)
            (Path(folder) / CARD).write_text(json.dumps(self._describe(), sort_keys=True))
            for file in sorted(Path(folder).iterdir()):
                # A fixed date: a bundle must not change with the clock.
                bundle.writestr(zipfile.ZipInfo(file.name), file.read_bytes())

    def _describe(self) -> dict[str, Any]:
        own = {} if isinstance(self.model, FitResult) else self.model.as_dict()
        return {
            "format": FORMAT,
            "name": self.name,
            "model": own,
            "calibration": self.calibration.as_dict(),
            "threshold": self.threshold,
            "feature_names": list(self.feature_names),
            "feature_digest": self.feature_digest,
        }


def load_served(path: Path) -> ServedModel:
    """Read what `ServedModel.save` wrote.

    Parameters
    ----------
    path : Path
        The bundle.

    Raises
    ------
    DataError
        When it is not a bundle of a known format, or damaged.
    """
    try:
        with zipfile.ZipFile(path) as bundle, tempfile.TemporaryDirectory() as folder:
            card = json.loads(bundle.read(CARD))
            for name in {WEIGHTS, DESCRIPTION} & set(bundle.namelist()):
                (Path(folder) / name).write_bytes(bundle.read(name))
            return _rebuild(card, Path(folder) / Path(WEIGHTS).stem)
    except (*DAMAGE, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path.name} is not a saved model: {error}", hint="Train the strategy again"
        ) from error


def _rebuild(card: Any, network: Path) -> ServedModel:
    if not isinstance(card, dict):
        raise TypeError(f"its card must be an object, got {type(card).__name__}")
    if card.get("format") != FORMAT:
        raise ValueError(f"its format is {card.get('format')!r}, known is {FORMAT}")
    served = ServedModel(
        name=card["name"],
        model=_rebuild_model(card, network),
        calibration=Calibration(**card["calibration"]),
        threshold=card["threshold"],
        feature_names=tuple(card["feature_names"]),
        feature_digest=card["feature_digest"],
    )
    _try_out(served)
    return served


def _try_out(served: ServedModel) -> None:
    """Predict one row, so that numbers that do not fit fail here and not in trading."""
    if not 0.0 <= served.threshold <= 1.0:
        raise ValueError(f"its threshold must lie between 0 and 1, got {served.threshold}")
    chance = float(served.predict_proba(np.zeros((1, len(served.feature_names))))[0])
    if not 0.0 <= chance <= 1.0:
        raise ValueError(f"it gives a setup the chance {chance}, not one between 0 and 1")


def _rebuild_model(card: dict[str, Any], network: Path) -> Model:
    match card["name"]:
        case str(name) if name == NETWORK:
            return FitResult.load(network)
        case str(name) if name == LOGISTIC:
            return LogisticBaseline.from_dict(card["model"])
        case str(name) if name == BASE_RATE:
            return BaseRate.from_dict(card["model"])
        case name:
            raise ValueError(f"it names a model nobody knows: {name!r}")
