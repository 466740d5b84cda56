"""Leaks: put one in and see whether it is named, or none and see that none is named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.verdicts.intervals import share
from benchmarks.verdicts.rows import Case, Row
from benchmarks.verdicts.sets import CANDLES, load_market
from ml_training.data.candles import Candles
from ml_training.data.features import FeaturePlan, compute_features, plan_features
from ml_training.data.frame import Frame
from ml_training.data.indicators.ranges import IntArray
from ml_training.data.instruments import guess_instrument
from ml_training.data.labelled import LabelledSet, set_from_setups
from ml_training.data.presets import PRESETS
from ml_training.data.replay import Stakes, replay_features
from ml_training.data.rules import indicator_uses, parse_rules
from ml_training.data.setups import Setups, scan_setups
from ml_training.data.splits import Split, calendar_split
from ml_training.evaluation.leaks import find_changed_rows
from ml_training.study.blocks import Blocks
from ml_training.study.leak_alarm import find_leaks

Floats = NDArray[np.float64]

CLEAN, SHIFTED, COPY, SHUFFLED, UNCLOSED = (
    "clean",
    "future-shifted feature",
    "label copy",
    "shuffled split",
    "unclosed higher bar",
)
KINDS = (CLEAN, SHIFTED, COPY, SHUFFLED, UNCLOSED)
RUNS = 60
LEAST_NAMED, MOST_FALSE = 0.95, 0.05
SHIFTS = (1, 2, 5, 10)  # bars into the future
COPY_NOISE = (0.0, 0.1, 0.5)  # standard deviations added to the copied label or result
LOOKED_AT = 24  # setups computed again, as many as the product computes per training
FEWEST, MOST = 300, 4_000
RULES = ("rsi_return", "macd_cross", "bollinger_reversion", "donchian_break", "supertrend_flip",
         "ema_cross", "rsi_pullback", "inside_bar")  # fmt: skip
MARKETS = (
    ("AUDUSD", "1h"), ("EURJPY", "1h"), ("GBPUSD", "1h"), ("USDCHF", "1h"), ("USDJPY", "1h"),
    ("XAUUSD", "1h"), ("AUDUSD", "4h"), ("EURUSD", "4h"), ("GBPUSD", "4h"), ("USDJPY", "4h"),
    ("XAUUSD", "4h"),
)  # fmt: skip


class PeekingFrame(Frame):
    """Serve bars of a higher timeframe before they have closed: the planted mistake."""

    def higher(self, timeframe: str) -> tuple[Frame, IntArray]:
        """Return the higher frame with the bar that is still forming."""
        frame, closed = super().higher(timeframe)
        return frame, np.minimum(closed + 1, len(frame) - 1)


@dataclass(frozen=True, eq=False)
class Ground:
    """Hold one scan with all that its features need."""

    candles: Candles
    timeframe: str
    symbol: str
    plan: FeaturePlan
    setups: Setups

    @property
    def stakes(self) -> Stakes:
        """Return what the features need beside candles."""
        one = self.setups
        side = one.side.astype(np.float64)
        return Stakes(one.signal_index, side, one.risk, one.cost, np.abs(one.target - one.entry))

    def compute(self, frame: Frame, shift: int = 0) -> Floats:
        """Compute all columns, at bars that may lie too late."""
        at = np.minimum(self.setups.signal_index + shift, len(self.candles) - 1)
        needed = self.stakes
        return compute_features(
            self.plan,
            frame,
            signal_index=at,
            side=needed.side,
            risk=needed.risk,
            cost=needed.cost,
            reward=needed.reward,
        )


def list_cases(runs: int = RUNS, first_seed: int = 0) -> list[Case]:
    """Return every kind of leak on so many sets, and the sets without one."""
    return [
        {**_draw(seed), "kind": kind} for seed in range(first_seed, first_seed + runs)
        for kind in KINDS
    ]  # fmt: skip


def _draw(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng([seed, 7])
    symbol, timeframe = MARKETS[rng.integers(len(MARKETS))]
    return {
        "seed": seed,
        "preset": str(rng.choice(RULES)),
        "symbol": symbol,
        "timeframe": timeframe,
        "n": round(float(np.exp(rng.uniform(np.log(FEWEST), np.log(MOST))))),
    }


def scan(case: Case) -> Ground:
    """Return the newest setups of the case's rules on the case's market."""
    candles = load_market(case["symbol"], case["timeframe"], CANDLES)
    rules = parse_rules(PRESETS[case["preset"]].document)
    found = scan_setups(rules, Frame(candles, case["timeframe"]), guess_instrument(case["symbol"]))
    known = np.flatnonzero(found.labelled)[-case["n"] :]
    plan = plan_features(indicator_uses(rules))
    return Ground(candles, case["timeframe"], case["symbol"], plan, found.take(known))


def run_case(case: Case) -> Row:
    """Put the leak in, let both alarms look, and say what they named."""
    rng = np.random.default_rng([case["seed"], KINDS.index(case["kind"]), 8])
    ground = scan(case)
    dataset, planted = inject(ground, case["kind"], rng)
    blocks = cut(dataset, rng if case["kind"] == SHUFFLED else None)
    by_table = find_leaks(blocks)
    by_replay = look_again(ground, dataset, rng)
    found = [*by_table, *by_replay]
    named = sorted({name for leak in found for name in (leak.columns or (leak.kind,))})
    return {
        "n": len(dataset),
        "planted": planted,
        "named": named,
        "is_named": bool(found) and (not planted or planted in named),
        "by_table": bool(by_table),
        "by_replay": bool(by_replay),
        "messages": [leak.message for leak in found],
    }


def inject(ground: Ground, kind: str, rng: np.random.Generator) -> tuple[LabelledSet, str | None]:
    """Return the set with a leak in it, and the column or check that must be named."""
    honest = Frame(ground.candles, ground.timeframe)
    X, planted = ground.compute(honest), None
    if kind == SHIFTED:
        column = _choose_moving(ground, X, rng)
        X[:, column] = ground.compute(honest, int(rng.choice(SHIFTS)))[:, column]
        planted = ground.plan.names[column]
    elif kind == UNCLOSED:
        column = int(rng.choice(_list_higher(ground.plan)))
        peeking = PeekingFrame(ground.candles, ground.timeframe)
        X[:, column] = ground.compute(peeking)[:, column]
        planted = ground.plan.names[column]
    elif kind == COPY:
        column = int(rng.integers(X.shape[1]))
        X[:, column] = _copy_answer(ground.setups, rng)
        planted = ground.plan.names[column]
    return _as_set(ground, X), "shared_time" if kind == SHUFFLED else planted


def _choose_moving(ground: Ground, X: Floats, rng: np.random.Generator) -> int:
    """Return a column that looks at prices: a later hour gives nothing away."""
    fixed = {"hour_sine", "hour_cosine", "weekday_sine", "weekday_cosine", "side",
             "stop_atr", "target_atr", "cost_r"}  # fmt: skip
    moving = [
        column
        for column, name in enumerate(ground.plan.names)
        if name not in fixed and np.nanstd(X[:, column]) > 0
    ]
    return int(rng.choice(moving))


def _list_higher(plan: FeaturePlan) -> list[int]:
    return [column for column, one in enumerate(plan.features) if one.timeframe is not None]


def _copy_answer(setups: Setups, rng: np.random.Generator) -> Floats:
    answer = setups.win.astype(np.float64) if rng.random() < 0.5 else setups.r
    noise = float(rng.choice(COPY_NOISE)) * float(np.std(answer))
    return np.asarray(answer + noise * rng.standard_normal(len(answer)))


def _as_set(ground: Ground, X: Floats) -> LabelledSet:
    return set_from_setups(
        ground.setups,
        X,
        symbol=ground.symbol,
        timeframe=ground.timeframe,
        feature_names=ground.plan.names,
        feature_digest=ground.plan.digest,
    )


def cut(dataset: LabelledSet, rng: np.random.Generator | None) -> Blocks:
    """Return the blocks of the calendar, or of shuffled rows given a generator."""
    split = calendar_split(dataset.t0, dataset.t1)
    if rng is not None:
        split = _shuffle(split, len(dataset), rng)
    train, validation, test = (
        dataset.take(rows) for rows in (split.train, split.validation, split.test)
    )
    return Blocks(train, validation, test, split=split, notes=())


def _shuffle(split: Split, n_rows: int, rng: np.random.Generator) -> Split:
    ends = np.cumsum([len(split.train), len(split.validation)])
    parts = [np.sort(part) for part in np.split(rng.permutation(n_rows), ends)]
    return replace(split, train=parts[0], validation=parts[1], test=parts[2])


def look_again(ground: Ground, dataset: LabelledSet, rng: np.random.Generator) -> list[Any]:
    """Compute some rows from the past alone, as the product does before it trains."""
    rows = np.sort(rng.choice(len(dataset), min(LOOKED_AT, len(dataset)), replace=False))
    every = ground.stakes
    stakes = Stakes(
        every.signal_index[rows], every.side[rows], every.risk[rows], every.cost[rows],
        every.reward[rows],
    )  # fmt: skip
    spread = np.nanstd(np.where(np.isfinite(dataset.X), dataset.X, np.nan), axis=0)
    for from_start in (False, True):
        again = replay_features(
            ground.plan, ground.candles, ground.timeframe, stakes, from_start=from_start
        )
        leak = find_changed_rows(dataset.X[rows], again, dataset.feature_names, spread)
        if leak is None:
            return []
    return [leak]


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Return how often each kind was named, by both alarms and by each alone."""
    kinds = {kind: [row for row in rows if row["case"]["kind"] == kind] for kind in KINDS}
    named = {kind: count_named(chosen) for kind, chosen in kinds.items()}
    leaky = [one for kind, one in named.items() if kind != CLEAN and one["n"]]
    clean = named[CLEAN]
    return {
        "least_named": LEAST_NAMED,
        "most_false": MOST_FALSE,
        "kinds": named,
        "met": bool(leaky)
        and all(one["share"] >= LEAST_NAMED for one in leaky)
        and bool(clean["n"])
        and clean["share"] <= MOST_FALSE,
    }


def count_named(rows: Sequence[Row]) -> Mapping[str, Any]:
    """Return how many rows have a leak named rightly, and by which alarm."""
    return {
        **share(sum(row["is_named"] for row in rows), len(rows)),
        "by_table": sum(row["by_table"] for row in rows),
        "by_replay": sum(row["by_replay"] for row in rows),
    }
