"""Every labelled setup says when its horizon ended, however soon it was decided."""

import numpy as np

from ml_training.data.frame import Frame
from ml_training.data.instruments import guess_instrument
from ml_training.data.presets import PRESETS
from ml_training.data.rules import parse_rules
from ml_training.data.setups import NO_END, scan_setups
from tests.data.builders import random_candles

HOUR_S = 3600


def scan(n_bars):
    rules = parse_rules(PRESETS["rsi_return"].document)
    candles = random_candles(n_bars, seed=3)
    frame = Frame(candles, "1h")
    return rules, candles, scan_setups(rules, frame, guess_instrument("EURUSD"))


def test_horizon_ends_with_the_last_bar_that_may_decide_when_the_setup_is_labelled():
    rules, candles, setups = scan(3000)
    known = setups.labelled
    last = setups.signal_index[known] + rules.exit.max_bars
    np.testing.assert_array_equal(setups.horizon[known], candles.time[last] + HOUR_S)
    assert np.all(setups.t1[known] <= setups.horizon[known])
    assert np.any(setups.t1[known] < setups.horizon[known])


def test_horizon_is_unknown_when_the_data_end_within_it():
    _, _, setups = scan(3000)
    assert np.all(setups.horizon[~setups.labelled] == NO_END)


def test_outcomes_up_to_a_date_are_those_of_shorter_data_when_chosen_by_the_horizon():
    _, candles, whole = scan(3000)
    cut = 2500
    rules = parse_rules(PRESETS["rsi_return"].document)
    short = scan_setups(rules, Frame(candles.slice(0, cut), "1h"), guess_instrument("EURUSD"))
    end = candles.time[cut - 1] + HOUR_S
    chosen = whole.labelled & (whole.horizon <= end)
    np.testing.assert_array_equal(whole.t0[chosen], short.t0[short.labelled])
    np.testing.assert_array_equal(whole.r[chosen], short.r[short.labelled])
