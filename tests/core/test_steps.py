import math

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.state import seeded
from ml_training.core.steps import fail_step, take_step
from tests.core.builders import (
    PoisonedAt,
    are_equal,
    make_classes,
    make_network,
    make_rows,
    make_run,
    take_steps,
    weights_of,
)


def test_a_step_is_the_step_of_a_hand_written_loop():
    X, y = make_rows()
    run = make_run(make_network(), X, y, learning_rate=0.01)
    plain = make_network()
    optimizer = torch.optim.AdamW(plain.parameters(), lr=0.01)
    batch = run.state.next_batch()
    plain.train()
    run.state.model.train()
    for _ in range(5):
        reading = take_step(run.state, batch)
        loss = nn.functional.binary_cross_entropy_with_logits(plain(batch.X)[:, 0], batch.y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert reading.loss == pytest.approx(loss.item(), rel=1e-4)


def test_a_reading_tells_loss_norm_layers_and_rate():
    run = make_run(learning_rate=0.02)
    run.state.model.train()
    reading = take_step(run.state, run.state.next_batch())
    assert 0 < reading.loss < 5
    assert reading.gradient_norm == pytest.approx(math.hypot(*reading.layer_norms), rel=1e-5)
    assert len(reading.layer_norms) == len(run.state.flat.layer_names)
    assert reading.learning_rate == 0.02
    assert (reading.epoch, reading.step) == (0, 0)
    assert math.isnan(reading.update_norm)


def test_the_position_moves_past_the_rows():
    run = make_run(batch_size=32)
    take_steps(run, 2)
    assert (run.state.step, run.state.batch, run.state.position) == (2, 2, 64)


def test_updates_are_measured_when_ratios_are_watched():
    run = make_run(watch="ratios")
    run.state.model.train()
    reading = take_step(run.state, run.state.next_batch())
    assert reading.update_norm > 0
    assert len(reading.update_ratios) == len(run.state.flat.layer_names)
    assert not reading.activation_sizes


def test_activations_are_measured_when_everything_is_watched():
    run = make_run(watch="everything")
    run.state.model.train()
    with run.tapped():
        reading = take_step(run.state, run.state.next_batch())
    assert len(reading.activation_sizes) == len(reading.quiet_shares) == 1
    assert reading.output_size > 0


def test_weights_are_the_same_whatever_is_watched():
    found = []
    for watch in ("core", "ratios", "everything"):
        run = make_run(make_network(), watch=watch)
        with run.tapped():
            take_steps(run, 5)
        found.append(weights_of(run.state.model))
    assert are_equal(found[0], found[1])
    assert are_equal(found[0], found[2])


def test_the_update_is_smaller_when_gradients_are_clipped():
    norms = []
    for clip in (None, 0.01):
        run = make_run(
            make_network(), clip_norm=clip, optimizer="sgd", learning_rate=1.0, watch="ratios"
        )
        run.state.model.train()
        reading = take_step(run.state, run.state.next_batch())
        norms.append(reading.update_norm)
    assert norms[1] == pytest.approx(0.01, rel=1e-3)
    assert norms[0] > norms[1]
    assert reading.clip_factor < 1


def test_a_poisoned_batch_kills_the_weights_when_nothing_guards():
    run = make_run(PoisonedAt(2))
    losses = take_steps(run, 2)
    assert math.isnan(losses[1])
    assert not run.state.flat.is_finite()


def test_a_poisoned_batch_leaves_no_trace_when_skipped():
    run = make_run(PoisonedAt(3))
    run.state.turn(skip_poisoned=True)
    take_steps(run, 2)
    before = weights_of(run.state.model)
    reading = take_step(run.state, run.state.next_batch())
    assert reading.skipped
    assert math.isnan(reading.loss)
    assert are_equal(before, weights_of(run.state.model))
    assert run.state.step == 3
    assert math.isfinite(take_steps(run, 1)[0])


def test_batch_statistics_are_kept_when_the_loss_raises():
    def refuse(outputs, targets):
        if torch.isnan(outputs).any():
            raise ValueError("not a number")
        return nn.functional.binary_cross_entropy_with_logits(outputs, targets)

    run = make_run(PoisonedAt(2), loss=refuse)
    run.state.turn(skip_poisoned=True)
    take_steps(run, 1)
    before = weights_of(run.state.model)
    with pytest.raises(ValueError, match="not a number"):
        take_step(run.state, run.state.next_batch())
    assert are_equal(before, weights_of(run.state.model))


def test_a_failed_step_says_what_was_raised_and_moves_on():
    run = make_run()
    reading = fail_step(run.state, run.state.next_batch(), ValueError("odd"))
    assert reading.error == "ValueError: odd"
    assert math.isnan(reading.loss)
    assert run.state.step == 1


def test_class_weights_reach_the_loss():
    X, y = make_rows()
    plain, weighted = make_run(make_network(), X, y), make_run(make_network(), X, y)
    weighted.state.turn(class_weights=(1.0, 5.0))
    batch = plain.state.next_batch()
    for run in (plain, weighted):
        run.state.model.eval()
    first, second = take_step(plain.state, batch), take_step(weighted.state, batch)
    model = make_network().eval()
    rows = (
        nn.functional.binary_cross_entropy_with_logits(
            model(batch.X)[:, 0], batch.y, reduction="none"
        )
        .detach()
        .numpy()
    )
    weights = np.where(batch.y.numpy() == 1, 5.0, 1.0)
    assert first.loss == pytest.approx(rows.mean(), rel=1e-5)
    assert second.loss == pytest.approx((rows * weights).sum() / weights.sum(), rel=1e-5)


def test_class_weights_reach_the_loss_of_several_classes():
    X, y = make_classes()
    run = make_run(make_network(4, 3), X, y)
    run.state.turn(class_weights=(1.0, 0.0, 0.0))
    batch = run.state.next_batch()
    run.state.model.eval()
    expected = nn.functional.cross_entropy(
        run.state.model(batch.X)[batch.y == 0], batch.y[batch.y == 0]
    )
    assert take_step(run.state, batch).loss == pytest.approx(expected.item(), rel=1e-5)


def test_row_weights_reach_the_loss():
    X, y = make_rows()
    weight = np.where(np.arange(len(y)) % 2, 1.0, 0.0)
    run = make_run(make_network(), X, y, weight=weight)
    batch = run.state.next_batch()
    run.state.model.eval()
    counted = batch.weight > 0
    expected = nn.functional.binary_cross_entropy_with_logits(
        run.state.model(batch.X)[counted][:, 0], batch.y[counted]
    )
    assert take_step(run.state, batch).loss == pytest.approx(expected.item(), rel=1e-5)


def test_steps_repeat_to_the_bit_when_the_seed_is_the_same():
    found = []
    for _ in range(2):
        with seeded(3, 1):
            run = make_run(nn.Sequential(make_network(), nn.Dropout(0.5)), seed=3)
            found.append(take_steps(run, 20))
    assert found[0] == found[1]
