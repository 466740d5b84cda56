import json
import zipfile

import numpy as np
import pytest

from ml_training.core.settings import TrainSettings
from ml_training.errors import DataError
from ml_training.evaluation.baselines import BaseRate, LogisticBaseline
from ml_training.evaluation.calibration import Calibration
from ml_training.study.blocks import cut_blocks
from ml_training.study.candidates import prepare_candidates
from ml_training.study.models import (
    BASE_RATE,
    BLEND,
    BOOSTING,
    ENSEMBLE,
    FOREST,
    LOGISTIC,
    PAIRWISE,
)
from ml_training.study.serving import CARD, ServedModel, load_served
from ml_training.study.storing import STEMS
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


@pytest.fixture(scope="module")
def every():
    """Return one served model of each kind, trained on a small set."""
    blocks = cut_blocks(make_set(300), (0.6, 0.2, 0.2))
    settings = TrainSettings(max_epochs=2)
    found = prepare_candidates(blocks.train, blocks.validation, settings)
    return {name: serve_candidate(one) for name, one in found.items()}


def serve_candidate(candidate) -> ServedModel:
    return ServedModel(
        name=candidate.name,
        model=candidate.model,
        calibration=candidate.calibration,
        threshold=candidate.threshold.value,
        feature_names=tuple(f"feature_{i}" for i in range(6)),
        feature_digest="f" * 64,
    )


KINDS = [ENSEMBLE, LOGISTIC, PAIRWISE, BOOSTING, FOREST, BLEND, BASE_RATE]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_gives_the_same_numbers_and_bytes_when_read_back(name, every, tmp_path):
    every[name].save(tmp_path / "a.zip")
    again = load_served(tmp_path / "a.zip")
    X = make_set(60, seed=3).X.copy()
    X[::5, 0] = np.nan
    np.testing.assert_array_equal(again.predict_proba(X), every[name].predict_proba(X))
    again.save(tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def rewrite_members(path, name, content):
    with zipfile.ZipFile(path) as bundle:
        members = {one: bundle.read(one) for one in bundle.namelist()}
    members[name] = content
    with zipfile.ZipFile(path, "w") as bundle:
        for one, held in members.items():
            bundle.writestr(one, held)


@pytest.mark.parametrize("content", [b"", b"{}", b"garbage" * 40])
@pytest.mark.parametrize("name", [BOOSTING, FOREST, ENSEMBLE])
def test_bundle_is_refused_in_words_when_its_arrays_were_swapped(name, content, every, tmp_path):
    path = tmp_path / "model.zip"
    every[name].save(path)
    rewrite_members(path, f"{STEMS[name]}.safetensors", content)
    with pytest.raises(DataError, match="is not a saved model"):
        load_served(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda card: card["model"]["weights"].pop(), "as many weights"),
        (lambda card: card["model"]["weights"].__setitem__(0, -1.0), "weights of 0 or more"),
        (lambda card: card["model"]["members"][0].update(kind="oracle"), "nobody knows"),
        (lambda card: card["model"]["members"][0].update(kind="blend"), "nobody knows"),
        (lambda card: card.update(name=FOREST), "nobody knows here"),
        (lambda card: card["model"].update(anchor="high"), "high"),
    ],
)
def test_blend_is_refused_in_words_when_its_card_is_wrong(change, words, every, tmp_path):
    path = tmp_path / "model.zip"
    every[BLEND].save(path)
    with zipfile.ZipFile(path) as bundle:
        card = json.loads(bundle.read(CARD))
    change(card)
    rewrite_members(path, CARD, json.dumps(card).encode())
    with pytest.raises(DataError, match=words):
        load_served(path)


@pytest.mark.parametrize("name", [LOGISTIC, BASE_RATE])
def test_file_of_the_first_format_still_loads(name, tmp_path):
    served = make_served(name)
    card = {
        "format": 1,
        "name": name,
        "model": served.model.as_dict(),
        "calibration": {"temperature": 1.7, "anchor": 0.4, "applied": True, "note": ""},
        "threshold": 0.35,
        "feature_names": list(served.feature_names),
        "feature_digest": served.feature_digest,
    }
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as bundle:
        bundle.writestr(CARD, json.dumps(card))
    X = make_set(20, seed=3).X
    expected = served.predict_proba(X)
    np.testing.assert_array_equal(load_served(tmp_path / "old.zip").predict_proba(X), expected)
