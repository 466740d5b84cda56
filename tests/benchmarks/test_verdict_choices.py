import numpy as np
import pytest

from benchmarks.verdicts import choices
from benchmarks.verdicts.page import write_choices
from benchmarks.verdicts.real import SETS
from ml_training.study.models import ENSEMBLE
from tests.study.builders import make_set


def test_cases_are_of_three_kinds_and_none_is_a_set_of_the_real_part():
    cases = choices.list_cases(runs=24, first_seed=5)
    kinds = [case["of"] for case in cases]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        choices.PLANTED: 8,
        choices.NOISE: 8,
        choices.REAL: 8,
    }
    known = {(preset, str(markets)) for preset, markets in SETS.values()}
    assert not known & {(preset, str(markets)) for preset, markets in choices.SETS}


@pytest.mark.parametrize("cut", [0.2, 0.6])
def test_search_finds_the_cut_above_which_setups_earn(cut):
    p = np.linspace(0.0, 1.0, 400)
    found = choices.search_cut(p, np.where(p > cut, 1.0, -1.0))
    assert found == pytest.approx(cut, abs=0.06)


def test_search_takes_everything_when_setups_are_few():
    assert choices.search_cut(np.linspace(0, 1, 19), -np.ones(19)) == 0.0


@pytest.fixture(scope="module")
def row():
    judged = choices.judge(make_set(700, edge=0.6))
    return {"case": {"of": choices.PLANTED}, "cpu_s": 1.0, **judged}


@pytest.mark.slow
def test_every_way_is_scored_on_the_same_unseen_setups(row):
    assert row["n"] == 700
    assert set(row["losses"]) == set(row["aucs"])
    assert all(-0.2 < loss < 0.02 for loss in row["losses"].values())
    assert all(auc > 0.55 for auc in row["aucs"].values())
    pulled = [f"{ENSEMBLE}, fitted anew, half believed at {n:,}" for n in choices.HALVES]
    assert row["losses"][pulled[0]] < row["losses"][pulled[-1]]  # the edge is a strong one
    assert row["taken_r"]["break-even"] > row["taken_r"]["all"]


@pytest.mark.slow
def test_page_tells_every_way_and_leaves_out_kinds_not_run(row):
    told = choices.summarise([row])
    page = write_choices(told)
    assert all(way in page for way in row["losses"])
    assert "1 of planted edges, 0 of noise" in page
    assert "| - |" in page
    assert "planted edges, 700 setups" in choices.tell(row)
