import errno
import hashlib
import os
import random
from collections import Counter, OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml_training.core.checkpoints import (
    from_plain,
    load_model,
    pack_resume,
    read_bytes,
    save_model,
    to_plain,
    unpack_resume,
    write_bytes,
)
from ml_training.core.errors import DataError, TrainingError


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


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(PLAIN)
def test_plain_values_come_back_as_they_were(value):
    packed = pack_resume({"it": to_plain(value)})
    assert repr(from_plain(unpack_resume(packed))["it"]) == repr(value)


@settings(deadline=None)
@given(
    hnp.arrays(
        st.sampled_from(["f8", "f4", "i8", "u4", "b1", "c16", "<U3"]),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=4),
    )
)
def test_arrays_come_back_to_the_bit(values):
    back = from_plain(unpack_resume(pack_resume(to_plain({"it": [values]}))))["it"][0]
    assert (back.dtype, back.shape) == (values.dtype, values.shape)
    assert back.tobytes() == values.tobytes()


def test_what_schedules_count_with_stays_a_counter():
    kept = {"milestones": Counter({3: 1}), "order": OrderedDict(b=1, a=2), "seen": {1, 2}}
    back = from_plain(unpack_resume(pack_resume(to_plain(kept))))
    assert back == kept
    assert back["milestones"][7] == 0
    assert list(back["order"]) == ["b", "a"]


def test_numbers_of_numpy_become_plain():
    kept = to_plain([np.float32(0.5), np.int64(3), np.bool_(True), np.str_("a")])
    assert [type(value) for value in kept] == [float, int, bool, str]


def test_only_its_own_numbers_are_kept_of_a_view():
    kept = to_plain(torch.arange(1_000.0)[10:12])
    assert kept.tolist() == [10.0, 11.0]
    assert len(pack_resume({"it": kept})) < 2_000


@pytest.mark.parametrize("value", [object(), print, np.array([None]), frozenset(), 1j, b"bytes"])
def test_what_could_not_be_read_back_is_refused_before_it_is_written(value):
    with pytest.raises(TrainingError, match="cannot be kept in a checkpoint"):
        to_plain({"deep": [value]})
