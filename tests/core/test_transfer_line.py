"""What few rows can tell about a base model, against what is known of it."""

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.network import HouseNetwork
from ml_training.core.transfer_line import (
    Prior,
    calibrate,
    fit_line,
    solve_near,
    turn_outputs,
)
from ml_training.core.transfer_network import TransferNetwork

OPEN = Prior(slope=100.0, level=100.0, line=1e-6)
STILL = Prior(slope=1e-6, level=1e-6, line=1e-6)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return TransferNetwork(HouseNetwork(4, 1, widths=(8, 8)).eval(), 2)


def draw(network, n=4000, *, slope=1.0, level=0.0, seed=1):
    """Return rows whose true log-odds are those of the network, turned."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n, 6, generator=generator)
    with torch.no_grad():
        told = network.eval()(X)[:, 0]
    told = slope * (told - told.mean()) * 8 + told.mean() + level
    y = (torch.rand(n, generator=generator) < told.sigmoid()).float()
    return X, y, torch.ones(n)


@pytest.mark.parametrize(("slope", "level"), [(1.0, 0.0), (0.3, 0.5), (-1.0, -0.5)])
def test_slope_and_level_are_found_when_rows_are_many(network, slope, level):
    found = fit_line(network, *draw(network, 40_000, slope=slope, level=level), OPEN)
    assert found[0] == pytest.approx(8 * slope, abs=0.6)
    assert found[1] == pytest.approx(level, abs=0.1)


def test_network_stays_as_it_was_when_nothing_may_lead_away(network):
    X, y, weight = draw(network)
    before = network(X).clone()
    fit_line(network, X, y, weight, STILL)
    torch.testing.assert_close(network(X), before, atol=1e-4, rtol=0)


def test_outputs_are_turned_as_slope_and_level_say(network):
    X, y, weight = draw(network, slope=0.5, level=0.4)
    before = network(X).detach().clone()
    slope, level = fit_line(network, X, y, weight, OPEN)
    expected = slope * (before - before.mean()) + before.mean() + level
    torch.testing.assert_close(network(X).detach(), expected, atol=1e-3, rtol=0)


def test_line_finds_what_own_columns_tell_when_the_base_knows_nothing_of_them(network):
    X, _, weight = draw(network)
    y = (
        torch.rand(len(X), generator=torch.Generator().manual_seed(3)) < X[:, 5].sigmoid()
    ).float()
    fit_line(network, X, y, weight, Prior(slope=0.25, level=0.3, line=1.0))
    assert float(network.line.weight[0, 5].detach()) == pytest.approx(1.0, abs=0.15)
    assert network.line.weight[0, :5].abs().max() < 0.2


def test_trunk_is_not_touched_when_a_line_is_fitted(network):
    before = {name: one.clone() for name, one in network.state_dict().items()}
    fit_line(network, *draw(network), OPEN)
    changed = {n for n, one in network.state_dict().items() if not torch.equal(before[n], one)}
    assert changed == {"head.weight", "head.bias", "line.weight"}


def test_rows_without_weight_do_not_count(network):
    X, y, weight = draw(network, 200)
    spoiled = y.clone()
    spoiled[:50], weight[:50] = 1 - y[:50], 0.0
    other = TransferNetwork(HouseNetwork(4, 1, widths=(8, 8)).eval(), 2)
    other.load_state_dict(network.state_dict())
    assert fit_line(network, X, y, weight, OPEN) == fit_line(other, X, spoiled, weight, OPEN)


def test_prior_wins_over_a_handful_of_rows_and_loses_to_thousands(network):
    prior = Prior(slope=0.25, level=0.2, line=0.02)
    states = {}
    for n in (10, 20_000):
        copied = TransferNetwork(HouseNetwork(4, 1, widths=(8, 8)).eval(), 2)
        copied.load_state_dict(network.state_dict())
        states[n] = fit_line(copied, *draw(network, n, slope=-1.0), prior)[0]
    assert states[10] > 0.3
    assert states[20_000] < 0.0


def test_solution_is_that_of_a_plain_logistic_regression_when_the_prior_is_flat():
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 3))
    y = rng.random(500) < 1 / (1 + np.exp(-X @ [1.0, -0.5, 0.0]))
    tensors = [torch.from_numpy(one.astype(np.float64)) for one in (X, y, np.ones(500))]
    flat = torch.full((3,), 1e-9, dtype=torch.float64)
    found = solve_near(*tensors, torch.zeros(3, dtype=torch.float64), flat)
    plain = linear.LogisticRegression(C=1e9, fit_intercept=False, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(found.numpy(), plain.coef_[0], atol=1e-4)


def test_solution_is_finite_when_rows_are_told_apart_beyond_doubt():
    X = torch.linspace(-1, 1, 20, dtype=torch.float64)[:, None]
    y, prior = (X[:, 0] > 0).double(), torch.ones(1, dtype=torch.float64)
    found = solve_near(X * 1e4, y, torch.ones(20, dtype=torch.float64), prior * 0, prior)
    assert torch.isfinite(found).all()


def test_bold_output_layer_is_calmed_when_outcomes_do_not_bear_it_out():
    head, rng = nn.Linear(1, 1), np.random.default_rng(0)
    nn.init.constant_(head.weight, 4.0)
    nn.init.zeros_(head.bias)
    X = torch.from_numpy(rng.standard_normal((3000, 1))).float()
    y = torch.from_numpy(rng.random(3000)) < (X[:, 0] - 0.7).sigmoid()
    calibrate(head, head(X).flatten(), y, Prior(slope=0.5, level=0.3, line=0.0))
    assert float(head.weight.detach()) == pytest.approx(1.0, abs=0.2)
    assert float(head.bias.detach()) == pytest.approx(-0.7, abs=0.15)


def test_outputs_are_multiplied_and_moved_when_a_layer_is_turned():
    head = nn.Linear(2, 1)
    X = torch.randn(5, 2)
    before = head(X).detach()
    turn_outputs(head, slope=-2.0, shift=3.0)
    torch.testing.assert_close(head(X).detach(), 3.0 - 2.0 * before)
