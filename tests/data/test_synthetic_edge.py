"""The planted edge is found by what the product offers, and gone when switched off."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ml_training.data.features import compute_features, plan_features
from ml_training.data.frame import Frame
from ml_training.data.labelled import concat_sets, set_from_setups
from ml_training.data.presets import PRESETS
from ml_training.data.resample import resample
from ml_training.data.rules import indicator_uses, parse_rules
from ml_training.data.setups import scan_setups
from ml_training.data.splits import calendar_split
from ml_training.data.synthetic import make_market
from ml_training.data.timeframes import TIMEFRAMES

N_BARS = 5_000  # some 880 setups
SEEDS = (0, 1, 2, 3)


@cache
def collect(seed, preset, *, edge):
    rules = parse_rules(PRESETS[preset].document)
    plan = plan_features(indicator_uses(rules))
    parts = []
    for spec, candles in make_market(n_bars=N_BARS, seed=seed, edge=edge):
        for timeframe in ("15m", "1h", "4h"):
            bars = resample(candles, TIMEFRAMES["15m"], TIMEFRAMES[timeframe])
            frame = Frame(bars, timeframe)
            setups = scan_setups(rules, frame, spec)
            X = compute_features(
                plan,
                frame,
                signal_index=setups.signal_index,
                side=setups.side,
                risk=setups.risk,
                cost=setups.cost,
            )
            part = set_from_setups(
                setups,
                X,
                symbol=spec.symbol,
                timeframe=timeframe,
                feature_names=plan.names,
                feature_digest=plan.digest,
            )
            parts.append(part)
    return concat_sets(parts)


def score(rows):
    """Return the test AUC of a logistic regression, R of its better half and of all."""
    split = calendar_split(rows.t0, rows.t1)
    learnt = np.concatenate([split.train, split.validation])
    model = make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=0.05, max_iter=1000),
    )
    model.fit(rows.X[learnt], rows.y[learnt])
    chance = model.predict_proba(rows.X[split.test])[:, 1]
    r = rows.r[split.test]
    return (
        roc_auc_score(rows.y[split.test], chance),
        r[chance > np.median(chance)].mean(),
        r.mean(),
    )


@pytest.mark.slow
def test_rsi_returns_are_some_880_and_a_model_ranks_them_when_the_edge_is_on():
    sets = [collect(seed, "rsi_return", edge=True) for seed in SEEDS]
    assert all(750 < len(rows.y) < 1000 for rows in sets)
    aucs, filtered, taken = np.transpose([score(rows) for rows in sets])
    assert aucs.mean() > 0.64
    assert aucs.min() > 0.58
    assert filtered.mean() > taken.mean() + 0.2


@pytest.mark.slow
def test_no_model_ranks_them_when_the_edge_is_off():
    sets = [collect(seed, "rsi_return", edge=False) for seed in SEEDS]
    aucs, filtered, _ = np.transpose([score(rows) for rows in sets])
    n_test = sum(len(rows.y) for rows in sets) / 5
    assert abs(aucs.mean() - 0.5) < 3 * 0.65 / np.sqrt(n_test)
    assert filtered.mean() < 0.15


def test_setups_gain_nothing_before_costs_when_the_edge_is_off():
    """Stops and targets are filled at their level: prices must not leap over them."""
    rules = parse_rules(PRESETS["rsi_return"].document)
    r = np.concatenate(
        [
            scan_setups(rules, Frame(candles, "15m"), replace(spec, spread_pips=0.0)).r
            for seed in SEEDS
            for spec, candles in make_market(n_bars=15_000, seed=seed, edge=False)
        ]
    )
    r = r[np.isfinite(r)]
    assert len(r) > 5_000
    assert abs(r.mean()) < 3 * r.std() / np.sqrt(len(r))


@pytest.mark.slow
def test_break_outs_are_ranked_too_when_the_edge_is_on():
    aucs = [score(collect(seed, "donchian_break", edge=True))[0] for seed in SEEDS[:2]]
    assert np.mean(aucs) > 0.6
