import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.evaluation.calibration import (
    ISOTONIC_FROM,
    MIN_SETUPS,
    Calibration,
    fit_calibration,
    fit_temperature,
)
from ml_training.evaluation.metrics import measure_auc, measure_log_loss
from tests.evaluation.builders import draw_signal


def sharpen(p, factor, anchor):
    base = np.log(anchor / (1 - anchor))
    log_odds = base + factor * (np.log(p / (1 - p)) - base)
    return 1 / (1 + np.exp(-log_odds))


@pytest.mark.parametrize("factor", [0.4, 3.0])
def test_temperature_undoes_a_known_distortion_when_setups_are_many(factor):
    p, y = draw_signal(20_000, strength=1.0, seed=1)
    calibration = fit_temperature(y, sharpen(p, factor, 0.4), anchor=0.4)
    assert calibration.applied
    assert calibration.temperature == pytest.approx(factor, rel=0.06)
    np.testing.assert_allclose(calibration.apply(sharpen(p, factor, 0.4)), p, atol=0.02)


def test_log_loss_on_unseen_setups_falls_when_temperature_is_applied():
    p, y = draw_signal(4_000, strength=0.5, seed=2)
    loud = sharpen(p, 4.0, 0.35)
    calibration = fit_temperature(y[:2000], loud[:2000], anchor=0.35)
    after = measure_log_loss(y[2000:], calibration.apply(loud[2000:]))
    assert after < measure_log_loss(y[2000:], loud[2000:])


def test_useless_model_ends_at_the_base_rate_when_it_is_calibrated():
    rng = np.random.default_rng(3)
    y = (rng.random(1000) < 0.3).astype(int)
    p = rng.uniform(0.05, 0.95, 1000)
    calibration = fit_temperature(y, p, anchor=0.3)
    assert calibration.applied
    spread, before = (float(np.std(one)) for one in (calibration.apply(p), p))
    assert spread < 0.2 * before
    np.testing.assert_allclose(calibration.apply(p).mean(), 0.3, atol=0.03)


def test_probabilities_stay_untouched_when_they_are_honest_already():
    applied = []
    for seed in range(20):
        p, y = draw_signal(300, strength=0.8, seed=seed)
        calibration = fit_temperature(y, p, anchor=0.36)
        applied.append(calibration.applied)
        if not calibration.applied:
            assert calibration.apply(p) is p
            assert "left as they are" in calibration.note
    assert not all(applied)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 5.0), st.integers(MIN_SETUPS, 400))
def test_held_out_loss_never_rises_when_temperature_is_applied(seed, factor, n):
    p, y = draw_signal(n, strength=0.7, seed=seed)
    calibration = fit_temperature(y, sharpen(p, factor, 0.4), anchor=0.4)
    if calibration.applied:
        assert calibration.loss_after < calibration.loss_before


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_ranking_is_kept_when_probabilities_are_rescaled(seed):
    p, y = draw_signal(200, strength=0.5, seed=seed)
    loud = sharpen(p, 3.0, 0.4)
    calibrated = fit_temperature(y, loud, anchor=0.4).apply(loud)
    assert measure_auc(y, calibrated) == pytest.approx(measure_auc(y, loud), abs=1e-9)


@pytest.mark.parametrize(
    "y",
    [np.array([0, 1] * 20), np.zeros(200, dtype=int), np.r_[np.ones(2, int), np.zeros(100, int)]],
)
def test_calibration_is_refused_in_words_when_validation_is_too_thin(y):
    calibration = fit_temperature(y, np.full(len(y), 0.5), anchor=0.5)
    assert not calibration.applied
    assert calibration.temperature == 1.0
    assert "too few" in calibration.note


def test_certain_probabilities_stay_finite_when_they_are_calibrated():
    y = np.tile([0, 1, 1, 0], 50)
    calibration = fit_temperature(y, np.tile([0.0, 1.0, 0.0, 1.0], 50), anchor=0.5)
    assert np.isfinite(calibration.apply([0.0, 1.0])).all()


def test_calibration_survives_json_when_written_down():
    p, y = draw_signal(200, strength=0.5, seed=4)
    stored = json.loads(json.dumps(fit_temperature(y, p, anchor=0.4).as_dict()))
    assert set(stored) >= {"temperature", "anchor", "applied", "note"}


def test_timid_model_is_sharpened_less_when_setups_are_few_than_when_they_are_many():
    temperatures = []
    for n in (100, 400, 20_000):
        p, y = draw_signal(20_000, strength=1.0, seed=5)
        timid = sharpen(p[:n], 0.4, 0.36)
        temperatures.append(fit_temperature(y[:n], timid, anchor=0.36).temperature)
    assert temperatures == sorted(temperatures, reverse=True)
    assert temperatures[0] > 0.6
    assert temperatures[-1] == pytest.approx(0.4, rel=0.06)


def bend(p):
    """Return promises that no temperature can undo: honest in the middle only."""
    return np.clip(0.5 * p + 0.5 * np.where(p > 0.4, p**0.25, p**4), 1e-6, 1 - 1e-6)


def test_curve_undoes_what_no_temperature_can_when_setups_are_many():
    p, y = draw_signal(40_000, strength=1.0, seed=6)
    bent, half = bend(p), slice(20_000)
    scaled = fit_temperature(y[half], bent[half], anchor=0.37)
    curve = fit_calibration(y[half], bent[half], anchor=0.37)
    assert curve.knots
    assert "a rising curve" in curve.note
    rest = slice(20_000, None)
    losses = [measure_log_loss(y[rest], one.apply(bent[rest])) for one in (curve, scaled)]
    assert losses[0] < losses[1] - 0.005
    assert losses[0] < measure_log_loss(y[rest], p[rest]) + 0.002


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_curve_is_proved_on_setups_it_was_not_fitted_on_or_left_out(seed, is_bent):
    p, y = draw_signal(1200, strength=0.8, seed=seed)
    said = bend(p) if is_bent else p
    scaled = fit_temperature(y, said, anchor=0.37)
    found = fit_calibration(y, said, anchor=0.37)
    if found.knots:
        assert found.loss_after < min(scaled.loss_before, scaled.loss_after)
        assert np.all(np.diff(found.knots) > 0)
        assert np.all(np.diff(found.rates) >= 0)
        assert 0 < found.rates[0] <= found.rates[-1] < 1
    else:
        assert found == scaled


@pytest.mark.parametrize("n", [ISOTONIC_FROM - 1, ISOTONIC_FROM])
def test_curve_is_tried_from_enough_setups_on(n):
    number = np.arange(n)
    p = np.array([0.1, 0.5, 0.9])[number % 3]
    y = (number // 3 % 10 < np.array([3, 4, 9])[number % 3]).astype(int)
    assert bool(fit_calibration(y, p, anchor=0.6).knots) == (n >= ISOTONIC_FROM)


def test_order_is_kept_between_the_ends_of_the_curve():
    p, y = draw_signal(5000, strength=1.0, seed=7)
    curve = fit_calibration(y, bend(p), anchor=0.37)
    inner = np.sort(bend(p)[(bend(p) > curve.knots[0]) & (bend(p) < curve.knots[-1])])
    assert np.all(np.diff(curve.apply(inner)) >= 0)
    assert measure_auc(y, curve.apply(bend(p))) == pytest.approx(measure_auc(y, p), abs=0.005)


def test_curve_survives_json_when_written_down():
    p, y = draw_signal(5000, strength=1.0, seed=8)
    curve = fit_calibration(y, bend(p), anchor=0.37)
    again = Calibration(**json.loads(json.dumps(curve.as_dict())))
    np.testing.assert_array_equal(again.apply(bend(p)), curve.apply(bend(p)))
