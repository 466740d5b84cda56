"""What models start from ends before what they learn, and that before their test."""

import json

import numpy as np
import pytest

from benchmarks import transfer
from benchmarks.transferring import cases, grounds
from benchmarks.transferring.grounds import POOLED, TCE
from benchmarks.transferring.learners import (
    CHOSEN,
    SERVED,
    UNTOUCHED,
    cut_blocks,
    learn,
    measure,
    name_with,
)
from ml_training.data.features import plan_features
from ml_training.data.presets import PRESETS
from ml_training.errors import DataError
from ml_training.study.base import train_base
from ml_training.study.models import BASE_RATE, LOGISTIC, NETWORK, TRANSFER

N_BARS = 6_000
TARGET = "rsi_return"
CUTS = (0.5, 0.7)


@pytest.fixture(scope="module")
def found():
    return grounds.scan_synthetic(3, n_bars=N_BARS)


@pytest.fixture(scope="module")
def ground(found):
    return grounds.cut_ground(found, TARGET, CUTS, seed=0)


def draw(ground, n, seed=0):
    return grounds.draw(ground.past, n, np.random.default_rng(seed))


def test_bases_end_before_the_past_begins_when_a_ground_is_cut(ground):
    assert set(ground.bases) == {TCE, POOLED}
    assert all(base.setups.t1.max() <= ground.until < ground.past.t0.min()
               for base in ground.bases.values())  # fmt: skip
    assert ground.past.t1.max() < ground.test.t0.min()


def test_the_target_is_in_no_base_when_presets_are_pooled(found, ground):
    ended = {preset: int((one.t1 <= ground.until).sum()) for preset, one in found.items()}
    assert ended[TARGET] > 0
    assert TARGET not in ground.bases[POOLED].presets
    assert len(ground.bases[POOLED].setups) == sum(ended.values()) - ended[TARGET]
    assert len(ground.bases[TCE].setups) == ended["tce"]


def test_bases_know_the_market_state_alone_when_presets_have_own_columns(found, ground):
    shared = plan_features([]).names
    assert len(found["ema_cross"].feature_names) > len(shared)
    assert all(base.setups.feature_names == shared for base in ground.bases.values())


def test_every_preset_keeps_its_share_when_a_base_is_sampled(found, ground, monkeypatch):
    monkeypatch.setattr(grounds, "MOST_BASE", 500)
    drawn = grounds.sample(found, ground.until, np.random.default_rng(0)).setups
    assert abs(len(drawn) - 500) <= len(found)
    assert np.all(np.diff(drawn.t0) >= 0)


def test_real_cuts_differ_when_all_strategies_had_their_turn():
    n = len(grounds.TARGETS)
    turns = [(seed % n, seed // n % len(grounds.REAL_CUTS)) for seed in range(cases.SEEDS)]
    assert len(set(turns)) == min(cases.SEEDS, n * len(grounds.REAL_CUTS))


@pytest.mark.parametrize("n", [25, 60])
def test_setups_come_from_one_stretch_when_they_are_drawn(ground, n):
    drawn = draw(ground, n)
    assert len(drawn) == n
    first, last = np.searchsorted(ground.past.t0, [drawn.t0[0], drawn.t0[-1]])
    assert last - first < grounds.STRETCH * n
    assert np.all(np.diff(drawn.t0) >= 0)


def test_other_setups_are_drawn_when_the_seed_differs(ground):
    assert draw(ground, 40, 0).digest() == draw(ground, 40, 0).digest()
    assert draw(ground, 40, 0).digest() != draw(ground, 40, 1).digest()


def test_training_ends_before_validation_begins_when_blocks_are_cut(ground):
    blocks = cut_blocks(draw(ground, 60), ground.test)
    assert blocks.train.t1.max() < blocks.validation.t0.min()
    assert len(blocks.validation) >= 15
    assert len(blocks.train) + len(blocks.validation) <= 60


def test_setups_are_refused_when_those_to_train_on_are_of_one_class(ground):
    losses = ground.past.take(np.flatnonzero(ground.past.y == 0)[:40])
    with pytest.raises(DataError, match="one class only"):
        cut_blocks(losses, ground.test)


def test_setups_are_drawn_again_when_a_draw_holds_one_class(ground):
    rare = ground.past.take(np.arange(60))
    few = grounds.Ground(TARGET, ground.until, ground.bases, rare, ground.test)
    for seed in range(20):
        blocks = cases.draw_blocks(few, 8, seed)
        assert set(blocks.train.y.tolist()) == {0, 1}


def test_a_constant_ranks_nothing_when_it_is_measured(ground):
    rate = float(ground.test.y.mean())
    told = measure(ground.test, np.full(len(ground.test), rate))
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    assert told == {"log_loss": pytest.approx(entropy, abs=1e-6), "auc": 0.5}


@pytest.mark.slow
def test_every_learner_is_measured_when_a_strategy_is_learned(ground):
    base = train_base(ground.bases[POOLED].setups, presets=PRESETS, until=ground.until)
    blocks = cut_blocks(draw(ground, 60), ground.test)
    told = learn(blocks, {POOLED: base}, seed=0)
    assert told == learn(blocks, {POOLED: base}, seed=0)
    ours = {name_with(POOLED, one) for one in (UNTOUCHED, TRANSFER, CHOSEN)}
    assert ours | {NETWORK, LOGISTIC, BASE_RATE, SERVED} <= set(told)
    assert all(0.3 < one["log_loss"] < 3.0 and 0.2 < one["auc"] < 0.8 for one in told.values())
    untouched = measure(ground.test, base.predict_proba(ground.test.X))
    assert told[name_with(POOLED, UNTOUCHED)] == untouched
    assert {"served"} == set(told[SERVED]) - {"log_loss", "auc"}


def test_markets_take_turns_when_cases_are_listed():
    listed = cases.list_cases(seeds=2, first_seed=5)
    assert [(one["market"], one["seed"]) for one in listed] == [
        ("synthetic", 5), ("real", 5), ("synthetic", 6), ("real", 6),
    ]  # fmt: skip


def test_the_command_says_what_was_asked_for_when_figures_are_written():
    chosen = transfer.read_arguments(["--market", "real", "--seeds", "3", "--first-seed", "2"])
    words = transfer.tell_command(chosen)
    assert words == "python -m benchmarks.transfer --seeds 3 --market real --first-seed 2"
    assert transfer.tell_command(transfer.read_arguments([])).endswith("--seeds 24")


def test_stored_rows_are_summed_up_when_no_time_is_left(tmp_path):
    learner = {"log_loss": 0.6, "auc": 0.6, "served": NETWORK}
    names = [NETWORK, LOGISTIC, BASE_RATE, SERVED,
             *(name_with(base, one) for base in (TCE, POOLED)
               for one in (UNTOUCHED, TRANSFER, CHOSEN))]  # fmt: skip
    base = {"n": 800, "n_effective": 700.0, "auc": 0.6, "log_loss": 0.6}
    row = {
        "case": {"market": "synthetic", "seed": 0}, "version": cases.code_digest(),
        "target": TARGET, "n_past": 900, "n_test": 700, "cpu_s": 1.5, "wall_s": 2.0,
        "base_models": {TCE: base, POOLED: base},
        "sizes": {str(n): dict.fromkeys(names, learner) for n in cases.SIZES},
    }  # fmt: skip
    (tmp_path / "transfer.jsonl").write_text(json.dumps(row) + "\n")
    transfer.main(["--seeds", "2", "--minutes", "0", "--results", str(tmp_path)])
    figures = json.loads((tmp_path / "transfer.json").read_text())
    assert (figures["done"], figures["planned"], figures["cpu_s"]) == (1, 4, 1.5)
    assert figures["bar_met"]
    assert list(figures["markets"]) == ["synthetic"]
