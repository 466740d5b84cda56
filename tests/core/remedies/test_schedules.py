"""What the remedies that let the rate change over time do to training."""

import numpy as np
import pytest
import torch

from ml_training.core.loop import step_schedule
from ml_training.core.remedies.cosine_decay import FEWEST_EPOCHS, LEAST_SHARE, CosineDecay
from ml_training.core.remedies.lower_rate import LowerRate
from ml_training.core.remedies.reduce_on_plateau import ReduceOnPlateau
from ml_training.core.remedies.sound_optimizer import SoundOptimizer
from ml_training.core.remedies.warm_up import N_EPOCHS, SMALL_SHARE, WarmUp
from tests.core.builders import make_finding, make_run, make_state, take_steps

RATE = 0.02
each = pytest.mark.parametrize("remedy", [WarmUp(), CosineDecay()], ids=lambda r: r.key)


def make_patient(n_epochs=20, **settings):
    return make_run(max_epochs=n_epochs, learning_rate=RATE, **settings)


def train_epochs(run, n):
    """Train some epochs and return the rate of each."""
    rates = []
    for _ in range(n):
        rates.append(run.state.learning_rate)
        epoch = run.state.epoch
        while run.state.epoch == epoch:
            take_steps(run, 1)
    return rates


def test_the_rate_grows_along_a_line_when_warmed_up():
    run = make_patient()
    WarmUp().apply(run.state, make_finding())
    rates = train_epochs(run, N_EPOCHS + 3)
    assert rates[0] == pytest.approx(SMALL_SHARE * RATE)
    assert np.diff(rates[: N_EPOCHS + 1]) == pytest.approx(
        np.full(N_EPOCHS, (1 - SMALL_SHARE) * RATE / N_EPOCHS)
    )
    assert rates[N_EPOCHS:] == pytest.approx([RATE] * 3)


def test_the_rate_falls_as_torchs_cosine_does():
    run = make_patient(n_epochs=8)
    CosineDecay().apply(run.state, make_finding())
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, T_max=8, eta_min=LEAST_SHARE * RATE
    )
    wanted = []
    for _ in range(8):
        wanted.append(reference.get_last_lr()[0])
        optimizer.step()
        reference.step()
    assert train_epochs(run, 8) == pytest.approx(wanted)


def test_the_rate_falls_within_the_epochs_that_are_left_and_stays_low():
    run = make_patient(n_epochs=10)
    train_epochs(run, 4)
    CosineDecay().apply(run.state, make_finding())
    rates = train_epochs(run, 9)
    assert rates[0] == RATE
    assert rates[6:] == pytest.approx([LEAST_SHARE * RATE] * 3)


@each
def test_the_place_on_the_curve_is_restored_to_the_bit(remedy):
    run = make_patient()
    remedy.apply(run.state, make_finding())
    train_epochs(run, 2)
    moment = run.state.snapshot()
    losses, rates = take_steps(run, 30), train_epochs(run, 4)
    run.state.restore(moment)
    assert take_steps(run, 30) == losses
    assert train_epochs(run, 4) == rates


@each
def test_a_restore_takes_the_curve_away(remedy):
    run = make_patient()
    moment = run.state.snapshot()
    make_schedule = run.state.make_schedule
    remedy.apply(run.state, make_finding())
    train_epochs(run, 2)
    run.state.restore(moment)
    assert run.state.schedule is None
    assert run.state.make_schedule is make_schedule
    assert train_epochs(run, 3) == [RATE] * 3


@each
def test_the_curve_goes_on_when_surgery_rebuilds_the_optimizer(remedy):
    plain, operated = make_patient(), make_patient()
    for run in (plain, operated):
        remedy.apply(run.state, make_finding())
        train_epochs(run, 3)
    operated.state.rebuild()
    assert train_epochs(operated, 6) == train_epochs(plain, 6)


@each
def test_the_whole_curve_is_lowered_when_the_rate_is(remedy):
    plain, lowered = make_patient(), make_patient()
    for run in (plain, lowered):
        remedy.apply(run.state, make_finding())
        train_epochs(run, 2)
    LowerRate(factor=0.1).apply(lowered.state, make_finding())
    assert train_epochs(lowered, 6) == pytest.approx([r / 10 for r in train_epochs(plain, 6)])


@each
def test_the_curve_goes_with_the_optimizer_it_belongs_to(remedy):
    run = make_patient()
    remedy.apply(run.state, make_finding())
    SoundOptimizer().apply(run.state, make_finding())
    rates = train_epochs(run, 4)
    assert rates == [rates[0]] * 4


@each
def test_a_second_curve_is_refused(remedy):
    state = make_patient().state
    remedy.apply(state, make_finding())
    assert "schedule already" in WarmUp().objection(state)
    assert "schedule already" in CosineDecay().objection(state)


@each
def test_a_curve_moves_with_every_epoch_of_the_loop(remedy):
    run = make_patient()
    remedy.apply(run.state, make_finding())
    take_steps(run, 1)
    before = run.state.learning_rate
    step_schedule(run, 0.5)
    assert run.state.learning_rate != before


def test_the_rate_still_falls_on_a_plateau_when_surgery_rebuilds_the_optimizer():
    rates = []
    for is_operated in (False, True):
        run = make_patient()
        ReduceOnPlateau().apply(run.state, make_finding())
        for epoch in range(8):
            if is_operated and epoch == 3:
                run.state.rebuild()
            step_schedule(run, 0.5)
        rates.append(run.state.learning_rate)
    assert rates[0] == pytest.approx(rates[1])
    assert rates[1] < 0.2 * RATE


def test_short_plans_are_not_warmed_up():
    assert "too few" in WarmUp().objection(make_state(max_epochs=2 * N_EPOCHS))
    assert not WarmUp().objection(make_state(max_epochs=2 * N_EPOCHS + 1))


def test_the_rate_does_not_fall_when_the_plan_is_nearly_over():
    run = make_patient(n_epochs=6)
    train_epochs(run, 6 - FEWEST_EPOCHS)
    assert not CosineDecay().objection(run.state)
    train_epochs(run, 1)
    assert "only 3 epochs" in CosineDecay().objection(run.state)
