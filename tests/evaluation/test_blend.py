import numpy as np
import pytest

from ml_training.evaluation.blend import WEIGHT_SD, cross_mix, fit_weights, mix_chances
from ml_training.evaluation.metrics import measure_log_loss

ANCHOR = 0.4


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def draw_opinions(n, *, strength=0.3, noise=0.3, seed=0):
    """Return outcomes, and three opinions: two see half of the truth, one sees none."""
    rng = np.random.default_rng(seed)
    halves = strength * rng.standard_normal((2, n))
    base = np.log(ANCHOR / (1 - ANCHOR))
    y = (rng.random(n) < sigmoid(base + halves.sum(axis=0))).astype(int)
    blind = noise * rng.standard_normal(n)
    return y, sigmoid(base + np.vstack([halves, blind]))


def test_equal_weights_are_kept_when_setups_are_few():
    y, chances = draw_opinions(60)
    assert np.abs(fit_weights(y, chances, anchor=ANCHOR) - 1 / 3).max() < 0.1


def test_weights_find_who_knows_when_setups_are_many():
    y, chances = draw_opinions(60_000)
    weights = fit_weights(y, chances, anchor=ANCHOR)
    assert weights[:2] == pytest.approx([1.0, 1.0], abs=0.1)
    assert weights[2] == pytest.approx(0.0, abs=0.05)


def test_no_weight_is_negative_when_an_opinion_misleads():
    y, chances = draw_opinions(20_000)
    weights = fit_weights(y, np.vstack([chances, 1 - chances[:1]]), anchor=0.5)
    assert (weights >= 0).all()
    assert weights[3] == 0.0


def test_weights_have_the_lowest_penalised_loss_of_all_around_them():
    y, chances = draw_opinions(500, seed=3)

    def judge(weights):
        loss = len(y) * measure_log_loss(y, mix_chances(chances, weights, anchor=ANCHOR))
        return loss + np.sum((weights - 1 / 3) ** 2) / (2 * WEIGHT_SD**2)

    best = fit_weights(y, chances, anchor=ANCHOR)
    rng = np.random.default_rng(0)
    moved = np.maximum(best + 0.01 * rng.standard_normal((200, 3)), 0)
    assert judge(best) < min(judge(one) for one in moved)


def test_setups_that_overlap_decide_less():
    y, chances = draw_opinions(2_000)
    sure, unsure = (
        fit_weights(y, chances, anchor=ANCHOR, weight=np.full(2_000, one)) for one in (1.0, 0.01)
    )
    assert np.abs(unsure - 1 / 3).max() < np.abs(sure - 1 / 3).max() / 3


def test_blend_is_the_opinion_itself_when_there_is_one_with_weight_one():
    _, chances = draw_opinions(50)
    mixed = mix_chances(chances[:1], [1.0], anchor=ANCHOR)
    np.testing.assert_allclose(mixed, chances[0], atol=1e-12)


def test_blend_is_the_base_rate_when_nobody_has_weight():
    _, chances = draw_opinions(50)
    np.testing.assert_allclose(mix_chances(chances, np.zeros(3), anchor=ANCHOR), ANCHOR)


def test_certain_opinions_stay_finite():
    mixed = mix_chances([[0.0, 1.0], [1.0, 0.0]], [0.5, 0.5], anchor=ANCHOR)
    assert np.isfinite(mixed).all()
    assert ((mixed >= 0) & (mixed <= 1)).all()


def test_blend_beats_its_parts_when_each_sees_half():
    y, chances = draw_opinions(4_000, seed=1)
    weights = fit_weights(y, chances, anchor=ANCHOR)
    y_new, new = draw_opinions(4_000, seed=2)
    mixed = measure_log_loss(y_new, mix_chances(new, weights, anchor=ANCHOR))
    assert mixed < min(measure_log_loss(y_new, one) for one in new)


def test_held_out_chances_do_not_know_their_own_outcomes():
    y, chances = draw_opinions(500)
    held_out = cross_mix(y, chances, anchor=ANCHOR)
    flipped = y.copy()
    flipped[:100] = 1 - flipped[:100]
    again = cross_mix(flipped, chances, anchor=ANCHOR)
    np.testing.assert_array_equal(again[:100], held_out[:100])
    assert not np.array_equal(again[100:], held_out[100:])
