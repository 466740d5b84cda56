import dataclasses

import numpy as np
import pytest

from ml_training.core.fit import fit
from ml_training.core.problems.miscalibrated import PROBLEM, detect
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from tests.core.builders import make_network, make_observations, make_rows
from tests.core.problems.builders import alarms, easy_parts, kept, run
from tests.core.test_problems import assert_is_sound

QUIET = {
    "max_epochs": 6,
    "batch_size": 64,
    "learning_rate": 3e-3,
    "switched_off": {"oscillating_loss"},
}


class Shouting(type(make_network())):
    """Return logits ten times as large in prediction as in training."""

    def forward(self, rows):
        return super().forward(rows) * (1.0 if self.training else 10.0)


def shouting(n_features=6):
    return Shouting(*make_network(n_features))


def see(**closing):
    seen = make_observations([0.5] * 5)
    return dataclasses.replace(seen, data=dataclasses.replace(seen.data, closing=closing))


def test_overconfidence_beyond_doubt_is_found():
    finding = detect(see(temperature=2.0, gain=0.2, gain_errors=5.0))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.is_alarm


@pytest.mark.parametrize(
    "closing",
    [
        {},
        {"temperature": 0.5, "gain": 0.3, "gain_errors": 9.0},
        {"temperature": 2.0, "gain": 0.01, "gain_errors": 9.0},
        {"temperature": 2.0, "gain": 0.2, "gain_errors": 1.0},
        {"temperature": 1.1, "gain": 0.2, "gain_errors": 9.0},
    ],
)
def test_modesty_doubt_and_trifles_stay_silent(closing):
    assert detect(see(**closing)) is None


def test_probabilities_are_put_right_and_classes_stay():
    X, y = make_rows(1_500, noise=1.5)
    parts = X[:700], y[:700], X[700:], y[700:]
    settings = TrainSettings(**QUIET)
    plain = fit(shouting(), *parts, settings=dataclasses.replace(settings, repair=False))
    cured = fit(shouting(), *parts, settings=settings)
    assert "miscalibrated" in alarms(cured)
    assert "cool_down" in kept(cured)
    assert np.array_equal(plain.predict(X), cured.predict(X))
    assert cured.predict_proba(X).max() < plain.predict_proba(X).max()


def test_the_temperature_is_saved_with_the_result(tmp_path):
    X, y = make_rows(1_500, noise=1.5)
    settings = TrainSettings(**QUIET)
    cured = fit(shouting(), X[:700], y[:700], X[700:], y[700:], settings=settings)
    cured.save(tmp_path / "model")
    again = FitResult.load(tmp_path / "model", model=shouting())
    assert again.predictor.temperature > 1.3
    assert np.allclose(again.predict_proba(X), cured.predict_proba(X))


def test_a_sound_run_stays_silent():
    assert "miscalibrated" not in alarms(run(easy_parts(), max_epochs=12))
