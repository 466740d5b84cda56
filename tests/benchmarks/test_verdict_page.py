"""The page on verdicts says what the figures say, and what was not measured."""

import pytest

from benchmarks.verdicts import (
    choices,
    leaks,
    noise,
    page,
    planted,
    pvalues,
    real,
    scale,
    speed,
)

CREDIT = {
    "date": "2026-01-02",
    "command": "python -m benchmarks.evaluation --part x",
    "machine": {"cores": 2, "load_average": [3.4, 1, 1], "python": "3.11", "torch": "2"},
    "code": "abc",
    "planned": 4,
    "done": 4,
    "cpu_s": 12.0,
}


ALWAYS = [part for part in page.SECTIONS if not part.endswith("_quick")]


def planted_row(kind, *, gap=None, claims=False):
    case = {"kind": kind, "shape": "linear", "overlap": "some", "auc": 0.56, "n": 5, "seed": 0}
    return {"case": case, "gap": gap, "best_gap": gap, "optimum": 0.56, "claims": claims,
            "verdict": "edge_uncertain" if claims else "no_edge", "served": "blend"}  # fmt: skip


def real_row(net_auc):
    told = {
        "network ensemble": {"auc": net_auc, "log_loss": 0.64, "log_loss_skill": 0.0},
        "random forest": {"auc": 0.53, "log_loss": 0.65, "log_loss_skill": 0.0},
        "base rate": {"auc": 0.5, "log_loss": 0.66, "log_loss_skill": 0.0},
    }
    return {"case": {"set": "gold"}, "n": 1_900, "n_effective": 9.0, "verdict": "no_edge",
            "served": "blend", "candidates": told}  # fmt: skip


def measure(*, good):
    """Figures of all parts, all bars met or all missed."""
    claim = {"case": {"kind": noise.WALKS}, "n": 900, "claims": True, "verdict": "edge_stable"}
    silent = {**claim, "claims": False, "verdict": "no_edge"}
    timed = {"case": {"kind": "evaluation"}, "n": 25_000, "judged_cpu_s": 20.0,
             "judged_wall_s": 30.0 if good else 90.0}  # fmt: skip
    symbol = {"case": {"symbol": 0}, "n_bars": 131_400_000, "n_setups": 9, "n_labelled": 8,
              "digest": "a", "made_s": 60.0, "scanned_s": 120.0,
              "peak_mb": 900 if good else 2_900}  # fmt: skip
    named = [
        {"case": {"kind": kind}, "is_named": (kind != leaks.CLEAN) == good, "by_table": False,
         "by_replay": good} for kind in leaks.KINDS
    ]  # fmt: skip
    way = {"case": {"of": choices.NOISE}, "losses": {"ensemble": -0.001},
           "aucs": {"ensemble": 0.52}, "taken_r": {"all": 0.01}}  # fmt: skip
    found = {
        "choices": choices.summarise([way]),
        "pvalues": pvalues.summarise(
            [{"case": {"kind": pvalues.EDGE}, "n": 9, "rotation": 0.01, "blocks": 0.03}]
        ),
        "noise": noise.summarise([silent] if good else [claim, silent]),
        "planted": planted.summarise(
            [
                planted_row("optimum", gap=0.002 if good else 0.03),
                planted_row("power", claims=good),
            ]
        ),
        "leaks": leaks.summarise(named),
        "real": real.summarise([real_row(0.528 if good else 0.50)]),
        "speed": speed.summarise([timed]),
        "scale": scale.summarise([symbol]),
    }
    return {name: {**CREDIT, **figures} for name, figures in found.items()}


def bars_of(text):
    """The last cell of every row of the table at a glance."""
    glance = text.split("## At a glance")[1].split("##")[0]
    lines = [line for line in glance.splitlines() if line.startswith("| ")]
    return [line.split(" | ")[-1].rstrip(" |") for line in lines[2:]]


def test_every_bar_says_yes_when_all_are_met():
    assert bars_of(page.write_page(measure(good=True))) == ["yes"] * 12


def test_every_bar_says_no_when_all_are_missed():
    figures = measure(good=False)
    figures["real"]["sets"][0]["loss_met"] = False
    figures["real"]["log_loss_met"] = False
    assert bars_of(page.write_page(figures)) == ["**no**"] * 12


def test_every_part_carries_date_and_command_when_measured():
    text = page.write_page(measure(good=True))
    assert text.count("Measured 2026-01-02 by `python -m benchmarks.evaluation --part x`") == 8


@pytest.mark.parametrize("part", ALWAYS)
def test_the_page_says_so_when_a_part_was_not_measured(part):
    figures = measure(good=True)
    del figures[part]
    title = page.SECTIONS[part][0]
    assert f"## {title}\n\n{page.NOT_MEASURED}" in page.write_page(figures)


def test_the_page_says_how_many_when_runs_are_missing():
    figures = measure(good=True)
    figures["noise"]["planned"] = 200
    assert "**4 of 200 runs were done**" in page.write_page(figures)


def test_the_page_says_so_when_symbols_are_missing():
    figures = measure(good=True)
    figures["scale"]["is_all"] = False
    text = page.write_page(figures)
    assert "**Only 1 of 50 symbols were measured.**" in text
    assert "**no**" in bars_of(text)


def test_quick_runs_have_their_own_section_and_bar_when_measured():
    figures = measure(good=True)
    figures["noise_quick"] = figures["noise"]
    text = page.write_page(figures)
    assert f"## Noise, {page.QUICKLY}" in text
    assert f"| edges claimed on noise, {page.QUICKLY} | at most 5% | 0 of 1" in text
    assert f"## Planted edges, {page.QUICKLY}" not in text


def test_nothing_is_claimed_when_nothing_was_measured():
    text = page.write_page({})
    assert text.count(page.NOT_MEASURED) == 1 + len(ALWAYS)
    assert "yes" not in bars_of(text)


def test_numbers_stand_in_the_tables_when_measured():
    text = page.write_page(measure(good=True))
    assert "| gold | 1,900 | 0.528 | 0.530 | 0.500 | +0.0020 | blend | no_edge |" in text
    assert "| evaluation | 25,000 | 30.0 s | 20.0 s |" in text
    assert "| all | 1 | 0.560 | +0.0020 | +0.0020 | 1 | blend 1 |" in text
