"""Measure the data layer: loading candles, indicators, labels, a full scan.

    python -m benchmarks.data [--bars 5000000] [--repeats 7] [--output FILE]

Writes `benchmarks/results/data.json` by default. Figures are medians of the CPU time of
repeats that take turns, so that a busy machine disturbs all of them alike. The full
scan runs in a process of its own, whose memory is then its own as well.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ml_training.data.candles import Candles
from ml_training.data.features import compute_features, plan_features
from ml_training.data.frame import Frame
from ml_training.data.indicators import make_use
from ml_training.data.labels import Brackets, label_barriers
from ml_training.data.presets import PRESETS
from ml_training.data.rules import indicator_uses, parse_rules
from ml_training.data.setups import scan_setups
from ml_training.data.synthetic import make_market

Usage = tuple[float, float]
"""Seconds of user and of kernel time."""

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "data.json"
TIMEFRAME = "1m"
MAX_BARS = 48
BARS_PER_SETUP = 100
PRESET = "rsi_return"
INDICATORS = ("ema", "rsi", "atr", "adx", "bbands")
TARGETS = {
    "load": "at least 20 M bars/s",
    "indicators": "at least 20 M bars/s",
    "labels_sparse": "at least 50 M bars/s",
    "scan": "5 M bars in at most 30 s, in bounded memory",
}


def main() -> None:
    """Measure everything, or one full scan when started as the child."""
    choices = read_arguments()
    if choices.scan:
        open_database(Path(choices.scan))
        say(json.dumps(scan_once()))
        return
    with tempfile.TemporaryDirectory() as folder:
        open_database(Path(folder))
        symbol = fill_database(choices.bars)
        speeds = measure_speeds(symbol, choices.repeats)
        scan = run_child(Path(folder))
    write_results(choices, speeds, scan)


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--scan", metavar="FOLDER", help=argparse.SUPPRESS)
    return parser.parse_args()


def open_database(folder: Path) -> None:
    """Let Django work on a SQLite file in a folder of our own."""
    os.environ["DATA_DIR"] = str(folder)
    os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'benchmark.sqlite3'}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "strategy_builder.settings"
    import django  # noqa: PLC0415 - the environment has to be set before

    django.setup()


def fill_database(n_bars: int) -> str:
    """Store synthetic candles as an import would; return their symbol."""
    from django.core.management import call_command  # noqa: PLC0415

    from ml_training.services.market import ensure_instrument, store_candles  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    [(spec, candles)] = make_market(n_symbols=1, n_bars=n_bars, timeframe=TIMEFRAME, edge=False)
    store_candles(ensure_instrument(spec, is_synthetic=True), TIMEFRAME, candles)
    return spec.symbol


def measure_speeds(symbol: str, repeats: int) -> dict[str, Any]:
    """Measure loading, indicators and labels in turns."""
    candles = load(symbol)
    sparse = make_brackets(candles, np.arange(0, len(candles) - 1, BARS_PER_SETUP))
    dense = make_brackets(candles, np.arange(min(len(candles) - 1, 1_000_000)))
    jobs: dict[str, Callable[[], object]] = {
        "load": lambda: load(symbol),
        "indicators": lambda: compute_indicators(candles),
        "labels_sparse": lambda: label_barriers(candles, sparse, max_bars=MAX_BARS),
        "labels_dense": lambda: label_barriers(candles, dense, max_bars=MAX_BARS),
    }
    usage = take_turns(jobs, repeats)
    n_bars = dict.fromkeys(jobs, len(candles)) | {"labels_dense": len(dense)}
    return {name: describe(taken, n_bars[name]) for name, taken in usage.items()}


def load(symbol: str) -> Candles:
    """Load all candles through the ORM."""
    from ml_training.selectors import find_instrument, load_candles  # noqa: PLC0415

    return load_candles(find_instrument(symbol), TIMEFRAME)


def compute_indicators(candles: Candles) -> None:
    """Compute the five indicators, nothing remembered."""
    frame = Frame(candles, TIMEFRAME)
    for key in INDICATORS:
        frame.indicator(make_use(key))


def make_brackets(candles: Candles, signal_index: Any) -> Brackets:
    """Enter after the given bars, alternating sides, one ATR to the stop, two to go."""
    atr = Frame(candles, TIMEFRAME).indicator(make_use("atr"))[signal_index]
    index = signal_index[np.isfinite(atr)]
    atr = atr[np.isfinite(atr)]
    side = np.where(np.arange(len(index)) % 2, 1, -1).astype(np.int8)
    entry = candles.open[index + 1]
    return Brackets(
        entry_index=index + 1,
        side=side,
        entry=entry,
        stop=entry - side * atr,
        target=entry + side * 2 * atr,
        exit_cost=np.zeros(len(index)),
    )


def take_turns(
    jobs: Mapping[str, Callable[[], object]], repeats: int
) -> dict[str, dict[str, list[Usage]]]:
    """Run every job twice per round and keep its user and kernel time.

    The first of the two is cold: it is handed fresh memory by the kernel after another
    job, as a first call is. The second is warm: it gets the memory of the first back.
    """
    usage: dict[str, dict[str, list[Usage]]] = {name: {"cold": [], "warm": []} for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            for state in ("cold", "warm"):
                usage[name][state].append(run_timed(job))
    return usage


def run_timed(job: Callable[[], object]) -> Usage:
    """Run a job and return the user and kernel time it took."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    job()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime


def describe(usage: Mapping[str, list[Usage]], n_bars: int) -> dict[str, Any]:
    """Say how fast it was, cold and warm, with the spread."""
    described: dict[str, Any] = {"n_bars": n_bars}
    for state, taken in usage.items():
        totals = [user + kernel for user, kernel in taken]
        median = statistics.median(totals)
        described[state] = {
            "cpu_s": round(median, 4),
            "cpu_s_range": [round(min(totals), 4), round(max(totals), 4)],
            "kernel_s": round(statistics.median(kernel for _, kernel in taken), 4),
            "million_bars_per_s": round(n_bars / median / 1e6, 1),
        }
    return described


def run_child(folder: Path) -> dict[str, Any]:
    """Scan in another process and read what it says about itself."""
    command = [sys.executable, "-m", "benchmarks.data", "--scan", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def scan_once() -> dict[str, Any]:
    """Load candles, find and label one strategy's setups, compute their features."""
    from ml_training.models import Instrument  # noqa: PLC0415
    from ml_training.selectors import describe_instrument  # noqa: PLC0415

    symbol = Instrument.objects.get().symbol
    clock, base = Stopwatch(), peak_memory_mb()
    with clock.step("load"):
        candles = load(symbol)
    frame = Frame(candles, TIMEFRAME)
    rules = parse_rules(PRESETS[PRESET].document)
    plan = plan_features(indicator_uses(rules))
    spec = describe_instrument(Instrument.objects.get())
    with clock.step("rules_and_labels"):
        setups = scan_setups(rules, frame, spec)
    columns = {name: getattr(setups, name) for name in ("signal_index", "side", "risk", "cost")}
    with clock.step("features"):
        X = compute_features(plan, frame, **columns)
    return {
        "preset": PRESET,
        "n_bars": len(candles),
        "n_setups": len(setups),
        "n_features": X.shape[1],
        "wall_s": {name: round(taken, 2) for name, taken in clock.seconds.items()},
        "total_wall_s": round(sum(clock.seconds.values()), 2),
        "candles_mb": round(sum(column.nbytes for column in candles.columns) / 2**20),
        "memory_before_mb": base,
        "peak_memory_mb": peak_memory_mb(),
    }


class Stopwatch:
    """Keep the wall time of named steps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Keep how long the body takes."""
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def peak_memory_mb() -> int:
    """Return the peak of resident memory since this program started.

    Linux carries `ru_maxrss` over from the parent of a new process; this counter not.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def write_results(
    choices: argparse.Namespace, speeds: dict[str, Any], scan: dict[str, Any]
) -> None:
    """Write and show the figures with the machine they come from."""
    results = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "command": f"python -m benchmarks.data --bars {choices.bars} --repeats {choices.repeats}",
        "machine": {
            "cores": os.cpu_count(),
            "load_average": [round(load, 1) for load in os.getloadavg()],
            "processor": platform.machine(),
            "system": platform.system(),
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "targets": TARGETS,
        "speeds": speeds,
        "scan": scan,
    }
    text = json.dumps(results, indent=2)
    choices.output.parent.mkdir(exist_ok=True)
    choices.output.write_text(text + "\n", encoding="utf-8")
    say(text)


def say(text: str) -> None:
    """Write a line for whoever started the benchmark."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
