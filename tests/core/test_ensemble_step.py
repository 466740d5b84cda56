import math

import numpy as np
import pytest
import torch

from ml_training.core.assembly import build_run
from ml_training.core.ensemble import Recipe, fit_ensemble
from ml_training.core.ensemble_network import Ensemble, Shape
from ml_training.core.ensemble_splits import split_members
from ml_training.core.ensemble_start import MemberRows, begin_with_lines, measure_columns
from ml_training.core.ensemble_step import MOST_RETURNS, MemberStep, clip_members, member_norms
from ml_training.core.errors import DataError
from ml_training.core.prepare import prepare
from ml_training.core.settings import TrainSettings
from ml_training.core.table import RawRows
from tests.core.builders import Listener

N_MEMBERS = 4


def make_table(n=300, seed=0, noise=0.5):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 3))
    return X, (X[:, 0] + noise * generator.normal(size=n) > 0).astype(int)


def make_run(**settings):
    """Return a run of an ensemble, its step, and the members it told of."""
    X, y = make_table()
    prepared = prepare(X, y, *make_table(100, seed=1), task="binary", sample_weight=None)
    splits = split_members(prepared.train.y, N_MEMBERS, seed=0)
    rows = RawRows(X, y, splits.trained.astype(float), np.arange(len(X)))
    torch.manual_seed(0)
    shape = Shape(
        n_members=N_MEMBERS, n_features=3, n_outputs=1, widths=(8,), dropout=0.0,
        is_normalised=False,
    )  # fmt: skip
    run = build_run(
        Ensemble(shape),
        prepared.__class__(prepared.task, prepared.classes, rows, prepared.validation),
        TrainSettings(**{"batch_size": 50, "max_epochs": 3, **settings}),
        emit=lambda event: None,
        should_stop=lambda: False,
    )
    told = []
    step = MemberStep(splits, np.ones(len(X)), lambda state, members: told.append(members))
    run.step_once = step
    run.state.model.train()
    return run, step, told


def take(run, n_steps=1):
    """Take steps as the loop does, and return the last reading."""
    state = run.state
    for _ in range(n_steps):
        if state.has_epoch_ended():
            state.epoch, state.batch, state.position = state.epoch + 1, 0, 0
        reading = run.step_once(state, state.next_batch())
    return reading


def live(run):
    return run.state.model.live


@torch.no_grad()
def poison(run, member):
    live(run).head.weight[member] = float("nan")


def copies_of(stack, member):
    return [parameter[member].clone() for parameter in stack.parameters()]


def are_equal(some, others):
    return all(torch.equal(a, b) for a, b in zip(some, others, strict=True))


def test_a_member_learns_nothing_from_rows_it_holds_out():
    run, step, _ = make_run()
    take(run)
    rows = step.rows(run.state)
    assert ((rows.trained > 0) == (rows.held == 0)).all()
    run.state.batches.take(run.state.data.train, epoch=0, position=0, batch_size=50)
    batch = run.state.next_batch()
    outputs = run.state.model.members(batch.X).detach().requires_grad_()
    targets = batch.y[:, None].expand(-1, N_MEMBERS)
    losses = torch.nn.functional.binary_cross_entropy_with_logits(
        outputs[:, :, 0], targets, reduction="none"
    )
    (losses * batch.weight).sum().backward()
    assert (outputs.grad[:, :, 0][batch.weight == 0] == 0).all()


def test_a_reading_is_that_of_a_usual_member():
    run, _, _ = make_run()
    reading = take(run)
    norms = member_norms(run.state)
    assert reading.gradient_norm == pytest.approx(float(norms.square().mean().sqrt()), rel=1e-5)
    assert reading.gradient_norm == pytest.approx(math.hypot(*reading.layer_norms), rel=1e-5)
    assert 0.1 < reading.loss < 1.0
    assert not reading.skipped


def test_others_train_on_to_the_bit_when_one_is_poisoned():
    clean, _, _ = make_run()
    sick, _, told = make_run()
    take(clean, 3), take(sick, 3)
    poison(sick, 1)
    take(clean, 4), take(sick, 4)
    for member in (0, 2, 3):
        assert are_equal(copies_of(live(sick), member), copies_of(live(clean), member))
    assert told == [[1]]


def test_a_poisoned_member_goes_back_to_its_best_and_learns_again():
    run, _, _ = make_run()
    take(run, 7)  # past the end of an epoch
    best = copies_of(run.state.model.best, 1)
    poison(run, 1)
    reading = take(run)
    assert math.isfinite(reading.loss)
    assert are_equal(copies_of(run.state.model.best, 1), best)
    assert torch.isfinite(torch.cat([p.flatten() for p in live(run).parameters()])).all()
    before = copies_of(live(run), 1)
    take(run)
    assert not are_equal(copies_of(live(run), 1), before)


def test_a_member_that_fails_again_and_again_stays_at_its_best():
    run, _, told = make_run()
    take(run)
    for _ in range(MOST_RETURNS + 3):
        poison(run, 2)
        assert math.isfinite(take(run).loss)
    stays = copies_of(live(run), 2)
    take(run, 2)
    assert all(
        torch.allclose(a, b, rtol=1e-3)
        for a, b in zip(stays, copies_of(live(run), 2), strict=True)
    )
    assert told == [[2]] * (MOST_RETURNS + 1)
    assert run.state.flat.is_finite()


def test_the_loss_is_no_number_when_no_member_has_one():
    run, _, told = make_run()
    take(run)
    for member in range(N_MEMBERS):
        poison(run, member)
    assert math.isnan(take(run).loss)
    assert told == []


def test_a_batch_is_skipped_when_no_member_has_a_loss_and_it_may_be():
    run, _, _ = make_run()
    take(run)
    run.state.turn(skip_poisoned=True)
    for member in range(N_MEMBERS):
        poison(run, member)
    before = run.state.flat.copy_values()
    assert take(run).skipped
    assert np.array_equal(run.state.flat.copy_values(), before, equal_nan=True)


def test_each_member_is_clipped_by_itself():
    run, _, _ = make_run()
    take(run)
    for parameter in run.state.flat.parameters:
        parameter.grad[0] *= 100.0
    norms = member_norms(run.state)
    limit = 2 * float(norms[1:].max())
    clip_members(run.state, norms, limit)
    after = member_norms(run.state)
    assert float(after[0]) == pytest.approx(limit, rel=1e-4)
    assert torch.equal(after[1:], norms[1:])


def test_class_weights_reach_every_member():
    run, _, _ = make_run(learning_rate=0.1)
    run.state.turn(class_weights=(0.0, 1.0))
    take(run, 60)
    outputs = live(run)(run.state.data.train.X)
    assert (outputs.sigmoid() > 0.5).double().mean() > 0.9  # only ones count


def test_members_are_kept_at_their_own_best_epoch():
    run, step, _ = make_run(learning_rate=0.05)
    take(run, 18)
    model = run.state.model
    assert torch.isfinite(model.best_loss).all()
    assert (model.best_epoch >= -1).all()
    rows = step.rows(run.state)
    for member in range(N_MEMBERS):
        held = rows.held[:, member] > 0
        told = model.finished(rows.X[held])[:, member, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(told, rows.y[held])
        assert float(loss) == pytest.approx(float(model.best_loss[member]), rel=1e-4)


def test_lines_are_those_of_a_logistic_regression():
    sklearn = pytest.importorskip("sklearn.linear_model")
    X, y = make_table(1000, noise=3.0)
    shape = Shape(
        n_members=2, n_features=3, n_outputs=1, widths=(4,), dropout=0.0, is_normalised=False
    )
    model = Ensemble(shape)
    tensor = torch.from_numpy(X).float()
    measure_columns(model, tensor)
    trained = torch.ones(len(y), 2)
    trained[:500, 1] = 0.0
    rows = MemberRows(tensor, torch.from_numpy(y).float(), trained, torch.zeros(len(y), 2))
    penalty = begin_with_lines(model, rows, is_binary=True)
    scaled = model.scaled(tensor).double().numpy()
    for member, taken in enumerate((slice(None), slice(500, None))):
        n = len(y[taken])
        known = sklearn.LogisticRegression(C=1 / (penalty * n), tol=1e-10)
        known.fit(scaled[taken], y[taken])
        line = model.live.line.weight[member].detach()[:, 0]
        assert line.numpy() == pytest.approx(known.coef_[0], rel=0.05)


def test_a_column_that_stands_still_or_lies_far_away_is_measured():
    shape = Shape(
        n_members=1, n_features=3, n_outputs=1, widths=(4,), dropout=0.0, is_normalised=False
    )
    model, X = Ensemble(shape), torch.randn(500, 3)
    X[:, 0], X[:, 1] = 7.0, X[:, 1] + 1e6
    X[0, 2] = 1e20
    measure_columns(model, X)
    scaled = model.scaled(X)
    assert torch.isfinite(scaled).all()
    assert scaled.abs().max() < 10
    assert float(scaled[:, 2].std()) == pytest.approx(1.0, abs=0.1)


class PoisonsOnce:
    """A loss of weighted rows that is no number at some of its calls while training."""

    def __init__(self, at):
        self.at, self.n_calls = at, 0

    def __call__(self, outputs, targets, weight=None):
        weight = torch.ones(len(outputs)) if weight is None else weight
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            outputs, targets.float(), reduction="none"
        )
        loss = (losses * weight).sum() / weight.sum()
        self.n_calls += int(loss.requires_grad)
        return loss * float("nan") if self.n_calls in self.at and loss.requires_grad else loss


def test_a_lost_member_is_reported_and_the_run_counts_as_repaired():
    X, y = make_table()
    listener = Listener()
    settings = TrainSettings(
        loss=PoisonsOnce(at={30}), max_epochs=10, batch_size=50, learning_rate=0.02
    )
    result = fit_ensemble(
        X, y, recipe=Recipe(widths=(8,)), n_members=N_MEMBERS, settings=settings, emit=listener
    )
    found = [finding for finding in result.findings if finding.problem == "nan_inf_loss"]
    assert len(found) == 1
    assert "of the ensemble" in found[0].message
    assert result.status == "repaired"
    assert sum(result.as_dict()["n_returns"]) == 1
    assert np.isfinite(result.predict_proba(X)).all()


def test_a_loss_that_takes_no_weights_is_refused_in_words():
    settings = TrainSettings(loss=lambda outputs, targets: outputs.mean(), max_epochs=1)
    with pytest.raises(DataError, match="cannot reach this `loss`"):
        fit_ensemble(*make_table(), n_members=2, settings=settings)
