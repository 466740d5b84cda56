"""Training that starts from a base model; frozen parts are compared bit by bit."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from ml_training.core.errors import DataError
from ml_training.core.network import Sum
from ml_training.core.settings import TrainSettings
from ml_training.core.transfer import (
    LEVELS,
    Level,
    Prior,
    Rows,
    TransferResult,
    fit_base,
    fit_transferred,
    is_clearly_better,
    start_from,
)
from ml_training.core.transfer_stages import SLOWER, plan_stages
from ml_training.core.transfer_start import extend_treatments
from ml_training.core.treatments import Impute, Scale, apply_all

N_SHARED, N_OWN = 6, 2
WILD = Level(name="wild", learning_rate=3.0, stages=("frozen",))


def make_rows(n=120, *, n_own=N_OWN, seed=0, edge=1.0, own_edge=0.0) -> Rows:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((2 * n, N_SHARED + n_own))
    odds = edge * (X[:, 0] - X[:, 1]) + own_edge * X[:, -1]
    y = (rng.random(2 * n) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    return Rows(X=X[:n], y=y[:n], X_val=X[n:], y_val=y[n:])


@cache
def make_base():
    rows = make_rows(600, n_own=0, seed=5)
    rows = replace(rows, X=rows.X * 7 + 3, X_val=rows.X_val * 7 + 3)
    return fit_base(rows, settings=TrainSettings(max_epochs=25, repair=False))


def shifted(rows: Rows) -> Rows:
    """Return rows in the units of the base model."""
    return replace(rows, X=rows.X * 7 + 3, X_val=rows.X_val * 7 + 3)


def transfer(rows=None, *, level="aggressive", seed=0, **options) -> TransferResult:
    return fit_transferred(
        make_base(),
        shifted(make_rows()) if rows is None else rows,
        level=LEVELS[level] if isinstance(level, str) else level,
        settings=TrainSettings(seed=seed),
        **options,
    )


def spoil(rows: Rows, fault: str) -> Rows:
    X, y = rows.X.copy(), rows.y.copy()
    if fault == "gaps":
        X[::3, 2] = np.nan
        X[1, 0], X[2, 1] = np.inf, -np.inf
    elif fault == "outliers":
        X[::17] *= 1e6
    elif fault == "rare class":
        y[np.flatnonzero(y)[5:]] = 0
    elif fault == "copies":
        X[40:], y[40:] = X[np.arange(80) % 10], y[np.arange(80) % 10]
    elif fault == "wrong labels":
        y[::2] = 1 - y[::2]
    return replace(rows, X=X, y=y)


def trunk_of(result, n_columns=N_SHARED):
    """Return weights and statistics of the hidden blocks, of shared columns only."""
    state = chain_of(result).state_dict()
    last = max(int(name.split(".")[0]) for name in state)
    kept = {name: one for name, one in state.items() if int(name.split(".")[0]) != last}
    kept["0.weight"] = kept["0.weight"][:, :n_columns]
    return kept


def chain_of(result):
    """Return the layers of a base model, or of what started from one but its line."""
    first = result.model.layers[0]
    return first.branches[0] if isinstance(first, Sum) else result.model.layers


def is_same(some, others):
    return all(torch.equal(some[name], others[name]) for name in others)


FAULTS = ["none", "gaps", "outliers", "rare class", "copies", "wrong labels"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("level", ["aggressive", WILD], ids=["aggressive", "wild"])
def test_frozen_parts_are_the_same_to_the_bit_whatever_was_repaired(level, fault):
    found = transfer(spoil(shifted(make_rows(own_edge=1.0)), fault), level=level)
    assert is_same(trunk_of(found), trunk_of(make_base()))
    assert found.layers.frozen == 6
    assert found.layers.transferred == 7
    assert found.layers.total == 9
    assert found.parameters.frozen == found.parameters.total - found.parameters.trainable


def test_trials_and_restores_happen_when_the_rate_is_wild():
    found = transfer(shifted(make_rows(own_edge=1.0)), level=WILD)
    assert found.trials
    assert is_same(trunk_of(found), trunk_of(make_base()))


def test_output_layer_and_own_columns_have_learned_when_there_is_something_to_learn():
    found = transfer(shifted(make_rows(400, own_edge=2.0)))
    assert found.stages[1].is_kept
    chain, line = found.model.layers[0].branches
    assert chain[0].weight[:, N_SHARED:].abs().sum() > 0
    assert not torch.equal(chain[-1].weight, make_base().model.layers[-1].weight)
    assert line.weight[0, N_SHARED + 1] > 0.05


def test_statistics_stay_those_of_the_base_when_everything_learns():
    rows = shifted(make_rows(400, own_edge=2.0))
    found = transfer(rows, level="moderate")
    assert [one.name for one in found.stages] == ["line", "frozen", "unfrozen"]
    assert found.stages[2].is_kept
    ours, theirs = trunk_of(found), trunk_of(make_base())
    assert not torch.equal(ours["4.weight"], theirs["4.weight"])
    for name in theirs:
        if "running" in name or "tracked" in name:
            assert torch.equal(ours[name], theirs[name])


def test_second_stage_moves_the_trunk_ten_times_more_slowly():
    frozen, unfrozen = plan_stages(LEVELS["moderate"], n_hidden=3)
    assert (frozen.n_frozen, unfrozen.n_frozen) == (3, 0)
    assert unfrozen.rate == frozen.rate == 5e-4
    assert unfrozen.slow_rate == pytest.approx(SLOWER * 5e-4)


@pytest.mark.parametrize(
    ("level", "rate"),
    [("aggressive", 3e-4), ("moderate", 5e-4), ("light", 7e-4), ("optional", 1e-3)],
)
def test_rates_are_those_of_the_design_when_a_level_is_chosen(level, rate):
    assert LEVELS[level].learning_rate == rate


def test_everything_learns_at_one_rate_when_transfer_is_optional():
    found = transfer(shifted(make_rows(400, own_edge=2.0)), level="optional")
    _, stage = found.stages
    assert stage.slow_rate == stage.learning_rate
    assert stage.layers.frozen == 0
    assert stage.layers.trainable == stage.layers.total == 9


@pytest.mark.parametrize("level", list(LEVELS))
def test_network_is_never_worse_than_its_line_on_the_rows_it_was_chosen_on(level):
    found = transfer(level=level)
    losses = [one.after for one in found.stages if one.is_kept]
    assert losses == sorted(losses, reverse=True)


def test_base_is_handed_on_unchanged_when_nothing_may_lead_away_and_no_stage_does_better():
    rows = shifted(make_rows(60, seed=3))
    upside_down = replace(rows, y=1 - rows.y)
    still = Prior(slope=1e-6, level=1e-6, line=1e-6)
    found = transfer(upside_down, level="moderate", prior=still)
    assert [one.is_kept for one in found.stages] == [True, False, False]
    expected = make_base().predict_proba(rows.X_val[:, :N_SHARED])
    np.testing.assert_allclose(found.predict_proba(rows.X_val), expected, atol=1e-6)


def test_line_is_undone_when_validation_clearly_speaks_against_it():
    rows = shifted(make_rows(400, seed=3))
    misled = replace(rows, y=1 - rows.y)
    found = transfer(misled, level="aggressive")
    assert found.stages[0].slope < 0
    assert not found.stages[0].is_kept
    assert found.stages[0].layers.frozen == 6
    expected = make_base().predict_proba(rows.X_val[:, :N_SHARED])
    np.testing.assert_allclose(found.predict_proba(rows.X_val), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("shift", "noise", "is_better"),
    [
        (-0.1, 0.0, True),
        (0.1, 0.0, False),
        (0.0, 0.0, False),
        (-0.1, 0.2, True),
        (-0.1, 3.0, False),
    ],
)
def test_losses_must_fall_by_more_than_luck_explains(shift, noise, is_better):
    rng = np.random.default_rng(0)
    before = rng.random(200)
    after = before + shift + noise * rng.standard_normal(200)
    assert is_clearly_better(after, before) is is_better


def test_losses_that_are_no_numbers_are_never_better():
    before = np.ones(5)
    assert not is_clearly_better(np.full(5, np.nan), before)
    assert not is_clearly_better(np.array([0.0, np.nan, 0.0, 0.0, 0.0]), before)


def test_base_that_ranks_backwards_is_turned_round_when_there_are_rows_enough():
    rows = shifted(make_rows(600, seed=3))
    backwards = replace(rows, y=1 - rows.y, y_val=1 - rows.y_val)
    found = transfer(backwards, level="aggressive")
    assert found.stages[0].slope < 0
    assert found.stages[0].after < found.stages[0].before - 0.2


def test_numbers_are_the_same_when_trained_again_with_the_same_seed():
    rows = shifted(make_rows(own_edge=1.0))
    first, again = (transfer(rows, level="moderate", seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(rows.X), again.predict_proba(rows.X))
    assert first.stages == again.stages


def test_generators_and_threads_of_the_caller_stay_as_they_were():
    before = torch.get_rng_state(), torch.get_num_threads()
    transfer(level="moderate")
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == torch.get_num_threads()


def test_base_is_left_as_it_was_when_something_started_from_it():
    before = {name: one.clone() for name, one in make_base().model.state_dict().items()}
    transfer(level="optional")
    assert is_same(before, make_base().model.state_dict())
    assert all(one.requires_grad for one in make_base().model.parameters())


def test_treatments_of_the_base_travel_when_columns_are_added():
    base, rows = make_base(), shifted(make_rows())
    _, treatments = start_from(base, rows.X)
    gaps = np.where(np.random.default_rng(0).random(rows.X.shape) < 0.3, np.nan, rows.X)
    ours = apply_all(treatments, gaps)
    theirs = apply_all(base.predictor.treatments, gaps[:, :N_SHARED])
    np.testing.assert_array_equal(ours[:, :N_SHARED], theirs)
    assert np.isfinite(ours).all()
    assert abs(np.median(ours[:, N_SHARED:])) < 0.5


def test_treatments_are_those_of_the_base_when_no_column_is_added():
    known = (Impute(fill=np.zeros(2)), Scale(centre=np.zeros(2), width=np.ones(2), limit=9.0))
    assert extend_treatments(known, np.empty((5, 0))) == known


def test_result_gives_the_same_numbers_when_read_back(tmp_path):
    found, rows = transfer(level="moderate"), shifted(make_rows())
    found.save(tmp_path / "transfer")
    again = TransferResult.load(tmp_path / "transfer")
    np.testing.assert_array_equal(again.predict_proba(rows.X), found.predict_proba(rows.X))
    assert isinstance(again, TransferResult)


def test_stages_are_plain_values_when_told():
    told = json.loads(json.dumps([one.as_dict() for one in transfer().stages], allow_nan=False))
    assert [one["name"] for one in told] == ["line", "frozen"]
    assert told[0]["layers"]["total"] == 9


def test_training_ends_at_once_when_asked_to_stop():
    found = transfer(level="moderate", should_stop=lambda: True)
    assert [one.epochs for one in found.stages] == [0, 1, 1]
    assert np.isfinite(found.predict_proba(shifted(make_rows()).X)).all()


def test_too_few_columns_are_refused_with_both_numbers():
    rows = make_rows(n_own=0)
    short = replace(rows, X=rows.X[:, :-1], X_val=rows.X_val[:, :-1])
    with pytest.raises(DataError, match="takes 6 features, the rows have 5"):
        transfer(short)


def test_base_without_a_network_is_refused_by_its_kind():
    base = make_base()
    empty = replace(base, predictor=replace(base.predictor, model=None))
    with pytest.raises(DataError, match="got NoneType"):
        start_from(empty, make_rows().X)


def test_rows_of_one_class_are_answered_by_the_base_rate_when_nothing_can_be_learned():
    rows = shifted(make_rows())
    found = transfer(replace(rows, y=np.zeros_like(rows.y)))
    assert found.status == "refused"
    np.testing.assert_array_equal(found.predict_proba(rows.X), 1.0)


@pytest.mark.parametrize(
    ("gains", "is_better"),
    [
        ([0.1, 0.1, 0.1], True),
        ([0.3, -0.1, 0.2, -0.1], False),
        ([0.0, 0.0], False),
        ([-0.1, -0.1], False),
        ([np.nan, np.nan], False),
    ],
)
def test_a_gain_counts_only_when_it_is_no_luck(gains, is_better):
    before = np.full(len(gains), 0.7)
    assert is_clearly_better(before - np.array(gains), before) == is_better
