"""Every read of the database that somebody needs by name."""

from ml_training.selectors.market import (
    Coverage,
    describe_instrument,
    digest_candles,
    find_instrument,
    list_coverage,
    load_candles,
    select_chunks,
    to_utc,
)
from ml_training.selectors.runs import (
    count_openings,
    digest_scanned_candles,
    is_stale,
    list_events,
    list_points,
    progress_of,
    runs_of,
)
from ml_training.selectors.setups import load_labelled
from ml_training.selectors.strategies import find_strategy

__all__ = [
    "Coverage",
    "count_openings",
    "describe_instrument",
    "digest_candles",
    "digest_scanned_candles",
    "find_instrument",
    "find_strategy",
    "is_stale",
    "list_coverage",
    "list_events",
    "list_points",
    "load_candles",
    "load_labelled",
    "progress_of",
    "runs_of",
    "select_chunks",
    "to_utc",
]
