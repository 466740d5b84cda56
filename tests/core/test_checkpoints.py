import errno
import hashlib
import os
import random

import pytest
import torch

from ml_training.core.checkpoints import (
    load_model,
    pack_resume,
    read_bytes,
    save_model,
    unpack_resume,
    write_bytes,
)
from ml_training.core.errors import DataError


def test_the_hash_is_that_of_the_content(tmp_path):
    sha256 = write_bytes(tmp_path / "a" / "file", b"content")
    assert sha256 == hashlib.sha256(b"content").hexdigest()
    assert read_bytes(tmp_path / "a" / "file", sha256) == b"content"


def test_nothing_is_left_beside_the_file(tmp_path):
    write_bytes(tmp_path / "file", b"one")
    write_bytes(tmp_path / "file", b"two")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_the_old_file_stays_when_writing_fails(tmp_path, monkeypatch, call, error):
    sha256 = write_bytes(tmp_path / "file", b"old")

    def fail(*arguments):
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail) if call == "fsync" else patch.setattr(
            "pathlib.Path.replace", fail
        )
        with pytest.raises(OSError, match=os.strerror(error)):
            write_bytes(tmp_path / "file", b"new")
    assert read_bytes(tmp_path / "file", sha256) == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_every_flipped_bit_is_noticed(tmp_path):
    content = bytes(range(256)) * 4
    sha256 = write_bytes(tmp_path / "file", content)
    rng = random.Random(0)
    for _ in range(200):
        damaged = bytearray(content)
        damaged[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        (tmp_path / "file").write_bytes(damaged)
        with pytest.raises(DataError, match="damaged"):
            read_bytes(tmp_path / "file", sha256)


@pytest.mark.parametrize("keep", [0, 1, 500, 1023])
def test_a_cut_file_is_noticed(tmp_path, keep):
    content = bytes(range(256)) * 4
    sha256 = write_bytes(tmp_path / "file", content)
    (tmp_path / "file").write_bytes(content[:keep])
    with pytest.raises(DataError, match="damaged"):
        read_bytes(tmp_path / "file", sha256)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="gone cannot be read"):
        read_bytes(tmp_path / "gone", "0" * 64)


def test_tensors_and_description_come_back(tmp_path):
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(3)}
    sha256 = save_model(tmp_path / "m", tensors, {"task": "binary"})
    loaded, description = load_model(tmp_path / "m")
    assert torch.equal(loaded["a"], tensors["a"])
    assert int(loaded["n"]) == 3
    assert description["task"] == "binary"
    assert description["sha256"] == sha256


def test_tensors_that_share_memory_are_saved(tmp_path):
    whole = torch.arange(10.0)
    save_model(tmp_path / "m", {"a": whole[:5], "b": whole[5:], "c": whole[:5]}, {})
    assert load_model(tmp_path / "m")[0]["b"].tolist() == [5, 6, 7, 8, 9]


def test_numbers_json_cannot_carry_are_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_model(tmp_path / "m", {}, {"loss": float("nan")})


def test_a_resume_document_comes_back():
    document = {"weights": torch.ones(3), "step": 7, "nested": {"rate": 0.1, "names": ["a"]}}
    loaded = unpack_resume(pack_resume(document))
    assert torch.equal(loaded["weights"], document["weights"])
    assert loaded["nested"] == document["nested"]


class Evil:
    """Run code when unpickled the careless way."""

    def __reduce__(self):
        return (os.system, ("touch /tmp/never",))


@pytest.mark.parametrize("content", [b"", b"garbage", pack_resume({"a": 1})[:-40]])
def test_a_broken_resume_document_is_refused(content):
    with pytest.raises(DataError, match="cannot be read"):
        unpack_resume(content)


def test_code_in_a_resume_document_is_never_run():
    with pytest.raises(DataError, match="cannot be read"):
        unpack_resume(pack_resume({"evil": Evil()}))


def test_anything_but_a_mapping_is_refused(tmp_path):
    torch.save([1, 2], tmp_path / "list")
    with pytest.raises(DataError, match="must hold a mapping"):
        unpack_resume((tmp_path / "list").read_bytes())
