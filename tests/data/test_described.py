"""Setups come with the features of their signal bars, open ones as well."""

from dataclasses import replace

import numpy as np
import pytest

from ml_training.data.candles import Candles
from ml_training.data.described import describe_setups, scan_labelled
from ml_training.data.features import plan_features
from ml_training.data.frame import Frame
from ml_training.data.presets import PRESETS
from ml_training.data.rules import indicator_uses, parse_rules
from ml_training.data.setups import scan_setups
from tests.data.builders import random_candles
from tests.data.setup_builders import FREE

RULES = parse_rules(PRESETS["rsi_return"].document)
CANDLES = random_candles(2_500, volatility=0.003)


@pytest.fixture(scope="module")
def frame():
    return Frame(CANDLES, "1h")


@pytest.fixture(scope="module")
def found(frame):
    return scan_labelled(RULES, frame, FREE)


def test_rows_are_the_labelled_setups_of_the_scan(found, frame):
    setups = scan_setups(RULES, frame, FREE)
    known = setups.take(setups.labelled)
    assert len(found) == len(known) > 30
    for name in ("t0", "t1", "r", "side"):
        np.testing.assert_array_equal(getattr(found, name), getattr(known, name))
    plan = plan_features(indicator_uses(RULES))
    assert (found.feature_names, found.feature_digest) == (plan.names, plan.digest)
    assert set(found.symbol.tolist()) == {FREE.symbol}
    assert set(found.timeframe.tolist()) == {"1h"}


def test_features_are_the_same_when_the_future_is_cut_off(found):
    """Each row asks for its signal bar and nothing after it."""
    setups = scan_setups(RULES, Frame(CANDLES, "1h"), FREE)
    plan = plan_features(indicator_uses(RULES))
    last = int(np.flatnonzero(setups.labelled)[-1])
    one = setups.take(np.array([last]))
    past = Frame(CANDLES.slice(0, int(one.signal_index[0]) + 1), "1h")
    np.testing.assert_array_equal(describe_setups(plan, past, one)[0], found.X[-1])


def test_open_setups_are_described_too(frame):
    setups = scan_setups(RULES, frame, FREE)
    X = describe_setups(plan_features(indicator_uses(RULES)), frame, setups)
    assert len(X) == len(setups)


def test_reward_is_the_distance_to_the_target_on_both_sides(frame):
    setups = scan_setups(RULES, frame, FREE)
    plan = plan_features(indicator_uses(RULES))
    away = np.abs(setups.target - setups.entry)
    wider = replace(setups, target=setups.entry + setups.side * 2 * away)
    column = plan.names.index("target_atr")
    before, after = (describe_setups(plan, frame, one)[:, column] for one in (setups, wider))
    known = np.isfinite(before)
    assert (after[known] > before[known]).all()


def test_set_is_empty_when_there_is_no_bar():
    assert len(scan_labelled(RULES, Frame(Candles.empty(), "1h"), FREE)) == 0
