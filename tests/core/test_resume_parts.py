"""What is referred to by name, what is described, and what nobody may forget."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.errors import TrainingError
from ml_training.core.network import HouseNetwork
from ml_training.core.optimizers import build_adamw
from ml_training.core.remedies.cosine_decay import CosineDecay
from ml_training.core.remedies.sound_optimizer import SoundFactory
from ml_training.core.remedies.warm_up import grow
from ml_training.core.resume_moments import Packing, Unpacking
from ml_training.core.resume_parts import (
    Names,
    Origin,
    Pool,
    build_model,
    build_modules,
    build_table,
    build_tensors,
    describe_table,
    find_maker,
    name_maker,
)
from ml_training.core.state import BY_REFERENCE, no_schedule
from ml_training.core.structure import copy_model, put_back
from ml_training.core.surgery import put_module
from ml_training.core.table import RawRows
from ml_training.core.treatments import Winsorise
from tests.core.builders import (
    are_equal,
    make_finding,
    make_network,
    make_run,
    make_state,
    take_steps,
    weights_of,
)


def own(flat):
    return flat


def test_a_thing_is_described_once_however_often_it_is_met():
    described = []
    pool = Pool(lambda thing: described.append(thing) or len(thing))
    some, others = ["a"], ["a"]
    assert [pool.number(each) for each in (some, others, some)] == [0, 1, 0]
    assert pool.described == [1, 1]
    assert pool.number_or_none(None) is None


def test_what_holds_others_is_numbered_after_them():
    pool = Pool(lambda thing: [pool.number(each) for each in thing])
    assert pool.number([[], [[]]]) == 3
    assert pool.described == [[], [], [1], [0, 2]]


@pytest.mark.parametrize(
    "maker",
    [
        own,
        grow,
        no_schedule,
        SoundFactory(0.01),
        partial(build_adamw, rate=0.003),
    ],
)
def test_a_maker_comes_back_by_its_name(maker):
    found = find_maker(name_maker(maker, own), own)
    if isinstance(maker, partial):
        assert (found.func, found.keywords) == (maker.func, maker.keywords)
    else:
        assert found == maker


def test_a_maker_within_a_maker_comes_back():
    state = make_state(max_epochs=9)
    CosineDecay().apply(state, make_finding())
    made = find_maker(name_maker(state.make_schedule, own), own)(state.optimizer)
    rates = [made.lr_lambdas[0](epoch) for epoch in range(9)]
    assert rates == [state.schedule.lr_lambdas[0](epoch) for epoch in range(9)]


@pytest.mark.parametrize("maker", [lambda flat: flat, partial(own, 3), len])
def test_a_maker_nobody_knows_is_refused(maker):
    with pytest.raises(TrainingError, match="stands not in `MAKERS`"):
        name_maker(maker, own)


def test_a_changed_tree_comes_back_over_a_fresh_network():
    model, fresh = make_network(seed=1), make_network(seed=2)
    run, other = make_run(model), make_run(fresh)
    names, origin = Names(Origin.of(run.state)), Origin.of(other.state)
    put_module(model, "2", nn.Sequential(nn.Tanh(), nn.Dropout(0.25)))
    put_module(model, "3", nn.Sequential(model[3], nn.BatchNorm1d(1, eps=0.5)))
    kept = names.describe_model(copy_model(model))
    modules = build_modules(names.modules.described, origin)
    tensors = build_tensors(names.tensors.described, origin)
    last = fresh[3]
    assert put_back(build_model(kept, modules, tensors)) is fresh
    assert str(fresh) == str(model)
    assert fresh[3][0] is last
    assert are_equal(weights_of(fresh), weights_of(model))


def test_a_house_network_comes_back_in_place_of_another():
    run, other = make_run(make_network(seed=1)), make_run(make_network(seed=2))
    names, origin = Names(Origin.of(run.state)), Origin.of(other.state)
    house = HouseNetwork(6, 1, widths=(8, 4))
    kept = names.describe_model(copy_model(house))
    modules = build_modules(names.modules.described, origin)
    built = put_back(build_model(kept, modules, build_tensors(names.tensors.described, origin)))
    assert str(built) == str(house)
    assert are_equal(weights_of(built), weights_of(house))


def test_a_layer_nobody_can_describe_is_refused():
    run = make_run(make_network())
    names = Names(Origin.of(run.state))
    run.state.model[2] = nn.Softshrink()
    with pytest.raises(TrainingError, match="kind 'Softshrink' cannot be described"):
        names.describe_model(copy_model(run.state.model))


def test_values_of_another_shape_are_refused():
    run = make_run(make_network())
    names, origin = Names(Origin.of(run.state)), Origin.of(run.state)
    kept = names.describe_model(copy_model(run.state.model))
    kept["values"] = [values[None] for values in kept["values"]]
    modules = build_modules(names.modules.described, origin)
    with pytest.raises(ValueError, match="do not fit"):
        build_model(kept, modules, build_tensors(names.tensors.described, origin))


def test_chosen_rows_and_treatments_come_back():
    state, other = make_state(), make_state()
    origin, of_other = Origin.of(state), Origin.of(other)
    rows = state.data.raw_train.at(np.arange(0, 200, 3))
    fence = Winsorise(low=np.full(6, -1.0), high=np.full(6, 1.0))
    state.data = state.data.with_training(rows.at(np.arange(5, 40))).treated_with(fence)
    built = build_table(describe_table(state.data, origin, 0), of_other, [other.objective])
    assert torch.equal(built.train.X, state.data.train.X)
    assert torch.equal(built.train.y, state.data.train.y)
    assert built.stopping.X.abs().max() <= 1.0


def test_the_first_table_is_not_treated_again():
    state = make_state()
    origin = Origin.of(state)
    assert build_table(describe_table(state.data, origin, 0), origin, []) is state.data


def test_rows_that_were_made_are_refused():
    state = make_state()
    origin = Origin.of(state)
    raw = state.data.raw_train
    state.data = state.data.with_training(RawRows(raw.X + 1.0, raw.y))
    with pytest.raises(TrainingError, match="were made, not chosen"):
        describe_table(state.data, origin, 0)


def test_rows_know_where_they_stood_when_chosen_twice():
    rows = RawRows(np.arange(10.0)[:, None], np.arange(10))
    chosen = rows.at(rows.y % 2 == 1).at(np.array([1, 3]))
    assert chosen.places.tolist() == chosen.y.tolist() == [3, 7]


def test_a_tensor_outside_of_the_network_is_refused():
    stray = nn.Parameter(torch.zeros(2))
    run = make_run(optimizer=lambda params: torch.optim.SGD([*params, stray], lr=0.1))
    with pytest.raises(TrainingError, match="outside of the network"):
        Packing(Origin.of(run.state)).number(run.state.snapshot())


def test_moments_share_what_they_shared():
    run = make_run(make_network())
    packing = Packing(Origin.of(run.state))
    take_steps(run, 3)
    numbers = [packing.number(each) for each in (run.medic.beginning, run.state.snapshot())]
    other = make_run(make_network(seed=3))
    moments = Unpacking(packing.document(), Origin.of(other.state)).moments
    first, now = (moments[number] for number in numbers)
    assert first.flat is now.flat
    assert first.plain["data"] is now.plain["data"] is other.state.data
    assert first.plain["progress"] is now.plain["progress"]
    assert first.model.root is now.model.root is other.state.model


# What a run consists of. Whoever adds an attribute that decides how it goes on has to
# see that `resume.pack_run` keeps it, and adds it here.
ATTRIBUTES = {
    "run": "state history settings data plan emit should_stop network step_once save "
    "n_steps_taken is_trial is_cancelled is_beyond_repair is_refused error notes unread "
    "described step_budget monitor medic",
    "medic": "state history trials unresolved beginning last_good _emit _advance _may_spend "
    "_plan _naive_loss _is_cured _latest postponed overcome _is_balanced _must_learn",
    "monitor": "problems needs findings _observe _emit _quiet_until _broken _largest_loss "
    "_largest_norm _drawn_at",
    "history": "layer_names attempt n_attempts _numbers _layers _where _n_rows _visible "
    "_n_visible _scores _visible_scores _series _n_read",
    "state": "model objective data knobs make_optimizer make_schedule batches generator "
    "progress epoch batch step position activations flat optimizer schedule milestone "
    "n_steps_tried",
    "objective": "task n_classes loss _mean _rows _wants_indices _takes_weight _n_columns "
    "_wide output_kind target_scale first_scale temperature smoothing",
    "activations": "names _sizes _quiet",
    "flat": "names parameters layer_names values gradients n_parameters _spans has_strays "
    "vector _layer_spans _on_cpu _values _gradients _gradient_layers _before _delta "
    "_delta_layers _value_layers",
}


def test_no_attribute_is_forgotten_when_one_is_added():
    run = make_run(make_network())
    take_steps(run, 2)
    things = {
        "run": run,
        "medic": run.medic,
        "monitor": run.monitor,
        "history": run.history,
        "state": run.state,
        "objective": run.state.objective,
        "activations": run.state.activations,
        "flat": run.state.flat,
    }
    assert {name: sorted(vars(thing)) for name, thing in things.items()} == {
        name: sorted(words.split()) for name, words in ATTRIBUTES.items()
    }


def test_every_field_of_a_moment_is_kept():
    run = make_run(make_network())
    packing, moment = Packing(Origin.of(run.state)), run.state.snapshot()
    packing.number(moment)
    (described,) = packing.document()["moments"]
    assert set(moment.plain) == set(BY_REFERENCE)
    assert {*described, *described["counts"]} >= set(BY_REFERENCE)
    rest = set(vars(moment)) - {"plain", "moments", "groups"}
    assert rest <= described.keys()
    assert {"moments", "groups"} <= described["optimizer"].keys()
