"""Planted edges: the chances are what they are said to be."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from benchmarks.verdicts import planted
from benchmarks.verdicts.shapes import (
    SHAPES,
    expected_auc,
    make_chances,
    normal_quantile,
    to_normal,
)

CASE = {"kind": "power", "shape": "linear", "overlap": "some", "auc": 0.6, "n": 1_500, "seed": 3}


def draw_columns(n=2_000, seed=0):
    names = ("deviation_20", "volatility_7_50", "higher_rsi_14", "distance_50", "atr_rank",
             "return_1", "return_5", "return_20", "slope_50", "adx_14", "efficiency_20",
             "range_position_20", "body", "bar_range", "volume_rank", "hour_sine")  # fmt: skip
    return np.random.default_rng(seed).standard_normal((n, len(names))) ** 3, names


def brute_force_auc(p):
    """Expected share of pairs of a win and a loss that are in order."""
    win, loss = p[:, None], 1 - p[None, :]
    pairs = win * loss
    np.fill_diagonal(pairs, 0.0)
    ordered = (p[:, None] > p[None, :]) + 0.5 * (p[:, None] == p[None, :])
    return float((pairs * ordered).sum() / pairs.sum())


@pytest.mark.parametrize("n_values", [300, 5])
def test_expected_auc_agrees_with_all_pairs_when_chances_are_given(n_values):
    rng = np.random.default_rng(n_values)
    p = rng.choice(rng.uniform(0.1, 0.9, n_values), 300)
    assert expected_auc(p) == pytest.approx(brute_force_auc(p), abs=1e-12)


def test_quantile_agrees_with_scipy_when_chances_are_drawn():
    u = np.linspace(0.001, 0.999, 401)
    assert normal_quantile(u) == pytest.approx(norm.ppf(u), abs=5e-4)


def test_scores_are_normal_and_gaps_in_the_middle_when_a_column_is_wild():
    column = np.random.default_rng(1).standard_cauchy(4_000)
    column[::100] = np.nan
    z = to_normal(column)
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1) < 0.02
    assert np.abs(z[::100]).max() < 0.05


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("auc", [0.56, 0.62])
def test_chances_have_the_strength_and_rate_asked_for_when_made(shape, auc):
    X, names = draw_columns()
    p = make_chances(X, names, shape, auc=auc, base_rate=0.36)
    assert expected_auc(p) == pytest.approx(auc, abs=1e-6)
    assert p.mean() == pytest.approx(0.36, abs=1e-6)


def test_only_the_product_of_columns_tells_when_the_edge_is_an_interaction():
    X, names = draw_columns(20_000)
    p = make_chances(X, names, "interaction", auc=0.62, base_rate=0.36)
    z = [to_normal(X[:, names.index(one)]) for one in ("deviation_20", "volatility_7_50")]
    assert abs(np.corrcoef(z[0], p)[0, 1]) < 0.03
    assert abs(np.corrcoef(z[0] * z[1], p)[0, 1]) > 0.9


def test_labels_follow_their_chances_when_a_set_is_made():
    dataset, p = planted.make_set({**CASE, "n": 6_000})
    assert len(dataset) == 6_000
    assert dataset.y.mean() == pytest.approx(planted.BASE_RATE, abs=0.03)
    assert roc_auc_score(dataset.y, p) == pytest.approx(0.6, abs=0.025)
    assert np.array_equal(dataset.r > 0, dataset.y == 1)
    assert dataset.r.mean() == pytest.approx(0.0, abs=0.1)


def test_setups_share_their_luck_when_they_overlap():
    dataset, _ = planted.make_set({**CASE, "n": 6_000, "overlap": "much", "auc": 0.51})
    own = dataset.symbol == "SYN01"
    y, side, t0, t1 = (getattr(dataset, name)[own] for name in ("y", "side", "t0", "t1"))
    shared = (t1[:-1] - t0[1:]) / np.maximum(t1[:-1] - t0[:-1], 1)
    together = (shared > 0.5) & (side[1:] == side[:-1])
    apart = shared < 0
    agree = [np.mean(y[1:][rows] == y[:-1][rows]) for rows in (together, apart)]
    assert agree[0] > agree[1] + 0.1


def test_more_setups_overlap_when_entries_are_closer():
    few, many = (planted.make_set({**CASE, "overlap": one})[0] for one in ("hardly any", "much"))
    assert few.n_effective > 0.9 * len(few)
    assert many.n_effective < 0.6 * len(many)


def test_the_same_set_comes_back_when_the_case_is_the_same():
    first, second = (planted.make_set(CASE)[0].digest() for _ in range(2))
    assert first == second


def make_row(kind, *, gap=None, claims=False, shape="linear"):
    case = {"kind": kind, "shape": shape, "overlap": "some", "auc": 0.56, "n": 5, "seed": 0}
    verdict = "edge_uncertain" if claims else "no_edge"
    return {"case": case, "gap": gap, "best_gap": gap, "optimum": 0.56, "claims": claims,
            "verdict": verdict, "served": "network"}  # fmt: skip


def test_bars_are_met_when_gaps_are_small_and_edges_are_found():
    rows = [make_row("optimum", gap=0.02), make_row("optimum", gap=-0.01)]
    rows += [make_row("power", claims=number < 4) for number in range(5)]
    figures = planted.summarise(rows)
    assert figures["optimum"]["all"]["gap"] == pytest.approx(0.005)
    assert figures["optimum"]["all"]["within"] == 1
    assert figures["power"]["all"]["share"] == 0.8
    assert figures["optimum_met"]
    assert figures["power_met"]


def test_bars_are_missed_when_gaps_are_wide_and_edges_are_not_found():
    rows = [make_row("optimum", gap=0.02), make_row("power"), make_row("power", claims=True)]
    figures = planted.summarise(rows)
    assert not figures["optimum_met"]
    assert not figures["power_met"]
    assert figures["power"]["shape linear"]["verdicts"] == {"edge_uncertain": 1, "no_edge": 1}


def test_every_shape_and_overlap_takes_its_turn_when_cases_are_listed():
    cases = planted.list_cases(runs=12, seeds=1)
    small = [case for case in cases if case["kind"] == "power"]
    assert len({(case["shape"], case["overlap"]) for case in small}) == 12
    assert len(cases) == 12 + 2 * 4 * 2
    assert planted.list_cases(runs=3, seeds=1, kinds=["power"]) == small[:3]
    assert {case["models"] for case in planted.list_cases(models="quick")} == {"quick"}
