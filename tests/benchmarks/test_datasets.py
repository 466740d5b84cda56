"""Data sets are drawn alike every time, and unseen rows are other rows."""

import numpy as np
import pytest

from benchmarks.faults.cases import DATASETS, dataset_named, draw_rows
from benchmarks.faults.errors import CaseError

LISTED = {"categories", "onehot", "quadratic", "gates"}  # few different rows are possible


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_rows_are_the_same_when_drawn_twice(name):
    dataset = DATASETS[name]
    spec = {"name": name, "args": {"n": 100}, "unseen": 40}
    first, second = (draw_rows(dataset, spec) for _ in range(2))
    for left, right in zip(first, second, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_unseen_rows_are_others_when_asked_for(name):
    X, y, X_unseen, y_unseen = draw_rows(
        DATASETS[name], {"name": name, "args": {"n": 100}, "unseen": 40}
    )
    assert len(X) == len(y) == 100
    assert len(X_unseen) == len(y_unseen) == 40
    assert X_unseen.shape[1] == X.shape[1]
    if DATASETS[name].source != "table" and name not in LISTED:
        assert not {tuple(row) for row in X_unseen} & {tuple(row) for row in X}


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_values_are_finite_and_classes_start_at_zero_when_drawn(name):
    X, y, *_ = draw_rows(DATASETS[name], {"name": name, "args": {"n": 200}, "unseen": 0})
    assert np.isfinite(X).all()
    assert np.isfinite(y).all()
    if not DATASETS[name].is_regression:
        assert set(np.unique(y)) == set(range(int(y.max()) + 1))


@pytest.mark.parametrize("name", ["classes", "hastie", "market", "spirals", "friedman1"])
def test_rows_differ_when_the_seed_differs(name):
    draws = [
        draw_rows(DATASETS[name], {"name": name, "args": {"n": 50, "seed": seed}, "unseen": 0})[0]
        for seed in (1, 2)
    ]
    assert not np.array_equal(*draws)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("blobs", (1000, 2)), ("circles", (1000, 2)), ("moons", (1000, 2)),
        ("synth_cls", (2000, 20)), ("synth_reg", (1000, 10)), ("quadratic", (200, 1)),
        ("linear1d", (600, 1)), ("signed_linear", (600, 2)), ("sum_targets", (600, 10)),
        ("xor", (200, 2)), ("uniform_random_labels", (2000, 4)), ("weak_signal", (4000, 12)),
        ("blobs_binary_95_5", (2000, 5)), ("heavy_tail", (2000, 8)), ("onehot", (2000, 36)),
        ("separable", (1000, 4)), ("diabetes", (442, 10)), ("wide_noise", (200, 105)),
    ],
)  # fmt: skip
def test_shape_follows_the_conventions_when_no_size_is_given(name, shape):
    X, *_ = draw_rows(DATASETS[name], {"name": name, "args": {}})
    assert X.shape == shape


def test_given_pools_and_tables_stay_whole_when_no_unseen_rows_are_asked_for():
    for name in ("synth_cls", "digits"):
        assert len(draw_rows(DATASETS[name], {"name": name, "args": {}})[2]) == 0


def test_noise_columns_are_added_when_named():
    X, *_ = draw_rows(
        DATASETS["wide_noise"], {"name": "wide_noise", "args": {"n": 30, "noise_features": 7}}
    )
    assert X.shape == (30, 12)


def test_names_are_listed_when_a_data_set_is_unknown():
    with pytest.raises(CaseError, match=r"no data set 'mnist'.*blobs"):
        dataset_named("mnist")
