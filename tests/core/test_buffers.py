import math

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.buffers import FlatParameters
from tests.core.builders import make_network


def backward(model, flat, rows):
    flat.zero_gradients()
    model(rows).pow(2).mean().backward()


@pytest.fixture
def rows():
    return torch.randn(20, 6, generator=torch.Generator().manual_seed(0))


def test_the_model_computes_the_same_when_its_parameters_move_in(rows):
    model = make_network()
    before = model(rows).detach().clone()
    FlatParameters(model)
    assert torch.equal(model(rows), before)


def test_parameters_share_memory_with_the_vector():
    model = make_network()
    flat = FlatParameters(model)
    flat.values.zero_()
    assert all(float(p.detach().abs().max()) == 0 for p in model.parameters())


def test_gradients_are_those_of_a_plain_model(rows):
    model, plain = make_network(), make_network()
    flat = FlatParameters(model)
    for _ in range(2):
        backward(model, flat, rows)
    plain(rows).pow(2).mean().backward()
    for ours, theirs in zip(model.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(ours.grad, theirs.grad, atol=1e-7)


def test_norms_are_those_of_torch(rows):
    model = make_network()
    flat = FlatParameters(model)
    backward(model, flat, rows)
    total, layers = flat.measure_gradients()
    expected = torch.nn.utils.get_total_norm([p.grad for p in model.parameters()])
    assert total == pytest.approx(float(expected), rel=1e-5)
    assert len(layers) == len(flat.layer_names) == 3
    assert math.hypot(*layers) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("place", [0, -1])
def test_the_norm_is_not_finite_when_one_gradient_is_not(rows, poison, place):
    model = make_network()
    flat = FlatParameters(model)
    backward(model, flat, rows)
    list(model.parameters())[place].grad.view(-1)[0] = poison
    assert not math.isfinite(flat.measure_gradients()[0])


def test_the_norm_is_right_when_squares_overflow_single_precision():
    flat = FlatParameters(make_network())
    flat.gradients[0] = 1e25
    with np.errstate(over="ignore"):  # as `seeded` does around every run
        norm = flat.measure_gradients()[0]
    assert norm == pytest.approx(1e25, rel=1e-5)


def test_scaling_scales_every_gradient(rows):
    model = make_network()
    flat = FlatParameters(model)
    backward(model, flat, rows)
    before = flat.measure_gradients()[0]
    flat.scale_gradients(0.25)
    assert flat.measure_gradients()[0] == pytest.approx(before / 4, rel=1e-5)


def test_update_and_ratio_are_measured_when_weights_moved():
    model = nn.Linear(3, 1, bias=False)
    nn.init.ones_(model.weight)
    flat = FlatParameters(model)
    flat.remember()
    with torch.no_grad():
        model.weight += 0.5
    norm, ratios = flat.measure_update()
    assert norm == pytest.approx(0.5 * math.sqrt(3))
    assert ratios == [pytest.approx(0.5 / 1.5)]


def test_the_ratio_is_zero_when_a_layer_has_no_weight_at_all():
    model = nn.Linear(3, 1)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    flat = FlatParameters(model)
    flat.remember()
    assert flat.measure_update() == (0.0, [0.0])


def test_every_tensor_starts_on_a_cache_line():
    model = make_network(n_features=5)
    flat = FlatParameters(model)
    offsets = [p.data_ptr() - flat.values.data_ptr() for p in model.parameters()]
    assert all(offset % 64 == 0 for offset in offsets)
    assert flat.n_parameters == sum(p.numel() for p in model.parameters())


def test_padding_stays_zero_when_the_vector_is_trained(rows):
    model = make_network(n_features=6)
    flat = FlatParameters(model)
    optimizer = torch.optim.AdamW([flat.vector], lr=0.1)
    for _ in range(3):
        backward(model, flat, rows)
        optimizer.step()
    inside = sum(float(p.detach().double().pow(2).sum()) for p in model.parameters())
    assert float(flat.values.double().pow(2).sum()) == pytest.approx(inside)


def test_frozen_parameters_stay_outside():
    model = make_network()
    model[0].weight.requires_grad_(False)
    flat = FlatParameters(model)
    assert model[0].weight.data_ptr() != flat.values.data_ptr()
    assert len(flat.parameters) == len(list(model.parameters())) - 1


def test_a_shared_parameter_is_held_once():
    first = nn.Linear(4, 4)
    second = nn.Linear(4, 4)
    second.weight = first.weight
    flat = FlatParameters(nn.Sequential(first, second))
    assert len(flat.parameters) == 3


def test_finiteness_is_seen_when_a_weight_is_poisoned():
    model = make_network()
    flat = FlatParameters(model)
    assert flat.is_finite()
    with torch.no_grad():
        model[0].bias[0] = float("nan")
    assert not flat.is_finite()


def test_reclaim_points_parameters_home_again():
    model = make_network()
    flat = FlatParameters(model)
    FlatParameters(model)
    flat.reclaim()
    assert model[0].weight.data_ptr() == flat.values.data_ptr()
    assert model[0].weight.grad.data_ptr() == flat.gradients.data_ptr()


def test_released_parameters_have_memory_of_their_own():
    model = make_network()
    flat = FlatParameters(model)
    before = [p.detach().clone() for p in model.parameters()]
    flat.release()
    flat.values.zero_()
    for parameter, kept in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter, kept)
        assert parameter.grad is None


def test_double_precision_is_kept():
    flat = FlatParameters(make_network().double())
    assert flat.values.dtype == torch.float64
    assert np.isfinite(flat.measure_gradients()[0])


def test_gradients_that_left_home_are_gathered_when_autograd_replaced_them(rows):
    model = make_network()
    flat = FlatParameters(model)
    backward(model, flat, rows)
    expected = flat.measure_gradients()[0]
    stray = model[0].weight.grad.clone()
    model[0].weight.grad = stray
    flat.gradients[: stray.numel()].zero_()
    flat.gather_strays()
    assert flat.measure_gradients()[0] == pytest.approx(expected)
    assert model[0].weight.grad.data_ptr() == flat.gradients.data_ptr()
