"""A state that is damaged, of another run or of another version is refused by name."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ml_training.core.errors import DataError
from ml_training.core.fit import fit
from ml_training.core.resume import VERSIONS, read_place, seal, unseal
from ml_training.core.settings import TrainSettings
from tests.core.builders import are_equal, make_network, weights_of
from tests.core.interruption_cases import PARTS, SHORT, SOUND
from tests.core.interruptions import run_case

X, y, X_VAL, Y_VAL = PARTS
FACTORS = np.linspace(0.5, 1.5, len(X))
_saved: list[bytes] = []


def state() -> bytes:
    """Return a state of a sound run, saved once for all tests."""
    if not _saved:
        _saved.append(run_case(SOUND["own"], kill_at=3).states[-1])
    return _saved[0]


def go_on(saved, *, model=None, parts=PARTS, weight=None, **changes):
    return fit(
        model or make_network(),
        *parts,
        settings=TrainSettings(**{**SHORT, **changes}),
        sample_weight=weight,
        resume=saved,
    )


def changed(**parts) -> bytes:
    """Return a state that says something else, and is sealed anew."""
    return seal({**unseal(state()), **parts})


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04" + bytes(200), b"\x80\x04."])
def test_what_was_never_a_state_is_refused(content):
    with pytest.raises(DataError, match=r"must be a state that `save_state` was given.*earlier"):
        go_on(content)


@settings(max_examples=60, deadline=None)
@given(where=st.integers(0), flip=st.integers(1, 255))
def test_a_state_is_refused_when_one_byte_is_another(where, flip):
    damaged = bytearray(state())
    damaged[where % len(damaged)] ^= flip
    with pytest.raises(DataError, match=r"is damaged|must be a state"):
        read_place(bytes(damaged))


@settings(max_examples=30, deadline=None)
@given(length=st.integers(0))
def test_a_state_is_refused_when_it_was_cut_short(length):
    with pytest.raises(DataError, match=r"is damaged|must be a state"):
        read_place(state()[: length % len(state())])


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("X_train", (X + 1e-9, y, X_VAL, Y_VAL)),
        ("X_train", (X[::-1].copy(), y, X_VAL, Y_VAL)),
        ("y_train", (X, 1 - y, X_VAL, Y_VAL)),
        ("X_val", (X, y, X_VAL[:-1], Y_VAL[:-1])),
        ("y_val", (X, y, X_VAL, 1 - Y_VAL)),
        ("the classes of y_train", (X, 2 * y, X_VAL, 2 * Y_VAL)),
    ],
)
def test_other_rows_are_refused_by_name(name, parts):
    with pytest.raises(DataError, match=f"`{name}` must be as in the run that goes on"):
        go_on(state(), parts=parts)


def test_weights_are_refused_when_there_were_none():
    with pytest.raises(DataError, match="`sample_weight` must be as in the run"):
        go_on(state(), weight=FACTORS)


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 6e-3},
        {"batch_size": 16},
        {"max_epochs": 11},
        {"seed": 1},
        {"optimizer": "adam"},
        {"optimizer_options": {"weight_decay": 0.1}},
        {"loss": nn.BCEWithLogitsLoss()},
        {"scheduler": lambda optimizer: None},
        {"switched_off": frozenset({"no_signal"})},
        {"watch": "ratios"},
        {"patience": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_setting_is_refused_by_name_with_both_values(change):
    name = next(iter(change))
    with pytest.raises(DataError, match=f"`settings.{name}` must be as in .*: .*, got "):
        go_on(state(), **change)


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_network(width=17),
        lambda: make_network(is_normalised=False),
        lambda: nn.Sequential(make_network()),
        lambda: make_network().double(),
        lambda: nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Linear(16, 1)),
    ],
)
def test_another_network_is_refused(make):
    with pytest.raises(DataError, match="`model` must be as in the run that goes on"):
        go_on(state(), model=make())


def test_the_house_network_is_refused_when_the_run_had_another():
    with pytest.raises(DataError, match="`model` must be as in the run"):
        fit(None, *PARTS, settings=TrainSettings(**SHORT), resume=state())


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"moments": {"now": 99, "beginning": 0, "last_good": 0}}, "index out of range"),
        ({"history": {}}, "layer_names"),
        ({"network": {"layers": [], "colour": 1}}, "colour"),
        ({"trials": [{"problem": "no_signal"}]}, "change"),
    ],
)
def test_a_state_that_makes_no_sense_is_refused(parts, words):
    with pytest.raises(DataError, match=f"`resume` cannot be taken up: .*{words}"):
        go_on(changed(**parts))


@pytest.mark.parametrize("name", ["tensors", "modules", "models", "flats", "tables", "moments"])
def test_a_state_is_refused_when_it_lacks_a_part(name):
    parts = dict(unseal(state())["parts"])
    parts.pop(name)
    with pytest.raises(DataError, match=f"`resume` cannot be taken up: '{name}'"):
        go_on(changed(parts=parts))


def test_an_optimizer_of_an_unknown_name_is_refused():
    parts = unseal(state())["parts"]
    for moment in parts["moments"]:
        moment["make_optimizer"] = {"kind": "plain", "name": "system"}
    with pytest.raises(DataError, match="cannot be taken up: 'system'"):
        go_on(changed(parts=parts))


def test_nothing_is_half_loaded_when_a_state_is_refused():
    model = make_network(seed=4)
    before, generators = weights_of(model), torch.get_rng_state()
    with pytest.raises(DataError):
        go_on(changed(history={}), model=model)
    assert are_equal(weights_of(model), before)
    assert torch.equal(torch.get_rng_state(), generators)


def test_the_report_says_so_when_the_run_began_under_another_torch():
    result = go_on(changed(versions={**VERSIONS, "torch": "1.0"}))
    assert f"began under torch 1.0, went on under torch {VERSIONS['torch']}" in result.report.notes


def test_the_report_says_nothing_when_the_run_began_under_the_same():
    assert not [note for note in go_on(state()).report.notes if "began under" in note]
