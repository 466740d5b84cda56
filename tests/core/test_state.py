import copy

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.state import seeded
from ml_training.core.treatments import fit_robust_scale
from tests.core.builders import (
    are_equal,
    make_network,
    make_run,
    make_state,
    take_steps,
    weights_of,
)

SCHEDULES = {
    "none": None,
    "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 10),
    "step": lambda o: torch.optim.lr_scheduler.StepLR(o, 1, gamma=0.5),
    "plateau": lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(o, patience=0),
    "lambda": lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda epoch: 0.9**epoch),
    "one_cycle": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=50),
    "chained": lambda o: torch.optim.lr_scheduler.SequentialLR(
        o,
        [
            torch.optim.lr_scheduler.ConstantLR(o, 0.1, 2),
            torch.optim.lr_scheduler.ExponentialLR(o, 0.9),
        ],
        milestones=[2],
    ),
}
OPTIMIZERS = {
    "adamw": "adamw",
    "sgd": "sgd",
    "rmsprop": "rmsprop",
    "factory": lambda params: torch.optim.Adagrad(params, lr=0.05),
}


def make_dropping_network():
    return nn.Sequential(make_network(), nn.Dropout(0.3))


def continue_from(run, n=7):
    losses = take_steps(run, n)
    return losses, weights_of(run.state.model)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("at_step", [0, 3, 11])
def test_training_repeats_to_the_bit_when_a_moment_is_restored(optimizer, at_step):
    with seeded(0, 1):
        run = make_run(make_dropping_network(), optimizer=OPTIMIZERS[optimizer])
        take_steps(run, at_step)
        moment = run.state.snapshot()
        losses, weights = continue_from(run)
        run.state.restore(moment)
        losses_again, weights_again = continue_from(run)
    assert losses == losses_again
    assert are_equal(weights, weights_again)


def test_a_snapshot_can_be_restored_twice():
    with seeded(0, 1):
        run = make_run(make_dropping_network())
        moment = run.state.snapshot()
        first = continue_from(run)[0]
        for _ in range(2):
            run.state.restore(moment)
            assert continue_from(run)[0] == first


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_repeat_when_a_moment_is_restored(name):
    run = make_run(scheduler=SCHEDULES[name], optimizer="sgd", learning_rate=0.1)
    state = run.state

    def follow():
        rates = []
        for epoch in range(5):
            take_steps(run, 1)
            if state.schedule is not None:
                value = [1.0 + epoch] if name == "plateau" else []
                state.schedule.step(*value)
            rates.append(state.learning_rate)
        return rates

    follow()
    moment = state.snapshot()
    rates = follow()
    state.restore(moment)
    assert follow() == rates


def test_batch_statistics_come_back_when_a_poisoned_forward_pass_ruined_them():
    run = make_run()
    take_steps(run, 3)
    moment, before = run.state.snapshot(), weights_of(run.state.model)
    run.state.model.train()
    run.state.model(torch.full((8, 6), float("nan")))
    assert not are_equal(before, weights_of(run.state.model))
    run.state.restore(moment)
    assert are_equal(before, weights_of(run.state.model))


def test_random_generators_come_back():
    state = make_state()
    moment = state.snapshot()

    def draw():
        return torch.rand(3).tolist(), np.random.random(3).tolist(), state.generator.random()  # noqa: NPY002

    first = draw()
    state.restore(moment)
    assert draw() == first


def test_knobs_rows_and_progress_come_back():
    state = make_state()
    moment = state.snapshot()
    knobs, data, progress = state.knobs, state.data, state.progress
    state.turn(clip_norm=1.0, batch_size=7)
    state.data = state.data.treated_with(fit_robust_scale(state.data.treated_train(), limit=3.0))
    state.epoch, state.step = 4, 40
    state.restore(moment)
    assert (state.knobs, state.data, state.progress) == (knobs, data, progress)
    assert (state.epoch, state.step) == (0, 0)


def swap_activation(model):
    model[2] = nn.Tanh()


def insert_layer(model):
    model.insert(2, nn.LayerNorm(16))


def widen(model):
    model[0], model[1], model[3] = nn.Linear(6, 24), nn.BatchNorm1d(24), nn.Linear(24, 1)


def freeze(model):
    model[0].weight.requires_grad_(False)


def reset(model):
    nn.init.zeros_(model[0].weight)


@pytest.mark.parametrize("operate", [swap_activation, insert_layer, widen, freeze, reset])
def test_surgery_is_undone_to_the_bit(operate):
    with seeded(0, 1):
        run = make_run()
        take_steps(run, 4)
        moment = run.state.snapshot()
        children = list(run.state.model)
        losses, weights = continue_from(run)
        run.state.restore(moment)
        operate(run.state.model)
        run.state.rebuild()
        changed, _ = continue_from(run)
        run.state.restore(moment)
        losses_again, weights_again = continue_from(run)
    assert changed != losses
    assert list(run.state.model) == children
    assert losses_again == losses
    assert are_equal(weights, weights_again)


def test_training_goes_on_when_parameters_were_rebuilt():
    run = make_run(learning_rate=0.01)
    take_steps(run, 4)
    widen(run.state.model)
    run.state.rebuild()
    before = weights_of(run.state.model)
    take_steps(run, 2)
    assert not are_equal(before, weights_of(run.state.model))
    assert run.state.learning_rate == 0.01


def test_the_rate_and_the_schedule_stay_when_parameters_are_rebuilt():
    run = make_run(scheduler=SCHEDULES["step"], optimizer="sgd", learning_rate=0.8)
    take_steps(run, 1)
    run.state.schedule.step()
    run.state.rebuild()
    assert run.state.learning_rate == 0.4
    take_steps(run, 1)
    run.state.schedule.step()
    assert run.state.learning_rate == 0.2


@pytest.mark.parametrize("name", ["cosine", "step", "lambda", "one_cycle", "chained"])
def test_the_whole_schedule_is_scaled_when_the_rate_is(name):
    plain, scaled = (
        make_run(scheduler=SCHEDULES[name], optimizer="sgd", learning_rate=0.1) for _ in range(2)
    )
    scaled.state.scale_learning_rate(0.5)
    for _ in range(6):
        assert scaled.state.learning_rate == pytest.approx(plain.state.learning_rate / 2)
        for run in (plain, scaled):
            take_steps(run, 1)
            run.state.schedule.step()


def test_a_model_replaced_as_a_whole_comes_back():
    state = make_state()
    moment, model = state.snapshot(), state.model
    state.model = make_network(seed=3)
    state.rebuild()
    state.restore(moment)
    assert state.model is model


def test_a_snapshot_does_not_change_when_training_goes_on():
    run = make_run()
    take_steps(run, 2)
    moment = run.state.snapshot()
    tensors = [values.clone() for _, values in moment.model.tensors]
    moments = copy.deepcopy(list(moment.moments.values()))
    take_steps(run, 5)
    assert all(torch.equal(a, b) for a, (_, b) in zip(tensors, moment.model.tensors, strict=True))
    for kept, now in zip(moments, moment.moments.values(), strict=True):
        assert all(torch.equal(kept[key], now[key]) for key in kept)


def test_plain_attributes_of_modules_come_back():
    state = make_state(model=make_dropping_network())
    moment = state.snapshot()
    state.model[1].p = 0.9
    state.restore(moment)
    assert state.model[1].p == 0.3


def test_the_callers_generators_are_untouched_when_a_run_was_seeded():
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    expected = torch.rand(2).tolist(), np.random.random(2).tolist()  # noqa: NPY002
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    with seeded(1, 1):
        torch.rand(9)
        np.random.random(9)  # noqa: NPY002
    assert (torch.rand(2).tolist(), np.random.random(2).tolist()) == expected  # noqa: NPY002


def test_the_callers_threads_come_back_when_something_raises():
    n_threads = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), seeded(0, 1):
        raise ZeroDivisionError
    assert torch.get_num_threads() == n_threads


def test_threads_stay_when_zero_is_asked_for():
    n_threads = torch.get_num_threads()
    with seeded(0, 0):
        assert torch.get_num_threads() == n_threads
