"""Folds are judged together, each model within its own fold."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ml_training.evaluation.circumstances import Circumstances
from ml_training.evaluation.evidence import list_doubts, list_evidence
from ml_training.evaluation.metrics import measure_log_loss
from ml_training.evaluation.outcomes import PeriodScore
from ml_training.evaluation.significance import Interval
from ml_training.evaluation.verdict import judge
from ml_training.evaluation.walk_forward import FoldSaid, Said, list_ways, pool_folds
from tests.evaluation.builders import COVERAGE, draw_signal, make_evaluation, make_outcomes

N_FOLDS, N_EACH = 5, 300


def make_folds(*, strength=0.5, seed=0, served="good", noise_seed=1):
    """Return five folds said by a model that knows and by one that does not."""
    p, y = draw_signal(N_FOLDS * N_EACH, strength=strength, seed=seed)
    luck = np.random.default_rng(noise_seed).uniform(0.2, 0.5, len(p))
    folds = []
    for number in range(N_FOLDS):
        rows = np.arange(number * N_EACH, (number + 1) * N_EACH)
        models = {
            "good": Said(p=p[rows], threshold=0.37, base_rate=0.35),
            "luck": Said(p=luck[rows], threshold=0.3 + 0.01 * number, base_rate=0.35),
            "base rate": Said(p=np.full(N_EACH, 0.35), threshold=0.0, base_rate=0.35),
        }
        folds.append(
            FoldSaid(start=number, end=number + 1, rows=rows, models=models, served=served)
        )
    return folds, make_outcomes(y, np.where(y == 1, 1.9, -1.1))


@pytest.fixture(scope="module")
def walk():
    folds, outcomes = make_folds()
    return pool_folds(folds, outcomes, n_openings=1, seed=0)


def test_pooled_auc_is_the_mean_over_folds_weighted_by_pairs(walk):
    y, p = walk.outcomes.y, walk.said.p
    folds = np.split(np.arange(len(y)), N_FOLDS)
    pairs = [y[rows].sum() * (1 - y[rows]).sum() for rows in folds]
    theirs = np.average([roc_auc_score(y[rows], p[rows]) for rows in folds], weights=pairs)
    assert walk.pooled.metrics.auc == pytest.approx(theirs, abs=1e-12)
    assert walk.pooled.auc.value == walk.pooled.metrics.auc


def test_each_fold_keeps_its_own_threshold_when_pooled():
    folds, outcomes = make_folds(served="luck")
    walk = pool_folds(folds, outcomes, n_openings=1, seed=0)
    taken = sum(int((one.models["luck"].p >= one.models["luck"].threshold).sum()) for one in folds)
    assert walk.pooled.taken.n == taken == sum(one.score.n_taken for one in walk.steps)
    assert walk.said.threshold == folds[-1].models["luck"].threshold


def test_served_models_make_one_series_when_they_change_from_fold_to_fold():
    folds, outcomes = make_folds()
    mixed = [
        replace(one, served=name)
        for one, name in zip(folds, ["good", "luck", "good", "luck", "base rate"], strict=True)
    ]
    walk = pool_folds(mixed, outcomes, n_openings=1, seed=0)
    for one in mixed:
        np.testing.assert_array_equal(walk.said.p[one.rows], one.models[one.served].p)
    assert [one.served for one in walk.steps] == [one.served for one in mixed]
    assert [one.name for one in walk.models] == ["good", "luck", "base rate"]


def test_steps_are_measured_one_by_one(walk):
    for step, rows in zip(
        walk.steps, np.split(np.arange(len(walk.outcomes)), N_FOLDS), strict=True
    ):
        y, p = walk.outcomes.y[rows], walk.said.p[rows]
        assert step.n == N_EACH
        assert step.score.auc == pytest.approx(roc_auc_score(y, p), abs=1e-12)
        assert step.log_loss == measure_log_loss(y, p)
    assert walk.n_ranking == N_FOLDS


def test_luck_is_told_from_knowledge_in_every_figure(walk):
    folds, outcomes = make_folds(served="luck")
    luck = pool_folds(folds, outcomes, n_openings=1, seed=0)
    assert walk.deflated_sharpe > 0.9 > luck.deflated_sharpe
    assert walk.pooled.p_value < 0.01 < luck.pooled.p_value
    assert walk.overfitting < 0.2


def test_more_openings_deflate_the_sharpe_ratio():
    folds, outcomes = make_folds(strength=0.2)
    ratios = [
        pool_folds(folds, outcomes, n_openings=n, seed=0).deflated_sharpe for n in (1, 5, 50)
    ]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] > ratios[2]


def test_ways_to_trade_are_levels_of_each_model_that_tells_setups_apart():
    folds, outcomes = make_folds()
    walk = pool_folds(folds, outcomes, n_openings=1, seed=0)
    constant = replace(walk.said, p=np.full(len(outcomes), 0.4))
    ways = list_ways(outcomes.r, (walk.said, constant))
    shares = (ways != 0).mean(axis=1)
    np.testing.assert_allclose(shares, [1.0, 0.8, 0.6, 0.4, 0.2], atol=0.01)


def test_fold_of_one_class_is_no_error_when_pooled():
    folds, outcomes = make_folds()
    y = outcomes.y.copy()
    y[:N_EACH] = 0
    walk = pool_folds(folds, replace(outcomes, y=y), n_openings=1, seed=0)
    assert walk.steps[0].score.auc is None
    assert walk.pooled.auc is not None
    assert walk.n_ranking == N_FOLDS - 1


def test_walk_forward_survives_json_when_written_down(walk):
    stored = json.loads(json.dumps(walk.as_dict(), allow_nan=False))
    assert set(stored) == {
        *("n_folds", "folds", "pooled", "models", "p_value", "deflated_sharpe"),
        "probability_of_overfitting",
    }
    assert stored["n_folds"] == len(stored["folds"]) == N_FOLDS
    assert set(stored["folds"][0]) == {"from", "to", "n", "auc", "log_loss", "served", "taken"}
    assert set(stored["models"]["good"]) >= {
        *("auc", "auc_low", "auc_high", "log_loss", "brier", "skill"),
    }


def stable(walk):
    """Return the walk-forward with a pooled series nobody could doubt."""
    steps = tuple(replace(one, score=PeriodScore(0.56, 0.2, 100)) for one in walk.steps)
    return replace(
        walk, pooled=make_evaluation(), steps=steps, deflated_sharpe=0.99, overfitting=0.1
    )


def test_verdict_rests_on_the_walk_forward_when_there_is_one(walk):
    circumstances = Circumstances(walk=stable(walk))
    small_test = make_evaluation(n_effective=300.0, p_value=0.4)
    verdict = judge(small_test, COVERAGE, circumstances)
    assert verdict.key == "edge_stable"
    assert judge(small_test, COVERAGE).key == "not_enough_data"
    assert any("walk-forward of 5 steps" in fact for fact in verdict.evidence)
    assert any("the model that is served, on the test block" in fact for fact in verdict.evidence)


LOST = PeriodScore(0.49, -0.1, 100)


@pytest.mark.parametrize(
    ("changes", "test", "doubt"),
    [
        ({"deflated_sharpe": 0.94}, {}, "with a chance of 6% the best of so many tries"),
        ({"overfitting": 0.51}, {}, "fails in 51% of cases"),
        ({}, {"auc": Interval(0.5, 0.4, 0.6)}, "does not rank on the test block"),
        ({}, {"auc": None}, "does not rank on the test block"),
        ({}, {"taken": make_evaluation().taken.__class__(0, 0.0, 0.0, 0.0, None, 0.0)},
         "does not pay on the test block"),
    ],
)  # fmt: skip
def test_doubt_of_the_walk_forward_is_named_when_one_thing_is_spoilt(walk, changes, test, doubt):
    circumstances = Circumstances(walk=replace(stable(walk), **changes))
    verdict = judge(make_evaluation(**test), COVERAGE, circumstances)
    assert verdict.key == "edge_uncertain"
    assert doubt in verdict.sentence


def test_two_lost_steps_are_a_doubt_and_one_is_not(walk):
    good = stable(walk)
    for n_lost, is_doubted in ((1, False), (2, True)):
        lost = tuple(replace(one, score=LOST) for one in good.steps[:n_lost])
        circumstances = Circumstances(walk=replace(good, steps=(*lost, *good.steps[n_lost:])))
        doubts = list_doubts(make_evaluation(), circumstances)
        assert doubts == (
            ("only 3 of 5 steps rank", "only 3 of 5 steps pay") if is_doubted else ()
        )


def test_nothing_is_said_of_sharpe_and_overfitting_when_they_are_unknown(walk):
    blank = replace(stable(walk), deflated_sharpe=None, overfitting=None)
    facts = " ".join(list_evidence(make_evaluation(), Circumstances(walk=blank)))
    assert "Sharpe" not in facts
    assert "overfitting" not in facts


def test_no_edge_is_claimed_when_the_base_rate_is_served(walk):
    circumstances = Circumstances(walk=stable(walk), serves_nothing=True)
    verdict = judge(make_evaluation(), COVERAGE, circumstances)
    assert verdict.key == "no_edge"
    assert "no model was better than knowing only how many setups win" in verdict.sentence


@pytest.mark.parametrize("where", ["walk", "test"])
def test_leak_is_suspected_when_either_series_is_too_good(walk, where):
    high = {"auc": Interval(0.63, 0.58, 0.68)}
    pooled = make_evaluation(**(high if where == "walk" else {}))
    circumstances = Circumstances(walk=replace(stable(walk), pooled=pooled))
    verdict = judge(make_evaluation(**(high if where == "test" else {})), COVERAGE, circumstances)
    assert verdict.key == "suspected_leak"
    assert "0.63" in verdict.sentence
