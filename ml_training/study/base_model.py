"""What a base model is: a network on the market state, and where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ml_training.core.result import FitResult
from ml_training.data.features import plan_features
from ml_training.data.labelled import LabelledSet
from ml_training.errors import DataError
from ml_training.evaluation.metrics import FloatArray
from ml_training.study.models import predict_wins

MARKET_STATE = plan_features([])
"""The columns that all strategies share, in front of their own."""


@dataclass(frozen=True, eq=False, kw_only=True)
class BaseModel:
    """Hold a network that was trained on the market state of many setups.

    Attributes
    ----------
    name : str
        For the reader.
    presets : tuple of str
        Strategies whose setups it learned from.
    trained_until : int
        UTC epoch seconds; no label it learned from ends later.
    feature_names, feature_digest : tuple of str, str
        Of the market-state block, the columns it takes.
    n_setups, n_effective : int, float
        What it learned from.
    scores : mapping
        `auc`, `log_loss` and `base_rate_log_loss` on the newest `n` setups, by a
        network trained on the older ones in the same way.
    symbols, timeframes : tuple of str
        Where the setups come from.
    fitted : FitResult
        Network and input treatments; takes raw rows of the market-state block.
    id : int or None
        Where it is stored, by whoever stored it.
    note : str
        Why it was taken, one sentence for the report.
    is_refitted : bool
        Whether it was made for the one who asked, because no stored one fitted.
    """

    name: str
    presets: tuple[str, ...]
    trained_until: int
    feature_names: tuple[str, ...]
    feature_digest: str
    n_setups: int
    n_effective: float
    scores: Mapping[str, float | None]
    symbols: tuple[str, ...]
    timeframes: tuple[str, ...]
    fitted: FitResult
    id: int | None = None
    note: str = ""
    is_refitted: bool = False

    @property
    def day(self) -> str:
        """Return the day up to which it learned, as `2021-03-04`."""
        return f"{datetime.fromtimestamp(self.trained_until, tz=UTC):%Y-%m-%d}"

    def predict_proba(self, X: FloatArray) -> FloatArray:
        """Return chances of a win from the market state of raw rows.

        Parameters
        ----------
        X : array of float, shape (n_setups, n_features)
            The market-state block in front; what a strategy adds behind is not read.
        """
        return predict_wins(self.fitted, X[:, : len(self.feature_names)])

    def describe(self) -> dict[str, object]:
        """Return all but the network as values that JSON can hold."""
        return {
            "name": self.name,
            "presets": list(self.presets),
            "trained_until": self.trained_until,
            "feature_names": list(self.feature_names),
            "feature_digest": self.feature_digest,
            "n_setups": self.n_setups,
            "n_effective": self.n_effective,
            "scores": dict(self.scores),
            "symbols": list(self.symbols),
            "timeframes": list(self.timeframes),
        }


def keep_market_state(dataset: LabelledSet) -> LabelledSet:
    """Return the setups with the columns that all strategies share.

    Parameters
    ----------
    dataset : LabelledSet
        Of any strategy.

    Raises
    ------
    DataError
        When its first columns are others, or computed by other formulas.
    """
    check_market_state(dataset)
    n_shared = len(MARKET_STATE.names)
    changed = {
        "X": dataset.X[:, :n_shared],
        "feature_names": MARKET_STATE.names,
        "feature_digest": MARKET_STATE.digest,
    }
    return LabelledSet(**{**vars(dataset), **changed})


def check_market_state(dataset: LabelledSet) -> None:
    """Refuse setups whose first columns are not the market state.

    Raises
    ------
    DataError
        Naming the first column that differs.
    """
    named = dataset.feature_names[: len(MARKET_STATE.names)]
    if named == MARKET_STATE.names:
        return
    wanted = next(
        name
        for place, name in enumerate(MARKET_STATE.names)
        if place >= len(named) or named[place] != name
    )
    raise DataError(
        f"A base model reads the market state, whose column {wanted!r} is not where it belongs "
        "among the features of these setups",
        hint="Scan the setups again so that they use the current features",
    )
