"""Schedules and optimizers of the caller's own, good and broken."""

import pytest
import torch
from torch.optim import lr_scheduler

from tests.core.builders import make_network, make_rows
from tests.core.robustness.fitting import accuracy, fit_quickly, refusal


class Ending(lr_scheduler.LRScheduler):
    """Raise from the third epoch on."""

    def get_lr(self):
        if self.last_epoch > 2:
            raise RuntimeError("no plan beyond this epoch")
        return [group["lr"] for group in self.optimizer.param_groups]


class Forgetful(Ending):
    """Give no state."""

    def state_dict(self):
        raise RuntimeError("nothing is kept")


class WithoutRate(torch.optim.Optimizer):
    """Call its rate something else."""

    def __init__(self, parameters):
        super().__init__(parameters, {"speed": 0.1})

    def step(self, closure=None):
        raise AssertionError("must not be reached")


class TiringDescent(torch.optim.SGD):
    """Raise from the sixth step on."""

    n_steps = 0

    def step(self, closure=None):
        self.n_steps += 1
        if self.n_steps > 5:
            raise RuntimeError("tired")
        return super().step(closure)


@pytest.mark.parametrize(
    ("schedule", "note"),
    [
        (Ending, "RuntimeError: no plan beyond this epoch; the rate stays 0.01"),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=3), "ValueError: Tried to step"),
        (
            lambda o: lr_scheduler.LambdaLR(o, lambda e: 1 if e < 3 else float("nan")),
            "rate to nan",
        ),
        (lambda o: lr_scheduler.LambdaLR(o, lambda e: 1 if e < 3 else -1), "rate to -0.01"),
        (
            lambda o: lr_scheduler.LambdaLR(o, lambda e: 1 if e < 3 else float("inf")),
            "rate to inf",
        ),
    ],
)
def test_a_schedule_that_breaks_is_left_out_and_named(schedule, note):
    X, y = make_rows()
    result = fit_quickly(make_network(), X, y, scheduler=schedule, max_epochs=12)
    assert any("schedule failed" in line and note in line for line in result.report.notes)
    assert accuracy(result, X, y) > 0.75


@pytest.mark.parametrize(
    ("schedule", "rule"),
    [
        (lambda optimizer: 1 / 0, "`scheduler` could not be built: division by zero"),
        (lr_scheduler.StepLR, "missing 1 required positional argument"),
        (lambda optimizer: "cosine", "returned str, no schedule"),
        (Forgetful, "nothing is kept"),
        ("cosine", "`scheduler`"),
    ],
)
def test_what_is_no_schedule_is_refused(schedule, rule):
    assert rule in refusal(make_network(), *make_rows(), scheduler=schedule)


@pytest.mark.parametrize(
    "schedule",
    [
        lambda o: None,
        lambda o: lr_scheduler.ExponentialLR(o, 100.0),
        lambda o: lr_scheduler.LambdaLR(o, lambda e: 1e30 if e > 2 else 1.0),
        lambda o: lr_scheduler.LambdaLR(o, lambda e: 0.0),
        lr_scheduler.ReduceLROnPlateau,
        lambda o: lr_scheduler.CyclicLR(o, 1e-4, 1e-1, cycle_momentum=False),
        lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.ConstantLR(o, 0.1, 2), lr_scheduler.CosineAnnealingLR(o, 8)], [2]
        ),
    ],
)
def test_schedules_of_every_kind_end_in_a_usable_model(schedule):
    X, y = make_rows()
    result = fit_quickly(make_network(), X, y, scheduler=schedule, max_epochs=12)
    assert accuracy(result, X, y) > 0.7


@pytest.mark.parametrize(
    ("optimizer", "rule"),
    [
        (lambda parameters: 1 / 0, "`optimizer` could not be built: division by zero"),
        (lambda parameters: None, "returned NoneType, no torch Optimizer"),
        (lambda parameters: "adam", "returned str, no torch Optimizer"),
        (torch.optim.LBFGS, "LBFGS computes the loss several times"),
        (WithoutRate, "WithoutRate has no learning rate"),
        ("adamax", "`optimizer` must be one of adamw"),
    ],
)
def test_what_is_no_optimizer_is_refused(optimizer, rule):
    assert rule in refusal(make_network(), *make_rows(), optimizer=optimizer)


@pytest.mark.parametrize(
    "options", [{"nonsense": 1}, {"weight_decay": -1.0}, {"betas": (2.0, 0.1)}, {"lr": 1.0}, 3]
)
def test_options_that_do_not_exist_are_refused(options):
    words = refusal(make_network(), *make_rows(), optimizer_options=options)
    assert "`optimizer` could not be built" in words


@pytest.mark.parametrize(
    "optimizer",
    [
        torch.optim.Adam,
        torch.optim.Rprop,
        torch.optim.Adagrad,
        torch.optim.Adafactor,
        lambda parameters: torch.optim.SGD(list(parameters)[:1], lr=0.1),
        lambda parameters: torch.optim.AdamW([{"params": [p]} for p in parameters], lr=0.01),
        lambda parameters: torch.optim.SGD(make_network().parameters(), lr=0.1),
        lambda parameters: torch.optim.SGD(parameters, lr=torch.tensor(0.01)),
        lambda parameters: TiringDescent(parameters, lr=0.1),
        lambda parameters: torch.optim.AdamW(parameters, lr=0.01, weight_decay=1e30),
        lambda parameters: torch.optim.AdamW(parameters, lr=0.01, maximize=True),
    ],
)
def test_optimizers_of_every_kind_end_in_a_usable_model(optimizer):
    X, y = make_rows(600)
    result = fit_quickly(make_network(), X, y, optimizer=optimizer, max_epochs=20)
    assert accuracy(result, X, y) > 0.7
