"""Places to resume go when nobody needs them; everything else stays where it is."""

import os
import uuid
from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage
from django.db.models.functions import Now

from ml_training.models import Checkpoint, TrainingRun
from ml_training.services.checkpoints import store_bytes
from ml_training.services.orphans import Swept, count_unused, find_orphans, sweep
from tests.services.builders import make_run

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Give an empty folder to the stored models of one test."""
    field = Checkpoint._meta.get_field("file")
    monkeypatch.setattr(field, "storage", FileSystemStorage(location=tmp_path))
    return tmp_path


def leave(folder, name, *, age_s=7_200):
    """Leave a file that no row knows."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"state")
    then = path.stat().st_mtime - age_s
    os.utime(path, (then, then))
    return path


def end(run, state, *, ago=timedelta()):
    TrainingRun.objects.filter(pk=run.pk).update(state=state, ended_at=Now() - ago)


def test_file_goes_when_no_row_knows_it(folder):
    known, lost = make_run(), uuid.uuid4()
    state = store_bytes(known, "resume", b"state", ".state")
    os.utime(state.file.path, (0, 0))
    paths = [leave(folder, f"{run}/resume-{uuid.uuid4()}.state") for run in (known.pk, lost)]
    assert count_unused() == Swept(n_files=2)
    assert sweep() == Swept(n_files=2)
    assert not any(path.exists() for path in paths)
    assert state.file.storage.exists(state.file.name)
    assert not sweep()


def test_files_go_when_their_run_was_deleted(folder):
    run = make_run()
    state = store_bytes(run, "resume", b"state", ".state")
    os.utime(state.file.path, (0, 0))
    run.delete()
    assert sweep() == Swept(n_files=1)


@pytest.mark.parametrize(
    "name",
    [
        f"{uuid.UUID(int=1)}/best-{uuid.UUID(int=2)}.zip",
        f"{uuid.UUID(int=1)}/resume-2.state",
        f"{uuid.UUID(int=1)}/resume-{uuid.UUID(int=2)}.state.txt",
        f"base/resume-{uuid.UUID(int=2)}.state",
        "notes/mine.txt",
        "resume.state",
    ],
)
def test_file_stays_when_it_is_none_of_ours_or_a_model(folder, name):
    path = leave(folder, name)
    assert list(find_orphans()) == []
    sweep()
    assert path.exists()


def test_file_stays_when_its_row_may_be_on_its_way(folder):
    path = leave(folder, f"{uuid.uuid4()}/resume-{uuid.uuid4()}.state", age_s=60)
    assert sweep() == Swept()
    assert path.exists()


def test_nothing_is_found_when_nothing_was_ever_stored(folder):
    folder.rmdir()
    assert sweep() == Swept()


@pytest.mark.parametrize(
    ("state", "ago", "n_gone"),
    [
        ("running", 90 * DAY, 0),
        ("succeeded", 0 * DAY, 1),
        ("failed", 29 * DAY, 0),
        ("canceled", 29 * DAY, 0),
        ("failed", 31 * DAY, 1),
        ("canceled", 31 * DAY, 1),
    ],
)
def test_states_stay_as_long_as_their_run_may_go_on(folder, state, ago, n_gone):
    run = make_run()
    stored = store_bytes(run, "resume", b"state", ".state")
    model = store_bytes(run, "best", b"model", ".zip")
    end(run, state, ago=ago)
    assert sweep() == Swept(n_states=n_gone)
    assert stored.file.storage.exists(stored.file.name) is not bool(n_gone)
    assert model.file.storage.exists(model.file.name)


def test_days_are_counted_as_set_when_others_are_chosen(folder, settings):
    settings.ML_TRAINING = {"keep_states_days": 2}
    run = make_run()
    store_bytes(run, "resume", b"state", ".state")
    end(run, "failed", ago=3 * DAY)
    assert sweep() == Swept(n_states=1)
