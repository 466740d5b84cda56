import numpy as np
import pytest

from ml_training.evaluation.baselines import BaseRate, LogisticBaseline
from ml_training.evaluation.calibration import Calibration
from ml_training.evaluation.threshold import choose_threshold
from ml_training.study.blocks import cut_blocks
from ml_training.study.candidates import (
    BASE_RATE,
    LOGISTIC,
    NETWORK,
    Candidate,
    choose_served,
    prepare_candidate,
)
from tests.study.builders import make_set


@pytest.fixture(scope="module")
def blocks():
    return cut_blocks(make_set(900, edge=1.0), (0.6, 0.2, 0.2))


def fixed(name, coef, blocks):
    """Return a candidate whose log-odds are the true ones times `coef`."""
    n = blocks.train.n_features
    weights = np.zeros(n)
    weights[:2] = coef, -coef
    zero, one = np.zeros(n), np.ones(n)
    model = LogisticBaseline(zero, zero - 9, zero + 9, zero, one, weights, -0.4)
    chances = model.predict_proba(blocks.validation.X)
    threshold = choose_threshold(chances, blocks.validation.r)
    return Candidate(name, model, 0.4, Calibration(), threshold)


def know_nothing(blocks):
    base = BaseRate(float(blocks.validation.y.mean()))
    chances = base.predict_proba(blocks.validation.X)
    threshold = choose_threshold(chances, blocks.validation.r)
    return Candidate(BASE_RATE, base, base.rate, Calibration(), threshold)


def by_name(*candidates):
    return {one.name: one for one in candidates}


def test_network_is_served_when_nothing_simpler_is_clearly_better(blocks):
    candidates = by_name(
        fixed(NETWORK, 0.9, blocks), fixed(LOGISTIC, 1.0, blocks), know_nothing(blocks)
    )
    choice = choose_served(candidates, blocks.validation, seed=0)
    assert choice.name == NETWORK
    assert "Nothing simpler is clearly better" in choice.reason
    assert "logistic regression 0." in choice.reason


def test_logistic_is_served_when_it_is_clearly_better(blocks):
    candidates = by_name(
        fixed(NETWORK, 0.15, blocks), fixed(LOGISTIC, 1.0, blocks), know_nothing(blocks)
    )
    choice = choose_served(candidates, blocks.validation, seed=0)
    assert choice.name == LOGISTIC
    assert "better on validation by more than chance explains" in choice.reason


def test_base_rate_is_served_when_both_models_mislead(blocks):
    candidates = by_name(
        fixed(NETWORK, -1, blocks), fixed(LOGISTIC, -2, blocks), know_nothing(blocks)
    )
    choice = choose_served(candidates, blocks.validation, seed=0)
    assert choice.name == BASE_RATE
    assert "no better than the base rate" in choice.reason


def test_best_of_the_rest_is_served_when_the_network_was_refused(blocks):
    candidates = by_name(fixed(LOGISTIC, 1.0, blocks), know_nothing(blocks))
    choice = choose_served(candidates, blocks.validation, seed=0)
    assert choice.name == LOGISTIC
    assert "The network was refused" in choice.reason


def test_candidate_is_calibrated_and_cut_on_validation_only(blocks):
    model = LogisticBaseline.fit(blocks.train.X, blocks.train.y)
    candidate = prepare_candidate(LOGISTIC, model, blocks.validation, base_rate=0.4)
    assert candidate.threshold.n == len(blocks.validation)
    assert candidate.calibration.anchor == 0.4
    expected = candidate.calibration.apply(model.predict_proba(blocks.test.X))
    np.testing.assert_array_equal(candidate.predict_proba(blocks.test.X), expected)


def test_candidate_is_measured_at_its_own_threshold_when_evaluated(blocks):
    model = LogisticBaseline.fit(blocks.train.X, blocks.train.y)
    candidate = prepare_candidate(LOGISTIC, model, blocks.validation, base_rate=0.4)
    found = candidate.evaluate(blocks.test, seed=0)
    assert found.name == LOGISTIC
    assert found.metrics.threshold == candidate.threshold.value
    assert found.metrics.n == len(blocks.test)
    assert found.metrics.auc > 0.7
