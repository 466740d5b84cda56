"""What a model was trained on, kept beside it: shares and ranges, no setup."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from ml_training.data.labelled import LabelledSet
from ml_training.errors import DataError
from ml_training.evaluation.drift import ColumnProfile, describe_column

FORMAT = 1
FILE = "training_profile.json"


@dataclass(frozen=True, kw_only=True)
class TrainingProfile:
    """Describe the training rows of a model.

    Attributes
    ----------
    n, n_effective : int, float
        Training setups, and what they are worth as independent ones.
    base_rate : float
        Share of wins among them.
    first, last : int
        First entry and last end, UTC epoch seconds.
    symbols, timeframes : tuple of str
        Where they come from.
    columns : mapping of str to ColumnProfile
        By feature, in the order of the model's columns.
    """

    n: int
    n_effective: float
    base_rate: float
    first: int
    last: int
    symbols: tuple[str, ...]
    timeframes: tuple[str, ...]
    columns: Mapping[str, ColumnProfile]

    def as_dict(self) -> dict[str, Any]:
        """Return the profile as a dictionary that JSON can hold."""
        columns = {name: one.as_dict() for name, one in self.columns.items()}
        lists = {"symbols": list(self.symbols), "timeframes": list(self.timeframes)}
        return {"format": FORMAT, **vars(self), **lists, "columns": columns}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_dict` gave; raise ValueError for another format."""
        fields = dict(stored)
        if (known := fields.pop("format", None)) != FORMAT:
            raise ValueError(f"its profile has the format {known!r}, known is {FORMAT}")
        columns = {name: ColumnProfile.from_dict(one) for name, one in fields["columns"].items()}
        lists = {name: tuple(fields[name]) for name in ("symbols", "timeframes")}
        return cls(**{**fields, **lists, "columns": columns})


def describe_training(train: LabelledSet) -> TrainingProfile:
    """Keep of the training rows what fresh setups will be compared with."""
    columns = {
        name: describe_column(train.X[:, column])
        for column, name in enumerate(train.feature_names)
    }
    return TrainingProfile(
        n=len(train),
        n_effective=train.n_effective,
        base_rate=float(np.mean(train.y)),
        first=int(train.t0.min()),
        last=int(train.t1.max()),
        symbols=tuple(np.unique(train.symbol).tolist()),
        timeframes=tuple(np.unique(train.timeframe).tolist()),
        columns=columns,
    )


def attach_profile(bundle: Path, profile: TrainingProfile) -> None:
    """Put the profile into the file of a saved model, which carries it everywhere."""
    words = json.dumps(profile.as_dict())  # unsorted: the order of the columns means something
    # A fixed date: a bundle must not change with the clock.
    with zipfile.ZipFile(bundle, "a") as file:
        file.writestr(zipfile.ZipInfo(FILE), words, compress_type=zipfile.ZIP_DEFLATED)


def read_profile(bundle: Path) -> TrainingProfile | None:
    """Return the profile in the file of a saved model.

    Parameters
    ----------
    bundle : Path
        The file.

    Returns
    -------
    TrainingProfile or None
        None for a model that was saved without.

    Raises
    ------
    DataError
        When there is one that cannot be read.
    """
    try:
        with zipfile.ZipFile(bundle) as file:
            if FILE not in file.namelist():
                return None
            return TrainingProfile.from_dict(json.loads(file.read(FILE)))
    except (OSError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise DataError(
            f"the training profile in {bundle.name} cannot be read: {error}",
            hint="Train the strategy again",
        ) from error
