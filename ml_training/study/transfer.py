"""Decide whether a base model helps, and refuse what cannot be trained, in words."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil

import numpy as np

from ml_training.data.advice import Candidate, name_candidates, on_no_setups
from ml_training.data.labelled import LabelledSet
from ml_training.errors import DataError

MIN_EFFECTIVE = 50
"""Effective setups below which nothing is trained without a base model (design)."""

LEVELS = ((300, "optional"), (150, "light"), (MIN_EFFECTIVE, "moderate"), (0, "aggressive"))
"""How much of a base model would be kept, from so many effective setups on (design)."""

DAY_S = 86_400


@dataclass(frozen=True)
class TransferPlan:
    """Say how the model starts, and why.

    Attributes
    ----------
    strategy : str
        `from_scratch` as long as there is no base model.
    reason : str
        For the reader, with numbers.
    level : str
        How much of a base model these setups would call for: optional, light, moderate
        or aggressive.
    base_model : str or None
        The base model started from.
    """

    strategy: str
    reason: str
    level: str
    base_model: str | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the plan as a dictionary that JSON can hold."""
        return asdict(self)


def plan_transfer(n_effective: float, *, is_wanted: bool) -> TransferPlan:
    """Choose how the model starts.

    Parameters
    ----------
    n_effective : float
        Effective setups of the strategy.
    is_wanted : bool
        Whether the user wants transfer learning at all.
    """
    level = next(name for least, name in LEVELS if n_effective >= least)
    if not is_wanted:
        return TransferPlan("from_scratch", "Transfer learning was switched off", level)
    enough = {
        "optional": "that is enough to train on their own",
        "light": "a base model would help a little",
        "moderate": "a base model would help",
        "aggressive": "only a base model could make up for that",
    }
    reason = f"No base model is stored; {n_effective:,.0f} effective setups: {enough[level]}"
    return TransferPlan("from_scratch", reason, level)


def check_trainable(dataset: LabelledSet, candidates: Sequence[Candidate] = ()) -> None:
    """Refuse a set that no model can be trained on.

    Parameters
    ----------
    dataset : LabelledSet
        All labelled setups of the strategy.
    candidates : sequence of Candidate
        What other candles would add, counted by the caller.

    Raises
    ------
    DataError
        When there are no setups, one class only, or fewer than 50 effective setups; the
        hint says what would bring enough.
    """
    if not len(dataset):
        raise DataError(
            "The rules found no labelled setup",
            hint=on_no_setups(candidates)
            if candidates
            else "Loosen the entry conditions, or choose a longer period, more symbols or "
            "more timeframes",
        )
    n_wins = int(np.count_nonzero(dataset.y))
    if dataset.n_effective < MIN_EFFECTIVE:
        raise DataError(
            f"At least {MIN_EFFECTIVE} effective setups are needed without a base model, got "
            f"{dataset.n_effective:.0f} ({len(dataset)} setups, overlaps counted once)",
            hint=ask_for_enough(dataset, candidates),
        )
    if n_wins in {0, len(dataset)}:
        raise DataError(
            f"All {len(dataset)} setups are {'wins' if n_wins else 'losses'}: there is "
            "nothing to tell apart",
            hint="Bring take-profit and stop-loss closer to what the market really does",
        )


def ask_for_enough(dataset: LabelledSet, candidates: Sequence[Candidate] = ()) -> str:
    """Return which candles, or how many days or symbols, would bring enough setups.

    Parameters
    ----------
    dataset : LabelledSet
        At least one setup; the rate is taken from it.
    candidates : sequence of Candidate
        What other candles would add, counted by the caller; named first.
    """
    share = dataset.n_effective / len(dataset)
    named = name_candidates(candidates, MIN_EFFECTIVE - dataset.n_effective, share)
    missing = MIN_EFFECTIVE / dataset.n_effective - 1.0
    days = ceil((int(dataset.t1.max()) - int(dataset.t0.min())) / DAY_S * missing)
    symbols = ceil(len(np.unique(dataset.symbol)) * missing)
    timeframes = ceil(len(np.unique(dataset.timeframe)) * missing)
    rate = (
        f"At the present rate about {days:,} more days of candles would bring enough, or "
        f"about {_count(symbols, 'more symbol')}, or {_count(timeframes, 'more timeframe')}"
    )
    return f"{named}. {rate}" if named else rate


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
