"""Networks that raise, return the wrong thing, or are built in unusual ways."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.core.builders import make_classes, make_network, make_rows, make_values
from tests.core.robustness.fitting import accuracy, fit_quickly, has_trained, refusal


class Raising(nn.Module):
    """Raise in the forward pass when a question about it is answered with yes."""

    def __init__(self, when):
        super().__init__()
        self.network = make_network()
        self.when = when
        self.calls = []

    def forward(self, rows):
        self.calls.append(len(rows))
        if self.when(self, rows):
            raise RuntimeError("words from inside the network")
        return self.network(rows)


class Returning(nn.Module):
    """Return something made of the outputs."""

    def __init__(self, change, network=None):
        super().__init__()
        self.network = network or make_network()
        self.change = change

    def forward(self, rows):
        return self.change(self, self.network(rows))


@pytest.mark.parametrize("n_rows", [301, 333, 390])
def test_a_network_that_raises_on_odd_batches_loses_only_those(n_rows):
    X, y = make_rows(n_rows)
    model = Raising(lambda self, rows: len(rows) % 2 == 1)
    result = fit_quickly(model, X, y, max_epochs=15)
    assert result.model is model
    assert accuracy(result, X, y) > 0.75


@pytest.mark.parametrize("batch_size", [31, 33])
def test_a_network_that_raises_on_every_batch_of_training_is_replaced(batch_size):
    X, y = make_rows()
    model = Raising(lambda self, rows: self.training and len(rows) % 2 == 1)
    result = fit_quickly(model, X, y, batch_size=batch_size, max_epochs=15)
    assert result.status == "repaired"
    assert "words from inside the network" in result.findings[0].message
    assert accuracy(result, X, y) > 0.75


@pytest.mark.parametrize(
    "when",
    [
        lambda self, rows: True,
        lambda self, rows: not self.training,
        lambda self, rows: len(rows) % 32 == 0,
    ],
)
def test_a_network_that_cannot_predict_is_refused_in_its_own_words(when):
    words = refusal(Raising(when), *make_rows())
    assert "`model` cannot predict rows of 6 features: words from inside the network" in words


@pytest.mark.parametrize("n_calls", [3, 10, 30])
@pytest.mark.parametrize("part", ["training", "prediction", "both"])
@pytest.mark.parametrize("repair", [True, False])
def test_a_network_that_breaks_down_in_mid_run_leaves_a_usable_result(n_calls, part, repair):
    def is_broken(self, rows):
        concerned = part == "both" or self.training == (part == "training")
        return concerned and len(self.calls) > n_calls

    X, y = make_rows()
    result = fit_quickly(Raising(is_broken), X, y, repair=repair)
    assert result.status in ({"repaired", "unresolved"} if repair else {"unresolved"})
    assert result.findings[0].problem == "nan_inf_loss"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda self, outputs: outputs.sum(), "a row for each of 32 rows, got shape ()"),
        (lambda self, outputs: outputs[::2], "a row for each of 32 rows, got shape (16, 1)"),
        (lambda self, outputs: outputs.T, "a row for each of 32 rows, got shape (1, 32)"),
        (lambda self, outputs: outputs[:0], "a row for each of 32 rows, got shape (0, 1)"),
        (lambda self, outputs: outputs[:, :0], "2 columns for this binary task"),
        (lambda self, outputs: outputs[:, :, None], "2 columns for this binary task"),
        (lambda self, outputs: (outputs, outputs), "one tensor, got tuple"),
        (lambda self, outputs: {"logits": outputs}, "one tensor, got dict"),
        (lambda self, outputs: outputs.detach().numpy(), "one tensor, got ndarray"),
        (lambda self, outputs: None, "one tensor, got NoneType"),
        (lambda self, outputs: outputs > 0, "`loss` cannot be computed"),
        (lambda self, outputs: outputs.to(torch.complex64), "`loss` cannot be computed"),
        (lambda self, outputs: outputs.detach(), "depends on the weights"),
    ],
)
def test_outputs_that_are_none_are_refused(change, rule):
    assert rule in refusal(Returning(change), *make_rows())


@pytest.mark.parametrize(
    ("n_outputs", "rows", "rule"),
    [
        (2, make_values, "1 column for this regression task, got shape (32, 2)"),
        (2, make_classes, "3 columns for this multiclass task, got shape (32, 2)"),
        (1, make_classes, "3 columns for this multiclass task, got shape (32,)"),
    ],
)
def test_outputs_of_the_wrong_width_are_refused(n_outputs, rows, rule):
    assert rule in refusal(make_network(4, n_outputs), *rows())


NUMBERLESS = [
    lambda self, outputs: outputs * float("nan"),
    lambda self, outputs: outputs + float("inf"),
    lambda self, outputs: outputs.log(),
    lambda self, outputs: outputs * float("nan") if self.training else outputs,
    lambda self, outputs: outputs if self.training else outputs * float("nan"),
]


@pytest.mark.parametrize("change", NUMBERLESS)
@pytest.mark.parametrize("rows", [make_rows, make_values])
def test_a_network_that_returns_no_numbers_is_replaced(change, rows):
    X, y = rows()
    result = fit_quickly(Returning(change, make_network(X.shape[1])), X, y, max_epochs=20)
    assert has_trained(result)
    assert "fallback_network" in {trial.remedy for trial in result.trials if trial.kept}


@pytest.mark.parametrize("change", NUMBERLESS[:3])
def test_a_network_that_returns_no_numbers_gives_the_base_rate_without_repair(change):
    X, y = make_rows()
    result = fit_quickly(Returning(change), X, y, repair=False)
    assert result.status == "unresolved"
    assert np.allclose(result.predict_proba(X), result.predictor.base_rate)


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        ("network", "must be a torch.nn.Module, got str"),
        (nn.Linear, "must be a torch.nn.Module, got type"),
        (lambda rows: rows, "must be a torch.nn.Module, got function"),
        (nn.Identity(), "parameters to train"),
        (make_network().requires_grad_(False), "parameters to train"),
        (make_network(5), "cannot predict rows of 6 features"),
    ],
)
def test_what_cannot_be_trained_is_refused(model, rule):
    assert rule in refusal(model, *make_rows())


def make_frozen():
    model = make_network()
    model[0].requires_grad_(False)
    return model


class Counting(nn.Module):
    """Keep counts, flags and a plain tensor beside the weights."""

    def __init__(self):
        super().__init__()
        self.network = make_network()
        self.register_buffer("count", torch.zeros((), dtype=torch.long))
        self.register_buffer("nothing", None)
        self.register_buffer("flags", torch.zeros(3, dtype=torch.bool), persistent=False)
        self.last = torch.zeros(3)

    def forward(self, rows):
        self.count += 1
        self.last = self.network(rows)
        return self.last


class Tied(nn.Module):
    """Use one weight in two layers."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 1)
        self.second.weight = self.first.weight

    def forward(self, rows):
        return self.last(torch.relu(self.second(torch.relu(self.first(rows)))))


def make_repeated():
    layer = nn.Linear(6, 6)
    return nn.Sequential(layer, nn.ReLU(), layer, nn.ReLU(), nn.Linear(6, 1))


def make_in_place():
    activations = nn.ReLU(inplace=True), nn.ReLU(inplace=True)
    return nn.Sequential(
        nn.Linear(6, 8), activations[0], nn.Linear(8, 8), activations[1], nn.Linear(8, 1)
    )


class Unused(nn.Module):
    """Own a layer that takes no part."""

    def __init__(self):
        super().__init__()
        self.network, self.idle = make_network(), nn.Linear(3, 3)

    def forward(self, rows):
        return self.network(rows)


class Recurrent(nn.Module):
    """Read a row as a sequence of one."""

    def __init__(self):
        super().__init__()
        self.memory, self.last = nn.LSTM(6, 8, batch_first=True), nn.Linear(8, 1)

    def forward(self, rows):
        return self.last(self.memory(rows[:, None])[0][:, -1])


class Convolving(nn.Module):
    """Read a row as a sequence of cells."""

    def __init__(self):
        super().__init__()
        self.filters, self.last = nn.Conv1d(1, 4, 3), nn.Linear(16, 1)

    def forward(self, rows):
        return self.last(torch.relu(self.filters(rows[:, None])).flatten(1))


class Lazy(nn.Module):
    """Learn its widths from the first rows."""

    def __init__(self):
        super().__init__()
        self.network = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(1))

    def forward(self, rows):
        return self.network(rows)


def make_weight_normed():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(6, 8))
    return nn.Sequential(layer, nn.ReLU(), nn.Linear(8, 1))


UNUSUAL = {
    "frozen": make_frozen,
    "double": lambda: make_network().double(),
    "half": lambda: make_network().half(),
    "counting": Counting,
    "tied": Tied,
    "repeated": make_repeated,
    "in place": make_in_place,
    "unused": Unused,
    "recurrent": Recurrent,
    "convolving": Convolving,
    "weight normed": make_weight_normed,
}


@pytest.mark.parametrize("kind", sorted(UNUSUAL))
@pytest.mark.parametrize("rate", [0.01, 1e12])
@pytest.mark.parametrize("watch", ["core", "everything"])
def test_unusual_networks_are_trained_and_repaired(kind, rate, watch):
    X, y = make_rows(600)
    torch.manual_seed(1)
    settings = {"learning_rate": rate, "watch": watch, "max_epochs": 12}
    result = fit_quickly(UNUSUAL[kind](), X, y, **settings)
    assert accuracy(result, X, y) > 0.7


def test_frozen_layers_stay_as_they_are():
    X, y = make_rows()
    model = make_frozen()
    before = model[0].weight.detach().clone()
    fit_quickly(model, X, y)
    assert torch.equal(model[0].weight, before)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize("rate", [0.01, 1e12])
def test_a_compiled_network_is_trained_and_repaired(rate):
    X, y = make_rows()
    result = fit_quickly(torch.jit.script(make_network()), X, y, learning_rate=rate, max_epochs=12)
    assert accuracy(result, X, y) > 0.7


def test_a_network_whose_backward_pass_raises_is_replaced():
    X, y = make_rows()
    model = nn.Sequential(nn.Linear(6, 16), nn.Sigmoid(), nn.ReLU(inplace=True), nn.Linear(16, 1))
    result = fit_quickly(model, X, y, max_epochs=15)
    assert result.status == "repaired"
    assert "modified by an inplace operation" in result.findings[0].message


class Rewriting(nn.Module):
    """Change its input in place."""

    def __init__(self, factor):
        super().__init__()
        self.network, self.factor = make_network(), factor

    def forward(self, rows):
        return self.network(rows.mul_(self.factor))


@pytest.mark.parametrize("factor", [0.5, 1e10])
def test_a_network_that_rewrites_its_input_leaves_the_callers_rows_alone(factor):
    X, y = make_rows()
    before = X.copy()
    fit_quickly(Rewriting(factor), X, y)
    assert np.array_equal(X, before)


@pytest.mark.filterwarnings("ignore:Lazy modules:UserWarning")
def test_a_network_that_learns_its_widths_late_is_trained():
    X, y = make_rows()
    assert accuracy(fit_quickly(Lazy(), X, y, max_epochs=15), X, y) > 0.7
