"""The page on transfer says what the figures say, gains and losses alike."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from benchmarks import documents
from benchmarks.transferring import figures, page
from benchmarks.transferring.figures import FEW, MANY, OURS
from benchmarks.transferring.grounds import POOLED, REAL, SYNTHETIC, TCE
from benchmarks.transferring.learners import CHOSEN, SERVED, UNTOUCHED, name_with
from benchmarks.transferring.plot import Line, draw
from ml_training.study.models import BASE_RATE, LOGISTIC, NETWORK, TRANSFER

SIZES = (25, 50, 100, 300, 1_000)
CREDIT = {
    "date": "2026-01-02",
    "command": "python -m benchmarks.transfer",
    "machine": {"python": "3.11", "torch": "2"},
    "code": "abc",
    "planned": 6,
    "done": 6,
    "cpu_s": 12.0,
}


def make_row(market, seed, *, ours):
    """A row where scratch gets from 0.70 to 0.60; what starts from a base is flat."""
    wobble = 0.001 * (seed % 3 - 1)

    def told(log_loss):
        return {"log_loss": log_loss + wobble, "auc": 1.2 - log_loss, "served": TRANSFER}

    base = {"n": 8_000, "n_effective": 5_000.0, "auc": 0.65, "log_loss": 0.6}
    scratch = dict(zip(SIZES, (0.70, 0.68, 0.66, 0.63, 0.60), strict=True))
    started = [name_with(name, one) for name in (TCE, POOLED)
               for one in (UNTOUCHED, TRANSFER, CHOSEN)]  # fmt: skip
    return {
        "case": {"market": market, "seed": seed},
        "target": "ema_cross",
        "n_test": 4_000,
        "base_models": {TCE: base, POOLED: base},
        "sizes": {
            str(n): {
                **{name: told(loss) for name in (NETWORK, SERVED, LOGISTIC, BASE_RATE)},
                **{name: told(ours) for name in started},
            }
            for n, loss in scratch.items()
        },
    }


def measure(*, ours, market=SYNTHETIC, seeds=6):
    return figures.summarise([make_row(market, seed, ours=ours) for seed in range(seeds)])


def test_the_bar_is_met_when_few_setups_with_a_base_are_worth_many_without():
    assert measure(ours=0.62)["bar_met"]
    assert not measure(ours=0.64)["bar_met"]
    assert not measure(ours=0.62, market=REAL)["bar_met"]


def test_the_bar_is_missed_when_seeds_disagree():
    rows = [make_row(SYNTHETIC, seed, ours=0.55 if seed else 0.90) for seed in range(6)]
    gap = figures.compare(rows, OURS, FEW, NETWORK, MANY)["log_loss"]
    assert gap["low"] < 0 < gap["mean"]
    assert not figures.summarise(rows)["bar_met"]


def test_differences_are_paired_when_seeds_wobble_together():
    rows = [make_row(SYNTHETIC, seed, ours=0.62) for seed in range(6)]
    saved = figures.compare(rows, OURS, FEW, NETWORK, MANY)["log_loss"]
    assert saved == {"mean": 0.01, "low": 0.01, "high": 0.01, "n": 6}


@pytest.mark.parametrize(("ours", "reach"), [(0.62, 25), (0.64, None)])
def test_the_setups_needed_are_named_when_transfer_reaches_scratch(ours, reach):
    told = measure(ours=ours)["markets"][SYNTHETIC]["claims"][OURS]["reaches"]
    assert told["against_network"]["log_loss"] == {"mean": reach, "surely": reach}


def test_a_reach_counts_from_where_it_lasts_when_it_is_lost_again():
    rows = [make_row(SYNTHETIC, seed, ours=0.62) for seed in range(3)]
    for row in rows:
        row["sizes"]["100"][OURS]["log_loss"] = 0.65
    assert figures.find_reach(rows, OURS, NETWORK, "log_loss")["mean"] == 300


@pytest.mark.parametrize(("ours", "need"), [(0.62, 1_000), (0.64, 300), (0.55, None)])
def test_the_setups_scratch_needs_are_named_when_it_gets_there(ours, need):
    told = measure(ours=ours)
    claim = told["markets"][SYNTHETIC]["claims"][OURS]
    assert claim["rival_needs"]["against_served"]["log_loss"] == need
    words = page.show_need(need)
    assert f"it takes {words} in log-loss" in page.write_page({**CREDIT, **told})


def test_an_interval_holds_the_mean_when_seeds_differ():
    values = np.random.default_rng(1).normal(0.6, 0.02, 24)
    told = figures.describe_mean(values)
    assert told["low"] < told["mean"] < told["high"]
    error = values.std() / np.sqrt(24)
    assert told["high"] - told["low"] == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_missing_figures_count_nothing_when_means_are_taken():
    assert figures.describe_mean(np.array([0.5, np.nan]))["n"] == 1
    assert figures.describe_mean(np.array([np.nan]))["mean"] is None


def test_nothing_is_claimed_when_nothing_was_measured():
    assert page.NOT_MEASURED in page.write_page({})
    assert page.draw_pictures({}) == {}
    assert not figures.summarise([])["bar_met"]


@pytest.mark.parametrize(("ours", "says"), [(0.62, "| yes |"), (0.64, "| **no** |")])
def test_the_page_says_whether_the_claim_holds_when_it_was_measured(ours, says):
    text = page.write_page({**CREDIT, **measure(ours=ours)})
    claims = text.split("## How it was measured")[0]
    assert claims.count(says) == claims.count("| Synthetic market |")


def test_losses_are_printed_with_their_sign_when_transfer_is_worse():
    text = page.write_page({**CREDIT, **measure(ours=0.64)})
    assert "| -0.0100 (-0.0100 to -0.0100) |" in text
    assert "not with 1,000" in text


def test_undone_cases_are_counted_when_the_run_was_cut_short():
    text = page.write_page({**CREDIT, "done": 4, **measure(ours=0.62)})
    assert "4 of 6 cases were done" in text
    assert "cases were done" not in page.write_page({**CREDIT, **measure(ours=0.62)})


def test_every_learner_has_a_row_when_curves_are_told():
    text = page.write_page({**CREDIT, **measure(ours=0.62)})
    assert all(f"| {name} | 0." in text for name in page.NAMES.values())


def test_the_page_shows_every_picture_when_they_are_drawn():
    told = {**CREDIT, **measure(ours=0.62)}
    pictures = page.draw_pictures(told)
    assert len(pictures) == 2
    assert all(f"(images/{name})" in page.write_page(told) for name in pictures)


def test_a_picture_is_sound_and_named_when_it_is_drawn():
    for text in page.draw_pictures(measure(ours=0.62)).values():
        root = ET.fromstring(text)
        words = ["".join(part.itertext()) for part in root]
        assert words[0] == page.TITLES[SYNTHETIC]
        assert {"25", "300", "1,000", "network from scratch"} <= set(words)


def test_better_scores_stand_higher_when_a_curve_is_drawn():
    curve = {str(n): {"auc": {"mean": auc, "low": auc, "high": auc}}
             for n, auc in ((25, 0.5), (1_000, 0.7))}  # fmt: skip
    text = draw("T", {"x": curve}, "auc", [Line("x", "X", "#000000")], "AUC")
    (path,) = [part.get("d") for part in ET.fromstring(text) if part.get("stroke-width") == "2"
               and part.get("fill") == "none"]  # fmt: skip
    (x1, y1), (x2, y2) = (point.split() for point in path.removeprefix("M").split("L"))
    assert float(x1) < float(x2)
    assert float(y1) > float(y2)


def test_page_and_pictures_have_their_place_when_documents_are_written():
    places = documents.write_transfer({**CREDIT, **measure(ours=0.62)})
    names = {path.name for path in places}
    assert names == {
        "transfer.md",
        "transfer_synthetic_log_loss.svg",
        "transfer_synthetic_auc.svg",
    }
