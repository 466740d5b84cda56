"""The estimators do what scikit-learn asks of all, and what their pages promise."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

from ml_training.core.settings import TrainSettings
from ml_training.estimator import (
    RefusedWarning,
    RepairingClassifier,
    RepairingRegressor,
    draw_validation,
)
from tests.core.builders import are_equal, make_classes, make_rows, make_values, weights_of

FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
BEHIND = 0.03  # of accuracy; chosen: about one standard error over 178 to 600 rows


def make_classifier(**settings: Any) -> RepairingClassifier:
    """Return a classifier that is done within a second."""
    return RepairingClassifier(**{"max_epochs": 15, "learning_rate": 0.01, **settings})


def make_small_network(n_features, n_outputs):
    return nn.Sequential(nn.Linear(n_features, 8), nn.ReLU(), nn.Linear(8, n_outputs))


@pytest.mark.filterwarnings("ignore::ml_training.estimator.RefusedWarning")  # for one label
@parametrize_with_checks([RepairingClassifier(), RepairingRegressor()])
def test_check_of_scikit_learn_passes_when_it_is_asked(estimator, check):
    check(estimator)


def test_defaults_are_those_of_the_engine_when_none_are_given():
    ours, theirs = RepairingClassifier().get_params(), TrainSettings()
    of_our_own = {"network", "class_weight", "validation_fraction", "shuffle", "random_state"}
    converted = {"batch_size": "auto", "optimizer_options": None, "switched_off": ()}
    assert {name: ours[name] for name in converted} == converted
    for name in ours.keys() - of_our_own - converted.keys():
        assert ours[name] == getattr(theirs, name), name
    assert ours["random_state"] == theirs.seed


@pytest.mark.slow
@pytest.mark.parametrize("load", [load_breast_cancer, load_wine, load_digits])
def test_accuracy_is_near_that_of_scikit_learns_network_when_data_are_real(load):
    X, y = load(return_X_y=True)
    X, y = X[:600], y[:600]
    theirs = make_pipeline(StandardScaler(), MLPClassifier(max_iter=500, random_state=0))
    ours = cross_val_score(RepairingClassifier(), X, y, cv=FOLDS).mean()
    assert ours > cross_val_score(theirs, X, y, cv=FOLDS).mean() - BEHIND


def test_regressor_explains_what_a_line_does_when_data_are_real():
    X, y = load_diabetes(return_X_y=True)
    score = RepairingRegressor(learning_rate=0.01).fit(X[:300], y[:300]).score(X[300:], y[300:])
    assert score > 0.4  # chosen: a straight line reaches 0.5 on these rows


def test_pipeline_searches_its_settings_when_numbers_come_from_numpy():
    X, y = make_rows(200)
    steps = make_pipeline(SelectKBest(k=3), make_classifier())
    grid = {
        "repairingclassifier__max_epochs": np.array([1, 15]),
        "repairingclassifier__learning_rate": np.array([0.01], dtype=np.float32),
    }
    search = GridSearchCV(steps, grid, cv=2).fit(X, y)
    assert search.best_params_["repairingclassifier__max_epochs"] == 15
    assert search.best_estimator_[-1].n_features_in_ == 3
    assert search.score(X, y) > 0.75


@pytest.mark.parametrize("network", [None, make_small_network])
def test_clone_trains_to_the_same_bytes_when_the_seed_is_the_same(network):
    X, y = make_rows()
    first = make_classifier(random_state=3, max_epochs=3, network=network).fit(X, y)
    second, other = clone(first), clone(first).set_params(random_state=np.int64(4))
    ours = weights_of(first.result_.model)
    assert are_equal(ours, weights_of(second.fit(X, y).result_.model))
    assert not are_equal(ours, weights_of(other.fit(X, y).result_.model))


def test_seed_is_drawn_when_a_generator_is_given():
    X, y = make_rows()
    same, as_before = (
        make_classifier(random_state=np.random.RandomState(5)).fit(X, y) for _ in range(2)
    )
    assert np.array_equal(same.predict_proba(X), as_before.predict_proba(X))


def test_fitted_model_predicts_the_same_when_pickled():
    X, y = make_rows()
    X[:, 4] *= 1e6
    model = make_classifier(network=make_small_network).fit(X, y)
    assert model.trials_
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.report_.text() == model.report_.text()


def test_story_of_the_run_is_at_hand_when_fitted():
    X, y = make_rows()
    X[:, 4] *= 1e6
    model = make_classifier().fit(X, y)
    assert model.status_ == "repaired"
    assert "unscaled_features" in {finding.problem for finding in model.findings_}
    assert any(trial.kept for trial in model.trials_)
    assert "repaired" in model.report_.text()


def test_settings_reach_the_engine_when_given():
    X, y = make_rows()
    X[:, 4] *= 1e6
    off = make_classifier(switched_off=("unscaled_features",)).fit(X, y)
    assert "unscaled_features" not in {trial.problem for trial in off.trials_}
    assert not make_classifier(repair=False).fit(X, y).trials_
    options = {"optimizer": "sgd", "optimizer_options": {"momentum": 0.9}, "max_epochs": 2}
    assert make_classifier(**options).fit(X, y).report_.summary["n_epochs"] >= 2
    with pytest.raises(ValueError, match="`max_epochs` must be a whole number"):
        make_classifier(max_epochs=0).fit(X, y)


def test_short_tables_are_cut_into_several_batches_when_the_size_is_auto():
    X, y = make_rows(80)
    automatic, given = make_classifier(), make_classifier(batch_size=40)
    steps = [m.fit(X, y).report_.summary["planned_steps"] for m in (automatic, given)]
    assert steps == [7 * 15, 2 * 15]  # 64 rows train: ten in a batch, or forty


def test_labels_come_back_when_they_are_text():
    X, y = make_classes()
    labels = np.array(["down", "flat", "up"])[y]
    model = make_classifier(max_epochs=30).fit(X, labels)
    assert model.classes_.tolist() == ["down", "flat", "up"]
    assert model.score(X, labels) > 0.9
    assert model.predict_proba(X).shape == (300, 3)


def test_network_of_ones_own_gets_one_output_when_there_are_two_classes():
    sizes = []

    def build(n_features, n_outputs):
        sizes.append((n_features, n_outputs))
        return make_small_network(n_features, n_outputs)

    for X, y in (make_rows(), make_classes()):
        make_classifier(network=build, max_epochs=1).fit(X, y)
    RepairingRegressor(network=build, max_epochs=1).fit(*make_values())
    assert sizes == [(6, 1), (4, 3), (4, 1)]


def test_names_of_columns_are_kept_when_the_table_has_any():
    X, y = make_rows()
    table = pd.DataFrame(X, columns=list("abcdef"))
    model = make_classifier(max_epochs=1).fit(table, y)
    assert model.feature_names_in_.tolist() == list("abcdef")
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(table.rename(columns={"a": "z"}))


def test_missing_cells_are_filled_when_met():
    X, y = make_rows()
    X[::9, 2] = np.nan
    assert np.isfinite(make_classifier().fit(X, y).predict_proba(X)).all()


@pytest.mark.parametrize("estimator", [RepairingClassifier(), RepairingRegressor()])
def test_infinite_cells_are_refused_when_met(estimator):
    X, y = make_rows()
    fitted = clone(estimator).set_params(max_epochs=1).fit(X, y)
    X[5, 2] = np.inf
    for ask in (lambda: clone(estimator).fit(X, y), lambda: fitted.predict(X)):
        with pytest.raises(ValueError, match="infinity"):
            ask()


@pytest.mark.parametrize("estimator", [RepairingClassifier(), RepairingRegressor()])
def test_one_answer_is_refused_with_a_warning_when_it_is_all_there_is(estimator):
    X, _ = make_rows(40)
    with pytest.warns(RefusedWarning, match="Nothing was learned.*same target"):
        model = clone(estimator).fit(X, np.ones(40, dtype=int))
    assert model.status_ == "refused"
    assert model.predict(X).tolist() == [1] * 40


@pytest.mark.slow
def test_labels_without_signal_are_refused_with_a_warning_when_rows_suffice():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(600, 5)), (rng.random(600) < 0.25).astype(int)
    with pytest.warns(RefusedWarning, match="nothing in these features to learn"):
        model = RepairingClassifier().fit(X, y)
    assert np.allclose(model.predict_proba(X)[:, 1], y.mean(), atol=0.01)


# Validation rows


def held_out(estimator, X, y, **arguments):
    """Return how many rows trained and how many validated."""
    summary = estimator.fit(X, y, **arguments).report_.summary
    return summary["n_rows"], summary["n_validation_rows"]


def test_share_of_the_rows_validates_when_no_others_are_given():
    X, y = make_rows(200)
    assert held_out(make_classifier(max_epochs=1), X, y)[1] == pytest.approx(40, abs=1)
    assert held_out(make_classifier(max_epochs=1, validation_fraction=0.5), X, y) == (100, 100)
    given = {"X_val": X[:30], "y_val": y[:30]}
    assert held_out(make_classifier(max_epochs=1), X, y, **given) == (200, 30)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 3])
def test_share_is_refused_when_it_leaves_nothing(share):
    X, y = make_rows()
    with pytest.raises(ValueError, match="`validation_fraction` must lie between 0 and 1"):
        make_classifier(validation_fraction=share).fit(X, y)


def test_validation_rows_are_refused_when_their_labels_are_missing():
    X, y = make_rows()
    with pytest.raises(ValueError, match="must be given together"):
        make_classifier().fit(X, y, X_val=X)


def test_order_of_the_rows_does_not_matter_when_they_are_shuffled():
    X, y = make_classes()
    order = np.random.default_rng(0).permutation(len(X))
    model, mixed = (make_classifier().fit(X[rows], y[rows]) for rows in (slice(None), order))
    assert np.array_equal(model.predict_proba(X), mixed.predict_proba(X))
    model, mixed = (
        make_classifier(shuffle=False).fit(X[rows], y[rows]) for rows in (slice(None), order)
    )
    assert not np.array_equal(model.predict_proba(X), mixed.predict_proba(X))


def test_last_rows_validate_when_order_counts():
    X, y = make_rows(200)
    model = make_classifier(shuffle=False, batch_size=32)
    by_order = clone(model).fit(X, y)
    by_hand = clone(model).fit(X[:160], y[:160], X_val=X[160:], y_val=y[160:])
    assert np.array_equal(by_order.predict_proba(X), by_hand.predict_proba(X))


def test_every_class_is_trained_on_when_the_last_rows_hold_all_of_one():
    X, y = make_classes()
    order = np.argsort(y, kind="stable")[: (y < 2).sum() + 30]
    model = make_classifier(shuffle=False).fit(X[order], y[order])
    assert model.classes_.tolist() == [0, 1, 2]
    assert "miss a class" in model.report_.text()


def test_every_class_validates_when_drawn_however_rare_it_is():
    X, y = make_classes(303)
    y[:3] = 3
    is_held = draw_validation(X, y, 0.2, seed=0)
    counts = np.bincount(y[is_held]) / np.bincount(y)
    assert np.allclose(counts, [0.2, 0.2, 0.2, 1 / 3], atol=0.01)


def test_class_of_one_row_is_trained_on_when_drawn():
    X, y = make_rows(50)
    y[7] = 2
    assert not any(draw_validation(X, y, 0.9, seed=seed)[7] for seed in range(20))


def test_copies_stay_on_one_side_when_chance_does_not_explain_them():
    X, y = (part.repeat(3, axis=0) for part in make_rows(100))
    is_held = draw_validation(X, y, 0.2, seed=0)
    assert is_held.reshape(100, 3).std(axis=1).max() == 0
    assert is_held.sum() == pytest.approx(60, abs=3)


def test_copies_fall_on_both_sides_when_columns_take_few_values():
    X = np.random.default_rng(0).integers(0, 2, size=(400, 3)).astype(float)
    is_held = draw_validation(X, (X[:, 0] > 0).astype(int), 0.2, seed=0)
    assert len(np.unique(X[is_held], axis=0)) == len(np.unique(X[~is_held], axis=0)) == 8


# Weights


def test_rows_are_repeated_when_weights_are_counts():
    X, y = make_rows(150)
    counts = np.random.default_rng(0).integers(0, 4, 150)
    order = np.random.default_rng(1).permutation(150)
    weighted = make_classifier().fit(X[order], y[order], sample_weight=counts[order])
    repeated = make_classifier().fit(X.repeat(counts, axis=0), y.repeat(counts))
    assert np.array_equal(weighted.predict_proba(X), repeated.predict_proba(X))


@pytest.mark.parametrize("weights", [(1, 11), (0.3, 3.3), (1e6, 11e6)])  # counts, and no counts
def test_class_is_predicted_more_often_when_it_weighs_more(weights):
    X, y = make_rows(300, noise=2.0)
    plain, weighted = make_classifier(), make_classifier(class_weight=dict(enumerate(weights)))
    for model in (plain, weighted):
        model.fit(X, y)
    assert weighted.predict(X).mean() > plain.predict(X).mean() + 0.2
    assert "class_imbalance" not in {trial.problem for trial in weighted.trials_}


def test_weights_of_rows_and_classes_are_multiplied_when_both_are_given():
    X, y = make_rows()
    of_class, of_row = np.where(y == 1, 0.7, 0.2), np.random.default_rng(0).random(300)
    both = make_classifier(max_epochs=2, class_weight={0: 0.2, 1: 0.7})
    both.fit(X, y, sample_weight=of_row)
    product = make_classifier(max_epochs=2, switched_off=("class_imbalance",))
    product.fit(X, y, sample_weight=of_row * of_class)
    assert np.array_equal(both.predict_proba(X), product.predict_proba(X))


def test_rows_of_no_weight_are_as_good_as_absent_when_weights_are_no_counts():
    X, y = make_rows()
    weight = np.random.default_rng(0).random(300) + 0.5
    weight[100:] = 0
    some = make_classifier().fit(X, y, sample_weight=weight)
    fewer = make_classifier().fit(X[:100], y[:100], sample_weight=weight[:100])
    assert np.array_equal(some.predict_proba(X), fewer.predict_proba(X))


def test_best_epoch_is_chosen_by_weight_when_rows_are_held_out():
    X, y = make_rows(200, noise=2.0)
    weight = np.where(y == 1, 10.01, 0.01)
    model = make_classifier(repair=False).fit(X, y, sample_weight=weight)
    assert model.report_.summary["best_loss"] < 0.2  # 0.7 and more, were all rows alike


def test_rare_class_is_found_more_often_when_classes_are_balanced():
    X, _ = make_rows(900)
    rng = np.random.default_rng(3)
    y = (X[:, 0] + rng.normal(size=900) > 1.8).astype(int)
    plain = make_classifier(repair=False).fit(X, y)
    balanced = make_classifier(repair=False, class_weight="balanced").fit(X, y)
    found = [(m.predict(X)[y == 1] == 1).mean() for m in (plain, balanced)]
    assert found[1] > found[0] + 0.2
