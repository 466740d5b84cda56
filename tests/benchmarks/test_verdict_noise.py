"""Noise: sets without an edge, and how claims on them are counted."""

import numpy as np
import pytest

from benchmarks.verdicts import noise, real, studies
from benchmarks.verdicts.sets import count_bars, draw_entries
from ml_training.data.synthetic import make_market
from ml_training.evaluation.baselines import LogisticBaseline
from ml_training.evaluation.metrics import measure_auc

MARKET = make_market(n_symbols=1, n_bars=6_000, timeframe="1h", seed=4, edge=False)[0]
WALK = {"kind": noise.WALKS, "seed": 1, "n": 300, "preset": "donchian_break",
        "timeframe": "1h", "n_symbols": 2}  # fmt: skip


def test_every_kind_takes_its_turn_when_cases_are_listed():
    cases = noise.list_cases(40)
    kinds = [case["kind"] for case in cases]
    assert kinds[:6] == [noise.WALKS, noise.ENTRIES, noise.CHANCE] * 2
    assert all(noise.FEWEST <= case["n"] <= noise.MOST for case in cases)
    assert cases[10:] == noise.list_cases(30, first_seed=10)


def test_no_walk_outlives_the_calendar_when_cases_are_listed():
    walks = [case for case in noise.list_cases(2_000) if case["kind"] == noise.WALKS]
    bars = [count_bars(c["preset"], c["n_symbols"], c["n"]) for c in walks]
    slow = [n for case, n in zip(walks, bars, strict=True) if case["timeframe"] == "4h"]
    assert max(slow) <= noise.MOST_BARS < max(bars)
    assert not [c for c in walks if c["timeframe"] == "4h" and c["preset"] in noise.WITHIN_THE_DAY]
    years = noise.MOST_BARS * 4 / 24 / 260
    assert 2020 + years < 2100


def test_walks_hold_the_setups_asked_for_when_scanned():
    dataset = noise.make_set(WALK)
    assert len(dataset) == 300
    assert set(dataset.symbol) == {"SYN01", "SYN02"}
    assert noise.make_set(WALK).digest() == dataset.digest()


def test_every_rule_gives_enough_setups_when_walks_are_sized():
    sizes = {
        preset: len(noise.make_set({**WALK, "preset": preset, "n": 700})) for preset in noise.RATES
    }
    assert {preset: n for preset, n in sizes.items() if n < 600} == {}


def test_even_chances_break_even_and_hold_no_edge():
    case = next(one for one in noise.list_cases(3) if one["kind"] == noise.CHANCE)
    dataset = noise.make_set({**case, "n": 4_000, "overlap": "hardly any"})
    assert len(dataset) == 4_000
    assert abs(dataset.r.mean()) < 0.12  # three standard errors and a half
    later = dataset.y[2_000:]
    told = LogisticBaseline.fit(dataset.X[:2_000], dataset.y[:2_000])
    assert abs(measure_auc(later, told.predict_proba(dataset.X[2_000:])) - 0.5) < 0.06


def test_random_entries_follow_the_product_when_drawn():
    spec, candles = MARKET
    dataset = draw_entries(candles, spec, "1h", 500, np.random.default_rng(0))
    assert len(dataset) == 500
    assert abs(dataset.side.mean()) < 0.2
    assert set(np.unique(dataset.y)) == {0, 1}
    assert np.isin(dataset.t0, candles.time).all()
    assert np.isfinite(dataset.X).mean() > 0.99


def test_a_stop_costs_one_r_and_costs_when_an_entry_loses():
    spec, candles = MARKET
    dataset = draw_entries(candles, spec, "1h", 500, np.random.default_rng(0))
    cost = dataset.X[:, dataset.feature_names.index("cost_r")]
    lost = dataset.r < -1.0
    assert np.median(-dataset.r[lost] - 1.0 - cost[lost] / 2) == pytest.approx(0.0, abs=0.01)


def make_row(kind, n, *, claims=False):
    verdict = "edge_stable" if claims else "no_edge"
    return {"case": {"kind": kind}, "n": n, "claims": claims, "verdict": verdict}


def test_claims_are_counted_by_kind_and_size_when_summed_up():
    rows = [make_row(noise.WALKS, 800), make_row(noise.ENTRIES, 4_000, claims=True)]
    figures = noise.summarise(rows * 10)
    assert not figures["met"]
    assert figures["groups"]["all"]["share"] == 0.5
    assert figures["groups"][noise.WALKS]["k"] == 0
    assert figures["groups"]["over 3,000"]["verdicts"] == {"edge_stable": 10}
    assert figures["groups"]["1,500 to 3,000"]["n"] == 0
    told = noise.told(figures)
    assert told[0][:5] == ["all", "20", "10", "50.0%", "27.2% to 72.8%"]
    assert [row[0] for row in told if row[3] == "-"] == [noise.CHANCE, "1,500 to 3,000"]


def test_the_bar_is_met_when_one_run_in_twenty_claims():
    rows = [make_row(noise.WALKS, 800, claims=number == 0) for number in range(20)]
    assert noise.summarise(rows)["met"]
    assert not noise.summarise([])["met"]


@pytest.mark.slow
def test_a_verdict_is_told_in_plain_values_when_a_set_is_judged():
    row = studies.judge(noise.make_set(WALK), seed=0, is_synthetic=True, models=studies.QUICK)
    assert set(row["candidates"]) == {"network", "logistic regression", "base rate"}
    assert row["n"] == 300
    assert row["verdict"] == "not_enough_data"
    assert row["claims"] is False
    assert row["test"]["auc"] == row["candidates"][row["served"]]["auc"]


def test_a_refusal_stands_for_the_verdict_when_there_is_too_little():
    row = studies.judge(noise.make_set({**WALK, "n": 30}), seed=0, is_synthetic=True)
    assert row["verdict"] == studies.REFUSED
    assert "effective setups are needed" in row["message"]


def make_real(net_auc, net_loss, *, pooled=False):
    told = {
        "network": {"auc": net_auc, "log_loss": net_loss, "log_loss_skill": 0.0},
        "logistic regression": {"auc": 0.54, "log_loss": 0.65, "log_loss_skill": 0.0},
        "base rate": {"auc": 0.5, "log_loss": 0.66, "log_loss_skill": 0.0},
    }
    row = {"case": {"set": "a"}, "n": 9, "n_effective": 9.0, "verdict": "no_edge",
           "served": "network", "candidates": told}  # fmt: skip
    if pooled:
        row["walk_forward"] = {"models": {**told, "network ensemble": {**told["network"]}}}
    return row


def test_the_net_keeps_up_when_it_is_near_the_best_and_no_worse_than_guessing():
    figures = real.summarise([make_real(0.536, 0.65), make_real(0.536, 0.65)])
    assert figures["behind_met"]
    assert figures["log_loss_met"]
    assert figures["mean_behind"] == pytest.approx(0.004)
    assert figures["sets"][0]["measured_on"] == "test"


def test_the_net_falls_behind_when_it_ranks_worse_and_loses_to_guessing():
    figures = real.summarise([make_real(0.530, 0.67)])
    assert not figures["behind_met"]
    assert not figures["log_loss_met"]


def test_pooled_figures_count_when_the_study_walked_forward():
    [told] = real.summarise([make_real(0.53, 0.65, pooled=True)])["sets"]
    assert told["measured_on"] == "walk_forward"
    assert told["net"] == "network ensemble"


def test_there_are_eight_sets_when_real_candles_are_judged():
    assert len(real.SETS) == 8
    assert len(real.list_cases(seeds=2)) == 16
