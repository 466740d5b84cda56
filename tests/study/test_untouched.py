"""The test block is closed until the model is chosen: change it, and nothing moves.

Each test alters rows that a stage must not see and compares what that stage made.
"""

import numpy as np
import pytest

from ml_training.study.run import run_study
from tests.study.builders import change, make_set, quick_settings


@pytest.fixture(scope="module")
def dataset():
    return make_set(400, edge=0.8)


@pytest.fixture(scope="module")
def study(dataset):
    return run_study(dataset, quick_settings(epochs=4))


def spoil(dataset, rows, *, seed=0):
    """Return the set with other features, outcomes and results in some rows."""
    rng = np.random.default_rng(seed)
    X, y, r = dataset.X.copy(), dataset.y.copy(), dataset.r.copy()
    X[rows] = 50.0 * rng.standard_normal((len(rows), X.shape[1]))
    y[rows] = rng.permutation(1 - y[rows])
    r[rows] = np.where(y[rows] == 1, 7.0, -3.0)
    return change(dataset, X=X, y=y, r=r)


def saved_bytes(study, folder, name):
    study.served.save(folder / name)
    return (folder / name).read_bytes()


def test_served_model_is_the_same_when_the_test_block_is_another(study, dataset, tmp_path):
    other = run_study(spoil(dataset, study.blocks.split.test), quick_settings(epochs=4))
    assert saved_bytes(other, tmp_path, "a.zip") == saved_bytes(study, tmp_path, "b.zip")
    assert other.choice == study.choice
    assert other.validation == study.validation
    assert other.areas == study.areas
    assert [one.metrics for one in other.test] != [one.metrics for one in study.test]


def test_training_is_the_same_when_purged_setups_are_others(study, dataset, tmp_path):
    split = study.blocks.split
    used = np.concatenate([split.train, split.validation, split.test])
    purged = np.setdiff1d(np.arange(len(dataset)), used)
    assert len(purged) == split.n_purged > 0
    other = run_study(spoil(dataset, purged), quick_settings(epochs=4))
    assert saved_bytes(other, tmp_path, "a.zip") == saved_bytes(study, tmp_path, "b.zip")
    assert other.test == study.test


def test_threshold_and_calibration_move_when_the_validation_block_is_another(study, dataset):
    """The counterpart: what may depend on validation does; the tests above can fail."""
    other = run_study(spoil(dataset, study.blocks.split.validation), quick_settings(epochs=4))
    assert other.validation != study.validation
    assert (other.served.threshold, other.served.calibration) != (
        study.served.threshold,
        study.served.calibration,
    )


def test_results_in_r_do_not_reach_the_network_when_outcomes_stay(study, dataset):
    """The network learns wins and losses; R decides the threshold and nothing else."""
    other = run_study(change(dataset, r=dataset.r * 3.0), quick_settings(epochs=4))
    X = study.blocks.test.X
    np.testing.assert_array_equal(other.fitted.predict_proba(X), study.fitted.predict_proba(X))


def test_names_of_symbols_do_not_reach_the_network_when_weights_stay(study, dataset):
    renamed = change(dataset, symbol=np.char.add(dataset.symbol, "X"))
    other = run_study(renamed, quick_settings(epochs=4))
    X = study.blocks.test.X
    np.testing.assert_array_equal(other.fitted.predict_proba(X), study.fitted.predict_proba(X))
