"""The benchmark of the pipeline runs on any candles and says what it promises."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.pipeline import BAR_S, SYMBOLS, TIMEFRAMES, Pressed, describe, list_files
from tests.data.builders import random_candles

ROOT = Path(__file__).resolve().parents[2]
SHOWN = {
    "data_quality": {"n": 850, "n_effective": 700.26},
    "verdict": "no_edge",
    "served_model": {"name": "network"},
    "metrics": {"test": {"auc": 0.51}},
    "epochs_run": 20,
}


def write_candles(folder: Path, symbol: str, seed: int) -> None:
    """Write hourly candles of a random walk the way the real ones are written."""
    candles = random_candles(2_500, seed=seed, volatility=0.003)
    rows = zip(candles.time, candles.open, candles.high, candles.low, candles.close, strict=True)
    lines = [
        f"{datetime.fromtimestamp(int(t), tz=UTC):%Y-%m-%dT%H:%M:%SZ},{o},{h},{low},{c},100"
        for t, o, h, low, c in rows
    ]
    text = "\n".join(["timestamp,open,high,low,close,volume", *lines, ""])
    (folder / f"{symbol}_1h.csv").write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_benchmark_reports_and_times_when_given_candles(tmp_path):
    for seed, symbol in enumerate(SYMBOLS):
        write_candles(tmp_path, symbol, seed)
    output = tmp_path / "pipeline.json"
    words = ["--candles", str(tmp_path), "--setups", "250", "--repeats", "1"]
    command = [sys.executable, "-m", "benchmarks.pipeline", *words, "--output", str(output)]
    done = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=300
    )
    assert "FINAL DIAGNOSTICS REPORT" in done.stdout
    results = json.loads(output.read_text(encoding="utf-8"))
    assert results["machine"]["cores"] == os.cpu_count()
    assert f"{SYMBOLS[0]}_4h.csv" in results["missing_files"]
    assert 250 <= results["newest_setups"]["n_setups"] < 350
    assert results["whole_history"]["n_setups"] > results["newest_setups"]["n_setups"]
    for figures in ("whole_history", "newest_setups", "newest_setups_already_scanned"):
        assert results[figures]["wall_s"] >= 0 < results[figures]["cpu_s"]


def test_every_symbol_and_timeframe_is_looked_for():
    names = [path.name for path in list_files(Path("candles"))]
    assert len(names) == len(SYMBOLS) * len(TIMEFRAMES) == 15
    assert "USDCHF_4h.csv" in names


def test_median_and_spread_are_told_when_repeated():
    figures = describe([Pressed(SHOWN, wall, 2.0) for wall in (3.0, 9.0, 4.0)])
    assert figures["wall_s"] == 4.0
    assert figures["wall_s_range"] == [3.0, 9.0]
    assert figures["n_effective"] == 700.3


def test_committed_figures_keep_the_bar_when_published():
    text = (ROOT / "benchmarks/results/pipeline.json").read_text(encoding="utf-8")
    published = json.loads(text)
    assert 800 <= published["newest_setups"]["n_setups"] <= 900
    assert published["newest_setups"]["wall_s"] <= BAR_S
