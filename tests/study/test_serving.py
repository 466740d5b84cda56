import json
import zipfile

import numpy as np
import pytest

from ml_training.errors import DataError
from ml_training.evaluation.baselines import BaseRate, LogisticBaseline
from ml_training.evaluation.calibration import Calibration
from ml_training.study.candidates import BASE_RATE, LOGISTIC
from ml_training.study.serving import CARD, ServedModel, load_served
from tests.study.builders import make_set


def make_served(name=LOGISTIC) -> ServedModel:
    dataset = make_set(200)
    logistic = LogisticBaseline.fit(dataset.X, dataset.y)
    return ServedModel(
        name=name,
        model=BaseRate(0.4) if name == BASE_RATE else logistic,
        calibration=Calibration(temperature=1.7, anchor=0.4, applied=True),
        threshold=0.35,
        feature_names=dataset.feature_names,
        feature_digest=dataset.feature_digest,
    )


@pytest.mark.parametrize("name", [LOGISTIC, BASE_RATE])
def test_simple_model_gives_the_same_numbers_when_read_back(name, tmp_path):
    served, path = make_served(name), tmp_path / "model.zip"
    served.save(path)
    again = load_served(path)
    X = make_set(50, seed=3).X
    np.testing.assert_array_equal(again.predict_proba(X), served.predict_proba(X))
    np.testing.assert_array_equal(again.take(X), served.predict_proba(X) >= 0.35)
    assert again.feature_names == served.feature_names
    assert again.feature_digest == served.feature_digest


def test_bundle_has_the_same_bytes_when_saved_again(tmp_path):
    for name in ("a.zip", "b.zip"):
        make_served().save(tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_bundle_holds_no_pickle_when_saved(tmp_path):
    make_served().save(tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as bundle:
        assert bundle.namelist() == [CARD]
        json.loads(bundle.read(CARD))


def rewrite(path, change):
    with zipfile.ZipFile(path) as bundle:
        card = json.loads(bundle.read(CARD))
    change(card)
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr(CARD, json.dumps(card))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda card: card.update(format=99), "format is 99"),
        (lambda card: card.update(name="oracle"), "nobody knows"),
        (lambda card: card.pop("threshold"), "threshold"),
        (lambda card: card["calibration"].update(extra=1), "extra"),
        (lambda card: card.update(model={}), "kind"),
        (lambda card: card["model"].pop("centre"), "centre"),
    ],
)
def test_bundle_is_refused_in_words_when_its_card_is_wrong(change, words, tmp_path):
    path = tmp_path / "model.zip"
    make_served().save(path)
    rewrite(path, change)
    with pytest.raises(DataError, match=words) as caught:
        load_served(path)
    assert "Train the strategy again" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_file_is_refused_in_words_when_it_is_no_bundle(content, tmp_path):
    path = tmp_path / "model.zip"
    path.write_bytes(content)
    with pytest.raises(DataError, match="is not a saved model"):
        load_served(path)


def test_bundle_is_refused_in_words_when_it_is_cut_in_half(tmp_path):
    path = tmp_path / "model.zip"
    make_served().save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match="is not a saved model"):
        load_served(path)


def test_missing_file_is_refused_in_words(tmp_path):
    with pytest.raises(DataError, match="is not a saved model"):
        load_served(tmp_path / "nowhere.zip")
