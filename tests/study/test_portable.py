"""Exported models count as the program does, read with numpy and safetensors alone."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save
from torch import nn

from ml_training.core.fit import fit
from ml_training.core.network import HouseNetwork
from ml_training.core.settings import TrainSettings
from ml_training.core.transfer import LEVELS, Rows, fit_base, fit_transferred
from ml_training.core.treatments import Flag, Impute, Scale, Silence, Winsorise
from ml_training.errors import DataError
from ml_training.evaluation.calibration import Calibration
from ml_training.evaluation.pairwise import PairwiseBaseline
from ml_training.study import strategy_model
from ml_training.study.blocks import cut_blocks
from ml_training.study.candidates import prepare_candidates
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
)
from ml_training.study.portable import describe_portable
from ml_training.study.serving import ServedModel
from ml_training.study.strategy_model import StrategyModel
from tests.study.builders import change, make_set

CLOSE = 1e-6
"""Asked of an export; networks count in single precision, the reader in double."""

EVERY = (NETWORK, TRANSFER, ENSEMBLE, LOGISTIC, PAIRWISE, BOOSTING, FOREST, BLEND, BASE_RATE)


@pytest.fixture(scope="module")
def dataset():
    whole = make_set(400)
    X = whole.X.copy()
    X[np.random.default_rng(0).random(X.shape) < 0.05] = np.nan
    return change(whole, X=X)


@pytest.fixture(scope="module")
def fitted(dataset):
    blocks = cut_blocks(dataset, (0.6, 0.2, 0.2))
    train, validation = blocks.train, blocks.validation
    settings = TrainSettings(max_epochs=2)
    return fit(None, train.X, train.y, validation.X, validation.y, settings=settings)


@pytest.fixture(scope="module")
def transferred(dataset):
    """Return a network that knows four of the six columns from elsewhere."""
    other, blocks = make_set(500, seed=9), cut_blocks(dataset, (0.6, 0.2, 0.2))
    settings, X, y = TrainSettings(max_epochs=4), other.X[:, :4], other.y
    base = fit_base(Rows(X=X[:400], y=y[:400], X_val=X[400:], y_val=y[400:]), settings=settings)
    train, validation = blocks.train, blocks.validation
    rows = Rows(X=train.X, y=train.y, X_val=validation.X, y_val=validation.y)
    return fit_transferred(base, rows, level=LEVELS["moderate"], settings=settings)


@pytest.fixture(scope="module")
def candidates(dataset, fitted, transferred):
    blocks = cut_blocks(dataset, (0.6, 0.2, 0.2))
    settings, networks = TrainSettings(max_epochs=2), {NETWORK: fitted}
    found = prepare_candidates(blocks.train, blocks.validation, settings, networks)
    return {**found, TRANSFER: replace(found[NETWORK], name=TRANSFER, model=transferred)}


def serve(name, model, n_features=6) -> ServedModel:
    return ServedModel(
        name=name,
        model=model,
        calibration=Calibration(temperature=1.7, anchor=0.4, applied=True),
        threshold=0.35,
        feature_names=tuple(f"feature_{i}" for i in range(n_features)),
        feature_digest="f" * 64,
    )


def make_rows(n_features=6):
    """Return ordinary rows, and some that hold gaps, Inf and values far out."""
    rows = np.random.default_rng(1).standard_normal((80, n_features)) * 2
    rows[::7, 0], rows[3::7, 1], rows[5::7, 2] = np.nan, np.inf, -np.inf
    rows[70], rows[71], rows[72] = 1e300, -1e5, np.nan
    return rows


def read_portable(served) -> StrategyModel:
    document, arrays = describe_portable(served)
    return StrategyModel(json.loads(json.dumps(document)), load(save(arrays)))


@pytest.mark.parametrize("name", EVERY)
def test_exported_model_gives_the_same_chances(name, candidates):
    served, rows = serve(name, candidates[name].model), make_rows()
    reader = read_portable(served)
    expected = served.predict_proba(rows)
    np.testing.assert_allclose(reader.predict_proba(rows), expected, rtol=0, atol=CLOSE)
    clear = np.abs(expected - served.threshold) > CLOSE
    np.testing.assert_array_equal(reader.take(rows)[clear], served.take(rows)[clear])


def serve_pairs():
    """Return a model of a line and of a product of two columns."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1500, 6))
    won = rng.random(1500) < 1 / (1 + np.exp(-X[:, 1] * X[:, 4]))
    X[::9, 4], X[1::9, 1] = np.nan, np.inf
    model = PairwiseBaseline.fit(X, won.astype(int))
    assert [pair.columns for pair in model.pairs] == [(1, 4)]
    return serve(PAIRWISE, model)


def test_products_of_columns_are_counted_alike():
    served, rows = serve_pairs(), make_rows()
    chances = read_portable(served).predict_proba(rows)
    np.testing.assert_allclose(chances, served.predict_proba(rows), rtol=0, atol=1e-12)


STEPS = Calibration(
    anchor=0.4, applied=True, knots=(0.2, 0.35, 0.5, 0.8), rates=(0.25, 0.3, 0.55, 0.6)
)
"""A calibration by a rising curve."""


@pytest.mark.parametrize("calibration", [STEPS, Calibration()], ids=["curve", "none"])
def test_every_calibration_is_counted_alike(calibration, candidates):
    served = replace(serve(LOGISTIC, candidates[LOGISTIC].model), calibration=calibration)
    chances = read_portable(served).predict_proba(make_rows())
    np.testing.assert_allclose(chances, served.predict_proba(make_rows()), rtol=0, atol=CLOSE)


def network_of(fitted, layers, treatments=(), n_features=6):
    """Return the trained network with other layers, as surgery may leave it."""
    house = HouseNetwork(1, 1, widths=())
    house.layers = nn.Sequential(*layers)
    changes = {"model": house.eval(), "treatments": treatments, "n_features": n_features}
    return replace(fitted, predictor=replace(fitted.predictor, temperature=1.3, **changes))


LAYERS = (
    *(nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.SELU(), nn.SiLU(), nn.ELU(0.7), nn.GELU()),
    *(nn.LeakyReLU(0.02), nn.LayerNorm(5), nn.Identity(), nn.Dropout(0.5)),
    nn.Sequential(nn.Linear(5, 5, bias=False), nn.ReLU()),
)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_every_layer_that_surgery_may_put_in_is_counted_alike(layer, fitted):
    torch.manual_seed(0)
    layers = [nn.Linear(6, 5), nn.BatchNorm1d(5), layer, nn.Linear(5, 1)]
    layers[1].running_mean += 0.3
    layers[1].running_var *= 2.0
    served = serve(NETWORK, network_of(fitted, layers))
    rows = np.nan_to_num(make_rows()[:70], nan=0.0, posinf=1.0, neginf=-1.0)
    chances = read_portable(served).predict_proba(rows)
    np.testing.assert_allclose(chances, served.predict_proba(rows), rtol=0, atol=CLOSE)


def test_every_treatment_is_counted_alike_and_leaves_added_columns(fitted):
    torch.manual_seed(0)
    six = np.linspace(-1.0, 1.0, 6)
    treatments = (
        Flag(columns=(0, 1)),
        Impute(fill=six),
        Winsorise(low=six - 2, high=six + 2),
        Scale(centre=six, width=np.full(6, 0.7), limit=2.5),
        Silence(columns=(3,), values=(0.25,)),
    )
    served = serve(
        NETWORK, network_of(fitted, [nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 1)], treatments)
    )
    rows = make_rows()
    chances = read_portable(served).predict_proba(rows)
    np.testing.assert_allclose(chances, served.predict_proba(rows), rtol=0, atol=CLOSE)


def test_network_of_two_outputs_is_counted_alike(fitted):
    torch.manual_seed(0)
    served = serve(NETWORK, network_of(fitted, [nn.Linear(6, 2)]))
    rows = np.random.default_rng(0).standard_normal((20, 6))
    chances = read_portable(served).predict_proba(rows)
    np.testing.assert_allclose(chances, served.predict_proba(rows), rtol=0, atol=CLOSE)


def test_layer_without_a_description_is_refused_in_words(fitted):
    served = serve(NETWORK, network_of(fitted, [nn.Linear(6, 4), nn.Softplus(), nn.Linear(4, 1)]))
    with pytest.raises(DataError, match="a Softplus of a network cannot be exported"):
        describe_portable(served)


def test_rows_of_other_features_and_other_formats_are_refused(candidates):
    served = serve(LOGISTIC, candidates[LOGISTIC].model)
    document, arrays = describe_portable(served)
    with pytest.raises(ValueError, match=r"must have 6 features, got shape \(1, 5\)"):
        StrategyModel(document, arrays).predict_proba(np.zeros((1, 5)))
    with pytest.raises(ValueError, match="`format` must be 'strategy-model/1', got 'other/2'"):
        StrategyModel({**document, "format": "other/2"}, arrays)


READ_ALONE = """
import json, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from strategy_model import StrategyModel
rows = np.load(sys.argv[1] + "/rows.npy")
print(json.dumps(StrategyModel.read(sys.argv[1]).predict_proba(rows).tolist()))
known = {"ml_training", "torch", "sklearn", "scipy", "pandas", "django"}
assert not known & set(sys.modules), sorted(known & set(sys.modules))
"""


@pytest.mark.parametrize("name", [BLEND])
def test_export_is_read_where_only_numpy_and_safetensors_are(name, candidates, tmp_path):
    served = serve(name, candidates[name].model)
    document, arrays = describe_portable(served)
    (tmp_path / "model.json").write_text(json.dumps(document))
    (tmp_path / "model.safetensors").write_bytes(save(arrays))
    source = Path(strategy_model.__file__).read_text()
    (tmp_path / "strategy_model.py").write_text(source)
    np.save(tmp_path / "rows.npy", make_rows())
    told = subprocess.run(
        [sys.executable, "-I", "-c", READ_ALONE, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    chances = served.predict_proba(make_rows())
    np.testing.assert_allclose(json.loads(told), chances, rtol=0, atol=CLOSE)
