"""Numbers that spoil a batch, a weight, or the batch statistics while training."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.core.builders import PoisonedAt, make_network, make_rows
from tests.core.robustness.fitting import accuracy, fit_quickly

BAD = [float("nan"), float("inf"), float("-inf")]


class Struck(nn.Module):
    """Have one weight, or one running variance, overwritten in one training call.

    The count lives in a list, which no rollback turns back: lightning strikes once.
    """

    def __init__(self, call, value, *, strikes_statistics=False):
        super().__init__()
        self.network = make_network()
        self.call, self.value = call, value
        self.strikes_statistics = strikes_statistics
        self.calls = []

    def forward(self, rows):
        if self.training:
            self.calls.append(len(rows))
            if len(self.calls) == self.call:
                self.strike()
        return self.network(rows)

    @torch.no_grad()
    def strike(self):
        if self.strikes_statistics:
            self.network[1].running_var[0] = self.value
        else:
            self.network[0].weight[0, 0] = self.value


class StruckAgain(Struck):
    """Be struck in every fifth training call."""

    def forward(self, rows):
        if self.training:
            self.calls.append(len(rows))
            if len(self.calls) % self.call == 0:
                self.strike()
        return self.network(rows)


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("at", ["weight", "bias"])
def test_one_bad_weight_at_the_start_is_healed(value, at):
    X, y = make_rows()
    model = make_network()
    with torch.no_grad():
        getattr(model[0], at).view(-1)[0] = value
    result = fit_quickly(model, X, y, max_epochs=15)
    assert result.status == "repaired"
    assert accuracy(result, X, y) > 0.75


@pytest.mark.parametrize("value", [*BAD, 1e38])
@pytest.mark.parametrize("call", [2, 20, 40])
def test_one_bad_weight_in_mid_run_is_healed(value, call):
    X, y = make_rows()
    result = fit_quickly(Struck(call, value), X, y, max_epochs=15)
    assert result.status in {"repaired", "healthy"}  # 1e38 may be normalised away
    assert accuracy(result, X, y) > 0.75


@pytest.mark.parametrize("value", BAD)
def test_a_network_that_is_struck_again_and_again_is_given_up(value):
    X, y = make_rows()
    result = fit_quickly(StruckAgain(5, value), X, y, max_epochs=15)
    assert result.status == "repaired"
    assert [trial.remedy for trial in result.trials if trial.kept] == ["fallback_network"]
    assert accuracy(result, X, y) > 0.75


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_poisoned_batch_statistics_are_found_by_the_next_epoch(value):
    X, y = make_rows()
    result = fit_quickly(Struck(20, value, strikes_statistics=True), X, y, max_epochs=15)
    assert result.findings[0].problem == "nan_inf_loss"
    assert result.findings[0].step <= 20 + 2 * 8
    assert accuracy(result, X, y) > 0.75


@pytest.mark.parametrize("call", [1, 2, 20, 60])
def test_a_poisoned_batch_is_healed_wherever_it_comes(call):
    X, y = make_rows()
    result = fit_quickly(PoisonedAt(call), X, y, max_epochs=15)
    assert [trial.remedy for trial in result.trials if trial.kept] in ([], ["skip_poisoned"])
    assert accuracy(result, X, y) > 0.75


class OfOneRow(nn.Module):
    """Turn the loss of every batch with a certain row into NaN."""

    def __init__(self, poison=30.0):
        super().__init__()
        self.network = make_network()
        self.poison = poison

    def forward(self, rows):
        outputs = self.network(rows)
        if not self.training:
            return outputs
        return torch.where((rows[:, :1] >= self.poison).any(), outputs * float("nan"), outputs)


def test_a_row_that_turns_its_batch_into_nan_costs_its_batches_alone():
    X, y = make_rows()
    X[11, 0] = 31.0
    settings = {"max_epochs": 15, "switched_off": {"outliers"}}
    result = fit_quickly(OfOneRow(), X, y, **settings)
    assert result.findings[-1].problem == "nan_inf_loss" or result.status == "repaired"
    assert accuracy(result, X, y) > 0.75


@pytest.mark.parametrize("value", BAD)
def test_without_repair_a_bad_weight_ends_in_words_and_numbers(value):
    X, y = make_rows()
    result = fit_quickly(Struck(2, value), X, y, repair=False)
    assert result.status == "unresolved"
    assert result.findings[0].problem == "nan_inf_loss"
    assert np.allclose(result.predict_proba(X)[0, 1], result.predictor.base_rate[1])
    assert any("base rate" in note for note in result.report.notes)
