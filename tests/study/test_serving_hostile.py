"""A saved model that was cut, edited or swapped is refused before it is used."""

import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_training.errors import DataError
from ml_training.evaluation.calibration import Calibration
from ml_training.study.models import LOGISTIC, NETWORK
from ml_training.study.run import run_study
from ml_training.study.serving import CARD, DESCRIPTION, WEIGHTS, ServedModel, load_served
from tests.study.builders import make_set, quick_settings
from tests.study.test_serving import make_served

N_FEATURES = make_set(10).n_features


@pytest.fixture(scope="module")
def network() -> ServedModel:
    """Serve a small trained network, whatever the study would have chosen."""
    study = run_study(make_set(200), quick_settings(epochs=2))
    return ServedModel(
        name=NETWORK,
        model=study.fitted,
        calibration=Calibration(temperature=1.3, anchor=0.4, applied=True),
        threshold=0.4,
        feature_names=study.served.feature_names,
        feature_digest=study.served.feature_digest,
    )


def members_of(served, tmp_path):
    served.save(tmp_path / "whole.zip")
    with zipfile.ZipFile(tmp_path / "whole.zip") as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def write(members, tmp_path):
    path = tmp_path / "changed.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return path


def assert_refused(path):
    with pytest.raises(DataError, match=r"changed\.zip is not a saved model") as caught:
        load_served(path)
    assert "Train the strategy again" in caught.value.hint


def test_network_gives_the_same_numbers_when_read_back(network, tmp_path):
    network.save(tmp_path / "model.zip")
    again = load_served(tmp_path / "model.zip")
    X = make_set(60, seed=5).X
    np.testing.assert_array_equal(again.predict_proba(X), network.predict_proba(X))
    np.testing.assert_array_equal(again.take(X), network.predict_proba(X) >= 0.4)
    assert again.calibration == network.calibration


def test_setup_is_taken_when_its_chance_equals_the_threshold(tmp_path):
    served = make_served()
    X = make_set(10, seed=2).X
    chance = served.predict_proba(X)[3]
    exact = ServedModel(**{**vars(served), "threshold": float(chance)})
    assert exact.take(X)[3]


@pytest.mark.parametrize("text", ["[]", "null", "3", '"card"', "", "{", "[" * 100_000, "NaN"])
def test_bundle_is_refused_when_its_card_is_not_an_object(text, tmp_path):
    assert_refused(write({CARD: text}, tmp_path))


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("threshold",), "high"),
        (("threshold",), None),
        (("threshold",), float("nan")),
        (("threshold",), -0.1),
        (("threshold",), 1.1),
        (("calibration", "temperature"), "warm"),
        (("calibration", "temperature"), 0),
        (("calibration", "temperature"), float("nan")),
        (("calibration", "anchor"), None),
        (("calibration",), []),
        (("model",), []),
        (("model", "coef"), [1.0]),
        (("model", "coef"), "strong"),
        (("model", "centre"), []),
        (("model", "intercept"), [1.0, 2.0]),
        (("model", "intercept"), float("nan")),
        (("feature_names",), 3),
        (("feature_names",), ["only one"]),
    ],
)
def test_bundle_is_refused_when_one_number_does_not_fit(keys, value, tmp_path):
    members = members_of(make_served(), tmp_path)
    card = json.loads(members[CARD])
    *parents, last = keys
    place = card
    for key in parents:
        place = place[key]
    place[last] = value
    assert_refused(write({CARD: json.dumps(card)}, tmp_path))


@pytest.mark.parametrize("name", [WEIGHTS, DESCRIPTION])
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"garbage" * 50])
def test_network_is_refused_when_a_member_was_swapped(network, name, content, tmp_path):
    members = members_of(network, tmp_path)
    assert_refused(write(members | {name: content}, tmp_path))


@pytest.mark.parametrize("name", [WEIGHTS, DESCRIPTION, CARD])
def test_network_is_refused_when_a_member_is_missing(network, name, tmp_path):
    members = members_of(network, tmp_path)
    del members[name]
    assert_refused(write(members, tmp_path))


def test_network_is_refused_when_its_card_names_other_columns(network, tmp_path):
    members = members_of(network, tmp_path)
    card = json.loads(members[CARD])
    card["feature_names"] = [*card["feature_names"], "one more"]
    assert_refused(write(members | {CARD: json.dumps(card)}, tmp_path))


def test_member_outside_the_folder_is_never_written_when_a_bundle_is_read(tmp_path):
    members = members_of(make_served(), tmp_path)
    path = write(members | {"../../escaped.txt": b"x"}, tmp_path)
    load_served(path)
    assert not list(tmp_path.parent.parent.glob("escaped.txt"))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_bundle_is_refused_or_unchanged_when_bytes_are_damaged(data, tmp_path):
    served = make_served()
    buffer = io.BytesIO()
    served.save(buffer)
    whole = buffer.getvalue()
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    if data.draw(st.booleans()):
        damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del damaged[at:]
    path = tmp_path / "changed.zip"
    path.write_bytes(bytes(damaged))
    X = make_set(5).X
    try:
        again = load_served(path)
    except DataError:
        return
    np.testing.assert_array_equal(again.predict_proba(X), served.predict_proba(X))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sampled_from([0.0, 1.5, -3.0, np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-300]),
        min_size=N_FEATURES,
        max_size=N_FEATURES,
    )
)
def test_served_chance_is_a_share_whatever_a_row_holds(row):
    served = make_served(LOGISTIC)
    chance = served.predict_proba(np.array([row]))
    assert chance.shape == (1,)
    assert 0.0 < chance[0] < 1.0
