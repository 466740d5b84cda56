"""Stored models come back byte for byte, or not at all."""

import hashlib

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_training.models import Checkpoint, TrainingRun
from ml_training.services.checkpoints import (
    CheckpointError,
    local_copy,
    read_checkpoint,
    store_checkpoint,
)
from tests.services.builders import make_run

pytestmark = pytest.mark.django_db
CONTENT = bytes(range(256)) * 4


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Give the folder of stored models, empty."""
    stored = tmp_path / "stored"
    stored.mkdir()
    storage = FileSystemStorage(location=stored)
    monkeypatch.setattr(Checkpoint._meta.get_field("file"), "storage", storage)
    return stored


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "my model; rm -rf.safetensors"
    path.write_bytes(CONTENT)
    return path


def test_bytes_come_back_when_a_model_was_stored(model):
    checkpoint = store_checkpoint(make_run(), "best", model, epoch=7, meta={"auc": float("nan")})
    assert read_checkpoint(checkpoint) == CONTENT
    row = Checkpoint.objects.get()
    assert (row.kind, row.epoch, row.size, row.meta) == ("best", 7, len(CONTENT), {"auc": "NaN"})
    assert row.sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_name_comes_from_the_run_when_the_path_is_odd(model, folder):
    run = make_run()
    checkpoint = store_checkpoint(run, "best", model)
    assert checkpoint.file.name.startswith(f"{run.pk}/best-")
    assert (folder / checkpoint.file.name).suffix == ".safetensors"


def test_two_models_stay_apart_when_stored_for_one_run(model):
    run = make_run()
    first, second = (store_checkpoint(run, "best", model) for _ in range(2))
    assert first.file.name != second.file.name
    assert run.checkpoints.first() == second


def test_base_stands_alone_when_no_run_made_it(model):
    checkpoint = store_checkpoint(None, "base", model)
    assert checkpoint.file.name.startswith("base/")


@pytest.mark.parametrize(("run", "kind"), [(None, "best"), (True, "latest")])
def test_nothing_is_left_when_the_row_is_refused(run, kind, model, folder):
    with pytest.raises(IntegrityError):
        store_checkpoint(make_run() if run else None, kind, model)
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert not Checkpoint.objects.exists()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, len(CONTENT) - 1), bit=st.integers(0, 7), is_cut=st.booleans())
def test_damage_is_found_when_any_bit_flips_or_the_end_is_gone(
    position, bit, is_cut, model, folder
):
    checkpoint = store_checkpoint(make_run(), "best", model)
    damaged = bytearray(CONTENT)
    damaged[position] ^= 1 << bit
    (folder / checkpoint.file.name).write_bytes(CONTENT[:position] if is_cut else bytes(damaged))
    with pytest.raises(CheckpointError, match="SHA-256"):
        read_checkpoint(checkpoint)


def test_way_out_is_named_when_the_file_is_gone(model, folder):
    checkpoint = store_checkpoint(make_run(), "best", model)
    (folder / checkpoint.file.name).unlink()
    with pytest.raises(CheckpointError, match=r"missing.*train again"):
        read_checkpoint(checkpoint)


def test_copy_lives_only_as_long_as_its_block(model):
    with local_copy(store_checkpoint(make_run(), "best", model)) as path:
        assert path.read_bytes() == CONTENT
        assert path.suffix == ".safetensors"
    assert not path.exists()


def test_rows_go_with_their_run_when_it_is_deleted(model):
    run = make_run()
    store_checkpoint(run, "best", model)
    TrainingRun.objects.filter(pk=run.pk).delete()
    assert not Checkpoint.objects.exists()
