"""How far a set of setups reached in each market, so that it can be found again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ml_training.data.labelled import LabelledSet, concat_sets


def describe_extent(dataset: LabelledSet) -> list[dict[str, Any]]:
    """Count the setups of each symbol and timeframe.

    Parameters
    ----------
    dataset : LabelledSet
        All labelled setups a run was given.

    Returns
    -------
    list of dict
        `symbol`, `timeframe` and `n`, as JSON can hold them.
    """
    counts = Counter(_list_markets(dataset))
    return [
        {"symbol": symbol, "timeframe": timeframe, "n": n}
        for (symbol, timeframe), n in sorted(counts.items())
    ]


def cut_to_extent(dataset: LabelledSet, extent: Iterable[Mapping[str, Any]]) -> LabelledSet:
    """Return the set as it was before candles were added at its end.

    Parameters
    ----------
    dataset : LabelledSet
        Setups of the same rules and start, from as many candles or more.
    extent : iterable of mapping
        What `describe_extent` told then.

    Returns
    -------
    LabelledSet
        The first `n` of each market told; its digest is that of the set then, unless
        older candles were changed.

    Notes
    -----
    Markets end on different days, so no single end date brings a set back. Within one
    market labels come in the order of entries, as all have the same horizon in bars.
    """
    left = {(one["symbol"], one["timeframe"]): int(one["n"]) for one in extent}
    kept = []
    for row, market in enumerate(_list_markets(dataset)):
        if left.get(market, 0) > 0:
            left[market] -= 1
            kept.append(row)
    # Joined, as weights count the setups open at the same time, later ones among them.
    return concat_sets([dataset.take(np.array(kept, dtype=np.int64))])


def _list_markets(dataset: LabelledSet) -> list[tuple[str, str]]:
    return list(zip(dataset.symbol.tolist(), dataset.timeframe.tolist(), strict=True))
