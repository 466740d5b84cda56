"""Rates and stages by the design, and how they are told."""

import json
import math

import pytest

from ml_training.core.transfer_network import Counts
from ml_training.core.transfer_stages import LEVELS, SLOWER, Stage, plan_stages

COUNTS = Counts(transferred=5, frozen=4, trainable=3, total=7)


def make_stage(**changes) -> Stage:
    usual = {
        "name": "frozen",
        "learning_rate": 5e-4,
        "slow_rate": 0.0,
        "layers": COUNTS,
        "parameters": COUNTS,
        "epochs": 12,
        "before": 0.66,
        "after": 0.64,
        "is_kept": True,
        "status": "healthy",
    }
    return Stage(**(usual | changes))


@pytest.mark.parametrize(
    ("level", "names"),
    [
        ("aggressive", ["frozen"]),
        ("moderate", ["frozen", "unfrozen"]),
        ("light", ["frozen", "unfrozen"]),
        ("optional", ["initialised"]),
    ],
)
def test_stages_are_those_of_the_level(level, names):
    plans = plan_stages(LEVELS[level], n_hidden=3)
    assert [one.name for one in plans] == names
    assert {one.rate for one in plans} == {LEVELS[level].learning_rate}


@pytest.mark.parametrize("n_hidden", [1, 3, 5])
def test_whole_trunk_stands_still_in_the_first_stage_however_deep_it_is(n_hidden):
    first, second = plan_stages(LEVELS["light"], n_hidden=n_hidden)
    assert (first.n_frozen, first.slow_rate) == (n_hidden, 0.0)
    assert second.n_frozen == 0


@pytest.mark.parametrize("level", ["moderate", "light"])
def test_base_learns_ten_times_more_slowly_than_what_is_new(level):
    last = plan_stages(LEVELS[level], n_hidden=3)[-1]
    assert last.slow_rate / last.rate == pytest.approx(SLOWER) == pytest.approx(0.1)


def test_everything_learns_alike_when_the_base_is_a_start_only():
    (only,) = plan_stages(LEVELS["optional"], n_hidden=3)
    assert only.slow_rate == only.rate == 1e-3


def test_rates_rise_with_the_setups():
    rates = [
        LEVELS[name].learning_rate for name in ("aggressive", "moderate", "light", "optional")
    ]
    assert rates == sorted(rates)


def test_levels_go_by_their_names():
    assert all(level.name == name for name, level in LEVELS.items())


def test_stage_survives_json_when_nothing_came_of_it():
    told = make_stage(after=math.nan, is_kept=False, fixes=("lowered the rate",)).as_dict()
    again = json.loads(json.dumps(told, allow_nan=False))
    assert again["after"] is None
    assert again["fixes"] == ["lowered the rate"]
    assert again["layers"] == COUNTS.as_dict()


def test_slope_and_level_are_told_with_the_line():
    told = make_stage(name="line", slope=0.8, level=-0.1).as_dict()
    assert (told["slope"], told["level"]) == (0.8, -0.1)
