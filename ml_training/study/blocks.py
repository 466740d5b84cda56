"""Cut labelled setups into the blocks to train on, to choose on, and to judge on."""

from dataclasses import dataclass

import numpy as np

from ml_training.data.labelled import LabelledSet
from ml_training.data.splits import Split, calendar_split
from ml_training.errors import DataError
from ml_training.evaluation.outcomes import Outcomes


@dataclass(frozen=True, eq=False)
class Blocks:
    """Hold train, validation and test, each in time order.

    Attributes
    ----------
    split : Split
        Rows, cuts and how many setups were left out between them.
    notes : tuple of str
        What a reader must know about a block, such as one class only.
    """

    train: LabelledSet
    validation: LabelledSet
    test: LabelledSet
    split: Split
    notes: tuple[str, ...]


def cut_blocks(dataset: LabelledSet, fractions: tuple[float, float, float]) -> Blocks:
    """Cut along one calendar for all symbols, and check what is left.

    Parameters
    ----------
    dataset : LabelledSet
        All labelled setups, in time order.
    fractions : tuple of float
        Shares of train, validation and test.

    Returns
    -------
    Blocks
        A one-class validation or test block is kept and noted.

    Raises
    ------
    DataError
        When a part is too small, or the training block holds one class only.
    """
    split = calendar_split(dataset.t0, dataset.t1, fractions=fractions)
    train, validation, test = (
        dataset.take(rows) for rows in (split.train, split.validation, split.test)
    )
    if _single_class(train):
        raise DataError(
            f"The {len(train)} setups to train on, up to the first cut, hold only "
            f"{_single_class(train)}: nothing can be learned from them",
            hint="Choose a longer period, or add symbols, so that both outcomes occur early",
        )
    notes = [
        f"The {name} block holds only {_single_class(block)}: {consequence}"
        for name, block, consequence in (
            ("validation", validation, "probabilities are not calibrated on it"),
            ("test", test, "the ranking cannot be judged"),
        )
        if _single_class(block)
    ]
    return Blocks(train, validation, test, split, tuple(notes))


def as_outcomes(block: LabelledSet) -> Outcomes:
    """Return what happened in a block, as the evaluation wants it."""
    return Outcomes(
        y=block.y.astype(np.int64), r=block.r, t0=block.t0, t1=block.t1, weight=block.weight
    )


def _single_class(block: LabelledSet) -> str:
    """Return `wins` or `losses` when nothing else occurs, or an empty word."""
    n_wins = int(np.count_nonzero(block.y))
    if n_wins == len(block):
        return "wins"
    return "" if n_wins else "losses"
