"""On markets that cannot be predicted an edge may be claimed in at most 5 % of runs."""

import numpy as np
import pytest

from ml_training.data.weights import average_uniqueness
from ml_training.evaluation.baselines import BaseRate, LogisticBaseline
from ml_training.evaluation.calibration import fit_temperature
from ml_training.evaluation.outcomes import Outcomes, evaluate
from ml_training.evaluation.threshold import choose_threshold
from ml_training.evaluation.verdict import judge
from tests.evaluation.builders import COVERAGE, HOUR_S, walk_markets

N_RUNS = 60
PURGE_S = 50 * HOUR_S


def study_noise(seed, **market):
    """Train, calibrate and judge a cheap model the way a study does."""
    X, r, t0, t1, symbol = walk_markets(np.random.default_rng(seed), **market)
    y, weight = (r > 0).astype(int), average_uniqueness(t0, t1, symbol)
    cut, late = t0[int(0.6 * len(y))], t0[int(0.8 * len(y))]
    train = np.flatnonzero(t1 < cut - PURGE_S)
    check = np.flatnonzero((t0 >= cut) & (t1 < late - PURGE_S))
    test = np.flatnonzero(t0 >= late)
    model = LogisticBaseline.fit_with(0.01, X[train], y[train], weight[train])
    rate = BaseRate.fit(y[train], weight[train]).rate
    calibration = fit_temperature(y[check], model.predict_proba(X[check]), anchor=rate)
    threshold = choose_threshold(calibration.apply(model.predict_proba(X[check])), r[check]).value
    unseen = Outcomes(y[test], r[test], t0[test], t1[test], weight[test])
    chances = calibration.apply(model.predict_proba(X[test]))
    return evaluate("m", unseen, chances, threshold=threshold, base_rate=rate, seed=seed)


@pytest.fixture(scope="module")
def dense_runs():
    """Setups every eight bars, held for up to 48: each is worth about a third."""
    market = {"n_bars": 30_000, "n_symbols": 3, "every": 8}
    return [study_noise(seed, **market) for seed in range(N_RUNS)]


@pytest.mark.slow
def test_edge_is_claimed_in_at_most_one_run_of_twenty_when_noise_is_dense(dense_runs):
    check_claims(dense_runs)


@pytest.mark.slow
def test_edge_is_claimed_in_at_most_one_run_of_twenty_when_noise_is_sparse():
    market = {"n_bars": 60_000, "n_symbols": 4, "every": 48}
    check_claims([study_noise(seed, **market) for seed in range(N_RUNS)])


@pytest.mark.slow
def test_auc_strays_as_the_rule_of_thumb_says_when_setups_overlap(dense_runs):
    z = [(e.auc.value - 0.5) * np.sqrt(e.n_effective) for e in dense_runs]
    assert abs(np.mean(z)) < 3 * 0.65 / np.sqrt(len(z))
    assert 0.5 < np.std(z) < 0.8


def check_claims(evaluations):
    verdicts = [judge(evaluation, COVERAGE).key for evaluation in evaluations]
    assert verdicts.count("not_enough_data") < N_RUNS / 4, "the market is too small to tell"
    assert sum(key.startswith("edge") for key in verdicts) <= 0.05 * N_RUNS
    assert verdicts.count("suspected_leak") == 0
