"""Studies with a base model on tables that are broken in one way or another."""

import json

import numpy as np
import pytest

from ml_training.core.transfer_network import StillNorm
from ml_training.services.jsonable import to_jsonable
from ml_training.study.models import TRANSFER
from ml_training.study.page import WIDTH
from ml_training.study.report import write_report
from ml_training.study.results import describe_study
from ml_training.study.run import run_study
from tests.study.base_builders import N_SHARED, make_base, make_market
from tests.study.builders import change, quick_settings

N = 90


def study_of(rows, **options):
    settings = quick_settings(
        epochs=3, bases=lambda moment: make_base(), models=frozenset(), **options
    )
    return run_study(rows, settings)


def put(X, columns, value, *, every=1):
    """Put a value into some columns of every so many rows."""
    X[::every, columns] = value


OWN = [N_SHARED]
FAULTS = {
    "gaps": lambda X, y: (put(X, [3], np.nan, every=4), put(X, OWN, np.nan, every=5)),
    "infinite cells": lambda X, y: (put(X, [0], np.inf, every=9), put(X, OWN, -np.inf, every=7)),
    "shared column without a value": lambda X, y: put(X, [10], np.nan),
    "own column without a value": lambda X, y: put(X, OWN, np.nan),
    "constant columns": lambda X, y: put(X, [7, *OWN], 5.0),
    "huge own column": lambda X, y: np.multiply(X[:, -1], 1e12, out=X[:, -1]),
    "one rare class": lambda X, y: np.copyto(y, np.arange(N) % 9 == 0, casting="unsafe"),
    "one-class validation": lambda X, y: y[54:72].fill(1),
}


def spoil(fault):
    """Return setups with one fault, the columns of the market state in front."""
    rows = make_market(N, seed=5, hours_apart=36)
    X, y = rows.X.copy(), rows.y.copy()
    FAULTS[fault](X, y)
    return change(rows, X=X, y=y)


@pytest.fixture(scope="module", params=list(FAULTS))
def study(request):
    return study_of(spoil(request.param), is_synthetic=True)


def test_study_ends_with_chances_whatever_is_wrong_with_the_table(study):
    fitted = study.transfer.fitted
    p = fitted.predict_proba(study.blocks.test.X)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-6)
    assert TRANSFER in {one.name for one in study.test}


def test_frozen_layers_are_those_of_the_base_whatever_is_wrong(study):
    kept = next(one for one in study.transfer.fitted.stages if one.name == "frozen")
    assert kept.layers.frozen == 6
    state = study.transfer.fitted.model.state_dict()
    theirs = make_base().fitted.model.state_dict()
    for name, one in theirs.items():
        if "running" in name:
            ours = state[name.replace("layers.", "layers.0.branches.0.", 1)]
            assert np.array_equal(ours.numpy(), one.numpy())


def test_served_layers_are_plain_ones_whatever_is_wrong(study):
    kinds = {type(one) for one in study.transfer.fitted.model.modules()}
    assert StillNorm not in kinds


def test_report_and_results_hold_whatever_is_wrong(study):
    assert max(len(line) for line in write_report(study).splitlines()) <= WIDTH
    told = json.loads(json.dumps(to_jsonable(describe_study(study)), allow_nan=False))
    assert told["transfer"]["stages"][0]["name"] == "line"
    assert told["transfer"]["gain"]["n"] == told["test_samples"]


def test_training_stops_soon_when_asked_to():
    asked = []

    def stop():
        asked.append(None)
        return True

    rows = make_market(N, seed=5, hours_apart=36)
    settings = quick_settings(epochs=50, bases=lambda moment: make_base(), models=frozenset())
    study = run_study(rows, settings, should_stop=stop)
    assert asked
    assert [one.epochs for one in study.transfer.fitted.stages] == [0, 1, 1]
    assert np.isfinite(study.served.predict_proba(study.blocks.test.X)).all()


def test_many_setups_start_from_the_base_in_one_stage():
    study = study_of(make_market(340, seed=5, hours_apart=48))
    assert study.transfer.plan.level == "optional"
    assert [one.name for one in study.transfer.fitted.stages] == ["line", "initialised"]


@pytest.mark.parametrize("n_own", [0, 1, 9])
def test_strategies_with_any_number_of_own_columns_start_from_the_same_base(n_own):
    study = study_of(make_market(N, seed=5, hours_apart=36, n_own=n_own))
    layers = study.transfer.fitted.layers
    assert layers.transferred == 7
    assert layers.total == (9 if n_own else 8)
    chain, line = study.transfer.fitted.model.layers[0].branches
    assert chain[0].in_features == line.in_features == N_SHARED + n_own
