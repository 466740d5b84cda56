"""An absurd batch is found at once and its harm undone; odd batches are not absurd."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.history import Reading
from ml_training.core.problems.loss_spike import PROBLEM, alarm_lines, detect
from tests.core.builders import make_network, make_observations
from tests.core.problems.epochs import alarms_of, train_rows


class SpikeAt(nn.Module):
    """Multiply the rows of one training batch."""

    def __init__(self, call, factor):
        super().__init__()
        self.network = make_network(is_normalised=False)
        self.agenda = [call, 0]  # a list is shared by all branches: it strikes once
        self.factor = factor

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.agenda[1] += 1
            if self.agenda[1] == self.agenda[0]:
                rows = rows * self.factor
        return self.network(rows)


def test_a_jump_far_above_everything_before_is_found():
    losses = [*np.linspace(0.7, 0.3, 60), 20.0]
    assert alarm_lines(make_observations(losses[:-1]))["loss"] < 20.0
    found = detect(make_observations(losses))
    assert found is not None
    assert found.evidence["loss_line"] == pytest.approx(5 * 0.66, rel=0.1)


@pytest.mark.parametrize("last", [0.01, 1.3, 3.0])
def test_an_odd_batch_is_no_spike(last):
    assert detect(make_observations([*np.linspace(0.7, 0.6, 60), last])) is None


def test_a_jump_below_guessing_harms_nobody():
    assert detect(make_observations([0.01] * 60 + [0.6])) is None


def test_one_confident_mistake_in_a_small_batch_is_no_spike():
    seen = make_observations([0.1] * 60 + [2.5])
    small = replace(seen, plan=replace(seen.plan, steps_per_epoch=25))  # four rows each
    large = replace(seen, plan=replace(seen.plan, steps_per_epoch=2))
    assert detect(small) is None
    assert detect(large) is not None


def test_a_batch_that_was_left_out_is_not_reported_again():
    skipped = [False] * 60 + [True]
    assert detect(make_observations([0.5] * 60 + [50.0], skipped=skipped)) is None


def test_the_first_batches_are_not_judged():
    assert detect(make_observations([0.7] * 5 + [50.0])) is None
    assert alarm_lines(make_observations([0.7] * 5)) == {}


@pytest.mark.slow
def test_a_spike_is_caught_in_its_batch_and_the_run_ends_well():
    result = train_rows(model=SpikeAt(120, 1e4))
    assert alarms_of(result) & {PROBLEM.key, "exploding_gradient"}
    first = next(finding for finding in result.findings if finding.is_alarm)
    assert abs(first.step - 119) <= 1
    assert result.report.summary["best_score"] > 0.85


def test_a_last_batch_of_two_rows_is_judged_by_its_rows():
    seen = make_observations([0.3] * 60)
    for n_rows, is_spike in ((2, False), (32, True)):
        history = copy.deepcopy(seen.history)
        history.add(Reading(epoch=0, step=60, loss=5.0, gradient_norm=1.0, n_rows=n_rows))
        assert (detect(replace(seen, history=history, step=60)) is not None) == is_spike
