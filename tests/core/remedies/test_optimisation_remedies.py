"""What the remedies of optimisation do beyond their contract."""

import pytest
import torch
from torch import nn

from ml_training.core.loop import train
from ml_training.core.remedies.change_dropout import (
    ChangeDropout,
    find_dropouts,
    find_places,
    read_dropout,
)
from ml_training.core.remedies.larger_batch import LargerBatch
from ml_training.core.remedies.raise_rate import RaiseRate
from ml_training.core.remedies.reduce_on_plateau import ReduceOnPlateau
from ml_training.core.remedies.skip_spike import SkipSpike
from ml_training.core.remedies.sound_optimizer import RATES, SoundOptimizer, choose_rate
from ml_training.core.remedies.train_longer import TrainLonger
from ml_training.core.remedies.weight_decay import WeightDecay
from ml_training.core.remedies.widen import Widen, read_widths
from ml_training.core.surgery import describe_surgery, redo_surgery, tree_of
from tests.core.builders import (
    are_equal,
    make_finding,
    make_network,
    make_run,
    make_state,
    take_steps,
    weights_of,
)


def test_the_rate_is_raised_by_as_much_as_travel_is_missing():
    state = make_state(learning_rate=1e-5)
    RaiseRate().apply(state, make_finding(expected_travel=0.01))
    assert state.learning_rate == pytest.approx(2e-3)


def test_the_rate_is_raised_by_the_least_factor_without_evidence():
    state = make_state(learning_rate=1e-5)
    RaiseRate(factor=3.0).apply(state, make_finding())
    assert state.learning_rate == pytest.approx(3e-5)


def test_a_rate_is_never_raised_beyond_one():
    state = make_state(learning_rate=0.01)
    RaiseRate().apply(state, make_finding(expected_travel=1e-9))
    assert state.learning_rate == pytest.approx(1.0)
    assert "cannot be raised" in RaiseRate().objection(make_state(learning_rate=0.9))


def test_trying_rates_leaves_the_state_as_it_was():
    state = make_state(optimizer="sgd", learning_rate=0.5)
    before = weights_of(state.model), state.step, state.position, state.learning_rate
    assert choose_rate(state) in RATES
    assert are_equal(before[0], weights_of(state.model))
    assert (state.step, state.position, state.learning_rate) == before[1:]
    assert state.n_steps_tried == 300


def test_a_flipped_sign_goes_with_the_old_optimizer():
    state = make_state(optimizer="adam", optimizer_options={"maximize": True})
    change = SoundOptimizer().apply(state, make_finding())
    assert "upwards" in change.before
    assert not state.optimizer.param_groups[0]["maximize"]
    assert SoundOptimizer().objection(state)


def test_the_old_schedule_goes_with_the_old_optimizer():
    state = make_state(scheduler=lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.1))
    moment = state.snapshot()
    SoundOptimizer().apply(state, make_finding())
    assert state.schedule is None
    state.restore(moment)
    assert state.schedule is not None


def test_trying_rates_survives_a_model_that_raises():
    class Refuser(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = make_network()
            self.n_calls = 0

        def forward(self, rows):
            self.n_calls += self.training
            if self.n_calls > 3:
                raise ArithmeticError
            return self.network(rows)

    assert choose_rate(make_state(model=Refuser())) == RATES[0]


def test_training_goes_on_past_the_plan_when_prolonged():
    run = make_run(max_epochs=2, repair=False, patience=None)
    TrainLonger().apply(run.state, make_finding())
    train(run)
    assert run.state.step >= 1_500


def test_a_batch_beyond_the_line_is_left_out():
    run = make_run(learning_rate=0.1)
    SkipSpike().apply(run.state, make_finding(loss_line=1e-6))
    before = weights_of(run.state.model)
    take_steps(run, 3)
    assert are_equal(before, weights_of(run.state.model))


def test_dropout_is_set_on_the_layers_there_are():
    network = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 1))
    state = make_state(model=network)
    ChangeDropout(share=0.5).apply(state, make_finding())
    assert [m.p for m in state.model.modules() if isinstance(m, nn.Dropout)] == [0.5]


def test_dropout_is_put_behind_hidden_activations_only():
    network = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 1), nn.Tanh())
    state = make_state(model=network)
    moment = state.snapshot()
    ChangeDropout(share=0.5).apply(state, make_finding())
    assert isinstance(network[1], nn.Sequential)
    assert isinstance(network[3], nn.Tanh)
    state.restore(moment)
    assert read_dropout(network) == 0.0


def test_dropout_is_put_behind_every_use_when_one_activation_is_shared():
    bend = nn.ReLU()
    network = nn.Sequential(nn.Linear(6, 8), bend, nn.Linear(8, 8), bend, nn.Linear(8, 1), bend)
    state = make_state(model=network)
    assert find_places(state) == ["1", "3"]
    moment = state.snapshot()
    ChangeDropout(share=0.5).apply(state, make_finding())
    assert [isinstance(network[i], nn.Sequential) for i in (1, 3)] == [True, True]
    assert network[5] is bend
    state.restore(moment)
    assert network[1] is network[3] is bend


class TwiceBent(nn.Module):
    """Call one activation behind every layer, the last one included or not."""

    def __init__(self, *, bends_outputs: bool) -> None:
        super().__init__()
        self.bend = nn.Tanh()
        self.inner, self.outer = nn.Linear(6, 8), nn.Linear(8, 1)
        self.bends_outputs = bends_outputs

    def forward(self, rows):
        outputs = self.outer(self.bend(self.inner(rows)))
        return self.bend(outputs) if self.bends_outputs else outputs


@pytest.mark.parametrize(("bends_outputs", "places"), [(True, []), (False, ["bend"])])
def test_outputs_are_never_dropped_when_they_share_their_activation(bends_outputs, places):
    state = make_state(model=TwiceBent(bends_outputs=bends_outputs))
    assert find_places(state) == places


def test_dropout_is_saved_with_a_shared_activation():
    def build():
        bend = nn.ReLU()
        return nn.Sequential(nn.Linear(6, 8), bend, nn.Linear(8, 8), bend, nn.Linear(8, 1))

    network = build()
    tree = tree_of(network)
    ChangeDropout().apply(make_state(model=network), make_finding())
    edits = describe_surgery(tree, network)
    again = build()
    redo_surgery(again, edits)
    assert [edit["path"] for edit in edits] == ["1", "3"]
    assert network.state_dict().keys() == again.state_dict().keys()
    assert len(find_dropouts(again)) == 2


def test_a_network_without_activations_gets_no_dropout():
    assert "no activations" in ChangeDropout().objection(make_state(model=nn.Linear(6, 1)))


def test_large_batches_stay_as_they_are():
    assert "already" in LargerBatch().objection(make_state(batch_size=64))


def test_a_users_schedule_is_not_replaced():
    state = make_state(scheduler=lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9))
    assert "schedule" in ReduceOnPlateau().objection(state)


def test_decay_that_is_strong_already_stays():
    state = make_state(optimizer_options={"weight_decay": 0.2})
    assert "0.2 already" in WeightDecay().objection(state)


def test_only_narrow_layers_are_widened():
    network = nn.Sequential(
        nn.Linear(6, 40), nn.ReLU(), nn.Linear(40, 2), nn.Tanh(), nn.Linear(2, 1)
    )
    state = make_state(model=network)
    Widen().apply(state, make_finding())
    assert read_widths(state) == [40, 32]


def test_layers_that_are_wide_or_normalised_are_not_widened():
    assert "narrow" in Widen().objection(make_state(model=make_network(width=64)))
    assert "width of its own" in Widen().objection(make_state(model=make_network(width=4)))
