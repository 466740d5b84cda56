"""The numbers of a finished run, laid out for tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMES = {"take_every_setup": "take every setup"}
FACTS = {
    "p_value": "chance that luck ranks as well",
    "deflated_sharpe": "chance to beat the best of so many tries at luck",
    "probability_of_overfitting": "chance that the best of one half disappoints in the other",
}


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
    served = _name_served(results)
    return [
        Block(
            name=block,
            rows=[
                _row(key, one, block, is_served=key == served) for key, one in baselines.items()
            ],
        )
        for block in ("test", "validation")
    ]


def say_pairs(results: Mapping[str, Any]) -> str:
    """Return what tells more together than alone; empty where that was not asked."""
    return str(_mapping(results.get("pairs")).get("words", ""))


@dataclass(frozen=True, kw_only=True)
class WalkForward:
    """The whole way of choosing a model, done again and again on later setups only."""

    facts: Mapping[str, Any]
    models: list[tuple[str, bool, Mapping[str, Any]]]
    folds: list[Mapping[str, Any]]


def lay_out_walk_forward(results: Mapping[str, Any]) -> WalkForward | None:
    """Return the walk-forward of a run; None where there is none."""
    told = _mapping(results.get("walk_forward"))
    models = _mapping(told.get("models"))
    if not models:
        return None
    served = _name_served(results)
    return WalkForward(
        facts={words: told[key] for key, words in FACTS.items() if told.get(key) is not None},
        models=[
            (_say_name(name), _as_key(name) == served, _mapping(figures))
            for name, figures in models.items()
        ],
        folds=_mappings(told.get("folds")),
    )


@dataclass(frozen=True, kw_only=True)
class Stretches:
    """The whole time and its parts, each judged by models that had not seen it."""

    words: str
    rows: list[Mapping[str, Any]]


def lay_out_stretches(results: Mapping[str, Any]) -> Stretches | None:
    """Return how far stretches differ, the whole time last; None without any."""
    told = _mapping(results.get("stretches"))
    parts = _mappings(told.get("parts"))
    if not parts:
        return None
    return Stretches(words=str(told.get("words", "")), rows=[*parts, _mapping(told.get("whole"))])


def lay_out_slices(results: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Return by symbol, timeframe and year how the model did on each of them."""
    told = _mapping(results.get("slices"))
    slices = {name: _mappings(told.get(name)) for name in ("symbol", "timeframe", "year")}
    return {name: rows for name, rows in slices.items() if rows}


def _row(key: str, baseline: object, block: str, *, is_served: bool) -> Row:
    figures = _mapping(_mapping(baseline).get(block))
    # Taking every setup is trades and nothing else: it predicts nothing.
    is_trades = "auc" not in figures
    return Row(
        name=_say_name(key),
        is_served=is_served,
        metrics={} if is_trades else figures,
        trades=figures if is_trades else _mapping(figures.get("trades")),
    )


def _name_served(results: Mapping[str, Any]) -> str:
    return _as_key(str(_mapping(results.get("served_model")).get("name", "")))


def _as_key(name: str) -> str:
    return name.replace(" ", "_")


def _say_name(key: str) -> str:
    return NAMES.get(key, key.replace("_", " "))


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [_mapping(one) for one in value] if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
