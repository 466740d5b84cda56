import numpy as np
import pytest
import torch

from ml_training.core.remedies.clip_gradient import USUAL_CLIP, ClipGradient
from ml_training.core.remedies.lower_rate import SMALLEST_RATE, LowerRate
from ml_training.core.remedies.robust_scaling import RobustScaling
from ml_training.core.remedies.skip_poisoned import SkipPoisoned
from ml_training.core.remedies.usual_rate import UsualRate, usual_rate
from tests.core.builders import make_finding, make_rows, make_state


def test_clipping_takes_the_norm_the_finding_calls_usual():
    state = make_state()
    ClipGradient().apply(state, make_finding(usual_norm=0.7))
    assert state.knobs.clip_norm == 0.7


def test_clipping_takes_the_usual_value_when_the_finding_knows_none():
    state = make_state()
    ClipGradient().apply(state, make_finding())
    assert state.knobs.clip_norm == USUAL_CLIP


def test_clipping_objects_when_gradients_are_clipped():
    assert "0.5" in ClipGradient().objection(make_state(clip_norm=0.5))


def test_skipping_objects_when_it_is_on():
    state = make_state()
    state.turn(skip_poisoned=True)
    assert SkipPoisoned().objection(state)


def test_lowering_names_both_rates():
    state = make_state(learning_rate=0.2)
    change = LowerRate(factor=0.1).apply(state, make_finding())
    assert state.learning_rate == pytest.approx(0.02)
    assert "0.2" in change.sentence
    assert "0.02" in change.sentence


def test_lowering_objects_when_nothing_could_be_learned():
    assert LowerRate(factor=0.1).objection(make_state(learning_rate=SMALLEST_RATE))


def test_the_usual_rate_depends_on_the_optimizer():
    weight = [torch.nn.Parameter(torch.zeros(1))]
    assert usual_rate(torch.optim.SGD(weight)) > usual_rate(torch.optim.Adam(weight))


def test_the_usual_rate_objects_when_the_rate_is_usual():
    assert UsualRate().objection(make_state(learning_rate=1e-3))


def test_the_usual_rate_brings_an_absurd_one_down():
    state = make_state(learning_rate=1e12, optimizer="sgd")
    UsualRate().apply(state, make_finding())
    assert state.learning_rate == pytest.approx(0.01)


def test_scaling_brings_columns_to_one_scale():
    X, y = make_rows()
    state = make_state(X=X * np.array([1e6, 1, 1e-4, 1, 1, 1]) + 1e3, y=y)
    RobustScaling().apply(state, make_finding())
    scaled = state.data.train.X.numpy()
    assert np.abs(np.median(scaled, axis=0)).max() < 0.01
    assert np.all((scaled.std(axis=0) > 0.5) & (scaled.std(axis=0) < 2.0))


def test_scaling_reaches_all_parts_of_the_data():
    X, y = make_rows()
    state = make_state(X=X * 1e5, y=y)
    RobustScaling().apply(state, make_finding())
    for rows in (state.data.train, state.data.stopping, state.data.judging):
        assert float(rows.X.abs().max()) <= 10.0


def test_scaling_objects_when_done():
    state = make_state()
    RobustScaling().apply(state, make_finding())
    assert RobustScaling().objection(state)
