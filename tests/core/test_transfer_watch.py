"""Training that is watched and healed, and rebuilds nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ml_training.core.errors import DataError
from ml_training.core.events import EpochEnded, RunEnded, RunStarted
from ml_training.core.network import HouseNetwork
from ml_training.core.problems import PROBLEMS
from ml_training.core.settings import TrainSettings
from ml_training.core.transfer_start import WIDEST_CELL, fit_treatments
from ml_training.core.transfer_watch import KEEPING_REMEDIES, Rows, fit_base, fit_keeping
from ml_training.core.treatments import Impute, Scale

QUICK = TrainSettings(max_epochs=8)
USUAL = ["Linear", "BatchNorm1d", "ReLU", "Dropout"] * 3 + ["Linear"]


def make_rows(n=400, *, edge=1.0, seed=0, n_columns=5) -> Rows:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((2 * n, n_columns))
    y = (rng.random(2 * n) < 1 / (1 + np.exp(-edge * (X[:, 0] - X[:, 1])))).astype(int)
    return Rows(X=X[:n], y=y[:n], X_val=X[n:], y_val=y[n:])


def kinds_of(fitted):
    return [type(one).__name__ for one in fitted.model.layers]


def log_loss(fitted, rows):
    p = fitted.predict_proba(rows.X_val)[:, 1]
    return -np.mean(np.log(np.where(rows.y_val == 1, p, 1 - p)))


def spoil(rows, fault):
    X, y = rows.X.copy(), rows.y
    if fault == "unscaled":
        widths = np.array([1e4, 1.0, 1e-4, 1.0, 1.0])
        return replace(rows, X=X * widths, X_val=rows.X_val * widths)
    if fault == "gaps that tell":
        X[(y == 1) & (np.arange(len(y)) % 2 == 0), 3] = np.nan
    elif fault == "one column is constant":
        X[:, 2] = 5.0
    elif fault == "outliers":
        X[::23] *= 1e5
    return replace(rows, X=X)


FAULTS = ["none", "unscaled", "gaps that tell", "one column is constant", "outliers"]


@pytest.mark.parametrize("fault", FAULTS)
def test_base_keeps_layers_and_columns_whatever_the_rows_are_like(fault):
    fitted = fit_base(spoil(make_rows(), fault), settings=TrainSettings(max_epochs=15))
    assert kinds_of(fitted) == USUAL
    assert fitted.model.layers[0].in_features == 5
    assert [type(one) for one in fitted.predictor.treatments] == [Impute, Scale]
    assert {one.remedy for one in fitted.trials} <= KEEPING_REMEDIES


def test_remedies_that_are_kept_exist_and_none_rebuilds():
    known = {one.key for problem in PROBLEMS.values() for one in problem.remedies}
    assert known >= KEEPING_REMEDIES
    rebuilding = {"redraw_weights", "widen", "fallback_network", "flag_missing", "swap_activation"}
    changing = {"sound_optimizer", "usual_rate", "robust_scaling", "winsorise_cells"}
    assert not KEEPING_REMEDIES & (rebuilding | changing | {"drop_feature", "match_output"})


def test_rows_without_signal_are_learned_from_and_not_refused():
    rows = make_rows(600, edge=0.0, seed=3)
    fitted = fit_base(rows, settings=TrainSettings(max_epochs=30))
    assert fitted.status != "refused"
    assert fitted.model is not None


def test_base_is_hardly_worse_than_the_base_rate_when_there_is_no_signal():
    rows = make_rows(600, edge=0.0, seed=3)
    fitted = fit_base(rows, settings=TrainSettings(max_epochs=30))
    assert log_loss(fitted, rows) < np.log(2) + 0.01  # chosen: an overfitted one loses 0.05


def test_outputs_are_calibrated_when_validation_rows_are_of_another_level():
    rows = make_rows(800, edge=1.0)
    rare = np.random.default_rng(1).random(800) < np.where(rows.y_val == 1, 0.3, 1.0)
    rows = replace(rows, X_val=rows.X_val[rare], y_val=rows.y_val[rare])
    plain = fit_keeping(None, rows, settings=QUICK)
    assert log_loss(fit_base(rows, settings=QUICK), rows) < log_loss(plain, rows) - 0.02


def test_temperature_is_taken_into_the_output_layer_when_a_base_is_calibrated():
    assert fit_base(make_rows(), settings=QUICK).predictor.temperature == 1.0


def test_training_is_told_as_any_other_when_someone_listens():
    heard = []
    fit_base(make_rows(), settings=QUICK, emit=heard.append)
    assert isinstance(heard[0], RunStarted)
    assert isinstance(heard[-1], RunEnded)
    assert sum(isinstance(one, EpochEnded) for one in heard) >= 8


def test_same_seed_gives_the_same_base_twice():
    first, again = (fit_base(make_rows(), settings=QUICK) for _ in range(2))
    X = make_rows().X
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))


def test_generators_of_the_caller_stay_as_they_were():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    fit_base(make_rows(100), settings=TrainSettings(max_epochs=2))
    assert torch.equal(before, torch.get_rng_state())


def test_treatments_handed_in_are_the_ones_that_come_out():
    rows = make_rows()
    known = fit_treatments(rows.X * 3 + 1)
    fitted = fit_keeping(HouseNetwork(5, 1), rows, settings=QUICK, treatments=known)
    assert fitted.predictor.treatments == known


def test_rows_that_weigh_nothing_are_not_learned_from():
    rows, wrong = make_rows(400, edge=2.0), make_rows(400, edge=-2.0, seed=1)
    both = replace(
        rows,
        X=np.vstack([rows.X, wrong.X]),
        y=np.concatenate([rows.y, wrong.y]),
        weight=np.repeat([1.0, 0.0], 400),
    )
    settings = TrainSettings(max_epochs=15)
    alone, torn = (fit_base(one, settings=settings) for one in (rows, replace(both, weight=None)))
    weighed = fit_base(both, settings=settings)
    assert log_loss(weighed, rows) < log_loss(torn, rows) - 0.05
    assert log_loss(weighed, rows) == pytest.approx(log_loss(alone, rows), abs=0.05)


def test_training_stops_when_asked_to():
    fitted = fit_base(make_rows(), settings=TrainSettings(max_epochs=50), should_stop=lambda: True)
    assert fitted.stopped_because == "cancelled"
    assert len(fitted.history.scores) < 50


def test_one_class_is_answered_by_the_base_rate():
    rows = make_rows(50)
    fitted = fit_base(replace(rows, y=np.ones(50, dtype=int)), settings=QUICK)
    assert fitted.model is None
    assert fitted.status == "refused"


def test_unknown_problems_are_refused_when_they_are_switched_off():
    with pytest.raises(DataError, match="known problems"):
        fit_base(make_rows(), settings=TrainSettings(switched_off=frozenset({"bad_luck"})))


def test_cells_are_kept_within_some_deviations_when_they_lie_far_out():
    impute, scale = fit_treatments(np.random.default_rng(0).standard_normal((500, 2)))
    told = scale.apply(impute.apply(np.array([[1e9, -1e9], [np.nan, 0.0]])))
    assert told[0].tolist() == [WIDEST_CELL, -WIDEST_CELL]
    assert np.abs(told[1]).max() < 0.2
