"""The benchmark of the engine runs and says what it promises."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


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
    )
    return json.loads(output.read_text(encoding="utf-8"))


def test_every_level_has_a_figure_at_every_batch_size(results):
    assert set(results["by_batch_size"]) == {"16", "64", "256"}
    for found in results["by_batch_size"].values():
        assert set(found["us_per_step"]) == {"bare", "core", "ratios", "everything"}
        assert set(found["overhead"]) == set(results["most_overhead"])
        assert found["n_steps"] >= 60


def test_figures_name_their_date_machine_and_command(results):
    assert results["date"].startswith("20")
    assert results["machine"]["torch"]
    assert results["command"].startswith("python -m benchmarks.engine_speed --steps 60")
