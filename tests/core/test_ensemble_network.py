import pytest
import torch
from torch.nn import functional

from ml_training.core.ensemble_network import (
    Ensemble,
    MemberLinear,
    MemberNorm,
    MemberScale,
    Shape,
)
from ml_training.core.errors import DataError


def make_shape(**changes):
    sizes = {"n_members": 3, "n_features": 5, "n_outputs": 1, "widths": (8, 4)}
    return Shape(**{**sizes, "dropout": 0.0, "is_normalised": True, **changes})


def make_ensemble(**changes):
    torch.manual_seed(0)
    return Ensemble(make_shape(**changes))


def rows_of(n=6, n_features=5):
    return torch.randn(n, n_features, generator=torch.Generator().manual_seed(1))


def test_each_member_is_a_dense_layer_of_its_own():
    torch.manual_seed(0)
    layer, rows = MemberLinear(3, 5, 2), rows_of()
    outputs = layer(rows)
    assert outputs.shape == (6, 3, 2)
    for member in range(3):
        alone = rows @ layer.weight[member] + layer.bias[member]
        assert torch.allclose(outputs[:, member], alone, atol=1e-6)


def test_members_see_rows_of_their_own_when_they_are_given():
    torch.manual_seed(0)
    layer, rows = MemberLinear(3, 5, 2), torch.randn(6, 3, 5)
    outputs = layer(rows)
    for member in range(3):
        alone = rows[:, member] @ layer.weight[member] + layer.bias[member]
        assert torch.allclose(outputs[:, member], alone, atol=1e-6)


@pytest.mark.parametrize("shape", [(6, 5), (6, 3, 5)])
def test_features_are_stretched_by_each_member_for_itself(shape):
    layer, rows = MemberScale(3, 5), torch.randn(shape)
    shared = rows if rows.ndim == 3 else rows[:, None].expand(6, 3, 5)
    assert torch.allclose(layer(rows), shared)  # they begin as they are
    with torch.no_grad():
        layer.weight[1, 0, 4] *= 2.0
    assert torch.allclose(layer(rows)[:, 1, 4], 2.0 * shared[:, 1, 4])
    assert torch.allclose(layer(rows)[:, 0], shared[:, 0])


def test_normalising_a_member_is_the_layer_norm_of_its_units():
    norm, values = MemberNorm(3, 4), torch.randn(6, 3, 4)
    with torch.no_grad():
        norm.weight[1], norm.bias[1] = 2.0, 0.5
    outputs = norm(values)
    assert torch.allclose(outputs[:, 0], functional.layer_norm(values[:, 0], (4,)), atol=1e-5)
    expected = functional.layer_norm(values[:, 1], (4,)) * 2.0 + 0.5
    assert torch.allclose(outputs[:, 1], expected, atol=1e-5)


def test_the_answer_is_the_mean_probability_of_two_classes():
    model, rows = make_ensemble(), rows_of()
    outputs = model.members(rows)
    expected = outputs.sigmoid().mean(dim=1)
    assert torch.allclose(model.average(outputs).sigmoid(), expected, atol=1e-6)


def test_the_answer_is_the_mean_probability_of_many_classes():
    model, rows = make_ensemble(n_outputs=4), rows_of()
    outputs = model.members(rows)
    expected = outputs.softmax(dim=-1).mean(dim=1)
    assert torch.allclose(model.average(outputs).softmax(dim=-1), expected, atol=1e-6)


def test_the_answer_is_the_mean_value_when_values_are_told():
    model, rows = make_ensemble(averages="values"), rows_of()
    outputs = model.members(rows)
    assert torch.equal(model.average(outputs), outputs.mean(dim=1))
    assert torch.equal(model.probabilities(outputs), outputs)


def test_logits_stay_finite_when_all_members_are_sure():
    model = make_ensemble()
    sure = torch.tensor([[80.0], [90.0], [100.0]])[None]
    assert torch.isfinite(model.average(sure)).all()
    assert torch.isfinite(model.average(-sure)).all()


def test_no_member_learns_from_the_loss_of_another():
    model, rows = make_ensemble(), rows_of()
    model.members(rows)[:, 1].sum().backward()
    for parameter in model.live.parameters():
        assert parameter.grad[0].abs().max() == 0
        assert parameter.grad[2].abs().max() == 0
    assert model.live.head.weight.grad[1].abs().max() > 0


def test_it_answers_with_the_best_members_when_it_stands_still():
    model, rows = make_ensemble().eval(), rows_of()
    with torch.no_grad():
        before = model(rows)
        model.live.line.bias += 1.0
        assert torch.equal(model(rows), before)
        model.keep(torch.tensor([True, False, False]))
        assert not torch.equal(model(rows), before)
        moved = model.live.line.bias - model.best.line.bias
        assert moved.flatten().tolist() == pytest.approx([0, 1, 1])


def test_members_come_back_as_they_were_at_their_best():
    model = make_ensemble()
    with torch.no_grad():
        model.live.head.weight.fill_(float("nan"))
    model.bring_back(torch.tensor([False, True, False]))
    assert torch.equal(model.live.head.weight[1], model.best.head.weight[1])
    assert torch.isnan(model.live.head.weight[0]).all()


def test_features_are_cut_and_scaled_when_measured():
    model = make_ensemble(n_features=1)
    model.low.fill_(-1.0), model.high.fill_(3.0), model.centre.fill_(1.0), model.width.fill_(2.0)
    assert model.scaled(torch.tensor([[-9.0], [2.0], [9.0]])).flatten().tolist() == [-1, 0.5, 1]


def test_what_is_served_answers_alike_without_what_trained_it():
    model, rows = make_ensemble().eval(), rows_of()
    served = model.without_training()
    assert served.live is None
    assert not any(name.startswith("live") for name in served.state_dict())
    with torch.no_grad():
        assert torch.equal(served(rows), model(rows))


def test_a_shape_survives_plain_values():
    shape = make_shape(averages="values")
    assert Shape.from_dict(shape.as_dict()) == shape


@pytest.mark.parametrize(
    "damage",
    [
        {"widths": None},
        {"widths": [8, -1]},
        {"n_members": "3"},
        {"n_members": 0},
        {"depth": 3},
    ],
)
def test_a_damaged_shape_is_refused_in_words(damage):
    with pytest.raises(DataError, match="shape of the ensemble is damaged"):
        Shape.from_dict({**make_shape().as_dict(), **damage})


def test_a_shape_with_a_gap_is_refused_in_words():
    saved = make_shape().as_dict()
    del saved["n_features"]
    with pytest.raises(DataError, match="n_features"):
        Shape.from_dict(saved)
