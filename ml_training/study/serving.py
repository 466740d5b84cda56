"""The model that is served, in one file that gives the same numbers when read back."""

import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from ml_training.errors import DataError
from ml_training.evaluation.calibration import Calibration
from ml_training.evaluation.metrics import FloatArray
from ml_training.study.models import NETWORK, Model, predict_wins
from ml_training.study.storing import FILES, STEMS, read_model, write_model

FORMAT, OLD_FORMATS = 2, (1,)
CARD = "serving.json"
WEIGHTS, DESCRIPTION = f"{STEMS[NETWORK]}.safetensors", f"{STEMS[NETWORK]}.json"

DAMAGE = (OSError, LookupError, ValueError, TypeError, ArithmeticError, RecursionError)
"""What a card that was cut off or written by hand makes Python raise."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ServedModel:
    """Give fresh setups a calibrated chance of a win, and say which to take.

    Attributes
    ----------
    name : str
        Of the candidate, as the report calls it.
    model : Model
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
            card = self.describe(write_model(self.model, Path(folder)))
            (Path(folder) / CARD).write_text(json.dumps(card, sort_keys=True))
            for file in sorted(Path(folder).iterdir()):
                # A fixed date: a bundle must not change with the clock.
                bundle.writestr(zipfile.ZipInfo(file.name), file.read_bytes())

    def describe(self, model: dict[str, Any]) -> dict[str, Any]:
        """Return the card around what `write_model` returned."""
        return {
            "format": FORMAT,
            "name": self.name,
            "model": model,
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
            for name in set(FILES) & set(bundle.namelist()):
                (Path(folder) / name).write_bytes(bundle.read(name))
            return _rebuild(card, Path(folder))
    except (*DAMAGE, SafetensorError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path.name} is not a saved model: {error}", hint="Train the strategy again"
        ) from error


def _rebuild(card: Any, folder: Path) -> ServedModel:
    if not isinstance(card, dict):
        raise TypeError(f"its card must be an object, got {type(card).__name__}")
    card = _renew(card)
    served = ServedModel(
        name=card["name"],
        model=read_model(card["model"], folder),
        calibration=Calibration.from_dict(card["calibration"]),
        threshold=card["threshold"],
        feature_names=tuple(card["feature_names"]),
        feature_digest=card["feature_digest"],
    )
    _try_out(served)
    return served


def _renew(card: dict[str, Any]) -> dict[str, Any]:
    """Return the card as this version writes it."""
    if card.get("format") in OLD_FORMATS:
        return card | {"format": FORMAT, "model": {**card["model"], "kind": card["name"]}}
    if card.get("format") != FORMAT:
        raise ValueError(f"its format is {card.get('format')!r}, known are 1 to {FORMAT}")
    if card["model"]["kind"] != card["name"]:
        known = f"its file holds a {card['model']['kind']!r}"
        raise ValueError(f"it is called {card['name']!r}, a model nobody knows here: {known}")
    return card


def _try_out(served: ServedModel) -> None:
    """Predict one row, so that numbers that do not fit fail here and not in trading."""
    if not 0.0 <= served.threshold <= 1.0:
        raise ValueError(f"its threshold must lie between 0 and 1, got {served.threshold}")
    chance = float(served.predict_proba(np.zeros((1, len(served.feature_names))))[0])
    if not 0.0 <= chance <= 1.0:
        raise ValueError(f"it gives a setup the chance {chance}, not one between 0 and 1")
