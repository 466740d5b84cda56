"""The section on measurements shows bars, promises and misses, and hides nothing."""

import json

import pytest

from benchmarks.faults import pages
from benchmarks.faults.figures import compute_figures
from benchmarks.faults.pages import first_table, group_section, measured_sections, other_section
from benchmarks.faults.pages_speed import speed_table
from tests.benchmarks.builders import make_case, make_faulty, make_finding, make_row, make_trial

HEALTHY = make_case(measured={"as_given": {"val_balanced_accuracy": [0.9, 0.9, 0.9]}})
FAULTY = make_faulty()
ROWS = [
    make_row(FAULTY, findings=[make_finding("nan_inf_input")], trials=[make_trial()], seconds=1.2),
    make_row(HEALTHY, val_score=0.9, seconds=1.0),
    make_row(FAULTY, contestant="plain", val_score=0.5),
    make_row(HEALTHY, contestant="plain", val_score=0.9),
]
FIGURES = {
    "given": {
        **compute_figures([FAULTY, HEALTHY], ROWS),
        "seeds": [0],
        "cases": 2,
        "date": "2026-01-02",
        "command": "python -m benchmarks.faultbench --group given --seeds 0",
        "missing_runs": {"fit": 0, "lightning": 3},
        "machine": {"torch": "2.0", "threads": 1},
    }
}
SPEED = {
    "date": "2026-01-03",
    "command": "python -m benchmarks.engine_speed",
    "most_overhead": {"core": 0.05},
    "least_gain": 2.0,
    "not_installed": ["skorch"],
    "by_batch_size": {
        "16": {"us_per_step": {"bare": 100, "core": 104}, "overhead": {"core": {"median": 0.04}}},
        "64": {"us_per_step": {"bare": 200, "core": 212}, "overhead": {"core": {"median": 0.06}}},
    },
    "whole_runs": {
        "16": {
            "us_per_step": {"fit": 50.0, "lightning": 120.0},
            "ours_is_faster_by": {"lightning": 2.4},
        }
    },
}


def test_command_date_and_machine_stand_there_when_a_group_was_measured():
    section = group_section("given", FIGURES["given"])
    assert "`python -m benchmarks.faultbench --group given --seeds 0`, 2026-01-02" in section
    assert "2 cases; torch 2.0, 1 thread." in section


def test_missing_runs_are_named_when_a_rival_has_not_run_everything():
    section = group_section("given", FIGURES["given"])
    assert "Runs that are missing: Lightning with its usual callbacks: 3." in section


def test_command_is_rebuilt_when_figures_are_older_than_it():
    older = {k: v for k, v in FIGURES["given"].items() if k not in {"command", "date"}}
    section = group_section("given", older)
    assert "`python -m benchmarks.faultbench --group given --seeds 0`, undated" in section


def test_bar_stands_beside_what_was_reached_when_written():
    section = group_section("given", FIGURES["given"])
    assert "| faulty runs with an alarm | >= 95.0 % | 100.0 % | yes |" in section


@pytest.mark.parametrize("group", ["given", "holdout"])
def test_group_says_so_when_it_was_not_measured(group):
    text = "\n\n".join(measured_sections({}))
    command = f"python -m benchmarks.faultbench --group {group} --seeds 0 1 2"
    assert f"Not measured yet. The command: `{command}`" in text


def test_other_groups_are_left_out_when_they_were_not_measured():
    assert "calibrated" not in "\n\n".join(measured_sections({}))
    shown = "\n\n".join(measured_sections({"develop": FIGURES["given"]}))
    assert "### Our own generator, the cases thresholds were calibrated on" in shown


def test_promises_stand_beside_measurements_when_a_group_was_measured():
    text = first_table("given", FIGURES["given"])
    assert "| success, as the runs are mixed here | 70 -> 99 % | 50.0 % | 100.0 % |" in text
    assert "| success, if 30 of 100 runs were faulty | 70 -> 99 % | 70.0 % | 100.0 % |" in text
    assert "| CPU time until it ends, all runs, over plain | a third less | 1.00 | 1.10 |" in text
    assert "| CPU seconds of all runs for each that succeeds | - | 2.00 | 1.10 |" in text
    assert "| mean validation score | 65 -> 78 % | 70.0 % | 92.5 % |" in text
    assert "| runs that can succeed, of all | - | 2 of 2 | 2 of 2 |" in text


def test_mixed_figures_are_unknown_when_only_healthy_runs_were_measured():
    only = compute_figures([HEALTHY], [make_row(HEALTHY, contestant="plain")])
    row = "| success, if 30 of 100 runs were faulty | 70 -> 99 % | - |"
    assert row in first_table("given", only)


def test_first_figures_say_so_when_nothing_was_measured():
    assert pages.first_section({}).endswith("Not measured yet.")


def test_speed_bars_are_judged_by_the_worst_batch_size_when_written():
    text = speed_table(SPEED)
    assert "| core | <= 5 % | 104 (+4.0 %) | 212 (+6.0 %) | no |" in text
    assert "| lightning | >= 2 x | 120 (2.40 x) | yes |" in text
    assert "| fit |  | 50 |  |" in text
    assert "Not installed, left out: skorch." in text


def test_whole_runs_say_so_when_they_were_not_measured():
    text = speed_table({k: v for k, v in SPEED.items() if k != "whole_runs"})
    assert text.count("Not measured yet.") == 1


def test_command_stands_there_once_when_the_table_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "RESULTS", tmp_path)
    monkeypatch.setattr(pages, "speed_table", lambda figures: f"By `{figures['command']}`.")
    (tmp_path / "data.json").write_text(json.dumps(SPEED), encoding="utf-8")
    assert other_section("Data", "data").count(SPEED["command"]) == 1


def test_other_benchmark_is_shown_when_its_figures_are_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "RESULTS", tmp_path)
    assert other_section("Speed", "engine_speed") == "### Speed\n\nNot measured yet."
    (tmp_path / "engine_speed.json").write_text(json.dumps(SPEED), encoding="utf-8")
    section = other_section("Speed", "engine_speed")
    assert "`python -m benchmarks.engine_speed`, 2026-01-03." in section
    assert "| core |" in section
