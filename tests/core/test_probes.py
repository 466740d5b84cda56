import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.activations import ActivationTap
from ml_training.core.probes import EPOCH_PROBES, measure_epoch
from ml_training.core.scores import balanced_accuracy, evaluate, forward_rows, r_squared
from tests.core.builders import make_network, make_run, make_state, make_values


class Picky(nn.Module):
    """Take exactly `size` rows."""

    def __init__(self, size):
        super().__init__()
        self.size = size
        self.linear = nn.Linear(3, 1)

    def forward(self, rows):
        if len(rows) != self.size:
            raise ValueError("size")
        return self.linear(rows)


def test_rows_go_through_in_one_call_when_they_can():
    calls = []
    model = make_network()
    model.register_forward_hook(lambda *_: calls.append(1))
    forward_rows(model, torch.zeros(500, 6), chunk=10)
    assert len(calls) == 1


@pytest.mark.parametrize("n", [4, 8, 9, 3, 1])
def test_a_picky_model_gets_its_size(n):
    model = Picky(4)
    rows = torch.randn(n, 3, generator=torch.Generator().manual_seed(0))
    outputs = forward_rows(model, rows, chunk=4)
    assert torch.allclose(outputs, model.linear(rows)[:, 0])


def test_the_model_is_put_into_evaluation_mode():
    model = make_network().train()
    forward_rows(model, torch.zeros(2, 6), chunk=2)
    assert not model.training


def test_loss_and_score_are_measured():
    run = make_run()
    state = run.state
    found = evaluate(state.model, state.objective, state.data.stopping, chunk=32)
    assert found.loss == pytest.approx(float(found.parts.mean()))
    assert len(found.parts) == len(state.data.stopping)
    assert 0 <= found.score <= 1


def test_blocks_stand_for_rows_when_the_loss_gives_a_scalar():
    def loss(outputs, targets):
        return nn.functional.binary_cross_entropy_with_logits(outputs, targets)

    state = make_state(loss=loss)
    found = evaluate(state.model, state.objective, state.data.stopping, chunk=32)
    assert len(found.parts) == 10
    plain = make_state()
    exact = evaluate(plain.model, plain.objective, plain.data.stopping, chunk=32)
    assert found.loss == pytest.approx(exact.loss, rel=1e-5)


def test_what_raises_counts_as_no_number():
    def loss(outputs, targets):
        raise ValueError("no")

    state = make_state()
    state.objective._rows = loss
    found = evaluate(state.model, state.objective, state.data.stopping, chunk=32)
    assert np.isnan(found.loss)


def test_regressions_are_scored_by_explained_variance():
    X, y = make_values()
    state = make_state(model=make_network(4), X=X, y=y)
    with torch.no_grad():
        state.model[-1].weight.zero_()
        state.model[-1].bias.fill_(float(state.data.stopping.y.mean()))
    found = evaluate(state.model, state.objective, state.data.stopping, chunk=32)
    assert found.score == pytest.approx(0.0, abs=1e-5)


def test_a_class_that_is_absent_does_not_count():
    assert balanced_accuracy(np.array([0, 2, 2]), np.array([0, 2, 0])) == 0.75


def test_a_constant_target_is_explained_or_not():
    assert r_squared(np.ones(3), np.ones(3)) == 1.0
    assert r_squared(np.zeros(3), np.ones(3)) == 0.0
    assert r_squared(np.array([3.0, -3.0]), np.array([1.0, -1.0])) < 0


@pytest.mark.parametrize("name", EPOCH_PROBES)
def test_every_probe_returns_finite_numbers_and_changes_nothing(name):
    state = make_state()
    before = state.snapshot()
    signals = measure_epoch(state, [name])
    assert signals
    assert all(np.isfinite(value) for value in signals.values())
    for (tensor, values), other in zip(
        before.model.tensors, state.snapshot().model.tensors, strict=True
    ):
        assert torch.equal(values, other[1])
        assert tensor is other[0]


def test_probes_of_a_regression_measure_its_spread():
    X, y = make_values()
    state = make_state(model=make_network(4), X=X, y=y)
    assert set(measure_epoch(state, ["predictions"])) == {"output_deviation"}


def test_training_rows_are_scored_without_dropout():
    model = nn.Sequential(make_network(), nn.Dropout(0.9))
    state = make_state(model=model)
    twice = [measure_epoch(state, ["training_rows"]) for _ in range(2)]
    assert twice[0] == twice[1]


def test_only_what_is_needed_is_measured():
    assert measure_epoch(make_state(), []) == {}


def hear(layer, rows):
    tap, model = ActivationTap(), nn.Sequential(layer)
    with tap.listening(model):
        model(rows)
        return tap.measure()


def test_dead_units_are_counted():
    rows = torch.tensor([[1.0, -1.0, -2.0, 3.0], [-1.0, -3.0, 0.0, 2.0]])
    sizes, quiet = hear(nn.ReLU(), rows)
    assert quiet == [0.5]
    assert sizes == [pytest.approx(float(np.sqrt((1 + 9 + 4) / 8)))]


@pytest.mark.parametrize(("layer", "far"), [(nn.Tanh(), 9.0), (nn.Sigmoid(), 12.0)])
def test_saturated_outputs_are_counted(layer, far):
    _, quiet = hear(layer, torch.tensor([[far, 0.0], [-far, 0.1]]))
    assert quiet == [0.5]


def test_nothing_stays_on_the_model_when_nobody_listens():
    model = make_network()
    before = [set(vars(module)) for module in model.modules()]
    tap = ActivationTap()
    with pytest.raises(ZeroDivisionError), tap.listening(model):
        raise ZeroDivisionError
    model(torch.zeros(3, 6))
    assert tap.measure() == ([], [])
    assert [set(vars(module)) for module in model.modules()] == before


def test_a_forward_pass_of_the_users_own_is_back_when_nobody_listens():
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU())
    model[1].forward = own = lambda rows: rows.clamp(min=0.5)
    tap = ActivationTap()
    with tap.listening(model):
        heard = model(torch.zeros(3, 6)).detach()
        assert tap.measure()[0] == pytest.approx([float(heard.square().mean().sqrt())])
    assert model[1].forward is own
    assert float(heard.min()) >= 0.5


def test_outputs_are_the_same_when_somebody_listens():
    model, rows = make_network().eval(), torch.randn(5, 6)
    alone = model(rows)
    with ActivationTap().listening(model):
        assert torch.equal(model(rows), alone)


def test_names_are_those_of_the_modules():
    tap = ActivationTap()
    with tap.listening(make_network()):
        assert tap.names == ("2",)
