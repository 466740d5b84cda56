"""Series keep their spikes when thinned, and their gaps when smoothed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_training.charts.series import (
    is_widely_spread,
    median,
    read_number,
    read_series,
    say_number,
    smooth,
    thin,
    values_of,
)

VALUES = st.one_of(st.none(), st.floats(-1e6, 1e6))


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", None, True, [1], math.nan])
def test_gap_is_left_when_a_value_is_no_number(word):
    assert read_number(word) is None


def test_only_points_with_the_signal_are_read_when_others_lack_it():
    points = [{"step": 1, "loss": 2}, {"step": 2}, {"step": 3, "loss": "NaN"}]
    assert read_series(points, "loss") == [(1, 2.0), (3, None)]


@given(st.lists(VALUES, max_size=300), st.integers(2, 80))
def test_extremes_survive_when_a_series_is_thinned(values, most):
    series = list(enumerate(values))
    kept = thin(series, most)
    assert len(kept) <= most or len(kept) == len(series)
    assert kept == sorted(set(kept), key=lambda point: point[0])
    assert set(kept) <= set(series)
    if values_of(series):
        assert min(values_of(kept)) == min(values_of(series))
    if None not in values and values:
        assert max(values_of(kept)) == max(values_of(series))


@given(st.lists(VALUES, min_size=1, max_size=300), st.integers(2, 80))
def test_gap_survives_when_a_series_is_thinned(values, most):
    kept = thin(list(enumerate(values)), most)
    assert (None in [value for _, value in kept]) == (None in values)


def test_constant_stays_constant_when_smoothed():
    assert [value for _, value in smooth([(0, 3.0), (1, 3.0), (2, 3.0)])] == pytest.approx(
        [3.0] * 3
    )


def test_weights_are_those_of_the_formula_when_two_points_are_smoothed():
    (_, first), (_, second) = smooth([(0, 1.0), (1, 2.0)], memory=0.5)
    assert first == 1.0
    assert second == pytest.approx((0.25 * 1.0 + 0.5 * 2.0) / 0.75)


def test_gap_stays_and_is_forgotten_when_smoothed():
    assert smooth([(0, 1.0), (1, None), (2, 1.0)]) == [
        (0, 1.0),
        (1, None),
        (2, pytest.approx(1.0)),
    ]


@pytest.mark.parametrize(
    ("values", "is_wide"),
    [
        ([1.0, 51.0], True),
        ([1.0, 49.0], False),
        ([0.0, 100.0], False),
        ([5.0], False),
        ([], False),
    ],
)
def test_axis_is_logarithmic_when_small_values_would_vanish(values, is_wide):
    assert is_widely_spread(values) is is_wide


def test_median_is_no_number_when_there_are_no_values():
    assert math.isnan(median([]))
    assert median([3.0, 1.0, 2.0]) == 2.0


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0"), (0.57976, "0.5798"), (1234.5, "1,234"), (3.2e12, "3.2e+12"), (2e-7, "2e-07")],
)
def test_numbers_are_short_when_said(value, words):
    assert say_number(value) == words
