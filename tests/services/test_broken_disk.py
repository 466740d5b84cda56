"""Whatever the disk does, an old state stays good, and a bad one is never used."""

import errno
import random
import resource
import sys
from pathlib import Path

import pytest

from ml_training.models import Checkpoint
from ml_training.services.checkpoints import (
    CheckpointError,
    StorageError,
    read_checkpoint,
    store_checkpoint,
)
from ml_training.services.resuming import SavedState, Saver, find_state
from ml_training.services.runs import fail_run, note_digests
from tests.services.builders import make_run
from tests.services.failing_disk import FailingDisk

pytestmark = pytest.mark.django_db
MEMORY = {"recorder": {"n_told": 3}, "story": {}}
CHUNK = 64 * 1024  # what Django writes at a time
GOOD = b"good" * 5_000
NEWER = random.Random(0).randbytes(2 * CHUNK + 100)
NUMBERS = [errno.ENOSPC, errno.EIO, errno.EACCES]
N_DAMAGED = 200  # of each kind; runs.md asks for 1,000 in all
N_FALLEN_BACK = 40


@pytest.fixture
def run():
    made = make_run()
    note_digests(made, setups="s" * 64)
    return made


@pytest.fixture
def saver(run):
    """Keep a good state, and what is complained of later."""
    made = Saver(run, complain=lambda words, epoch: complaints.append((words, epoch)))
    made.complaints = complaints = []
    made.save(GOOD, lambda: MEMORY, 0)
    return made


def list_files(run):
    """Name the files of a run as they lie on the disk."""
    (kept,) = run.checkpoints.filter(epoch=0)
    folder = Path(kept.file.path).parent
    return {f"{folder.name}/{path.name}" for path in folder.iterdir()}


def list_rows(run):
    return set(run.checkpoints.values_list("file", flat=True))


@pytest.mark.parametrize("number", NUMBERS)
def test_old_state_is_good_when_any_single_write_fails(run, saver, number):
    for n_good in range(100):
        disk = FailingDisk(n_good, number)
        with disk.at_work():
            saver.save(NEWER, lambda: MEMORY, 1)
        if not disk.has_failed:
            break
        assert find_state(run) == SavedState(GOOD, MEMORY)
        assert list_files(run) == list_rows(run)
    assert n_good > 7  # opened, three chunks, closed, synced: file, folder, root
    assert find_state(run) == SavedState(NEWER, MEMORY)


@pytest.mark.parametrize("number", NUMBERS)
def test_old_state_is_good_when_every_write_fails_from_some_moment_on(run, saver, number):
    for n_good in range(8):
        disk = FailingDisk(n_good, number, is_lasting=True)
        with disk.at_work():
            saver.save(NEWER, lambda: MEMORY, 1)
        assert disk.has_failed
        assert find_state(run) == SavedState(GOOD, MEMORY)
        assert run.checkpoints.count() == 1


def test_reason_is_told_once_until_a_state_is_saved_again(run, saver):
    for epoch in (1, 2):
        with FailingDisk(2, errno.ENOSPC, is_lasting=True).at_work():
            saver.save(NEWER, lambda: MEMORY, epoch)
    saver.save(NEWER, lambda: MEMORY, 3)
    with FailingDisk(0, errno.EACCES).at_work():
        saver.save(NEWER, lambda: MEMORY, 4)
    (full, first), (closed, last) = saver.complaints
    assert (first, last) == (1, 4)
    assert "resume checkpoint of 131,2" in full
    assert "No space left on device (ENOSPC)" in full
    assert "Permission denied (EACCES)" in closed


@pytest.mark.parametrize("number", NUMBERS)
def test_nothing_is_left_of_a_model_when_any_write_fails(run, number, tmp_path):
    path = tmp_path / "model.zip"
    path.write_bytes(NEWER)
    store_checkpoint(run, "best", path, epoch=0)
    for n_good in range(8):
        with (
            FailingDisk(n_good, number).at_work(),
            pytest.raises(StorageError, match=errno.errorcode[number]),
        ):
            store_checkpoint(run, "best", path)
        assert list_files(run) == list_rows(run)
        assert run.checkpoints.count() == 1


@pytest.mark.parametrize(
    ("number", "way_out"),
    [(errno.ENOSPC, "Make room"), (errno.EACCES, "the right to write"), (errno.EIO, "Look at")],
)
def test_failed_run_tells_reason_and_way_out_when_its_model_was_not_stored(run, number, way_out):
    fail_run(run, StorageError("best", 1_000, OSError(number, "broken")))
    run.refresh_from_db()
    assert run.error.startswith("a best checkpoint of 1,000 bytes could not be stored: broken")
    assert way_out in run.hint
    assert run.end_cause == "error"


def test_failed_run_tells_the_words_of_the_system_when_an_error_has_a_number(run):
    fail_run(run, OSError(errno.ENOSPC, "No space left on device"))
    run.refresh_from_db()
    assert run.error == "[Errno 28] No space left on device"


@pytest.mark.skipif(sys.platform == "win32", reason="has no limits of processes")
def test_old_state_is_good_when_the_kernel_refuses_to_write_on(run, saver):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in range(0, len(NEWER), 10_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            saver.save(NEWER, lambda: MEMORY, 1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert find_state(run).state == GOOD
        assert list_files(run) == list_rows(run)
    assert "(EFBIG)" in saver.complaints[0][0]


def truncate(content, draw):
    del content[draw.randrange(len(content)) :]


def flip_bit(content, draw):
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)


def zero_block(content, draw):
    start = draw.randrange(len(content))
    end = min(start + draw.choice([1, 512, 4096]), len(content))
    content[start:end] = bytes(b == 0 for b in content[start:end])  # zeros, and no zero stays


def append(content, draw):
    content += draw.randbytes(draw.randrange(1, 600))


def move_block(content, draw):
    half = len(content) // 2
    content[:half], content[half:] = content[-half:], content[:-half]


DAMAGES = [truncate, flip_bit, zero_block, append, move_block]


def test_old_state_is_used_when_the_newer_one_is_damaged(run, saver):
    draw = random.Random(20261123)
    good = find_state(run)
    for _ in range(N_FALLEN_BACK):
        saver.save(draw.randbytes(draw.randrange(600, 3_000)), lambda: MEMORY, 1)
        newest = run.checkpoints.get(epoch=1)
        how = draw.choice([*DAMAGES, "no file", "no manifest"])
        if how == "no file":
            Path(newest.file.path).unlink()
        elif how == "no manifest":
            Checkpoint.objects.filter(pk=newest.pk).update(sha256="")
        else:
            damage(newest, how, draw)
        assert find_state(run) == good, how
        assert run.checkpoints.count() == 1


@pytest.mark.parametrize("how", DAMAGES)
def test_no_damage_is_read_when_hundreds_are_tried(run, saver, how):
    draw = random.Random(str(how.__name__))
    stored = run.checkpoints.get()
    content = Path(stored.file.path).read_bytes()
    for _ in range(N_DAMAGED):
        damage(stored, how, draw)
        with pytest.raises(CheckpointError, match="must have SHA-256"):
            read_checkpoint(stored)
        Path(stored.file.path).write_bytes(content)
    assert read_checkpoint(stored) == content


def damage(checkpoint, how, draw):
    """Do to a stored state what a disk or a kill does."""
    path = Path(checkpoint.file.path)
    content = bytearray(path.read_bytes())
    how(content, draw)
    assert bytes(content) != path.read_bytes()
    path.write_bytes(content)
