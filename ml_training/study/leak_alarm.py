"""The leak alarm of a study: what no honest table can hold, in words."""

from ml_training.core.result import FitResult
from ml_training.data.labelled import LabelledSet, concat_sets
from ml_training.evaluation.leaks import (
    PLAUSIBLE_AUC,
    SYNTHETIC_AUC,
    Leak,
    find_shared_time,
    find_telling_columns,
)
from ml_training.study.blocks import Blocks, as_outcomes
from ml_training.study.settings import StudySettings

THE_BET = ("stop_atr", "target_atr", "cost_r")
"""Columns that describe the bet: who aims nearer wins more often, and earns no more."""


def name_leaks(blocks: Blocks, fitted: FitResult, settings: StudySettings) -> str:
    """Return what was found by all checks, in words; empty when nothing was.

    Parameters
    ----------
    blocks : Blocks
        Train, validation and test; the outcomes of the test block are not looked at.
    fitted : FitResult
        The engine looks for copies of the answer before it trains.
    settings : StudySettings
        `leaks` holds what whoever has the candles found.
    """
    seen = [f.message for f in fitted.findings if f.problem == "leaking_feature" and f.is_alarm]
    found = [leak.message for leak in find_leaks(blocks, is_synthetic=settings.is_synthetic)]
    return "; ".join([*settings.leaks, *found, *(words.rstrip(".") for words in seen)])


def find_leaks(blocks: Blocks, *, is_synthetic: bool = False) -> list[Leak]:
    """Check the split, then every column of the blocks that may be looked at."""
    times = {name: (block.t0, block.t1) for name, block in _by_name(blocks).items()}
    pairs = (("training", "validation"), ("training", "test"), ("validation", "test"))
    splits = (find_shared_time(times[one], times[two], (one, two)) for one, two in pairs)
    columns = find_leaking_columns(blocks, is_synthetic=is_synthetic)
    return [leak for leak in (*splits, columns) if leak is not None]


def find_leaking_columns(blocks: Blocks, *, is_synthetic: bool = False) -> Leak | None:
    """Look for columns that tell too much in the training and validation blocks."""
    rows = concat_sets([blocks.train, blocks.validation])
    return find_telling_columns(
        rows.X,
        as_outcomes(rows),
        side=rows.side.astype(int),
        names=rows.feature_names,
        exempt=THE_BET,
        bound=SYNTHETIC_AUC if is_synthetic else PLAUSIBLE_AUC,
    )


def _by_name(blocks: Blocks) -> dict[str, LabelledSet]:
    return {"training": blocks.train, "validation": blocks.validation, "test": blocks.test}
