"""The benchmark of the data layer runs and says what it promises."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    output = tmp_path_factory.mktemp("results") / "data.json"
    words = ["--bars", "3000", "--repeats", "1", "--output", str(output)]
    command = [sys.executable, "-m", "benchmarks.data", *words]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120)
    return json.loads(output.read_text(encoding="utf-8"))


def test_every_target_has_a_figure_when_the_benchmark_ends(results):
    figures = {*results["speeds"], "scan"}
    assert set(results["targets"]) <= figures
    for speed in results["speeds"].values():
        assert speed["cold"]["million_bars_per_s"] > 0
        assert speed["warm"]["million_bars_per_s"] > 0


def test_figures_name_their_machine_and_command_when_written(results):
    assert results["machine"]["cores"] == os.cpu_count()
    assert results["command"].startswith("python -m benchmarks.data --bars 3000")
    assert results["date"].startswith("20")


def test_memory_is_the_scan_s_own_when_it_runs_as_a_child(results):
    scan = results["scan"]
    assert scan["n_bars"] == 3000
    assert scan["n_setups"] > 0
    assert 0 < scan["memory_before_mb"] <= scan["peak_memory_mb"]


def test_committed_figures_come_from_the_full_size_when_published():
    published = json.loads((ROOT / "benchmarks/results/data.json").read_text(encoding="utf-8"))
    assert published["scan"]["n_bars"] == 5_000_000
