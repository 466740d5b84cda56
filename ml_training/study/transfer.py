"""Decide whether a base model helps, and refuse what cannot be trained, in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from ml_training.core.transfer import LEVELS as DEPTHS
from ml_training.core.transfer import POOLED, WIDE, Level, Prior, start_from
from ml_training.core.transfer_network import Counts, count_layers, count_parameters
from ml_training.data.advice import Candidate, name_candidates, on_no_setups
from ml_training.data.labelled import LabelledSet
from ml_training.errors import DataError
from ml_training.study.base_files import check_past
from ml_training.study.base_model import BaseModel, check_market_state
from ml_training.study.blocks import Blocks
from ml_training.study.settings import StudySettings

MIN_EFFECTIVE = 50
"""Effective setups below which nothing is trained without a base model (design)."""

MIN_WITH_BASE = 25
"""Effective setups below which nothing is trained at all: the fewest that transfer is
measured with (`benchmarks/transfer.py`)."""

LEVELS = ((300, "optional"), (150, "light"), (MIN_EFFECTIVE, "moderate"), (0, "aggressive"))
"""How much of a base model is kept, from so many effective setups on (design)."""

MANY_PRESETS = 3
"""Strategies from which on a base model knows setups of many kinds; chosen between the
one and the eleven that were measured."""

DAY_S = 86_400

FROM_SCRATCH, FROM_BASE = "from_scratch", "use_transfer_learning"


@dataclass(frozen=True, eq=False)
class TransferPlan:
    """Say how the model starts, and why.

    Attributes
    ----------
    strategy : str
        `from_scratch`, or `use_transfer_learning` with a base model.
    reason : str
        For the reader, with numbers.
    level : str
        How much of a base model these setups call for: optional, light, moderate or
        aggressive.
    base : BaseModel or None
        The base model started from.
    layers, parameters : Counts or None
        Of the network that starts from it, counted as its first stage begins.
    obstacle : str
        Why a base model that was asked for cannot be used.
    """

    strategy: str
    reason: str
    level: str
    base: BaseModel | None = None
    layers: Counts | None = None
    parameters: Counts | None = None
    obstacle: str = ""

    @property
    def depth(self) -> Level:
        """Return rates and stages of the level."""
        return DEPTHS[self.level]

    @property
    def prior(self) -> Prior:
        """Return how far the setups may lead away from the base model at once."""
        return POOLED if self.is_pooled else WIDE

    @property
    def is_pooled(self) -> bool:
        """Tell whether the base model knows setups of many kinds."""
        return self.base is not None and len(self.base.presets) >= MANY_PRESETS

    def as_dict(self) -> dict[str, object]:
        """Return the plan as a dictionary that JSON can hold."""
        return {
            "strategy": self.strategy,
            "reason": self.reason,
            "level": self.level,
            "base_model": None if self.base is None else name_origin(self.base),
            "refitted": self.base is not None and self.base.is_refitted,
            "layers": None if self.layers is None else self.layers.as_dict(),
            "parameters": None if self.parameters is None else self.parameters.as_dict(),
        }


def name_origin(base: BaseModel) -> dict[str, object]:
    """Return what a reader is told of a base model, as JSON holds it."""
    return {
        "name": base.name,
        "id": base.id,
        "presets": list(base.presets),
        "trained_until": base.trained_until,
        "n_setups": base.n_setups,
        "n_effective": base.n_effective,
        "scores": dict(base.scores),
        "note": base.note,
    }


def plan_transfer(
    n_effective: float, *, is_wanted: bool, base: BaseModel | None = None, obstacle: str = ""
) -> TransferPlan:
    """Choose how the model starts.

    Parameters
    ----------
    n_effective : float
        Effective setups of the strategy.
    is_wanted : bool
        Whether the user wants transfer learning at all.
    base : BaseModel or None
        What there is to start from.
    obstacle : str
        Why there is none, where more is known than that.
    """
    level = next(name for least, name in LEVELS if n_effective >= least)
    if not is_wanted:
        return TransferPlan(FROM_SCRATCH, "Transfer learning was switched off", level)
    told = f"{n_effective:,.0f} effective setups"
    if base is None:
        reason = f"{obstacle or 'No base model is stored'}; {told}: {WITHOUT[level]}"
        return TransferPlan(FROM_SCRATCH, reason, level, obstacle=obstacle)
    note = f". {base.note[:1].upper()}{base.note[1:]}" if base.note else ""
    return TransferPlan(FROM_BASE, f"{told}: {WITH[level]}{note}", level, base)


WITHOUT = {
    "optional": "that is enough to train on their own",
    "light": "a base model would help a little",
    "moderate": "a base model would help",
    "aggressive": "only a base model could make up for that",
}
WITH = {
    "optional": "enough to train on their own; the base model is where the weights begin",
    "light": "the base model is kept at first, then all of it learns slowly",
    "moderate": "few, so the base model is kept at first, then all of it learns slowly",
    "aggressive": "too few to train on their own, so the base model is kept as it is, and "
    "only what is new learns",
}


def plan_study_transfer(
    dataset: LabelledSet, blocks: Blocks, settings: StudySettings
) -> TransferPlan:
    """Look for a base model for a study, and count what starts from it.

    Parameters
    ----------
    dataset : LabelledSet
        All labelled setups of the strategy.
    blocks : Blocks
        Everything that is judged lies in validation and test.
    settings : StudySettings
        With the way to find base models, or None.
    """
    is_wanted = settings.use_transfer_learning
    base, obstacle = find_base(dataset, blocks, settings) if is_wanted else (None, "")
    plan = plan_transfer(dataset.n_effective, is_wanted=is_wanted, base=base, obstacle=obstacle)
    return plan if base is None else _count(plan, base, blocks.train)


def find_base(
    dataset: LabelledSet, blocks: Blocks, settings: StudySettings
) -> tuple[BaseModel | None, str]:
    """Return a base model that may be used, or why there is none.

    Parameters
    ----------
    dataset : LabelledSet
        All labelled setups of the strategy.
    blocks : Blocks
        A base model learned from nothing that ends within the embargo before
        validation, as the strategy's own training setups.
    settings : StudySettings
        With the way to find base models, or None.
    """
    if settings.bases is None:
        return None, ""
    moment = blocks.split.cuts.validation_start - blocks.split.embargo_s - 1
    try:
        base = settings.bases(moment)
        if base is None:
            return None, ""
        check_past(base, moment)
        check_market_state(dataset)
        start_from(base.fitted, blocks.train.X)
    except DataError as error:
        return None, f"No base model could be used ({error})"
    return base, ""


def _count(plan: TransferPlan, base: BaseModel, train: LabelledSet) -> TransferPlan:
    """Return the plan with what will be frozen, counted from the network itself."""
    network, _ = start_from(base.fitted, train.X)
    network.freeze(len(network.blocks()))
    layers, parameters = count_layers(network), count_parameters(network)
    return replace(plan, layers=layers, parameters=parameters)


def check_trainable(
    dataset: LabelledSet,
    candidates: Sequence[Candidate] = (),
    *,
    may_have_base: bool = False,
    obstacle: str = "",
) -> None:
    """Refuse a set that no model can be trained on.

    Parameters
    ----------
    dataset : LabelledSet
        All labelled setups of the strategy.
    candidates : sequence of Candidate
        What other candles would add, counted by the caller.
    may_have_base : bool
        Whether a base model may make up for few setups: then half as many are enough
        to look for one.
    obstacle : str
        Why no base model made up for few setups, where that is known.

    Raises
    ------
    DataError
        When there are no setups, one class only, or too few effective setups; the hint
        says what would bring enough.
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
    if dataset.n_effective < (MIN_WITH_BASE if may_have_base else MIN_EFFECTIVE):
        raise _refuse_few(dataset, candidates, obstacle)
    if n_wins in {0, len(dataset)}:
        raise DataError(
            f"All {len(dataset)} setups are {'wins' if n_wins else 'losses'}: there is "
            "nothing to tell apart",
            hint="Bring take-profit and stop-loss closer to what the market really does",
        )


def _refuse_few(dataset: LabelledSet, candidates: Sequence[Candidate], obstacle: str) -> DataError:
    found = f"got {dataset.n_effective:.0f} ({len(dataset)} setups, overlaps counted once)"
    why = f". {obstacle}" if obstacle else ""
    return DataError(
        f"At least {MIN_EFFECTIVE} effective setups are needed without a base model, {found}{why}",
        hint=ask_for_enough(dataset, candidates),
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
        f"about {_count_noun(symbols, 'more symbol')}, or "
        f"{_count_noun(timeframes, 'more timeframe')}"
    )
    return f"{named}. {rate}" if named else rate


def _count_noun(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
