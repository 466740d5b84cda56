"""Events strike once, at their step, and leave no trace in any state."""

import copy

import pytest
import torch
from torch import nn

from benchmarks.faults.errors import CaseError
from benchmarks.faults.events import StruckModel, strike_model, strike_optimizer
from benchmarks.faults.schedules import build_schedule

NAN_AT_TWO = ({"at_step": 2, "op": "nan_batch"},)


def outputs_of(model: nn.Module, n_batches: int) -> list[bool]:
    """Return for each batch whether its outputs are finite."""
    return [bool(model(torch.ones(3, 2)).isfinite().all()) for _ in range(n_batches)]


def test_one_batch_is_poisoned_when_its_step_comes():
    model = strike_model(nn.Linear(2, 1), NAN_AT_TWO, steps_per_epoch=10)
    assert outputs_of(model, 5) == [True, True, False, True, True]


def test_validation_does_not_count_when_the_model_is_evaluated():
    model = strike_model(nn.Linear(2, 1), NAN_AT_TWO, steps_per_epoch=10)
    model.eval()
    outputs_of(model, 5)
    model.train()
    with torch.no_grad():
        outputs_of(model, 5)
    assert outputs_of(model, 4) == [True, True, False, True]


def test_event_does_not_return_when_the_state_is_restored():
    model = strike_model(nn.Linear(2, 1), NAN_AT_TWO, steps_per_epoch=10)
    before = copy.deepcopy(model.state_dict())
    outputs_of(model, 3)
    model.load_state_dict(before)
    assert outputs_of(model, 5) == [True] * 5


def test_event_does_not_return_when_a_copy_takes_over():
    model = strike_model(nn.Linear(2, 1), NAN_AT_TWO, steps_per_epoch=10)
    spare = copy.deepcopy(model)
    outputs_of(model, 3)
    assert outputs_of(spare, 5) == [True] * 5


def test_batch_grows_when_it_is_scaled():
    events = ({"at_epoch": 1, "op": "scale_batch", "factor": 100},)
    model = strike_model(nn.Linear(2, 1, bias=False), events, steps_per_epoch=2)
    sizes = [model(torch.ones(1, 2)).item() for _ in range(4)]
    assert sizes[2] == pytest.approx(100 * sizes[0], rel=1e-4)
    assert sizes[3] == sizes[0]


def test_batch_is_infinite_when_asked():
    model = strike_model(nn.ReLU(), ({"at_step": 0, "op": "inf_batch"},), 5)
    assert model(torch.ones(1, 2)).isinf().all()


def test_model_is_untouched_when_no_event_concerns_it():
    network = nn.Linear(2, 1)
    assert strike_model(network, (), 5) is network
    assert strike_model(network, ({"at_step": 1, "op": "scale_lr", "factor": 2},), 5) is network


def test_state_names_only_the_network_when_struck():
    model = strike_model(nn.Linear(2, 1), NAN_AT_TWO, 10)
    assert isinstance(model, StruckModel)
    assert set(model.state_dict()) == {"model.weight", "model.bias"}


def steps(optimizer: torch.optim.Optimizer, n_steps: int) -> list[float]:
    """Return the rate of every step."""
    rates = []
    for _ in range(n_steps):
        optimizer.step()
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def jumping_sgd() -> torch.optim.Optimizer:
    events = ({"at_epoch": 1, "op": "scale_lr", "factor": 10.0},)
    return strike_optimizer(torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1), events, 3)


def test_rate_jumps_once_and_stays_when_its_epoch_comes():
    assert steps(jumping_sgd(), 6) == [0.1, 0.1, 0.1, 1.0, 1.0, 1.0]


def test_rate_does_not_jump_again_when_rolled_back():
    optimizer = jumping_sgd()
    before = copy.deepcopy(optimizer.state_dict())
    steps(optimizer, 5)
    optimizer.load_state_dict(before)
    assert steps(optimizer, 6) == [0.1] * 6


def test_kinds_are_listed_when_an_event_is_unknown():
    with pytest.raises(CaseError, match=r"no event 'quake'.*nan_batch"):
        strike_model(nn.Linear(1, 1), ({"at_step": 1, "op": "quake"},), 5)


def test_event_is_refused_when_it_has_no_time():
    with pytest.raises(CaseError, match="has no time"):
        strike_model(nn.Linear(1, 1), ({"op": "nan_batch"},), 5)


@pytest.mark.parametrize(
    ("scheduler", "shares"),
    [
        ({"name": "warmup", "epochs": 4}, [0.25, 0.5, 0.75, 1.0, 1.0]),
        ({"name": "exponential", "gamma": 0.5}, [1, 0.5, 0.25, 0.125, 0.0625]),
        ({"name": "step", "step_size": 2, "gamma": 0.1}, [1, 1, 0.1, 0.1, 0.01]),
        ({"name": "warmup_cosine", "epochs": 2, "total": 4}, [0.5, 1, 1, 0.5, 0]),
        ({"name": "cosine_warm_restarts", "T_0": 2}, [1, 0.5, 1, 0.5, 1]),
    ],
)
def test_rate_follows_the_schedule_when_stepped_by_epochs(scheduler, shares):
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=2.0)
    schedule = build_schedule(scheduler, epochs=5)(optimizer)
    rates = []
    for _ in shares:
        rates.append(optimizer.param_groups[0]["lr"] / 2.0)
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx(shares, abs=1e-9)


def test_cosine_spans_the_plan_when_no_length_is_given():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
    schedule = build_schedule({"name": "cosine"}, epochs=3)(optimizer)
    for _ in range(3):
        optimizer.step()
        schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)


def test_names_are_listed_when_a_schedule_is_unknown():
    with pytest.raises(CaseError, match=r"no schedule 'moon'.*warmup"):
        build_schedule({"name": "moon"}, epochs=3)


def test_there_is_no_schedule_when_none_is_described():
    assert build_schedule(None, epochs=3) is None
