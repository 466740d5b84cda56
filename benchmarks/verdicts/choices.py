"""What the constants of the procedure rest on: each choice beside what it replaced."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.verdicts import noise, planted
from benchmarks.verdicts.products import ask_lasso
from benchmarks.verdicts.rows import Case, Row
from benchmarks.verdicts.sets import CANDLES, scan_real
from ml_training.core.events import never
from ml_training.core.settings import TrainSettings
from ml_training.data.folds import Fold, walk_forward
from ml_training.data.labelled import LabelledSet
from ml_training.evaluation.baselines import BaseRate
from ml_training.evaluation.blend import fit_weights, mix_chances
from ml_training.evaluation.calibration import _fit_curve, _read_curve, fit_temperature, pull
from ml_training.evaluation.metrics import log_losses, measure_auc
from ml_training.evaluation.threshold import choose_threshold
from ml_training.study.fitting import fit_anew, fit_models, join
from ml_training.study.models import (
    BOOSTING,
    ENSEMBLE,
    FOREST,
    LOGISTIC,
    PAIRWISE,
    predict_wins,
)
from ml_training.study.settings import MAX_EPOCHS

Floats = NDArray[np.float64]
Said = dict[str, Floats]

RUNS = 36
PLANTED, NOISE, REAL = "planted edges", "noise", "real candles"
NAMES = (ENSEMBLE, LOGISTIC, PAIRWISE, BOOSTING, FOREST)
BLENDED = (ENSEMBLE, PAIRWISE, BOOSTING, FOREST)
HALVES = (500, 1000, 2000, 4000)
"""Effective setups at which half of what the ensemble says is believed."""
N_LEVELS, MIN_TAKEN = 20, 20  # of the search that the break-even chance replaced
FX = [["AUDUSD", "1h"], ["EURJPY", "1h"], ["GBPUSD", "1h"], ["USDCHF", "1h"], ["USDJPY", "1h"]]
FOUR = [["AUDUSD", "4h"], ["EURUSD", "4h"], ["GBPUSD", "4h"], ["USDJPY", "4h"], ["XAUUSD", "4h"]]
SETS: tuple[tuple[str, list[list[str]]], ...] = (
    ("adx_trend", FX),
    ("bollinger_break", FX[:3]),
    ("engulfing", FOUR),
    ("inside_bar", FX[2:4]),
    ("macd_cross", FOUR),
    ("ema_cross", [["XAUUSD", "1h"]]),
    ("donchian_break", FX[3:]),
    ("bollinger_reversion", FOUR),
)
"""Rules and markets; none of these sets is among those of the part `real`."""


def list_cases(runs: int = RUNS, first_seed: int = 0) -> list[Case]:
    """Return planted edges, noise and real sets by turns, the real ones once."""
    shared = range(first_seed, first_seed + runs // 3)
    small = planted.list_cases(runs=len(shared), seeds=0, first_seed=first_seed)
    blank = noise.list_cases(runs=len(shared), first_seed=first_seed)
    known = [{"preset": preset, "markets": markets} for preset, markets in SETS[: len(shared)]]
    kinds = ((PLANTED, small), (NOISE, blank), (REAL, known))
    return [{"of": kind, "inner": dict(one)} for kind, cases in kinds for one in cases]


def make_set(case: Case) -> LabelledSet:
    """Return the setups of a case."""
    inner = case["inner"]
    if case["of"] == PLANTED:
        return planted.make_set(inner)[0]
    if case["of"] == NOISE:
        return noise.make_set(inner)
    markets = [(symbol, timeframe) for symbol, timeframe in inner["markets"]]
    return scan_real(inner["preset"], markets, CANDLES)


def run_case(case: Case) -> Row:
    """Score every way to go on the set of a case."""
    return judge(make_set(case))


def judge(dataset: LabelledSet) -> Row:
    """Walk one set forward, and score every way to do it on the unseen setups."""
    steps = [_step(dataset, fold) for fold in walk_forward(dataset.t0, dataset.t1)]
    ways = list(steps[0]["losses"])
    losses = {way: np.concatenate([one["losses"][way] for one in steps]) for way in ways}
    base = np.concatenate([one["base"] for one in steps])
    taken = {
        name: np.concatenate([one["taken"][name] for one in steps]) for name in steps[0]["taken"]
    }
    return {
        "n": len(dataset),
        "losses": {way: float(np.mean(one) - np.mean(base)) for way, one in losses.items()},
        "aucs": {way: float(np.mean([one["aucs"][way] for one in steps])) for way in ways},
        "taken_r": {name: float(r.mean()) if len(r) else 0.0 for name, r in taken.items()},
    }


def _step(dataset: LabelledSet, fold: Fold) -> dict[str, Any]:
    """Return losses, AUC and taken results of every way on one step's unseen setups."""
    train, validation, test = (
        dataset.take(rows) for rows in (fold.train, fold.validation, fold.test)
    )
    past, settings = join(train, validation), TrainSettings(max_epochs=MAX_EPOCHS)
    before = fit_models(train, validation, settings, names=NAMES, beat=never)
    now = fit_anew(before, past, settings, beat=never)
    old, new = (BaseRate.fit(one.y, one.weight).rate for one in (train, past))
    ways: Said = {}
    for name in NAMES:
        early = predict_wins(before[name], test.X)
        judged = predict_wins(before[name], validation.X)
        warm = fit_temperature(validation.y, judged, anchor=old)
        ways[f"{name}, as judged"] = early
        ways[f"{name}, as judged, temperature"] = warm.apply(early)
        curve = _fit_curve(validation.y.astype(np.int64), judged, old)
        ways[f"{name}, as judged, isotonic"] = _read_curve(early, *curve)
        ways[f"{name}, fitted anew"] = predict_wins(now[name], test.X)
    ways["lasso over all products"] = ask_lasso(past, test.X)
    late = ways[f"{ENSEMBLE}, fitted anew"]
    for half in HALVES:
        share = past.n_effective / (past.n_effective + half)
        ways[f"{ENSEMBLE}, fitted anew, half believed at {half:,}"] = pull(
            late, anchor=new, share=share
        )
    return {
        "losses": {way: log_losses(test.y, p) for way, p in ways.items()},
        "base": log_losses(test.y, np.full(len(test), new)),
        "aucs": {way: measure_auc(test.y, p) or 0.5 for way, p in ways.items()},
        "taken": _take(before, train, validation, test, past),
    }


def _take(
    before: Mapping[str, Any],
    train: LabelledSet,
    validation: LabelledSet,
    test: LabelledSet,
    past: LabelledSet,
) -> Said:
    """Return results of what a blend takes from either cut on."""
    rate = BaseRate.fit(train.y, train.weight).rate
    judged, unseen = (
        np.stack([predict_wins(before[name], block.X) for name in BLENDED])
        for block in (validation, test)
    )
    weights = fit_weights(validation.y, judged, anchor=rate, weight=validation.weight)
    known, p = (mix_chances(one, weights, anchor=rate) for one in (judged, unseen))
    even = choose_threshold(known, validation.r, known_r=past.r).value
    return {
        "searched": test.r[p >= search_cut(known, validation.r)],
        "break-even": test.r[p >= even],
        "all": np.asarray(test.r),
    }


def search_cut(p: Floats, r: Floats) -> float:
    """Return the cut, 5 % of the setups apart, that would have earned most."""
    levels = np.unique(np.quantile(p, np.arange(1, N_LEVELS) / N_LEVELS, method="higher"))
    cuts = [0.0, *(level for level in levels if np.sum(p >= level) >= MIN_TAKEN)]
    return float(cuts[int(np.argmax([r[p >= cut].sum() for cut in cuts]))])


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Return means over the sets of each kind."""
    kinds = {kind: [row for row in rows if row["case"]["of"] == kind] for kind in
             (PLANTED, NOISE, REAL)}  # fmt: skip
    return {
        "n": {kind: len(chosen) for kind, chosen in kinds.items()},
        "ways": {
            way: {
                kind: {
                    "loss": _mean(row["losses"][way] for row in chosen),
                    "auc": _mean(row["aucs"][way] for row in chosen),
                }
                for kind, chosen in kinds.items()
            }
            for way in (rows[0]["losses"] if rows else {})
        },
        "taken_r": {
            name: {kind: _mean(row["taken_r"][name] for row in chosen)
                   for kind, chosen in kinds.items()}
            for name in (rows[0]["taken_r"] if rows else {})
        },
    }  # fmt: skip


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return float(np.mean(known)) if known else None


def tell(row: Row) -> str:
    """Return one set in a line."""
    best = min(row["losses"], key=row["losses"].__getitem__)
    return f"{row['case']['of']}, {row['n']:,} setups: best {best}, {row['cpu_s']} s"
