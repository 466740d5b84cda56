"""Real candles: what every model is worth on eight sets, rules times markets."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.verdicts import studies
from benchmarks.verdicts.rows import Case, Row
from benchmarks.verdicts.sets import CANDLES, scan_real

MOST_BEHIND = 0.005  # AUC of the net behind the best baseline (issue 5)
NETS = ("network ensemble", "network")
"""The house's net first; the single network stands in where there is no ensemble."""
RIVALS = ("logistic regression", "gradient boosting", "random forest")
SEEDS = 1

FX_1H = [["AUDUSD", "1h"], ["EURJPY", "1h"], ["GBPUSD", "1h"], ["USDCHF", "1h"], ["USDJPY", "1h"]]
SETS: dict[str, tuple[str, list[list[str]]]] = {
    "RSI return, five pairs 1h": ("rsi_return", FX_1H),
    "RSI pull-back, five pairs 1h": ("rsi_pullback", FX_1H),
    "EMA cross, five pairs 1h": ("ema_cross", FX_1H),
    "MACD cross, gold and GBPUSD 1h": ("macd_cross", [["XAUUSD", "1h"], ["GBPUSD", "1h"]]),
    "Donchian break, gold 1h": ("donchian_break", [["XAUUSD", "1h"]]),
    "Bollinger reversion, yen pairs 1h": (
        "bollinger_reversion",
        [["USDJPY", "1h"], ["EURJPY", "1h"]],
    ),
    "Supertrend flip, five markets 4h": (
        "supertrend_flip",
        [["AUDUSD", "4h"], ["EURUSD", "4h"], ["GBPUSD", "4h"], ["USDJPY", "4h"], ["XAUUSD", "4h"]],
    ),
    "TCE, five pairs and gold 1h": ("tce", [*FX_1H, ["XAUUSD", "1h"]]),
}


def list_cases(seeds: int = SEEDS, first_seed: int = 0) -> list[Case]:
    """Return the sets, each with so many seeds."""
    return [
        {"set": title, "preset": preset, "markets": markets, "seed": seed}
        for seed in range(first_seed, first_seed + seeds)
        for title, (preset, markets) in SETS.items()
    ]


def run_case(case: Case) -> Row:
    """Judge one set."""
    markets = [(symbol, timeframe) for symbol, timeframe in case["markets"]]
    dataset = scan_real(case["preset"], markets, CANDLES)
    return studies.judge(dataset, seed=case["seed"], is_synthetic=False)


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Return every model's figures per set, and how the net stands."""
    titles = list(dict.fromkeys(row["case"]["set"] for row in rows))
    sets = [
        describe_set(title, [row for row in rows if row["case"]["set"] == title])
        for title in titles
    ]
    behind = [one["behind"] for one in sets if one["behind"] is not None]
    return {
        "most_behind": MOST_BEHIND,
        "sets": sets,
        "mean_behind": float(np.mean(behind)) if behind else None,
        "behind_met": bool(behind) and max(behind) <= MOST_BEHIND,
        "log_loss_met": bool(sets) and all(one["loss_met"] for one in sets),
    }


def describe_set(title: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Return the figures of one set, means over its seeds.

    Notes
    -----
    The figures are the pooled ones of the walk-forward where there are any, since the
    test block alone is too short to tell models apart.
    """
    told = [figures_of(row) for row in rows]
    names = list(dict.fromkeys(name for one in told for name in one))
    models = {
        name: {
            figure: _mean([one[name].get(figure) for one in told if name in one])
            for figure in ("auc", "log_loss", "skill")
        }
        for name in names
    }
    net = next((name for name in NETS if name in models), None)
    behind = _fall_behind({name: one["auc"] for name, one in models.items()}, net)
    return {
        "set": title,
        "n": rows[0]["n"],
        "n_effective": rows[0]["n_effective"],
        "verdicts": sorted({row["verdict"] for row in rows}),
        "served": sorted({str(row.get("served")) for row in rows}),
        "measured_on": "walk_forward" if _pooled(rows[0]) else "test",
        "models": models,
        "net": net,
        "behind": behind,
        "loss_met": _loses_nothing(models, net),
    }


def _fall_behind(aucs: Mapping[str, float | None], net: str | None) -> float | None:
    """Return by how much the best rival ranks better than the net."""
    rivals = [auc for name in RIVALS if (auc := aucs.get(name)) is not None]
    own = None if net is None else aucs[net]
    return max(rivals) - own if rivals and own is not None else None


def figures_of(row: Row) -> dict[str, Mapping[str, Any]]:
    """Return AUC, log-loss and skill of every model of a run."""
    pooled = _pooled(row)
    if pooled:
        return dict(pooled)
    return {
        name: {**one, "skill": one["log_loss_skill"]}
        for name, one in row.get("candidates", {}).items()
    }


def _pooled(row: Row) -> Mapping[str, Any]:
    return (row.get("walk_forward") or {}).get("models") or {}


def _loses_nothing(models: Mapping[str, Mapping[str, Any]], net: str | None) -> bool:
    if net is None or "base rate" not in models:
        return False
    return bool(models[net]["log_loss"] <= models["base rate"]["log_loss"] + 1e-12)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
