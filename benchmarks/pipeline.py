"""Train a preset on real candles: show the report, and time it from button to report.

    python -m benchmarks.pipeline [--candles FOLDER] [--setups 850] [--repeats 3]

Imports the candles into a fresh database, trains RSI return on 5 symbols x 3 timeframes
over the whole history and prints that report; then times the command on the newest
setups, interpreter start included: first with the setups still to be scanned, then with
the scans stored. Writes `benchmarks/results/pipeline.json`. On a busy machine, start it
with `chrt -f 1`: it then goes ahead of others, as on two idle cores, and says so.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CANDLES = ROOT.parent / "shared" / "data" / "candles"
RESULTS = ROOT / "benchmarks" / "results" / "pipeline.json"
SYMBOLS = ("AUDUSD", "GBPUSD", "USDJPY", "XAUUSD", "USDCHF")
TIMEFRAMES = ("1h", "4h", "1d")
PRESET = "rsi_return"
NAME = "RSI return"
BAR_S = 10.0
TARGET = f"about 850 setups of 5 symbols x 3 timeframes in at most {BAR_S:.0f} s on two cores"


@dataclass(frozen=True)
class Pressed:
    """What one press of the button printed, and what it took."""

    results: dict[str, Any]
    wall_s: float
    cpu_s: float


def main() -> None:
    """Import, train on everything, then time the newest setups."""
    choices = read_arguments()
    files = [path for path in list_files(choices.candles) if path.exists()]
    if not files:
        sys.exit(f"no candles of {', '.join(SYMBOLS)} in {choices.candles}")
    with tempfile.TemporaryDirectory() as folder:
        open_database(Path(folder))
        imported_s = import_candles(files)
        make_strategy()
        whole = press()
        say(whole.results["diagnostics_report"])
        start = find_start(choices.setups)
        cold = [press_unscanned(start) for _ in range(choices.repeats)]
        warm = [press("--start", start) for _ in range(choices.repeats)]
    write_results(
        choices,
        {
            "missing_files": [p.name for p in list_files(choices.candles) if not p.exists()],
            "import_wall_s": round(imported_s, 2),
            "whole_history": describe([whole]),
            "newest_setups": {"start": start, **describe(cold)},
            "newest_setups_already_scanned": describe(warm),
        },
    )


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candles", type=Path, default=CANDLES)
    parser.add_argument("--setups", type=int, default=850)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def list_files(folder: Path) -> list[Path]:
    """Return where each symbol's candles of each timeframe should be."""
    return [folder / f"{symbol}_{timeframe}.csv" for symbol in SYMBOLS for timeframe in TIMEFRAMES]


def open_database(folder: Path) -> None:
    """Let Django, here and in child processes, work on a SQLite file of our own."""
    os.environ["DATA_DIR"] = str(folder)
    os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'benchmark.sqlite3'}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "strategy_builder.settings"
    import django  # noqa: PLC0415 - the environment has to be set before

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)


def import_candles(files: list[Path]) -> float:
    """Import all files with the command; return the seconds it took."""
    started = time.perf_counter()
    run_command("import_candles", *map(str, files))
    return time.perf_counter() - started


def make_strategy() -> None:
    """Store the strategy of the benchmark."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415

    from ml_training.data.presets import PRESETS  # noqa: PLC0415
    from ml_training.models import Strategy  # noqa: PLC0415

    Strategy.objects.create(
        owner=get_user_model().objects.create(username="benchmark"),
        name=NAME,
        rules=dict(PRESETS[PRESET].document),
        symbols=list(SYMBOLS),
        timeframes=list(TIMEFRAMES),
    )


def press(*words: str) -> Pressed:
    """Train with the command in a process of its own, and watch the clock."""
    started, cpu = time.perf_counter(), read_cpu_s()
    done = run_command("train_strategy", NAME, "--local", "--json", *words)
    wall_s = time.perf_counter() - started
    return Pressed(json.loads(done), wall_s, read_cpu_s() - cpu)


def press_unscanned(start: str) -> Pressed:
    """Forget the scans, then press."""
    from ml_training.models import SetupScan  # noqa: PLC0415

    SetupScan.objects.all().delete()
    return press("--start", start)


def run_command(*words: str) -> str:
    """Run manage.py and return what it printed."""
    command = [sys.executable, "manage.py", *words]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return done.stdout


def read_cpu_s() -> float:
    """Return the processor time of all child processes so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def find_start(n_setups: int) -> str:
    """Return the day from which on there are about so many labelled setups."""
    from ml_training.models import Setup  # noqa: PLC0415

    labelled = Setup.objects.exclude(outcome=Setup.Outcome.OPEN).order_by("-entry_at")
    last = min(n_setups, labelled.count())
    return f"{labelled.values_list('entry_at', flat=True)[last - 1]:%Y-%m-%d}"


def describe(pressed: list[Pressed]) -> dict[str, Any]:
    """Say what came out and how long it took, with the spread."""
    results, wall = pressed[0].results, [one.wall_s for one in pressed]
    return {
        "n_setups": results["data_quality"]["n"],
        "n_effective": round(results["data_quality"]["n_effective"], 1),
        "verdict": results["verdict"],
        "served_model": results["served_model"]["name"],
        "test_auc": results["metrics"]["test"]["auc"],
        "epochs_run": results["epochs_run"],
        "wall_s": round(statistics.median(wall), 2),
        "wall_s_range": [round(min(wall), 2), round(max(wall), 2)],
        "cpu_s": round(statistics.median(one.cpu_s for one in pressed), 2),
    }


def write_results(choices: argparse.Namespace, figures: dict[str, Any]) -> None:
    """Write and show the figures with the machine they come from."""
    results = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "command": (
            f"python -m benchmarks.pipeline --setups {choices.setups} --repeats {choices.repeats}"
        ),
        "machine": {
            "cores": os.cpu_count(),
            "load_average": [round(load, 1) for load in os.getloadavg()],
            "ahead_of_others": os.sched_getscheduler(0) != os.SCHED_OTHER,
            "processor": platform.machine(),
            "system": platform.system(),
            "python": platform.python_version(),
        },
        "target": TARGET,
        **figures,
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
