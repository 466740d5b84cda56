import json

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.errors import DataError
from ml_training.core.events import EpochEnded, FindingMade, RunEnded, RunStarted, TrialJudged
from ml_training.core.fit import base_rate, fit
from ml_training.core.prepare import prepare
from ml_training.core.settings import TrainSettings
from tests.core.builders import (
    Listener,
    PoisonedAt,
    are_equal,
    make_classes,
    make_network,
    make_rows,
    make_values,
    weights_of,
)


def fit_quickly(model, X, y, *others, emit=None, sample_weight=None, **settings):
    chosen = TrainSettings(
        **{"max_epochs": 15, "batch_size": 32, "learning_rate": 0.01, **settings}
    )
    return fit(
        model, X, y, *others, settings=chosen, emit=emit or Listener(), sample_weight=sample_weight
    )


def accuracy(result, X, y):
    return float((result.predict(X) == y).mean())


def test_the_house_network_learns_a_table():
    X, y = make_rows(900)
    result = fit_quickly(None, X[:500], y[:500], X[500:700], y[500:700], max_epochs=40)
    assert result.status == "healthy"
    assert accuracy(result, X[700:], y[700:]) > 0.8


def test_a_users_network_is_trained_in_place():
    X, y = make_rows()
    model = make_network()
    result = fit_quickly(model, X, y)
    assert result.model is model
    assert accuracy(result, X, y) > 0.75


def test_several_classes_are_learned_under_their_own_labels():
    X, y = make_classes()
    labels = np.array([40, -3, 7])[y]
    result = fit_quickly(None, X, labels, max_epochs=30)
    assert accuracy(result, X, labels) > 0.9
    assert result.classes.tolist() == [-3, 7, 40]
    assert np.allclose(result.predict_proba(X).sum(axis=1), 1.0)


def test_text_labels_come_back_as_text():
    X, y = make_rows()
    labels = np.where(y == 1, "win", "loss")
    result = fit_quickly(None, X, labels, max_epochs=30)
    assert accuracy(result, X, labels) > 0.75


def test_values_are_learned_on_any_scale():
    X, y = make_values()
    result = fit_quickly(None, X, 1e6 + 1e4 * y, max_epochs=80, learning_rate=0.01)
    error = np.abs(result.predict(X) - (1e6 + 1e4 * y)).mean()
    assert error < 0.5 * 1e4 * y.std()


def test_a_users_network_learns_values():
    X, y = make_values()
    result = fit_quickly(make_network(4), X, y, max_epochs=60, learning_rate=0.01)
    assert np.corrcoef(result.predict(X), y)[0, 1] > 0.95


def test_probabilities_of_a_regression_are_refused():
    X, y = make_values()
    with pytest.raises(ValueError, match="use `predict`"):
        fit_quickly(None, X, y, max_epochs=1).predict_proba(X)


def test_the_same_seed_gives_the_same_bytes():
    X, y = make_rows()
    first, second, other = (fit_quickly(None, X, y, seed=seed) for seed in (3, 3, 4))
    assert are_equal(weights_of(first.model), weights_of(second.model))
    assert not are_equal(weights_of(first.model), weights_of(other.model))


def test_the_callers_random_numbers_do_not_matter_and_stay():
    X, y = make_rows()
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first = fit_quickly(None, X, y)
    assert torch.equal(torch.rand(3), expected)
    second = fit_quickly(None, X, y)
    assert are_equal(weights_of(first.model), weights_of(second.model))


def test_sample_weight_decides_what_is_learned():
    X, y = make_rows(600, noise=0.0)
    flipped = np.where(X[:, 2] > 0, 1 - y, y)
    weight = np.where(X[:, 2] > 0, 0.0, 1.0)
    result = fit_quickly(None, X, flipped, sample_weight=weight, max_epochs=30)
    trusted = weight > 0
    assert accuracy(result, X[trusted], y[trusted]) > 0.85


@pytest.mark.parametrize(("task", "place"), [("binary", 1), ("regression", 0)])
def test_base_rate_follows_the_weights_when_there_are_any(task, place):
    X, y = make_rows(40)
    weight = np.where(y == 1, 3.0, 1.0)
    prepared = prepare(X, y, X, y, task=task, sample_weight=weight)
    assert base_rate(prepared)[place] == pytest.approx(np.average(y, weights=weight))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_one_unusable_cell_harms_nothing(bad):
    X, y = make_rows()
    X[5, 2] = bad
    result = fit_quickly(None, X, y)
    assert result.status == "healthy"
    assert np.isfinite(result.predict_proba(X)).all()


def test_a_column_without_any_number_is_survived():
    X, y = make_rows()
    X[:, 3] = np.nan
    assert np.isfinite(fit_quickly(None, X, y, max_epochs=2).predict_proba(X)).all()


def test_missing_cells_are_filled_in_prediction_as_in_training():
    X, y = make_rows()
    X[::7, 0] = np.nan
    result = fit_quickly(None, X, y)
    filled = np.where(np.isnan(X[:240, 0]), np.nan, X[:240, 0])
    row = np.zeros((1, 6))
    row[0, 0] = np.nanmedian(filled)
    missing = row.copy()
    missing[0, 0] = np.nan
    assert np.allclose(result.predict_proba(row), result.predict_proba(missing), atol=1e-6)


def test_an_unscaled_column_is_scaled_inside_the_result():
    X, y = make_rows(900)
    X[:, 4] *= 1e6
    result = fit_quickly(None, X[:600], y[:600], max_epochs=30)
    assert result.status == "repaired"
    trial = result.trials[0]
    assert (trial.remedy, trial.verdict, trial.kept) == ("robust_scaling", "helped", True)
    assert trial.effect.loss_with < trial.effect.loss_without
    assert accuracy(result, X[600:], y[600:]) > 0.8


def test_an_unscaled_column_is_only_reported_when_repair_is_off():
    X, y = make_rows()
    X[:, 4] *= 1e6
    result = fit_quickly(None, X, y, repair=False)
    assert result.status == "unresolved"
    assert [finding.problem for finding in result.findings][:1] == ["unscaled_features"]
    assert not result.trials


def test_a_poisoned_batch_is_healed():
    X, y = make_rows()
    result = fit_quickly(PoisonedAt(20), X, y, max_epochs=20)
    plain = fit_quickly(make_network(), X, y, max_epochs=20)
    assert result.status == "repaired"
    assert accuracy(result, X, y) > accuracy(plain, X, y) - 0.05


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "rmsprop"])
@pytest.mark.parametrize("is_normalised", [True, False])
def test_an_absurd_rate_is_brought_down(optimizer, is_normalised):
    X, y = make_rows()
    model = make_network(is_normalised=is_normalised)
    result = fit_quickly(model, X, y, optimizer=optimizer, learning_rate=1e12, max_epochs=30)
    assert result.status == "repaired"
    assert accuracy(result, X, y) > 0.6


def test_exploding_gradients_are_found_and_treated():
    X, y = make_rows()
    torch.manual_seed(0)
    model = nn.Sequential(*(nn.Linear(6, 6) for _ in range(6)), nn.Linear(6, 1))
    for layer in model:
        nn.init.normal_(layer.weight, std=8.0)
    off = {"poor_init", "exploding_activation"}  # what would cure it before the first step
    settings = {"optimizer": "sgd", "learning_rate": 1e-9, "max_epochs": 10}
    result = fit_quickly(model, X, y, **settings, switched_off=off)
    assert "exploding_gradient" in {finding.problem for finding in result.findings}
    assert "clip_gradient" in {trial.remedy for trial in result.trials}


class OddRefuser(nn.Module):
    """Raise unless the batch has exactly 32 rows."""

    def __init__(self):
        super().__init__()
        self.network = make_network()

    def forward(self, rows):
        if len(rows) != 32:
            raise RuntimeError("32 rows or nothing")
        return self.network(rows)


def test_a_model_that_insists_on_one_size_is_served():
    X, y = make_rows(400)
    result = fit_quickly(OddRefuser(), X, y, batch_size=32)
    assert result.predict_proba(X[:7]).shape == (7, 2)
    assert accuracy(result, X, y) > 0.7


def test_a_model_that_raises_on_odd_sizes_in_training_is_survived():
    X, y = make_rows(390)
    result = fit_quickly(OddRefuser(), X, y, batch_size=32)
    assert result.model is not None


def test_a_loss_that_raises_on_nan_is_survived():
    def strict(outputs, targets):
        if not torch.isfinite(outputs).all():
            raise ArithmeticError("not a number")
        return nn.functional.binary_cross_entropy_with_logits(outputs, targets)

    X, y = make_rows()
    result = fit_quickly(PoisonedAt(20), X, y, loss=strict)
    assert result.status == "repaired"
    assert "ArithmeticError" in result.findings[0].message


def make_broken_network():
    """Return a network with a layer of nothing but NaN."""
    model = make_network()
    with torch.no_grad():
        model[0].weight.fill_(float("nan"))
    return model


def test_a_network_of_nothing_but_nan_is_drawn_afresh():
    X, y = make_rows()
    result = fit_quickly(make_broken_network(), X, y)
    assert result.status == "repaired"
    assert accuracy(result, X, y) > 0.7


def test_a_network_of_nothing_but_nan_gives_the_base_rate_without_repair():
    X, y = make_rows()
    result = fit_quickly(make_broken_network(), X, y, repair=False)
    assert result.status == "unresolved"
    assert np.allclose(result.predict_proba(X)[0].sum(), 1.0)
    assert any("base rate" in note for note in result.report.notes)


@pytest.mark.parametrize("n_rows", [2, 3, 5, 9, 11])
def test_very_few_rows_are_survived(n_rows):
    X, _ = make_rows(n_rows)
    y = np.arange(n_rows) % 2
    result = fit_quickly(None, X, y, max_epochs=3, batch_size=2)
    assert result.predict(X).shape == (n_rows,)


@pytest.mark.parametrize("X", [np.ones((1, 3)), np.random.default_rng(0).normal(size=(40, 3))])
def test_one_class_is_refused_in_words(X):
    listener = Listener()
    result = fit_quickly(None, X, np.ones(len(X), dtype=int), emit=listener)
    assert result.status == "refused"
    assert result.model is None
    assert result.predict(X).tolist() == [1] * len(X)
    assert "collect rows with other outcomes" in result.report.text()
    assert listener.of(RunEnded)[0].status == "refused"


def test_one_class_in_a_handful_of_validation_rows_is_survived():
    X, y = make_rows()
    wins = np.flatnonzero(y[200:] == 1)[:30] + 200
    result = fit_quickly(None, X[:200], y[:200], X[wins], y[wins])
    assert result.status == "healthy"


def test_one_class_in_many_validation_rows_is_refused_in_words():
    X, y = make_rows()
    wins = np.flatnonzero(y[200:] == 1) + 200
    result = fit_quickly(None, X[:200], y[:200], X[wins], y[wins])
    assert result.status == "refused"
    assert "other answers" in result.findings[0].message


def test_constant_features_are_survived():
    X, y = np.ones((80, 4)), np.arange(80) % 2
    assert fit_quickly(None, X, y, max_epochs=3).predict(X).shape == (80,)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"X": np.zeros((0, 6))}, "rows and columns"),
        ({"X": np.zeros(300)}, "two dimensions"),
        ({"X": [["a", "b"]] * 300}, "must hold numbers"),
        ({"y": np.zeros(299)}, "one value for each of 300 rows"),
        ({"X_val": np.zeros((5, 6))}, "given together"),
        ({"X_val": np.zeros((5, 4)), "y_val": np.zeros(5)}, "6 features"),
        ({"X_val": np.zeros((5, 6)), "y_val": np.zeros(4)}, "y_val"),
        ({"sample_weight": -np.ones(300)}, "not negative"),
        ({"sample_weight": np.full(300, np.nan)}, "finite"),
        ({"model": make_network(5)}, "cannot predict rows of 6 features"),
        ({"model": make_network(6, 3)}, None),
        ({"model": nn.Identity()}, "parameters to train"),
        ({"loss": nn.BCEWithLogitsLoss(reduction="none")}, "one number"),
        ({"loss": lambda outputs, targets: 1 / 0}, "cannot be computed"),
        ({"loss": lambda outputs, targets: torch.zeros(())}, "depends on the weights"),
        ({"device": "moon"}, "cannot be used"),
        ({"task": "binary", "y": np.arange(300) % 5}, "at most 2 classes"),
        ({"task": "regression", "y": np.array(["a", "b"] * 150)}, "must be numbers"),
        ({"y": np.where(np.arange(300) % 2, 1.0, np.nan), "task": "binary"}, "NaN or Inf"),
    ],
)
def test_unusable_arguments_are_refused_with_their_rule(change, rule):
    X, y = make_rows()
    change = {"model": make_network(), "X": X, "y": y, **change}
    settings = {key: change.pop(key) for key in ("loss", "device", "task") if key in change}
    arguments = [change.get(key) for key in ("model", "X", "y", "X_val", "y_val")]
    weight = change.get("sample_weight")
    if rule is None:  # one output too many for two classes is no error
        assert fit_quickly(*arguments, sample_weight=weight, max_epochs=1, **settings)
        return
    with pytest.raises(DataError, match=rule):
        fit_quickly(*arguments, sample_weight=weight, max_epochs=1, **settings)


def test_the_story_is_told_in_order():
    X, y = make_rows()
    listener = Listener()
    fit_quickly(PoisonedAt(20), X, y, emit=listener)
    assert isinstance(listener.events[0], RunStarted)
    assert isinstance(listener.events[-1], RunEnded)
    kinds = [type(event) for event in listener.events]
    assert kinds.index(FindingMade) < kinds.index(TrialJudged)
    assert listener.events[0].planned_steps == 8 * 15
    assert len([e for e in listener.of(EpochEnded) if not e.is_trial]) >= 1


def test_a_cancelled_run_still_predicts():
    X, y = make_rows()
    result = fit(make_network(), X, y, should_stop=lambda: True)
    assert result.stopped_because == "cancelled"
    assert result.predict(X).shape == (300,)


def test_what_a_listener_raises_reaches_the_caller():
    def raise_it(event):
        raise KeyboardInterrupt

    X, y = make_rows()
    with pytest.raises(KeyboardInterrupt):
        fit(make_network(), X, y, emit=raise_it)


def test_the_report_is_json_when_numbers_were_not():
    X, y = make_rows()
    report = fit_quickly(PoisonedAt(20), X, y).report
    document = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert document["trials"][0]["effect"]["loss_without"] is None
    assert "left out every batch" in report.text()
    assert max(len(line) for line in report.text().splitlines()) <= 80
    assert report.html().startswith("<h2>")


def test_weights_are_the_callers_own_after_a_run():
    X, y = make_rows()
    model = make_network()
    fit_quickly(model, X, y)
    pointers = {p.untyped_storage().data_ptr() for p in model.parameters()}
    assert len(pointers) == len(list(model.parameters()))
    assert all(p.grad is None for p in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_watching_more_changes_nothing_but_the_readings():
    X, y = make_rows()
    plain, close = (fit_quickly(None, X, y, watch=watch) for watch in ("core", "everything"))
    assert are_equal(weights_of(plain.model), weights_of(close.model))
    assert np.isfinite(close.history.last("update_norm")).all()
    assert close.history.last_layers("quiet_shares").shape[1] == 3
