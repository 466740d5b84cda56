"""Every transform does to the rows what the conventions say, and to no others."""

from typing import Any

import numpy as np
import pytest

from benchmarks.faults.cases import build_parts
from benchmarks.faults.errors import CaseError
from benchmarks.faults.parts import Parts
from tests.benchmarks.builders import make_dataset


def parts_with(*transforms: dict[str, Any], name: str = "plane", **changes: Any) -> Parts:
    return build_parts(make_dataset(name, *transforms, preprocess="none", **changes))


CLEAN = parts_with()


def test_rows_are_split_by_the_conventions_when_nothing_is_spoiled():
    assert len(CLEAN.y_train) == 112
    assert len(CLEAN.y_val) == 48
    assert len(CLEAN.y_test) == 80
    assert abs(CLEAN.y_train.mean() - CLEAN.y_val.mean()) < 0.02


def test_training_statistics_scale_everything_when_standardized():
    parts = build_parts(make_dataset())
    np.testing.assert_allclose(parts.X_train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(parts.X_train.std(axis=0), 1)
    spread = CLEAN.X_train.std(axis=0)
    np.testing.assert_allclose(parts.X_val, (CLEAN.X_val - CLEAN.X_train.mean(axis=0)) / spread)


def test_targets_are_scaled_too_when_both_are_standardized():
    parts = build_parts(
        make_dataset("prices", preprocess="standardize_xy", args={"n": 100}, unseen=10)
    )
    assert abs(parts.y_train.mean()) < 1e-9
    assert parts.y_train.std() == pytest.approx(1)


def test_constant_columns_stay_finite_when_scaled():
    for preprocess in ("standardize", "minmax"):
        spoiled = {"op": "add_constant_columns", "n_columns": 2}
        parts = build_parts(make_dataset("plane", spoiled, preprocess=preprocess))
        np.testing.assert_array_equal(parts.X_train[:, -2:], 0)


def test_range_is_zero_to_one_when_squeezed():
    parts = build_parts(make_dataset(preprocess="minmax"))
    assert parts.X_train.min() == 0
    assert parts.X_train.max() == 1


def test_statistics_skip_blank_cells_when_scaled():
    parts = build_parts(make_dataset("plane", {"op": "inject_nan", "fraction": 0.1}))
    np.testing.assert_allclose(np.nanmean(parts.X_train, axis=0), 0, atol=1e-12)
    assert np.isfinite(parts.X_val).all()


def test_all_features_grow_when_scaled():
    parts = parts_with({"op": "scale", "factor": 100})
    np.testing.assert_allclose(parts.X_val, 100 * CLEAN.X_val)


def test_targets_grow_when_scaled():
    spec = {"args": {"n": 60}, "unseen": 5, "name": "friedman1"}
    plain, large = parts_with(**spec), parts_with({"op": "scale_target", "factor": 10}, **spec)
    np.testing.assert_allclose(large.y_val, 10 * plain.y_val)


def test_only_training_labels_move_when_shuffled():
    parts = parts_with({"op": "shuffle_train_labels"})
    assert parts.y_train.sum() == CLEAN.y_train.sum()
    assert not np.array_equal(parts.y_train, CLEAN.y_train)
    np.testing.assert_array_equal(parts.y_val, CLEAN.y_val)


def test_share_of_class_one_falls_everywhere_when_it_is_made_rare():
    parts = parts_with({"op": "minority_fraction", "fraction": 0.1})
    for y in (parts.y_train, parts.y_val, parts.y_test):
        assert y.mean() == pytest.approx(0.1, abs=0.03)
    assert (parts.y_train == 0).sum() == (CLEAN.y_train == 0).sum()


def test_classes_decay_in_training_when_asked():
    parts = parts_with({"op": "class_decay", "factor": 0.5}, name="wine", args={}, unseen=0)
    counts = np.bincount(parts.y_train)
    assert counts[1] == pytest.approx(0.5 * 50, abs=2)
    assert counts[2] == pytest.approx(0.25 * 34, abs=2)


@pytest.mark.parametrize(("name", "n_classes"), [("plane", 2), ("wine", 3)])
def test_flipped_labels_are_always_others_when_noise_is_added(name, n_classes):
    spec = {"args": {"n": 170}, "unseen": 0, "name": name}
    plain = parts_with(**spec)
    parts = parts_with({"op": "label_noise", "fraction": 0.3}, **spec)
    assert np.mean(parts.y_train != plain.y_train) == pytest.approx(0.3, abs=0.12)
    assert set(parts.y_train) <= set(range(n_classes))
    np.testing.assert_array_equal(parts.y_val, plain.y_val)


def test_share_changes_outside_training_when_the_prior_moves():
    parts = parts_with({"op": "val_prior", "fraction": 0.9})
    assert parts.y_val.mean() == pytest.approx(0.9, abs=0.05)
    assert parts.y_test.mean() == pytest.approx(0.9, abs=0.05)
    np.testing.assert_array_equal(parts.y_train, CLEAN.y_train)


def test_cells_go_blank_in_training_only_when_injected():
    parts = parts_with({"op": "inject_nan", "fraction": 0.1})
    assert np.isnan(parts.X_train).mean() == pytest.approx(0.1, abs=0.05)
    assert np.isfinite(parts.X_val).all()
    assert np.isfinite(CLEAN.X_train).all()


@pytest.mark.parametrize("size", [{"n_rows": 3}, {"fraction": 3 / 112}])
def test_rows_hold_one_infinite_cell_when_injected(size):
    parts = parts_with({"op": "inject_inf_rows", **size})
    assert np.isinf(parts.X_train).sum() == 3
    assert np.isinf(parts.X_train).any(axis=1).sum() == 3


def test_some_rows_go_far_away_when_outliers_are_injected():
    parts = parts_with({"op": "outlier_rows", "fraction": 0.05, "magnitude": 1000})
    is_far = np.abs(parts.X_train).min(axis=1) > 100
    assert is_far.sum() == round(0.05 * 112)


def test_outlier_rows_are_gone_when_the_fence_is_applied():
    parts = parts_with(
        {"op": "outlier_rows", "fraction": 0.05, "magnitude": 1000},
        {"op": "drop_outlier_rows_iqr"},
    )
    assert np.abs(parts.X_train).max() < 10
    assert len(parts.y_train) == 112 - round(0.05 * 112)


def test_indicator_columns_survive_when_the_fence_is_applied():
    spec = {"name": "categories", "args": {"n": 200, "levels": 6}, "unseen": 0}
    assert len(parts_with({"op": "drop_outlier_rows_iqr"}, **spec).y_train) == 140


def test_far_targets_are_gone_when_the_fence_is_applied():
    spec = {"name": "friedman1", "args": {"n": 200}, "unseen": 0}
    broken = {"op": "target_outliers", "fraction": 0.05, "magnitude": 100}
    far = parts_with(broken, **spec)
    cured = parts_with(broken, {"op": "drop_target_outliers_iqr"}, **spec)
    assert np.abs(far.y_train).max() > 300
    assert len(cured.y_train) == 133
    assert np.abs(cured.y_train).max() < 50


def test_no_cell_is_blank_when_imputed():
    parts = parts_with({"op": "inject_nan", "fraction": 0.2}, {"op": "impute_median"})
    assert np.isfinite(parts.X_train).all()


def test_only_whole_rows_remain_when_broken_ones_are_dropped():
    parts = parts_with({"op": "inject_inf_rows", "n_rows": 5}, {"op": "drop_nonfinite_rows"})
    assert len(parts.y_train) == 107
    assert np.isfinite(parts.X_train).all()


def test_one_column_grows_after_scaling_when_named():
    spoiled = {"op": "scale_column_after_preprocess", "column": 1, "factor": 1e4}
    parts = build_parts(make_dataset("plane", spoiled))
    np.testing.assert_allclose(parts.X_train.std(axis=0), [1, 1e4, 1, 1])


def test_everything_grows_after_scaling_when_asked():
    spoiled = {"op": "scale_after_preprocess", "factor": 50}
    np.testing.assert_allclose(build_parts(make_dataset("plane", spoiled)).X_train.std(axis=0), 50)


def test_only_later_rows_grow_when_validation_is_scaled():
    parts = parts_with({"op": "scale_val_only", "factor": 10})
    np.testing.assert_array_equal(parts.X_train, CLEAN.X_train)
    np.testing.assert_allclose(parts.X_test, 10 * CLEAN.X_test)


def test_named_columns_move_by_training_deviations_when_shifted():
    parts = parts_with({"op": "shift_val_columns", "columns": [0, 2], "delta_sigma": 3})
    moved = parts.X_val - CLEAN.X_val
    np.testing.assert_allclose(moved[:, [1, 3]], 0)
    np.testing.assert_allclose(
        moved[:, [0, 2]], 3 * CLEAN.X_train.std(axis=0)[[0, 2]] * np.ones((48, 1))
    )


def test_copies_carry_the_wrong_label_when_rows_are_repeated():
    parts = parts_with({"op": "repeat_rows", "fraction": 0.02, "times": 5})
    assert len(parts.y_train) == 112 + 2 * 5
    copy, label = parts.X_train[-1], parts.y_train[-1]
    original = np.flatnonzero((parts.X_train == copy).all(axis=1))[0]
    assert parts.y_train[original] != label


def test_first_of_equal_rows_remains_when_repeats_are_dropped():
    parts = parts_with(
        {"op": "repeat_rows", "fraction": 0.02, "times": 5}, {"op": "drop_repeated_rows"}
    )
    np.testing.assert_array_equal(parts.X_train, CLEAN.X_train)
    np.testing.assert_array_equal(parts.y_train, CLEAN.y_train)


def test_leak_knows_the_answer_only_where_it_should_not_when_added():
    parts = parts_with({"op": "leak_target", "noise": 0.01})
    assert np.corrcoef(parts.X_val[:, -1], parts.y_val)[0, 1] > 0.99
    assert abs(np.corrcoef(parts.X_test[:, -1], parts.y_test)[0, 1]) < 0.5


def test_columns_stand_still_in_training_when_frozen():
    parts = parts_with({"op": "freeze_columns", "columns": [0, 2], "dust": 1e-9})
    assert parts.X_train[:, [0, 2]].std(axis=0).max() < 1e-8
    np.testing.assert_array_equal(parts.X_val, CLEAN.X_val)


def test_columns_are_gone_everywhere_when_dropped():
    parts = parts_with({"op": "drop_columns", "columns": [0, 2]})
    assert {parts.X_train.shape[1], parts.X_val.shape[1], parts.X_test.shape[1]} == {2}


def test_every_class_survives_when_few_rows_are_kept():
    spec = {"name": "wine", "args": {}, "unseen": 0}
    parts = parts_with({"op": "keep_rows", "n_rows": 3}, **spec)
    assert sorted(parts.y_train) == [0, 1, 2]


def test_names_are_listed_when_a_transform_is_unknown():
    with pytest.raises(CaseError, match=r"no transform 'melt'.*inject_nan"):
        parts_with({"op": "melt"})


def test_names_are_listed_when_a_preprocessing_is_unknown():
    with pytest.raises(CaseError, match=r"no preprocessing 'pca'.*minmax"):
        build_parts(make_dataset(preprocess="pca"))


def test_missing_option_is_named_when_a_transform_needs_it():
    with pytest.raises(CaseError, match="'scale' needs factor"):
        parts_with({"op": "scale"})
