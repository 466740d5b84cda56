"""The spread of a ranking over stretches of the market."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ml_training.data.folds import combine_purged
from ml_training.evaluation.baselines import USUAL_STRENGTH, LogisticBaseline
from ml_training.study.page import WIDTH
from ml_training.study.run import run_study
from ml_training.study.sections import write_unseen
from ml_training.study.stretches import MIN_SETUPS, Range, measure_stretches
from ml_training.study.unseen import describe_unseen
from tests.study.builders import change, make_set, quick_settings


@pytest.fixture(scope="module")
def dataset():
    return make_set(2_400, edge=0.4)


@pytest.fixture(scope="module")
def found(dataset):
    return measure_stretches(dataset)


def test_every_setup_is_judged_in_six_parts_and_five_paths(found, dataset):
    assert (found.n_pairs, found.n_paths, len(found.parts)) == (15, 5, 6)
    assert sum(one.n for one in found.parts) == found.whole.n == len(dataset)
    starts = [one.start for one in found.parts]
    assert starts == sorted(starts)
    assert all(one.end < later for one, later in zip(found.parts, starts[1:], strict=False))


def test_ranges_of_a_part_are_those_of_the_pairs_that_test_it(found, dataset):
    """Computed again the plain way, with scikit-learn's AUC."""
    last = np.arange(2_000, 2_400)
    aucs, better = [], []
    for pair in combine_purged(dataset.t0, dataset.t1):
        if 5 not in pair.groups:
            continue
        train = dataset.take(pair.train)
        model = LogisticBaseline.fit_with(USUAL_STRENGTH, train.X, train.y, train.weight)
        p = model.predict_proba(dataset.X[last])
        aucs.append(roc_auc_score(dataset.y[last], p))
        better.append(dataset.r[last][p >= np.median(p)].mean())
    part = found.parts[5]
    assert part.n == len(last)
    expected = Range(min(aucs), float(np.median(aucs)), max(aucs))
    assert vars(part.auc) == pytest.approx(vars(expected), abs=1e-12)
    assert vars(part.better_half_r) == pytest.approx(vars(Range.of(better)), abs=1e-12)
    assert part.every_r == pytest.approx(dataset.r[last].mean())


def test_stretch_stands_out_when_the_edge_is_turned_round_in_it(found, dataset):
    turned = np.arange(len(dataset)) < 400
    X = np.where(turned[:, None], -dataset.X, dataset.X)
    other = measure_stretches(change(dataset, X=X))
    assert other.parts[0].auc.high < 0.45
    assert min(one.auc.low for one in other.parts[1:]) > 0.55
    assert min(one.auc.low for one in found.parts) > 0.55


def test_whole_time_lies_within_its_parts(found):
    low = min(one.auc.low for one in found.parts)
    high = max(one.auc.high for one in found.parts)
    assert low <= found.whole.auc.low <= found.whole.auc.middle <= found.whole.auc.high <= high
    assert f"AUC from {low:.3f} to {high:.3f}" in found.words


def test_there_are_none_when_setups_are_few(dataset):
    assert measure_stretches(dataset.take(np.arange(MIN_SETUPS - 1))) is None


def test_there_are_none_when_one_class_is_left_to_train_on(dataset):
    y = np.zeros(len(dataset), dtype=np.int8)
    y[:700] = np.arange(700) % 2
    assert measure_stretches(change(dataset, y=y)) is None


def test_part_has_no_auc_when_it_holds_one_class(dataset):
    y = dataset.y.copy()
    y[:400] = 0
    found = measure_stretches(change(dataset, y=y))
    assert found.parts[0].auc is None
    assert found.parts[1].auc is not None
    assert "AUC from" in found.words
    assert json.loads(json.dumps(found.as_dict()))["parts"][0]["auc"] is None


def test_there_are_none_when_all_setups_enter_at_once(dataset):
    t0 = np.full(len(dataset), dataset.t0[0])
    assert measure_stretches(change(dataset, t0=t0, t1=t0 + 3_600)) is None


def test_heart_beats_before_every_fit(dataset):
    beats = []
    measure_stretches(dataset, beat=lambda: bool(beats.append(1)))
    assert len(beats) == 15


@pytest.fixture(scope="module")
def study():
    return run_study(make_set(500, edge=0.8), quick_settings(epochs=2, models=frozenset()))


def test_report_and_results_tell_them_when_there_are_setups_enough(study, found):
    told = replace(study, stretches=found)
    text = "\n".join(write_unseen(told))
    assert "STRETCHES OF THE MARKET (15 fits, logistic regression)" in text
    assert " ".join(found.words.split()) in " ".join(text.split())
    assert f"{found.parts[2].auc.middle:.3f}" in text
    assert max(map(len, text.splitlines())) <= WIDTH
    assert describe_unseen(told)["stretches"]["parts"][2]["n"] == 400


def test_report_and_results_leave_them_out_when_a_study_is_small(study):
    assert study.stretches is None
    assert "STRETCHES" not in "\n".join(write_unseen(study))
    assert describe_unseen(study)["stretches"] is None


@pytest.mark.slow
def test_study_measures_them_when_it_has_setups_enough(dataset, found):
    study = run_study(dataset, quick_settings(epochs=1, models=frozenset()))
    assert study.stretches == found
