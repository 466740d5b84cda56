import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from ml_training.errors import DataError
from ml_training.evaluation.metrics import draw_calibration_curve, mean_ranks, measure, measure_auc
from tests.evaluation.builders import draw_signal

EXACT = 1e-12


@st.composite
def judged_setups(draw):
    """Draw outcomes of both classes and probabilities with plenty of ties."""
    n = draw(st.integers(4, 60))
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(lambda v: 0 < sum(v) < n))
    grid = st.integers(0, draw(st.sampled_from([3, 10, 1000])))
    steps = draw(st.lists(grid, min_size=n, max_size=n))
    top = max(*steps, 1)
    return np.array(y), np.array(steps) / top, draw(st.sampled_from([0.0, 0.3, 0.5, 0.9]))


@settings(max_examples=200, deadline=None)
@given(judged_setups())
def test_metrics_agree_with_scikit_learn_on_any_setups(case):
    y, p, threshold = case
    taken = (p >= threshold).astype(int)
    ours = measure(y, p, threshold=threshold)
    theirs = {
        "accuracy": sk.accuracy_score(y, taken),
        "balanced_accuracy": sk.balanced_accuracy_score(y, taken),
        "precision": sk.precision_score(y, taken, zero_division=0),
        "recall": sk.recall_score(y, taken, zero_division=0),
        "f1_score": sk.f1_score(y, taken, zero_division=0),
        "auc": sk.roc_auc_score(y, p),
        "log_loss": sk.log_loss(y, p),
        "brier": sk.brier_score_loss(y, p),
    }
    for name, value in theirs.items():
        assert math.isclose(getattr(ours, name), value, rel_tol=EXACT, abs_tol=EXACT), name
    tn, fp, fn, tp = sk.confusion_matrix(y, taken, labels=[0, 1]).ravel()
    assert (ours.true_negatives, ours.false_positives) == (tn, fp)
    assert (ours.false_negatives, ours.true_positives) == (fn, tp)


@settings(max_examples=100, deadline=None)
@given(judged_setups())
def test_calibration_curve_agrees_with_scikit_learn_on_any_setups(case):
    y, p, _ = case
    ours = draw_calibration_curve(y, p)
    observed, promised = calibration_curve(y, p, n_bins=10, strategy="quantile")
    np.testing.assert_allclose(ours.observed, observed, atol=EXACT)
    np.testing.assert_allclose(ours.promised, promised, atol=EXACT)
    assert ours.count.sum() == len(y)


def test_calibration_error_is_small_when_probabilities_are_honest():
    p, y = draw_signal(20_000, strength=1.0, seed=0)
    assert measure(y, p).ece < 0.02
    assert measure(y, np.clip(p + 0.2, 0, 1)).ece > 0.15


def test_calibration_error_is_the_weighted_gap_when_bins_differ_in_size():
    y, p = np.array([1, 1, 0, 1]), np.array([0.9, 0.9, 0.9, 0.1])
    curve = draw_calibration_curve(y, p)
    gaps = {0.1: (1, 0.9), 0.9: (3, 0.9 - 2 / 3)}
    expected = sum(count * gap for count, gap in gaps.values()) / 4
    assert math.isclose(curve.error, expected, abs_tol=EXACT)


@pytest.mark.parametrize(("outcome", "word"), [(0, "losses"), (1, "wins")])
def test_auc_is_none_and_said_in_words_when_only_one_class_occurs(outcome, word):
    measured = measure([outcome] * 3, [0.1, 0.5, 0.9])
    assert measured.auc is None
    assert measured.balanced_accuracy is None
    assert f"only {word} occur in these 3 setups" in measured.notes[0]
    assert math.isfinite(measured.log_loss)


def test_precision_is_zero_when_nothing_is_taken():
    measured = measure([0, 1], [0.1, 0.2], threshold=0.9)
    assert (measured.precision, measured.recall, measured.f1_score) == (0.0, 0.0, 0.0)


def test_log_loss_is_finite_when_a_certain_forecast_is_wrong():
    assert math.isfinite(measure([0, 1], [1.0, 0.0]).log_loss)


def test_auc_is_a_half_when_all_scores_are_equal():
    assert measure_auc([0, 1, 1, 0], [0.3] * 4) == 0.5


def test_ranks_share_their_mean_when_scores_tie():
    assert mean_ranks([5.0, 1.0, 5.0, 5.0]).tolist() == [3.0, 1.0, 3.0, 3.0]


def test_metrics_survive_json_when_written_down():
    stored = json.loads(json.dumps(measure([0, 0], [0.5, 0.1]).as_dict()))
    assert stored["auc"] is None
    assert stored["n"] == 2
    assert stored["notes"]


@pytest.mark.parametrize(
    ("y", "p", "words"),
    [
        ([], [], "at least one setup"),
        ([0, 1], [0.5], "same length"),
        ([[0, 1]], [[0.5, 0.5]], "same length"),
        ([0, 2], [0.5, 0.5], "0 \\(loss\\) or 1 \\(win\\)"),
        ([0, 1], [0.5, 1.5], "between 0 and 1"),
        ([0, 1], [0.5, float("nan")], "between 0 and 1"),
    ],
)
def test_metrics_refuse_in_words_when_arrays_cannot_be_judged(y, p, words):
    with pytest.raises(DataError, match=words):
        measure(y, p)
