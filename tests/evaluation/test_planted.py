"""Edges that were planted are found, leaks that were injected are named.

Setups are independent here and the true chances are known, so that each figure can be
compared with the best any model could reach.
"""

import numpy as np
import pytest

from ml_training.evaluation.baselines import BaseRate, LogisticBaseline
from ml_training.evaluation.calibration import fit_temperature
from ml_training.evaluation.circumstances import Circumstances
from ml_training.evaluation.metrics import measure_auc, measure_log_loss
from ml_training.evaluation.outcomes import evaluate
from ml_training.evaluation.threshold import choose_threshold
from ml_training.evaluation.verdict import judge
from tests.evaluation.builders import COVERAGE, make_outcomes

pytestmark = pytest.mark.slow
WIN_R, LOSS_R = 1.9, -1.1
BREAK_EVEN = -LOSS_R / (WIN_R - LOSS_R)
SYNTHETIC = Circumstances(is_synthetic=True)


def plant(n, *, strength, seed, n_columns=8, base=BREAK_EVEN):
    """Return features, true chances and outcomes; the first column knows."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, n_columns))
    log_odds = np.log(base / (1 - base)) + strength * X[:, 0]
    chances = 1 / (1 + np.exp(-log_odds))
    return X, chances, (rng.random(n) < chances).astype(int)


def study(X, y, *, seed=0, circumstances=SYNTHETIC):
    """Train the logistic rival and judge it on the last fifth."""
    train, check, test = np.split(np.arange(len(y)), [int(0.6 * len(y)), int(0.8 * len(y))])
    r = np.where(y == 1, WIN_R, LOSS_R)
    model, rate = LogisticBaseline.fit(X[train], y[train]), BaseRate.fit(y[train]).rate
    calibration = fit_temperature(y[check], model.predict_proba(X[check]), anchor=rate)
    threshold = choose_threshold(calibration.apply(model.predict_proba(X[check])), r[check]).value
    chances = calibration.apply(model.predict_proba(X[test]))
    outcomes = make_outcomes(y[test], r[test])
    found = evaluate("m", outcomes, chances, threshold=threshold, base_rate=rate, seed=seed)
    return judge(found, COVERAGE, circumstances), found, test


def test_auc_comes_within_a_hundredth_of_the_optimum_when_setups_are_many():
    X, chances, y = plant(20_000, strength=0.5, seed=0)
    _, found, test = study(X, y)
    assert found.metrics.auc == pytest.approx(measure_auc(y[test], chances[test]), abs=0.01)


def test_log_loss_comes_close_to_the_optimum_when_setups_are_many():
    X, chances, y = plant(20_000, strength=0.5, seed=1)
    _, found, test = study(X, y)
    assert found.metrics.log_loss < measure_log_loss(y[test], chances[test]) + 0.002
    assert found.metrics.ece < 0.03


def test_expectancy_comes_close_to_the_optimum_when_setups_are_many():
    X, chances, y = plant(40_000, strength=0.5, seed=2)
    _, found, test = study(X, y)
    r = np.where(y[test] == 1, WIN_R, LOSS_R)
    best = r[chances[test] >= BREAK_EVEN].sum()
    assert found.taken.total_r > 0.85 * best


@pytest.mark.parametrize("strength", [0.4, 0.8])
def test_edge_is_claimed_in_most_runs_when_it_was_planted(strength):
    claims = [
        study(*plant(5_000, strength=strength, seed=seed)[::2])[0].claims_edge
        for seed in range(10)
    ]
    assert sum(claims) >= 8


def test_strong_edge_is_called_stable_when_setups_suffice():
    X, _, y = plant(10_000, strength=0.8, seed=0)
    verdict, _, _ = study(X, y)
    assert verdict.key == "edge_stable"


def test_edge_that_dies_half_way_is_not_called_stable():
    X, _, y = plant(10_000, strength=0.6, seed=0)
    late = np.arange(9_000, 10_000)
    y[late] = np.random.default_rng(1).permutation(y[late])
    verdict, found, _ = study(X, y)
    assert found.halves[0].auc > 0.6
    assert verdict.key != "edge_stable"


def test_ranking_does_not_pay_when_costs_eat_it():
    """The same ranking, but every trade costs two thirds of the risk more."""
    X, chances, y = plant(10_000, strength=0.3, seed=0, base=0.35)
    train, test = np.arange(6_000), np.arange(8_000, 10_000)
    r = np.where(y == 1, WIN_R, LOSS_R) - 0.7
    model = LogisticBaseline.fit(X[train], y[train])
    threshold = choose_threshold(chances[6_000:8_000], r[6_000:8_000]).value
    outcomes = make_outcomes(y[test], r[test])
    chances = model.predict_proba(X[test])
    found = evaluate("m", outcomes, chances, threshold=threshold, base_rate=0.35, seed=0)
    assert judge(found, COVERAGE, SYNTHETIC).key == "ranks_but_does_not_pay"


def leak_label(X, y, rng):
    """Copy the label into a column, with a fifth of it wrong."""
    X[:, 3] = np.where(rng.random(len(y)) < 0.2, 1 - y, y)


def leak_future(X, y, rng):
    """Let a column know the outcome through noise, as a shifted price would."""
    X[:, 3] = y + rng.standard_normal(len(y))


@pytest.mark.parametrize("leak", [leak_label, leak_future])
@pytest.mark.parametrize("n", [1_000, 5_000])
def test_leak_is_named_in_nearly_every_run_when_it_was_injected(leak, n):
    named = 0
    for seed in range(20):
        X, _, y = plant(n, strength=0.0, seed=seed)
        leak(X, y, np.random.default_rng(seed))
        verdict, _, _ = study(X, y, circumstances=Circumstances())
        named += verdict.key == "suspected_leak"
    assert named >= 19


def test_no_leak_is_suspected_when_an_honest_edge_is_as_large_as_markets_give():
    keys = []
    for seed in range(20):
        X, chances, y = plant(5_000, strength=0.17, seed=seed)
        assert measure_auc(y, chances) == pytest.approx(0.55, abs=0.03)
        keys.append(study(X, y, circumstances=Circumstances())[0].key)
    assert "suspected_leak" not in keys


def test_noise_is_called_noise_when_setups_are_many():
    keys = []
    for seed in range(20):
        X, _, y = plant(5_000, strength=0.0, seed=seed)
        keys.append(study(X, y, circumstances=Circumstances())[0].key)
    assert keys.count("no_edge") >= 18
