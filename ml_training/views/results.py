"""The numbers of a finished run, laid out for tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMES = {"take_every_setup": "take every setup"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One model, or taking everything, on one block of unseen setups."""

    name: str
    is_served: bool
    metrics: Mapping[str, Any]
    trades: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Block:
    """All rows of one block: validation or test."""

    name: str
    rows: list[Row]


def lay_out_metrics(results: Mapping[str, Any]) -> list[Block]:
    """Return a block per part of the data; none while there are no results."""
    baselines = _mapping(results.get("baselines"))
    if not baselines:
        return []
    served = str(_mapping(results.get("served_model")).get("name", "")).replace(" ", "_")
    return [
        Block(
            name=block,
            rows=[
                _row(key, one, block, is_served=key == served) for key, one in baselines.items()
            ],
        )
        for block in ("test", "validation")
    ]


def _row(key: str, baseline: object, block: str, *, is_served: bool) -> Row:
    figures = _mapping(_mapping(baseline).get(block))
    # Taking every setup is trades and nothing else: it predicts nothing.
    is_trades = "auc" not in figures
    return Row(
        name=NAMES.get(key, key.replace("_", " ")),
        is_served=is_served,
        metrics={} if is_trades else figures,
        trades=figures if is_trades else _mapping(figures.get("trades")),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
