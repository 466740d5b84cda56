"""The benchmark of the engine runs and says what it promises."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.engine_speed import MOST_OVERHEAD, summarise
from benchmarks.speed.rows import Ends, Plan, make_rows
from benchmarks.speed.table import describe
from benchmarks.speed.whole import find_contestants, gains, measure_runs, medians, time_run

ROOT = Path(__file__).resolve().parents[2]
PEERS = ("lightning", "skorch")
TINY = Plan(batch_size=64, n_epochs=2, train=make_rows(128, 0), validation=make_rows(64, 1))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    output = tmp_path_factory.mktemp("results") / "engine_speed.json"
    command = [sys.executable, "-m", "benchmarks.engine_speed", "--steps", "60"]
    subprocess.run(
        [*command, "--output", str(output)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    )
    return json.loads(output.read_text(encoding="utf-8"))


def test_every_level_has_a_figure_at_every_batch_size(results):
    assert set(results["by_batch_size"]) == {"16", "64", "256"}
    for found in results["by_batch_size"].values():
        assert set(found["us_per_step"]) == {"bare", "core", "ratios", "everything"}
        assert set(found["overhead"]) == set(results["most_overhead"])
        assert found["n_steps"] >= 60


def test_everyone_who_is_installed_has_a_figure_at_every_batch_size(results):
    expected = {"bare loop", "fit", "fit, everything watched", "scikit-learn MLP"}
    for name in set(PEERS) - set(results["not_installed"]):
        expected |= {name, f"{name}, fused"}
    for found in results["whole_runs"].values():
        assert set(found["us_per_step"]) == expected
        assert set(found["us_per_step_end_to_end"]) == expected
        assert set(found["ours_is_faster_by"]) == expected - {"fit"}
        assert min(found["us_per_step"].values()) > 0


def test_everyone_has_one_thread_when_the_environment_grants_two(results):
    assert results["machine"]["threads"] == 1


def test_figures_name_their_date_machine_versions_and_command(results):
    assert results["date"].startswith("20")
    assert results["machine"]["torch"] == results["versions"]["torch"]
    assert results["command"].startswith("python -m benchmarks.engine_speed --steps 60")


def test_peers_are_named_when_they_are_not_installed(results):
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    assert results["not_installed"] == missing
    assert find_contestants()[1] == missing
    told = describe({**results, "not_installed": ["skorch"]})
    assert "Not installed, left out: skorch" in told


def test_the_table_names_everyone_and_every_batch_size(results):
    told = describe(results)
    for words in ("core", "ratios", "everything", "bare loop", "scikit-learn MLP", "batch 256"):
        assert words in told


def test_overhead_is_paired_by_round_when_the_machine_slows_down():
    pace = np.array([1.0, 1.0, 5.0, 5.0, 1.0])
    times = {"bare": (1e-3 * pace).tolist(), "core": (1.04e-3 * pace).tolist()}
    found = summarise(times, 100)["overhead"]["core"]
    assert found["median"] == pytest.approx(0.04)
    assert found["quartiles"] == pytest.approx([0.04, 0.04])
    assert found["is_within_bar"]


def test_overhead_is_outside_the_bar_when_a_level_costs_more_than_it_may():
    for level, most in MOST_OVERHEAD.items():
        found = summarise({"bare": [1.0] * 3, level: [1.01 + most] * 3}, 3)
        assert not found["overhead"][level]["is_within_bar"]


def test_gains_are_paired_by_round_when_the_machine_slows_down():
    times = {"fit": [1.0, 10.0, 1.0], "lightning": [3.0, 30.0, 3.0]}
    assert gains(times) == {"lightning": 3.0}
    assert medians(times) == {"fit": 1e6, "lightning": 3e6}


def test_a_run_is_timed_without_its_first_epoch_when_it_says_when_epochs_ended():
    ends = Ends(at=[10.0, 12.0, 14.0], steps=[10, 20, 30], said="healthy")
    steady, whole, said = time_run(lambda plan: ends, TINY)
    assert steady == pytest.approx(0.2)
    assert 0 <= whole < 0.1
    assert said == "healthy"


def test_a_run_is_timed_as_a_whole_when_it_does_not_say_when_epochs_ended():
    steady, whole, _ = time_run(lambda plan: Ends(steps=[7]), TINY)
    assert steady == whole


@pytest.mark.parametrize("name", [*find_contestants()[0]])
def test_a_contestant_trains_on_all_rows_in_every_epoch(name):
    ends = find_contestants()[0][name](TINY)
    assert ends.steps[-1] == 4
    assert len(ends.at) in {0, 2}
    assert ends.at == sorted(ends.at)


def test_runs_are_repeated_until_enough_steps_were_taken():
    bare = {name: run for name, run in find_contestants()[0].items() if name == "bare loop"}
    found = measure_runs(256, 500, {**bare, "fit": bare["bare loop"]})
    assert found["n_steps"] >= 500
    assert found["n_runs"] * found["n_epochs"] * 4 == found["n_steps"]
    assert found["ours_is_faster_by"]["bare loop"] > 0.3
    assert found["ours_ended"] == []
