import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ml_training.core.errors import DataError
from ml_training.core.fit import fit
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from tests.core.builders import (
    PoisonedAt,
    make_classes,
    make_network,
    make_rows,
    make_values,
)

QUICK = TrainSettings(max_epochs=4, batch_size=32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "model"


@pytest.mark.parametrize("make", [make_rows, make_classes, make_values])
def test_predictions_are_the_same_after_a_round_trip(path, make):
    X, y = make()
    X[3, 0] = np.nan
    X[:, 1] *= 1e5
    result = fit(None, X, y, settings=QUICK)
    result.save(path)
    loaded = FitResult.load(path)
    assert loaded.predict(X).tolist() == result.predict(X).tolist()
    assert loaded.classes.dtype == result.classes.dtype


def test_text_labels_survive_a_round_trip(path):
    X, y = make_rows()
    result = fit(None, X, np.where(y, "win", "loss"), settings=QUICK)
    result.save(path)
    assert FitResult.load(path).predict(X).tolist() == result.predict(X).tolist()


def test_the_story_survives_a_round_trip(path):
    X, y = make_rows()
    model = PoisonedAt(5)
    result = fit(model, X, y, settings=QUICK)
    result.save(path)
    loaded = FitResult.load(path, model=PoisonedAt(5))
    assert loaded.findings[0].message == result.findings[0].message
    assert loaded.trials[0].change == result.trials[0].change
    assert loaded.report.text() == result.report.text()
    assert (loaded.status, loaded.stopped_because) == (result.status, result.stopped_because)


def test_a_model_of_ones_own_needs_its_code(path):
    X, y = make_rows()
    fit(make_network(), X, y, settings=QUICK).save(path)
    with pytest.raises(DataError, match="pass it as `model`"):
        FitResult.load(path)


def test_a_model_of_ones_own_takes_up_its_weights(path):
    X, y = make_rows()
    result = fit(make_network(), X, y, settings=QUICK)
    result.save(path)
    loaded = FitResult.load(path, model=make_network(seed=9))
    assert np.array_equal(loaded.predict_proba(X), result.predict_proba(X))


def test_a_model_that_does_not_fit_is_refused(path):
    X, y = make_rows()
    fit(make_network(), X, y, settings=QUICK).save(path)
    with pytest.raises(DataError, match="does not fit"):
        FitResult.load(path, model=make_network(width=7))


def test_a_refused_result_survives_a_round_trip(path):
    X = np.ones((20, 2))
    fit(None, X, np.ones(20, dtype=int)).save(path)
    assert FitResult.load(path).predict(X).tolist() == [1] * 20


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_damage_is_noticed(path, suffix):
    X, y = make_rows()
    fit(None, X, y, settings=QUICK).save(path)
    file = path.with_suffix(suffix)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(bytes(content))
    with pytest.raises(DataError):
        FitResult.load(path)


def test_files_that_do_not_belong_together_are_noticed(tmp_path):
    X, y = make_rows()
    for seed in (0, 1):
        settings = TrainSettings(max_epochs=2, seed=seed)
        fit(None, X, y, settings=settings).save(tmp_path / f"m{seed}")
    (tmp_path / "m0.safetensors").replace(tmp_path / "m1.safetensors")
    with pytest.raises(DataError, match="damaged"):
        FitResult.load(tmp_path / "m1")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.json"):
        FitResult.load(tmp_path / "nothing")


def test_an_unknown_format_is_refused(path):
    X, y = make_rows()
    fit(None, X, y, settings=QUICK).save(path)
    file = path.with_suffix(".json")
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 99}))
    with pytest.raises(DataError, match="format 1"):
        FitResult.load(path)


def test_the_file_holds_the_weights_of_the_model(path):
    X, y = make_rows()
    result = fit(None, X, y, settings=QUICK)
    result.save(path)
    saved = load_file(path.with_suffix(".safetensors"))
    for name, tensor in result.model.state_dict().items():
        assert torch.equal(saved[name], tensor)


def test_rows_of_another_width_are_refused():
    X, y = make_rows()
    result = fit(None, X, y, settings=QUICK)
    with pytest.raises(DataError, match="6 features, got 5"):
        result.predict(X[:, :5])


def test_prediction_does_not_depend_on_the_company_of_a_row():
    X, y = make_rows()
    result = fit(None, X, y, settings=QUICK)
    together = result.predict_proba(X)
    alone = np.concatenate([result.predict_proba(row[None]) for row in X[:20]])
    assert np.allclose(together[:20], alone, atol=1e-6)


def test_prediction_leaves_its_argument_alone():
    X, y = make_rows()
    X[0, 0] = np.inf
    result = fit(None, X, y, settings=QUICK)
    before = X.copy()
    result.predict(X)
    assert np.array_equal(X, before)
