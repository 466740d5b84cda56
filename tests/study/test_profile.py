"""What a model was trained on travels in its file and comes back as it was."""

import zipfile

import numpy as np
import pytest

from ml_training.errors import DataError
from ml_training.study.profile import FILE, attach_profile, describe_training, read_profile
from tests.study.builders import make_set


@pytest.fixture
def bundle(tmp_path):
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(zipfile.ZipInfo("serving.json"), "{}")
    return path


def test_profile_tells_what_the_rows_were():
    rows = make_set(200)
    profile = describe_training(rows)
    assert (profile.n, profile.base_rate) == (200, float(rows.y.mean()))
    assert (profile.first, profile.last) == (rows.t0.min(), rows.t1.max())
    assert profile.symbols == ("AUDUSD", "GBPUSD", "XAUUSD")
    assert tuple(profile.columns) == rows.feature_names
    assert profile.columns["feature_3"].high == rows.X[:, 3].max()


def test_profile_comes_back_as_it_was_when_attached(bundle):
    rows = make_set(200)
    profile = describe_training(rows)
    attach_profile(bundle, profile)
    again = read_profile(bundle)
    assert again == profile
    assert tuple(again.columns) == rows.feature_names


def test_same_rows_give_the_same_bytes(bundle):
    first = bundle.read_bytes()
    attach_profile(bundle, describe_training(make_set(50)))
    once = bundle.read_bytes()
    bundle.write_bytes(first)
    attach_profile(bundle, describe_training(make_set(50)))
    assert bundle.read_bytes() == once


def test_columns_keep_their_order_when_names_do_not_sort_that_way(bundle):
    rows = make_set(50, n_features=12)  # feature_10 sorts before feature_2
    attach_profile(bundle, describe_training(rows))
    assert tuple(read_profile(bundle).columns) == rows.feature_names


def test_nothing_is_read_when_a_model_was_saved_without(bundle):
    assert read_profile(bundle) is None


@pytest.mark.parametrize("words", ["{", "[]", '{"format": 99}', '{"format": 1}'])
def test_damaged_profile_is_refused_in_words(bundle, words):
    with zipfile.ZipFile(bundle, "a") as file:
        file.writestr(FILE, words)
    with pytest.raises(DataError, match="cannot be read"):
        read_profile(bundle)


def test_rows_themselves_are_not_kept(bundle):
    rows = make_set(400)
    stored = str(describe_training(rows).as_dict())
    inner = np.sort(rows.X[:, 0])[1:-1]
    assert sum(repr(float(value)) in stored for value in inner) < 60
