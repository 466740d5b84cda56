"""Networks taken apart, changed, described, and built again."""

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.anatomy import hidden_activations, output_layer, output_part, trace
from ml_training.core.errors import DataError
from ml_training.core.network import HouseNetwork, build_layer, describe_layer
from ml_training.core.result import FitResult
from ml_training.core.surgery import (
    describe_surgery,
    has_shared_weights,
    no_dense_layers,
    put_module,
    redo_surgery,
    redraw,
    refresh,
    trace_still,
    tree_of,
    why_output_is_fixed,
)
from tests.core.builders import are_equal, make_network, make_run, weights_of
from tests.core.problems.networks import fit_briefly, make_ring, make_stack


class Nested(nn.Module):
    """Hold its layers in modules of its own, and one activation as a function."""

    def __init__(self):
        super().__init__()
        self.body = nn.ModuleDict({"first": nn.Linear(6, 8), "bend": nn.ReLU()})
        self.head = nn.Linear(8, 1)

    def forward(self, rows):
        return self.head(torch.tanh(self.body["bend"](self.body["first"](rows))))


def parts_of(model, n_features=6):
    with torch.no_grad():
        return trace(model.eval(), torch.randn(16, n_features))


def test_parts_come_in_the_order_of_use():
    parts, _ = parts_of(Nested())
    assert [part.name for part in parts] == ["body.first", "body.bend", "head"]
    assert [part.name for part in hidden_activations(parts)] == ["body.bend"]


def test_no_hook_stays_on_a_model():
    model = Nested()
    parts_of(model)
    assert not any(module._forward_hooks for module in model.modules())


def test_a_part_that_is_used_twice_is_left_out():
    bend = nn.ReLU()
    parts, _ = parts_of(nn.Sequential(nn.Linear(6, 4), bend, nn.Linear(4, 4), bend))
    assert [part.name for part in parts] == ["0", "2"]


def test_the_ending_of_a_network_is_told_from_its_last_layer():
    plain = parts_of(nn.Sequential(nn.Linear(6, 1)))
    ended = parts_of(nn.Sequential(nn.Linear(6, 1), nn.Sigmoid(), nn.Identity()))
    assert output_part(*plain) is None
    assert output_layer(*plain).name == "0"
    assert output_part(*ended).name == "1"


def test_an_ending_outside_of_modules_is_fixed():
    class Ends(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(6, 1)

        def forward(self, rows):
            return self.layer(rows).sigmoid()

    assert why_output_is_fixed(make_run(Ends()).state)
    assert not why_output_is_fixed(make_run().state)


def test_looking_at_a_network_leaves_no_trace():
    model = make_network().train()
    before = weights_of(model)
    state = make_run(model).state
    trace_still(state)
    assert are_equal(before, weights_of(model))
    assert not model[0].weight.grad.any()


def test_a_module_is_replaced_wherever_it_hangs():
    model = Nested()
    put_module(model, "body.bend", nn.Tanh())
    assert isinstance(model.body["bend"], nn.Tanh)


def test_networks_that_cannot_be_operated_on_say_why():
    shared = nn.Linear(6, 6)
    assert has_shared_weights(nn.Sequential(shared, shared))
    assert "two places" in no_dense_layers(
        make_run(nn.Sequential(shared, shared, nn.Linear(6, 1))).state
    )
    assert "single" in no_dense_layers(make_run(nn.Linear(6, 1)).state)


def test_drawing_follows_the_seed_and_keeps_the_variance():
    one, two = nn.Linear(400, 300), nn.Linear(400, 300)
    for layer in (one, two):
        redraw(layer, np.random.default_rng(5), gain=1.0)
    assert torch.equal(one.weight, two.weight)
    assert float(one.weight.detach().std()) == pytest.approx(1 / 20, rel=0.02)
    assert not one.bias.any()


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.SELU])
@pytest.mark.parametrize("scale", [0.001, 1.0, 1000.0])
def test_fresh_layers_vary_by_one_on_the_data(activation, scale):
    X, y = make_ring()
    state = make_run(make_stack(activation, depth=8), scale * X, y).state
    refresh(state)
    dense = [part for part in trace_still(state)[0] if part.is_linear]
    for part in dense[:-1]:
        assert float(part.outputs.var(dim=0).mean()) == pytest.approx(1.0, abs=0.15)


def test_a_tree_that_was_not_changed_has_nothing_to_describe():
    model = Nested()
    assert describe_surgery(tree_of(model), model) == ()


def test_surgery_is_done_again_from_its_description():
    model = Nested()
    before = tree_of(model)
    put_module(model, "body.bend", nn.LeakyReLU(0.2))
    put_module(model, "body.first", nn.Sequential(model.body["first"], nn.BatchNorm1d(8)))
    edits = describe_surgery(before, model)
    assert {edit["path"] for edit in edits} == {"body.bend", "body.first"}
    fresh = Nested()
    redo_surgery(fresh, edits)
    fresh.load_state_dict(model.state_dict())
    rows = torch.randn(5, 6)
    assert torch.equal(fresh.eval()(rows), model.eval()(rows))


def test_another_shape_is_refused_clearly():
    edits = [{"path": "nowhere.at.all", "layer": describe_layer(nn.ReLU())}]
    with pytest.raises(DataError, match="nowhere"):
        redo_surgery(Nested(), edits)


def test_a_layer_of_an_unknown_kind_is_refused():
    with pytest.raises(DataError, match="known kind"):
        build_layer({"kind": "Tesseract"})


@pytest.mark.parametrize(
    "layer",
    [
        nn.Linear(3, 2),
        nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)),
        nn.LeakyReLU(0.3),
        nn.Softmax(dim=-1),
        nn.LogSoftmax(dim=-1),
        nn.Dropout(0.4),
    ],
)
def test_a_layer_is_built_from_its_description(layer):
    assert repr(build_layer(describe_layer(layer))) == repr(layer)


def make_flat():
    return make_stack(nn.Sigmoid, depth=10)


def test_a_result_of_surgery_is_saved_and_loaded(tmp_path):
    X, y = make_ring()
    straight = nn.Sequential(nn.Linear(4, 16), nn.Linear(16, 1))
    result = fit_briefly(straight, X, y)
    assert result.trials[-1].kept
    result.save(tmp_path / "run")
    fresh = nn.Sequential(nn.Linear(4, 16), nn.Linear(16, 1))
    again = FitResult.load(tmp_path / "run", model=fresh)
    assert np.array_equal(again.predict_proba(X), result.predict_proba(X))
    again.save(tmp_path / "copy")
    third = nn.Sequential(nn.Linear(4, 16), nn.Linear(16, 1))
    assert FitResult.load(tmp_path / "copy", model=third).status == "repaired"


def test_a_result_of_surgery_refuses_a_model_of_another_shape(tmp_path):
    X, y = make_ring()
    result = fit_briefly(nn.Sequential(nn.Linear(4, 16), nn.Linear(16, 1)), X, y)
    result.save(tmp_path / "run")
    with pytest.raises(DataError):
        FitResult.load(tmp_path / "run", model=nn.Sequential(nn.Linear(4, 1)))


def test_a_result_whose_network_was_replaced_needs_no_model(tmp_path):
    X, y = make_ring()
    result = fit_briefly(nn.Linear(4, 1), X, y)
    assert isinstance(result.model, HouseNetwork)
    result.save(tmp_path / "run")
    again = FitResult.load(tmp_path / "run")
    assert np.array_equal(again.predict(X), result.predict(X))
