import json

import numpy as np
import pytest

from ml_training.data.features import plan_features
from ml_training.data.labelled import LabelledSet
from ml_training.errors import DataError
from ml_training.study.base_model import MARKET_STATE, check_market_state, keep_market_state
from tests.study.base_builders import N_SHARED, make_base, make_market
from tests.study.builders import change


def test_shared_columns_are_those_of_a_strategy_without_indicators():
    plan = plan_features([])
    assert (MARKET_STATE.names, MARKET_STATE.digest) == (plan.names, plan.digest)
    assert N_SHARED == len(plan.names) > 30


def test_own_columns_are_left_out_when_the_market_state_is_kept():
    rows = make_market(60, n_own=4)
    kept = keep_market_state(rows)
    assert isinstance(kept, LabelledSet)
    assert kept.feature_names == MARKET_STATE.names
    assert kept.feature_digest == MARKET_STATE.digest
    np.testing.assert_array_equal(kept.X, rows.X[:, :N_SHARED])
    for name in ("y", "t0", "t1", "weight", "symbol", "timeframe"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(rows, name))


def test_market_state_is_accepted_with_and_without_own_columns():
    for n_own in (0, 1, 7):
        check_market_state(make_market(20, n_own=n_own))


def test_columns_in_another_order_are_refused_by_name():
    rows = make_market(20)
    names = [*rows.feature_names]
    names[3], names[4] = names[4], names[3]
    with pytest.raises(DataError, match=repr(MARKET_STATE.names[3])):
        check_market_state(change(rows, feature_names=tuple(names)))


def test_day_is_that_of_the_last_label():
    base = make_base()
    assert len(base.day) == 10
    assert base.name.endswith(base.day)


def test_description_is_json_and_holds_nothing_of_the_run():
    told = json.loads(json.dumps(make_base().describe(), allow_nan=False))
    assert set(told) == {
        *("name", "presets", "trained_until", "feature_names", "feature_digest"),
        *("n_setups", "n_effective", "scores", "symbols", "timeframes"),
    }
    assert set(told["scores"]) == {"n", "auc", "log_loss", "base_rate_log_loss"}


def test_chances_are_chances_when_cells_are_missing_or_far_out():
    X = make_market(30, n_own=0).X.copy()
    X[0], X[1, :5], X[2] = np.nan, np.inf, 1e200
    p = make_base().predict_proba(X)
    assert ((p > 0) & (p < 1)).all()
