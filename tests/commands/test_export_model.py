"""The command that hands a model out names the run, the folder, and what is wrong."""

import pytest

from ml_training.management.console import FAILED, USAGE
from ml_training.models import Checkpoint
from ml_training.services.checkpoints import store_checkpoint
from ml_training.services.jsonable import to_jsonable
from ml_training.services.runs import close_run
from ml_training.study.results import describe_study
from ml_training.study.run import run_study
from tests.commands.builders import run_command, run_failing, run_json
from tests.services.builders import make_run
from tests.study.builders import make_set, quick_settings

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_model_is_written_and_the_example_is_named(tmp_path):
    study, run = run_study(make_set(200), quick_settings(epochs=1)), make_run()
    study.served.save(tmp_path / "model.zip")
    store_checkpoint(run, Checkpoint.Kind.BEST, tmp_path / "model.zip")
    close_run(run, {**to_jsonable(describe_study(study)), "diagnostics_report": "told"})
    folder = tmp_path / "out"
    told = run_command("export_model", str(run.pk), "--to", str(folder))
    assert "model.safetensors" in told
    assert f"python {folder / 'example.py'}" in told
    again = run_json("export_model", str(run.pk), "--to", str(folder))
    assert sorted(again["files"]) == sorted(path.name for path in folder.iterdir())


def test_run_that_is_not_there_or_has_no_model_fails_in_words(tmp_path):
    unknown = "12345678-1234-5678-1234-567812345678"
    error, _ = run_failing("export_model", unknown, "--to", str(tmp_path / "out"))
    assert error.returncode == FAILED
    assert f"there is no run {unknown}" in str(error)
    error, _ = run_failing("export_model", str(make_run().pk), "--to", str(tmp_path / "out"))
    assert "has no model" in str(error)


def test_word_that_is_no_id_is_a_wrong_usage(tmp_path):
    error, _ = run_failing("export_model", "newest", "--to", str(tmp_path))
    assert error.returncode == USAGE
    assert "a run is named by its id" in str(error)
