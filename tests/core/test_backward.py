import pytest
import torch
from torch import nn

from ml_training.core import backward as module
from ml_training.core.backward import backward


def make_case(dtype=torch.float32):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
    network = network.to(dtype)
    return network, torch.randn(16, 5, dtype=dtype), torch.rand(16, dtype=dtype).round()


def gradients_of(how, dtype=torch.float32):
    network, X, y = make_case(dtype)
    for _ in range(2):  # the second pass adds to the first
        how(nn.functional.binary_cross_entropy_with_logits(network(X)[:, 0], y))
    return [parameter.grad for parameter in network.parameters()]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_those_of_torch_to_the_bit(dtype):
    ours, theirs = gradients_of(backward, dtype), gradients_of(torch.Tensor.backward, dtype)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert all(gradient.abs().sum() > 0 for gradient in ours[:1])


def test_the_usual_way_is_taken_when_torch_has_moved_its_engine(monkeypatch):
    monkeypatch.setattr(module, "ENGINE", None)
    ours, theirs = gradients_of(backward), gradients_of(torch.Tensor.backward)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_a_loss_of_one_cell_is_followed_as_well():
    weight = nn.Parameter(torch.ones(1))
    backward(3 * weight)
    assert weight.grad.item() == 3.0


def test_a_subclass_of_tensors_is_left_to_itself():
    weight = nn.Parameter(torch.tensor(2.0))
    backward(weight)
    assert weight.grad.item() == 1.0


@pytest.mark.parametrize("loss", [torch.tensor(1.0), torch.ones(2, requires_grad=True)])
def test_a_loss_that_cannot_be_followed_is_refused_as_torch_does(loss):
    with pytest.raises(RuntimeError, match="grad"):
        backward(loss)


def test_the_graph_is_used_up():
    weight = nn.Parameter(torch.ones(3))
    loss = (weight**2).sum()
    backward(loss)
    with pytest.raises(RuntimeError, match="second time"):
        backward(loss)
