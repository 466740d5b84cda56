"""What a model was trained, chosen and tested on, for its card."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from ml_training.data.labelled import LabelledSet
from ml_training.study.result import Study


def describe_lineage(study: Study) -> dict[str, Any]:
    """Return the periods, markets and columns behind a study's model.

    Parameters
    ----------
    study : Study
        What was found out.

    Returns
    -------
    dict
        Plain values; days in UTC.
    """
    blocks, dataset = study.blocks, study.dataset
    return {
        "train": _describe_block(blocks.train),
        "validation": _describe_block(blocks.validation),
        "test": _describe_block(blocks.test),
        "symbols": _list_names(dataset.symbol),
        "timeframes": _list_names(dataset.timeframe),
        "feature_names": list(dataset.feature_names),
        "feature_digest": dataset.feature_digest,
        "setups_digest": dataset.digest(),
        "is_synthetic": study.settings.is_synthetic,
        "n_openings": study.settings.n_openings,
        "seed": study.settings.train.seed,
    }


def _describe_block(block: LabelledSet) -> dict[str, Any]:
    return {
        "from": _day(int(block.t0.min())),
        "to": _day(int(block.t1.max())),
        "n_setups": len(block),
        "n_effective": round(block.n_effective, 1),
        "win_rate": round(float(block.y.mean()), 4),
    }


def _list_names(names: np.ndarray) -> list[str]:
    return sorted(str(name) for name in np.unique(names))


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%d}"
