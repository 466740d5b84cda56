from dataclasses import replace

import numpy as np
import pytest

from ml_training.core.fit import fit
from ml_training.core.settings import TrainSettings
from ml_training.evaluation.baselines import BaseRate, LogisticBaseline
from ml_training.evaluation.blend import mix_chances
from ml_training.evaluation.calibration import Calibration
from ml_training.evaluation.threshold import choose_threshold
from ml_training.study.blocks import cut_blocks
from ml_training.study.candidates import PULL_ROWS, Candidate, prepare_candidates
from ml_training.study.choosing import FEW, choose_served
from ml_training.study.fitting import STOP_SHARE, fit_anew, fit_models, join
from ml_training.study.models import (
    BASE_RATE,
    BLEND,
    BOOSTING,
    ENSEMBLE,
    FOREST,
    LOGISTIC,
    NETWORK,
    PAIRWISE,
    TRANSFER,
    predict_wins,
)
from tests.study.builders import change, make_set

CHEAP = {LOGISTIC, PAIRWISE, BOOSTING, FOREST, BLEND}


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
    return Candidate(name, model, 0.4, Calibration(), threshold, held_out=chances)


def know_nothing(blocks):
    base = BaseRate(float(blocks.validation.y.mean()))
    chances = base.predict_proba(blocks.validation.X)
    threshold = choose_threshold(chances, blocks.validation.r)
    return Candidate(BASE_RATE, base, base.rate, Calibration(), threshold, held_out=chances)


def by_name(*candidates):
    return {one.name: one for one in candidates}


def test_best_is_served_when_it_is_clearly_better_than_what_is_simpler(blocks):
    found = by_name(
        fixed(NETWORK, 1.0, blocks), fixed(LOGISTIC, 0.15, blocks), know_nothing(blocks)
    )
    choice = choose_served(found, blocks.validation, seed=0)
    assert choice.name == NETWORK
    assert "The best on validation" in choice.reason
    assert "logistic regression 0." in choice.reason


def alike(blocks):
    return [
        fixed(NETWORK, 1.01, blocks),
        fixed(FOREST, 0.1, blocks),
        fixed(LOGISTIC, 0.99, blocks),
        know_nothing(blocks),
    ]


def test_simpler_model_is_served_when_it_is_as_good_within_noise(blocks):
    choice = choose_served(by_name(*alike(blocks)), blocks.validation, seed=0)
    assert choice.name == LOGISTIC
    assert "network is not better than the logistic regression by more" in choice.reason


def test_blend_is_served_when_nothing_is_clearly_better(blocks):
    found = by_name(*alike(blocks), fixed(BLEND, 0.97, blocks))
    assert choose_served(found, blocks.validation, seed=0).name == BLEND


def test_blend_is_not_served_when_one_of_its_models_is_clearly_better(blocks):
    found = by_name(*alike(blocks), fixed(BLEND, 0.2, blocks))
    assert choose_served(found, blocks.validation, seed=0).name == LOGISTIC


def test_baseline_is_served_when_it_is_clearly_better_than_the_network(blocks):
    found = by_name(
        fixed(NETWORK, 0.15, blocks), fixed(BOOSTING, 1.0, blocks), know_nothing(blocks)
    )
    assert choose_served(found, blocks.validation, seed=0).name == BOOSTING


def test_base_rate_is_served_when_all_models_mislead(blocks):
    found = by_name(fixed(NETWORK, -1, blocks), fixed(LOGISTIC, -2, blocks), know_nothing(blocks))
    choice = choose_served(found, blocks.validation, seed=0)
    assert choice.name == BASE_RATE
    assert "No model is better than the base rate" in choice.reason


def test_network_from_a_base_comes_first_when_few_setups_cannot_tell(blocks):
    found = by_name(*alike(blocks), fixed(BLEND, 0.97, blocks), fixed(TRANSFER, 0.7, blocks))
    few = blocks.validation.take(np.arange(12))
    found = {name: replace(one, held_out=one.held_out[:12]) for name, one in found.items()}
    choice = choose_served(found, few, seed=0, prefers_base=True)
    assert choice.name == TRANSFER
    assert "by more than chance explains" in choice.reason


def cut_short(found, n):
    return {name: replace(one, held_out=one.held_out[:n]) for name, one in found.items()}


def test_luck_on_few_setups_does_not_overrule_a_base_but_a_clear_failure_does(blocks):
    few = blocks.validation.take(np.arange(FEW - 1))
    likely = np.where(few.y == 1, 0.9, 0.1)
    base = fixed(TRANSFER, 0.7, blocks)
    found = cut_short(by_name(base, fixed(LOGISTIC, 0.9, blocks), know_nothing(blocks)), FEW - 1)
    for served, held_out in ((TRANSFER, found[TRANSFER].held_out), (LOGISTIC, 1 - likely)):
        found[TRANSFER] = replace(base, held_out=held_out)
        found[LOGISTIC] = replace(found[LOGISTIC], held_out=likely * 0.2 + 0.4)
        choice = choose_served(found, few, seed=0, prefers_base=True)
        assert choice.name == served


def test_network_from_a_base_waits_behind_the_blend_when_setups_are_many(blocks):
    found = by_name(*alike(blocks), fixed(BLEND, 0.97, blocks), fixed(TRANSFER, 0.99, blocks))
    assert choose_served(found, blocks.validation, seed=0).name == BLEND


@pytest.mark.parametrize("coef", [-1.0, 0.1])
def test_network_from_a_base_is_not_served_when_another_is_clearly_better(blocks, coef):
    found = by_name(
        fixed(TRANSFER, coef, blocks), fixed(LOGISTIC, 1.0, blocks), know_nothing(blocks)
    )
    choice = choose_served(found, blocks.validation, seed=0, prefers_base=True)
    assert choice.name == LOGISTIC


def test_base_rate_is_served_when_it_is_clearly_better_than_the_network_from_a_base(blocks):
    found = by_name(fixed(TRANSFER, -1.0, blocks), know_nothing(blocks))
    choice = choose_served(found, blocks.validation, seed=0, prefers_base=True)
    assert choice.name == BASE_RATE
    assert "No model is better than the base rate" in choice.reason


def test_refused_network_is_never_served(blocks):
    refused = replace(fixed(NETWORK, 1.0, blocks), model=refuse_network())
    found = by_name(refused, fixed(LOGISTIC, 0.5, blocks), know_nothing(blocks))
    assert refused.is_refused
    choice = choose_served(found, blocks.validation, seed=0)
    assert choice.name == LOGISTIC
    assert "The network was refused" in choice.reason


def refuse_network():
    """Return what the engine leaves of a table with one class only."""
    X = np.random.default_rng(0).standard_normal((40, 3))
    result = fit(None, X, np.zeros(40, dtype=int), X, np.zeros(40, dtype=int))
    assert result.status == "refused"
    return result


@pytest.fixture(scope="module")
def prepared(blocks):
    return prepare_candidates(blocks.train, blocks.validation, TrainSettings(seed=3), names=CHEAP)


def test_every_baseline_and_their_blend_is_prepared_without_a_network(prepared):
    assert list(prepared) == [LOGISTIC, PAIRWISE, BOOSTING, FOREST, BLEND, BASE_RATE]
    assert [one.name for one in prepared.values()] == list(prepared)


def test_blend_mixes_the_raw_chances_of_the_others(prepared, blocks):
    blend = prepared[BLEND].model
    parts = [predict_wins(prepared[name].model, blocks.test.X) for name in blend.members]
    expected = mix_chances(parts, blend.weights, anchor=prepared[BLEND].base_rate)
    np.testing.assert_allclose(blend.predict_proba(blocks.test.X), expected, atol=1e-12)
    assert list(blend.members) == [PAIRWISE, BOOSTING, FOREST]


@pytest.mark.slow
def test_ensemble_is_prepared_and_mixed_when_asked_for(blocks):
    settings = TrainSettings(seed=3, max_epochs=2)
    names = {ENSEMBLE, LOGISTIC, BLEND}
    found = prepare_candidates(blocks.train, blocks.validation, settings, names=names)
    assert list(found) == [ENSEMBLE, LOGISTIC, BLEND, BASE_RATE]
    assert list(found[BLEND].model.members) == [ENSEMBLE, LOGISTIC]
    assert found[ENSEMBLE].evaluate(blocks.test, seed=0).metrics.auc > 0.7


def test_only_what_was_asked_for_is_prepared(blocks):
    settings = TrainSettings(seed=3)
    found = prepare_candidates(blocks.train, blocks.validation, settings, names={LOGISTIC, BLEND})
    assert list(found) == [LOGISTIC, BASE_RATE]


def test_candidates_are_the_same_when_prepared_again(prepared, blocks):
    settings = TrainSettings(seed=3)
    twin = prepare_candidates(blocks.train, blocks.validation, settings, names=CHEAP)
    for name, one in prepared.items():
        np.testing.assert_array_equal(
            twin[name].predict_proba(blocks.test.X), one.predict_proba(blocks.test.X)
        )


def test_held_out_chances_do_not_know_their_own_outcomes(blocks):
    flipped = blocks.validation.y.copy()
    n_first = len(np.array_split(flipped, 5)[0])
    flipped[:n_first] = 1 - flipped[:n_first]
    other = change(blocks.validation, y=flipped)
    settings = TrainSettings(seed=3)
    names = {LOGISTIC, BLEND, BOOSTING}
    one = prepare_candidates(blocks.train, blocks.validation, settings, names=names)
    two = prepare_candidates(blocks.train, other, settings, names=names)
    for name in names:
        held_out = one[name].held_out
        assert held_out.shape == (len(other),)
        np.testing.assert_array_equal(two[name].held_out[:n_first], held_out[:n_first])


@pytest.fixture(scope="module")
def network(blocks):
    """Return a candidate that is not fitted anew: a network of the caller."""
    train, validation = blocks.train, blocks.validation
    settings = TrainSettings(seed=3, max_epochs=3)
    result = fit(None, train.X, train.y, validation.X, validation.y, settings=settings)
    found = prepare_candidates(train, validation, settings, {NETWORK: result}, names=())
    assert found[NETWORK].model is result
    return found[NETWORK]


def test_candidate_is_calibrated_and_cut_on_validation(network, blocks):
    assert network.threshold.n == len(blocks.validation)
    assert network.base_rate == network.calibration.anchor
    expected = network.calibration.apply(predict_wins(network.model, blocks.test.X))
    np.testing.assert_array_equal(network.predict_proba(blocks.test.X), expected)


def test_candidate_is_measured_at_its_own_threshold_when_evaluated(network, blocks):
    found = network.evaluate(blocks.test, seed=0)
    assert found.name == NETWORK
    assert found.metrics.threshold == network.threshold.value
    assert found.metrics.n == len(blocks.test)
    assert found.metrics.auc > 0.7


def test_validation_is_judged_by_what_was_said_before_it_was_learned_from(prepared, blocks):
    candidate = prepared[LOGISTIC]
    held_out = candidate.evaluate_held_out(blocks.validation, seed=0).metrics
    learned = candidate.evaluate(blocks.validation, seed=0).metrics
    assert held_out.n == learned.n == len(blocks.validation)
    assert learned.log_loss < held_out.log_loss


def test_served_model_has_learned_from_validation_too(prepared, blocks):
    past = join(blocks.train, blocks.validation)
    expected = LogisticBaseline.fit(past.X, past.y, past.weight)
    np.testing.assert_array_equal(prepared[LOGISTIC].model.coef, expected.coef)
    assert prepared[LOGISTIC].base_rate == BaseRate.fit(past.y, past.weight).rate


def test_take_profit_is_worth_it_from_the_break_even_chance_of_the_past_on(prepared, blocks):
    past = join(blocks.train, blocks.validation)
    known = choose_threshold([], past.r).value
    assert {one.threshold.value for one in prepared.values()} == {known}


def test_test_block_is_neither_learned_from_nor_calibrated_on(prepared, blocks):
    past = join(blocks.train, blocks.validation)
    assert past.t1.max() < blocks.test.t0.min()
    assert len(past) == len(blocks.train) + len(blocks.validation)


@pytest.mark.slow
def test_ensemble_is_believed_less_where_setups_are_few(blocks):
    settings = TrainSettings(seed=3, max_epochs=2)
    found = prepare_candidates(blocks.train, blocks.validation, settings, names={ENSEMBLE})
    calibration = found[ENSEMBLE].calibration
    n = join(blocks.train, blocks.validation).n_effective
    assert calibration.applied
    assert calibration.temperature == pytest.approx((n + PULL_ROWS) / n, rel=1.5)
    assert calibration.temperature > 1


@pytest.mark.slow
def test_ensemble_fitted_anew_holds_back_the_newest_setups_only_to_stop_by(blocks):
    settings, past = TrainSettings(seed=3, max_epochs=3), join(blocks.train, blocks.validation)
    before = fit_models(
        blocks.train, blocks.validation, settings, names={ENSEMBLE}, beat=lambda: False
    )
    now = fit_anew(before, past, settings, beat=lambda: False)
    n_learned = len(now[ENSEMBLE].held_out)
    assert len(blocks.train) < n_learned <= round((1 - STOP_SHARE) * len(past))
    assert len(now[ENSEMBLE].history.scores) <= len(before[ENSEMBLE].history.scores)
