"""Faults injected into setups: the study treats them, says so, and serves a model."""

from dataclasses import replace

import numpy as np
import pytest

from ml_training.evaluation.verdict import TITLES
from ml_training.study.page import WIDTH
from ml_training.study.report import write_report
from ml_training.study.run import run_study
from tests.study.builders import change, make_set, quick_settings


def with_columns(dataset, **columns):
    """Return the set with some columns of features replaced, by their number."""
    X = dataset.X.copy()
    for name, values in columns.items():
        X[:, int(name.removeprefix("column_"))] = values
    return change(dataset, X=X)


def check_usable(study):
    """Check that a model comes out: finite chances, a verdict, a report that fits."""
    chances = study.served.predict_proba(study.blocks.test.X)
    assert ((chances >= 0) & (chances <= 1)).all()
    assert study.verdict.key in TITLES
    report = write_report(study)
    assert max(len(line) for line in report.splitlines()) <= WIDTH
    return " ".join(report.split())


@pytest.fixture(scope="module")
def dataset():
    return make_set(300, edge=0.8)


@pytest.mark.parametrize("scale", [1e-12, 1e6, 1e12])
def test_model_is_usable_when_a_column_is_badly_scaled(dataset, scale):
    check_usable(
        run_study(
            with_columns(dataset, column_2=dataset.X[:, 2] * scale), quick_settings(epochs=3)
        )
    )


def test_unscaled_column_is_named_with_what_was_tried(dataset):
    spoilt = with_columns(dataset, column_2=dataset.X[:, 2] * 1e6)
    study = run_study(spoilt, quick_settings(epochs=3))
    report = check_usable(study)
    assert "UNSCALED FEATURES" in report
    assert "feature feature_2" in report
    assert "Tried:" in report
    assert any(trial.problem == "unscaled_features" for trial in study.fitted.trials)


def test_model_is_usable_when_every_column_is_constant(dataset):
    study = run_study(change(dataset, X=np.ones_like(dataset.X)), quick_settings(epochs=2))
    report = check_usable(study)
    assert "Every column is constant" in report
    assert not study.verdict.claims_edge


def test_model_is_usable_when_half_of_all_cells_are_missing(dataset):
    X = dataset.X.copy()
    X[np.random.default_rng(0).random(X.shape) < 0.5] = np.nan
    study = run_study(change(dataset, X=X), quick_settings(epochs=3))
    assert "were missing or infinite" in check_usable(study)


def test_model_is_usable_when_a_column_is_missing_from_the_test_block_on(dataset):
    X = dataset.X.copy()
    X[240:, 0] = np.nan
    check_usable(run_study(change(dataset, X=X), quick_settings(epochs=3)))


def test_model_is_usable_when_there_is_a_single_column(dataset):
    narrow = change(dataset, X=dataset.X[:, :1], feature_names=("only",))
    check_usable(run_study(narrow, quick_settings(epochs=3)))


def test_model_is_usable_when_columns_outnumber_setups(dataset):
    rng = np.random.default_rng(0)
    wide = np.column_stack([dataset.X, rng.standard_normal((300, 500))])
    names = tuple(f"feature_{i}" for i in range(wide.shape[1]))
    report = check_usable(
        run_study(change(dataset, X=wide, feature_names=names), quick_settings(epochs=2))
    )
    assert "effective setups per feature" in report


def test_model_is_usable_when_wins_are_rare():
    y = np.zeros(600, dtype=int)
    y[::20] = 1
    report = check_usable(run_study(make_set(600, y=y), quick_settings(epochs=3)))
    assert "30 wins and 570 losses" in report


def test_model_is_usable_when_all_setups_start_together_by_threes(dataset):
    t0 = np.repeat(dataset.t0[::3], 3)
    held = dataset.t1 - dataset.t0
    check_usable(run_study(change(dataset, t0=t0, t1=t0 + held), quick_settings(epochs=2)))


def test_label_copied_into_a_column_is_called_a_leak():
    dataset = make_set(1500, edge=0.0)
    leaky = with_columns(dataset, column_3=dataset.y.astype(float))
    study = run_study(leaky, quick_settings(epochs=3))
    assert study.verdict.key == "suspected_leak"
    assert "Do not trade it" in study.verdict.sentence
    assert "VERDICT: SUSPECTED LEAK" in check_usable(study)


@pytest.mark.parametrize("rate", [1e-6, 30.0])
def test_model_is_usable_when_the_learning_rate_is_absurd(dataset, rate):
    settings = quick_settings(epochs=3)
    settings = replace(settings, train=replace(settings.train, learning_rate=rate))
    study = run_study(dataset, settings)
    check_usable(study)
    nothing = study.served_validation.log_loss_skill
    assert nothing > -0.02, "what is served must not be worse than the base rate"
