"""The ONNX graph counts as the program does; skipped where its packages are missing."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is an extra: pip install -r requirements-onnx.txt")
onnxruntime = pytest.importorskip(
    "onnxruntime", reason="onnxruntime is an extra: pip install -r requirements-onnx.txt"
)

from torch import nn  # noqa: E402 - behind the skips

from ml_training.core.treatments import Flag, Impute, Scale, Silence, Winsorise  # noqa: E402
from ml_training.errors import DataError  # noqa: E402
from ml_training.evaluation.boosting import BoostingBaseline  # noqa: E402
from ml_training.evaluation.calibration import Calibration  # noqa: E402
from ml_training.evaluation.trees import join_trees  # noqa: E402
from ml_training.services.onnx_graph import build_onnx  # noqa: E402
from ml_training.study.models import BOOSTING, LOGISTIC, NETWORK  # noqa: E402
from ml_training.study.portable import describe_portable  # noqa: E402
from tests.study.test_portable import (  # noqa: E402, F401 - fixtures
    CLOSE,
    EVERY,
    LAYERS,
    STEPS,
    candidates,
    dataset,
    fitted,
    make_rows,
    network_of,
    serve,
    serve_pairs,
    transferred,
)


def ask_onnx(served, rows):
    session = onnxruntime.InferenceSession(
        build_onnx(*describe_portable(served)), providers=["CPUExecutionProvider"]
    )
    chance, take = session.run(None, {"features": rows})
    return chance, take


@pytest.mark.parametrize("name", EVERY)
def test_graph_gives_the_same_chances(name, candidates):  # noqa: F811
    served, rows = serve(name, candidates[name].model), make_rows()
    chance, take = ask_onnx(served, rows)
    expected = served.predict_proba(rows)
    np.testing.assert_allclose(chance, expected, rtol=0, atol=CLOSE)
    clear = np.abs(expected - served.threshold) > CLOSE
    np.testing.assert_array_equal(take[clear], served.take(rows)[clear])


def test_graph_counts_products_of_columns_alike():
    served, rows = serve_pairs(), make_rows()
    chance, _ = ask_onnx(served, rows)
    np.testing.assert_allclose(chance, served.predict_proba(rows), rtol=0, atol=1e-9)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_every_layer_that_surgery_may_put_in_is_counted_alike(layer, fitted):  # noqa: F811
    served = serve(
        NETWORK, network_of(fitted, [nn.Linear(6, 5), nn.BatchNorm1d(5), layer, nn.Linear(5, 1)])
    )
    rows = np.nan_to_num(make_rows()[:70], nan=0.0, posinf=1.0, neginf=-1.0)
    chance, _ = ask_onnx(served, rows)
    np.testing.assert_allclose(chance, served.predict_proba(rows), rtol=0, atol=CLOSE)


def test_every_treatment_is_counted_alike_and_leaves_added_columns(fitted):  # noqa: F811
    six = np.linspace(-1.0, 1.0, 6)
    treatments = (
        Flag(columns=(0, 1)),
        Impute(fill=six),
        Winsorise(low=six - 2, high=six + 2),
        Scale(centre=six, width=np.full(6, 0.7), limit=2.5),
        Silence(columns=(3,), values=(0.25,)),
    )
    served = serve(NETWORK, network_of(fitted, [nn.Linear(8, 1)], treatments))
    chance, _ = ask_onnx(served, make_rows())
    np.testing.assert_allclose(chance, served.predict_proba(make_rows()), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("calibration", [STEPS, Calibration()], ids=["curve", "none"])
def test_every_calibration_is_counted_alike(calibration, candidates):  # noqa: F811
    served = replace(serve(LOGISTIC, candidates[LOGISTIC].model), calibration=calibration)
    chance, _ = ask_onnx(served, make_rows())
    np.testing.assert_allclose(chance, served.predict_proba(make_rows()), rtol=0, atol=CLOSE)


def test_boosting_without_a_tree_is_drawn_as_its_base(candidates):  # noqa: F811
    served = serve(BOOSTING, BoostingBaseline(join_trees([]), -0.4, 6))
    chance, _ = ask_onnx(served, make_rows())
    np.testing.assert_allclose(chance, served.predict_proba(make_rows()), rtol=0, atol=CLOSE)


def test_network_of_two_outputs_is_refused_in_words(fitted):  # noqa: F811
    served = serve(NETWORK, network_of(fitted, [nn.Linear(6, 2)]))
    with pytest.raises(DataError, match="one output of log-odds only"):
        build_onnx(*describe_portable(served))


def test_same_model_gives_the_same_bytes(candidates):  # noqa: F811
    served = serve(NETWORK, candidates[NETWORK].model)
    portable = describe_portable(served)
    assert build_onnx(*portable) == build_onnx(*portable)
