"""A model leaves the program with its card, a reader, and rows to check it by."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from ml_training.errors import DataError
from ml_training.models import Checkpoint
from ml_training.services.cards import LIMITS, NOT_FOR, describe_model, write_card
from ml_training.services.checkpoints import store_checkpoint
from ml_training.services.exports import export_model
from ml_training.services.jsonable import to_jsonable
from ml_training.services.runs import close_run
from ml_training.study.lineage import describe_lineage
from ml_training.study.results import describe_study
from ml_training.study.run import run_study
from tests.services.builders import make_run
from tests.study.builders import make_set, quick_settings

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
FILES = (
    *("MODEL_CARD.md", "card.json", "check.json", "example.py"),
    *("model.json", "model.safetensors", "strategy_model.py"),
)


@pytest.fixture(scope="module")
def study():
    return run_study(make_set(240), quick_settings(epochs=2, is_synthetic=True))


@pytest.fixture
def run(study, tmp_path):
    """Return a run that left the study's model and results."""
    run = make_run()
    path = tmp_path / "model.zip"
    study.served.save(path)
    meta = {"served": study.choice.name, "data": describe_lineage(study)}
    store_checkpoint(run, Checkpoint.Kind.BEST, path, meta=meta)
    close_run(run, {**to_jsonable(describe_study(study)), "diagnostics_report": "told"})
    run.refresh_from_db()
    return run


def test_example_reads_the_export_and_finds_the_same_numbers(run, tmp_path):
    exported = export_model(run, tmp_path / "out")
    assert exported.files == FILES
    done = subprocess.run(
        [sys.executable, str(tmp_path / "out" / "example.py")],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert re.search(r"8 made-up setups: largest difference \d\.\de-\d\d", done.stdout)
    assert "feature_5" in done.stdout


def test_card_says_what_the_model_was_trained_on_and_measured_at(run, study):
    card = json.loads(json.dumps(describe_model(run), allow_nan=False))
    assert card["served"]["name"] == study.choice.name
    assert card["data"]["train"]["n_setups"] == len(study.blocks.train)
    assert card["data"]["test"]["to"] > card["data"]["test"]["from"]
    assert card["data"]["symbols"] == ["AUDUSD", "GBPUSD", "XAUUSD"]
    assert card["data"]["feature_names"] == list(study.dataset.feature_names)
    assert card["data"]["setups_digest"] == study.dataset.digest()
    assert card["measured"]["the test block"]["auc"] == study.served_test.metrics.auc
    assert card["digests"]["model"] == run.checkpoints.get().sha256


def test_card_is_written_for_people_with_verdict_limits_and_intervals(run, study):
    text = write_card(describe_model(run))
    assert text.startswith(f"# {run.strategy.name}: {study.choice.name}\n")
    assert study.verdict.sentence in text
    assert "Synthetic market: none of this is about a real one" in text
    assert re.search(r"- AUC: 0\.\d{3} \(95 % interval 0\.\d{3} to \d\.\d{3}\)", text)
    assert all(words in text for words in (*LIMITS, *NOT_FOR))
    assert f"SHA-256 of the model: `{run.checkpoints.get().sha256}`" in text


def test_card_of_an_earlier_version_says_that_its_data_were_not_noted(run):
    run.checkpoints.update(meta={"served": "network"})
    assert "which did not note it" in write_card(describe_model(run))


def test_same_run_gives_the_same_bytes_when_exported_again(run, tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    export_model(run, first)
    export_model(run, second)
    export_model(run, second)  # an earlier export is replaced
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_graph_is_written_when_asked_for_and_gone_when_exported_without(run, tmp_path):
    pytest.importorskip("onnx", reason="onnx is an extra: pip install -r requirements-onnx.txt")
    assert "model.onnx" in export_model(run, tmp_path / "out", with_onnx=True).files
    export_model(run, tmp_path / "out")
    assert not (tmp_path / "out" / "model.onnx").exists()


@pytest.mark.skipif(find_spec("onnx") is not None, reason="onnx is installed")
def test_missing_package_is_named_and_nothing_is_written(run, tmp_path):
    with pytest.raises(
        DataError, match="needs the package `onnx`, which is not installed"
    ) as told:
        export_model(run, tmp_path / "out", with_onnx=True)
    assert "requirements-onnx.txt" in told.value.hint
    assert not (tmp_path / "out").exists()


def test_folder_with_other_files_is_left_alone(run, tmp_path):
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(DataError, match="must be empty or hold an earlier export, it holds"):
        export_model(run, tmp_path)
    with pytest.raises(DataError, match="must be a folder, it is a file"):
        export_model(run, tmp_path / "diary.txt")
    assert (tmp_path / "diary.txt").read_text() == "mine"


def test_run_without_a_model_is_refused_in_words(tmp_path):
    with pytest.raises(DataError, match="has no model: it is running"):
        export_model(make_run(), tmp_path / "out")
    assert not (tmp_path / "out").exists()
