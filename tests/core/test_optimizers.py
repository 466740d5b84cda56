import pytest
import torch

from ml_training.core.buffers import FlatParameters
from ml_training.core.errors import DataError
from ml_training.core.optimizers import FlatAdam, FlatSGD, build_optimizer, build_schedule
from ml_training.core.settings import TrainSettings
from tests.core.builders import make_network

PLAIN = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
}


def make_optimizer(flat, **settings):
    return build_optimizer(TrainSettings(**settings), flat)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("adamw", {}),
        ("adamw", {"weight_decay": 0.3, "betas": (0.8, 0.95), "eps": 1e-6}),
        ("adamw", {"maximize": True}),
        ("adam", {"weight_decay": 0.1}),
        ("adam", {"amsgrad": True}),
        ("sgd", {}),
        ("sgd", {"momentum": 0.9, "nesterov": True}),
        ("sgd", {"momentum": 0.8, "dampening": 0.3, "weight_decay": 0.1}),
        ("sgd", {"maximize": True}),
        ("rmsprop", {"momentum": 0.5}),
    ],
)
def test_one_vector_takes_the_steps_of_torch_on_a_list_of_tensors(name, options):
    ours, theirs = make_network(is_normalised=False), make_network(is_normalised=False)
    flat = FlatParameters(ours)
    optimizer = make_optimizer(flat, optimizer=name, optimizer_options=options, learning_rate=0.01)
    plain = PLAIN[name](theirs.parameters(), lr=0.01, **options)
    rows = torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
    for _ in range(10):
        flat.zero_gradients()
        plain.zero_grad()
        for model in (ours, theirs):
            (model(rows)[:, 0] - rows[:, 0]).pow(2).mean().backward()
        optimizer.step()
        plain.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)


def test_adam_uses_the_fused_kernel_unless_told_otherwise():
    flat = FlatParameters(make_network())
    assert isinstance(make_optimizer(flat), FlatAdam)
    assert isinstance(make_optimizer(flat, optimizer="adam"), FlatAdam)
    slow = make_optimizer(flat, optimizer_options={"foreach": False, "fused": False})
    assert not isinstance(slow, FlatAdam)


def test_rates_and_options_reach_the_optimizer():
    flat = FlatParameters(make_network())
    options = {"weight_decay": 0.25}
    group = make_optimizer(flat, learning_rate=0.5, optimizer_options=options).param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (0.5, 0.25)


def test_a_factory_gets_the_parameters_one_by_one():
    flat = FlatParameters(make_network())
    optimizer = make_optimizer(flat, optimizer=lambda params: torch.optim.Adagrad(params, lr=0.1))
    assert len(optimizer.param_groups[0]["params"]) == len(flat.parameters)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer_options": {"speed": 3}},
        {"optimizer_options": {"betas": (3, 4)}},
        {"optimizer": lambda params: 1 / 0},
        {"optimizer": torch.optim.LBFGS},
    ],
)
def test_refuses_when_the_optimizer_cannot_be_built(settings):
    with pytest.raises(DataError, match="`optimizer` could not be built"):
        make_optimizer(FlatParameters(make_network()), **settings)


def test_schedule_is_built_when_asked_for():
    optimizer = make_optimizer(FlatParameters(make_network()))
    settings = TrainSettings(scheduler=lambda o: torch.optim.lr_scheduler.StepLR(o, 3))
    assert build_schedule(TrainSettings(), optimizer) is None
    assert isinstance(build_schedule(settings, optimizer), torch.optim.lr_scheduler.StepLR)


def test_refuses_when_the_schedule_cannot_be_built():
    optimizer = make_optimizer(FlatParameters(make_network()))
    with pytest.raises(DataError, match="`scheduler` could not be built"):
        build_schedule(TrainSettings(scheduler=lambda o: 1 / 0), optimizer)


def test_sgd_on_one_vector_is_a_flat_one_unless_told_otherwise():
    assert isinstance(make_optimizer(FlatParameters(make_network()), optimizer="sgd"), FlatSGD)
    slow = make_optimizer(
        FlatParameters(make_network()), optimizer="sgd", optimizer_options={"foreach": False}
    )
    assert not isinstance(slow, FlatSGD)
