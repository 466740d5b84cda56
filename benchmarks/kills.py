"""Kill what trains, again and again, and look whether anything is ever lost.

    python -m benchmarks.kills [--kills 60] [--who child worker sentinel main trainer]
                               [--database URL] [--seed 0] [--output FILE]

Trains one strategy in peace; then trains it again and again with a real trainer, in an
installation of its own, and sends SIGKILL to a part of it at random moments: between
the claim and about the time that the run in peace took, so that start, training and end
are all hit. Every run has to come to the same weights (SHA-256 of the
model) and the same points as in peace. A run that lost two attempts without a new
checkpoint is left alone until it has one: the third would end it, as it should.

Writes `benchmarks/results/kills.json`. `--database` names an empty database on a
PostgreSQL server; by default the installation has SQLite. The times of leases are a
fifteenth of the product's (`tests/runs/site.py`), so that nights become minutes.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.runs.site import (
    PREPARE,
    QUICK,
    STEPS,
    Site,
    find_process,
    has_ended,
    kill,
    list_children,
)

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "kills.json"
PARTS = ("child", "worker", "sentinel", "main", "trainer")
PATIENCE_S = 600.0  # a run that has not ended so long after its last kill counts as lost
MOST_KILLS = 5  # of one run; chosen: more would only keep it from its end
MOST_RESUMED_S = 60.0  # runs.md, the bar
MOST_FAILURES = 2  # one more without a checkpoint ends a run
REACH = 0.9  # moments are drawn up to so much of the duration in peace, start included
LOOK_S = 0.02
RUN = STEPS | {"epochs": 20}  # a third as long: half of what happens is starting anyway
ASK = f"""
from ml_training.models import Strategy, TrainingRun
from ml_training.services.queue import request_run
TrainingRun.objects.all().delete()
print(request_run(Strategy.objects.get(), {RUN}).pk)
"""
Row = dict[str, Any]


@dataclass(frozen=True)
class Peace:
    """What the run comes to when nobody disturbs it."""

    digest: str
    points: list[tuple[Any, ...]]
    wall_s: float


@dataclass(frozen=True)
class Kill:
    """One kill: of what, when, and how long until somebody had the run again."""

    who: str
    after_s: float
    doing: str
    epoch: int | None
    resumed_s: float | None


@dataclass
class Told:
    """What became of one run."""

    run_id: str
    state: str = "lost"
    error: str = ""
    is_same_model: bool = False
    are_same_points: bool = False
    kills: list[Kill] = field(default_factory=list)


class Keeper:
    """Have a trainer at work, and start it again when it was killed."""

    def __init__(self, site: Site, stack: ExitStack) -> None:
        self.site = site
        self.stack = stack
        self.start()

    def start(self) -> None:
        """Start a trainer; it is killed when the stack is left."""
        self.process = self.stack.enter_context(self.site.trainer())

    def restart_if_dead(self) -> None:
        """Start another trainer when this one has gone."""
        if self.process.poll() is not None:
            self.start()

    def find(self, who: str, row: Row) -> int:
        """Return the process of a part; raise `LookupError` when it is not there."""
        try:
            return self.look_up(who, row)
        except (AssertionError, OSError, ValueError) as error:
            raise LookupError(who) from error

    def look_up(self, who: str, row: Row) -> int:
        """Return the process of a part."""
        if who == "trainer":
            return self.process.pid
        if who == "worker":
            return int(row["worker"].rpartition(":")[2])
        if who == "child":
            return find_process(self.process.pid, "run_training")
        (main,) = list_children(self.process.pid)
        return main if who == "main" else list_children(main)[0]


def main() -> None:
    """Kill as often as asked and write what became of it."""
    choices = read_arguments()
    draw = random.Random(choices.seed)  # noqa: S311 - moments, not secrets
    with tempfile.TemporaryDirectory(prefix="kills_") as folder:
        site = Site(Path(folder), choices.database)
        peace = train_in_peace(site)
        told: list[Told] = []
        with ExitStack() as stack:
            keeper = Keeper(site, stack)
            while (n_kills := sum(len(one.kills) for one in told)) < choices.kills:
                told.append(disturb(keeper, peace, choices.who, draw, choices.kills - n_kills))
                say_how_far(told)
                write(choices, peace, told)


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60, help="at least")
    parser.add_argument("--who", nargs="+", choices=PARTS, default=["child"])
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def train_in_peace(site: Site) -> Peace:
    """Make a market and a strategy, and train once."""
    assert site.call("migrate", "--verbosity=0") == 0, "the database cannot be migrated"
    site.python(PREPARE)
    words = [f"--{name.replace('_', '-')}={value}" for name, value in RUN.items()]
    started = time.monotonic()
    done = site.do("train_strategy", "1", "--local", *words)
    wall_s = time.monotonic() - started
    return Peace(done["model_sha256"], site.points(done["run_id"]), wall_s)


def disturb(
    keeper: Keeper, peace: Peace, parts: list[str], draw: random.Random, most: int
) -> Told:
    """Train once, kill at random moments, and compare the end with that in peace."""
    site = keeper.site
    told = Told(site.python(ASK).split()[-1])
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and not has_ended(site.run(told.run_id)):
        if len(told.kills) < min(most, MOST_KILLS):
            who, after_s = draw.choice(parts), draw.uniform(0.0, REACH * peace.wall_s)
            told.kills += kill_once(keeper, told.run_id, who, after_s)
            until = time.monotonic() + PATIENCE_S
        keeper.restart_if_dead()
        time.sleep(LOOK_S)
    row = site.run(told.run_id)
    told.state, told.error = (row["state"] if has_ended(row) else "lost"), row["error"]
    told.is_same_model = row["model_digest"] == peace.digest
    told.are_same_points = site.points(told.run_id) == peace.points
    return told


def kill_once(keeper: Keeper, run_id: str, who: str, after_s: float) -> list[Kill]:
    """Kill a part so long after the next claim; nothing when the run ended before."""
    row = wait_for_claim(keeper, run_id)
    claimed_at, attempt = time.monotonic(), row["attempt"]
    while not has_ended(row) and row["attempt"] == attempt:
        waited_s = time.monotonic() - claimed_at
        if waited_s >= after_s and row["failures"] < MOST_FAILURES and row["state"] == "running":
            try:
                kill(keeper.find(who, row))
            except (LookupError, ProcessLookupError):
                return []
            resumed_s = wait_for_next(keeper, run_id, attempt)
            progress = row["progress"]
            doing, epoch = str(progress.get("doing") or "start"), progress.get("epoch")
            return [Kill(who, round(waited_s, 2), doing, epoch, resumed_s)]
        time.sleep(LOOK_S)
        row = keeper.site.run(run_id)
    return []


def wait_for_claim(keeper: Keeper, run_id: str) -> Row:
    """Return the row once somebody has it, or it has ended."""
    until = time.monotonic() + PATIENCE_S
    while True:
        row = keeper.site.run(run_id)
        if row["state"] == "running" or has_ended(row) or time.monotonic() > until:
            return row
        keeper.restart_if_dead()
        time.sleep(LOOK_S)


def wait_for_next(keeper: Keeper, run_id: str, attempt: int) -> float | None:
    """Return the seconds until the next attempt; None when the run ended instead."""
    killed_at = time.monotonic()
    while time.monotonic() - killed_at < PATIENCE_S:
        keeper.restart_if_dead()
        row = keeper.site.run(run_id)
        if row["attempt"] > attempt:
            return round(time.monotonic() - killed_at, 2)
        if has_ended(row):
            return None
        time.sleep(LOOK_S)
    return None


def summarise(told: list[Told]) -> dict[str, Any]:
    """Return the counts that the bar speaks of."""
    kills = [one for run in told for one in run.kills]
    resumed = sorted(one.resumed_s for one in kills if one.resumed_s is not None)
    slowest = resumed[-1] if resumed else 0.0
    bad = {
        "lost_runs": sum(run.state != "succeeded" for run in told),
        "wrong_weights": sum(not run.is_same_model for run in told),
        "gaps_or_duplicates": sum(not run.are_same_points for run in told),
    }
    return {
        "n_kills": len(kills),
        "n_runs": len(told),
        **bad,
        "most_kills_of_one_run": max((len(run.kills) for run in told), default=0),
        "resumed_s": {
            "median": round(statistics.median(resumed), 2) if resumed else None,
            "longest": slowest,
        },
        "by_part": dict(Counter(one.who for one in kills)),
        "by_moment": dict(Counter(one.doing for one in kills)),
        "is_within_bar": not any(bad.values()) and slowest <= MOST_RESUMED_S,
    }


def write(choices: argparse.Namespace, peace: Peace, told: list[Told]) -> None:
    """Write all that is known so far: a night must not be lost to its last hour."""
    results = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "command": describe_command(choices),
        "machine": {
            "cores": os.cpu_count(),
            "load_average": [round(value, 1) for value in os.getloadavg()],
            "system": platform.system(),
            "python": platform.python_version(),
        },
        "database": "postgresql" if choices.database else "sqlite",
        "times": QUICK,
        "run": {**RUN, "wall_s_in_peace": round(peace.wall_s, 2), "points": len(peace.points)},
        **summarise(told),
        "runs": [asdict(run) for run in told],
    }
    choices.output.parent.mkdir(parents=True, exist_ok=True)
    choices.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def describe_command(choices: argparse.Namespace) -> str:
    """Return what to type to do the same, without the address of a server."""
    words = [f"--kills {choices.kills}", f"--seed {choices.seed}", "--who", *choices.who]
    database = ["--database URL"] if choices.database else []
    return " ".join(["python -m benchmarks.kills", *words, *database])


def say_how_far(told: list[Told]) -> None:
    """Print one line about the last run."""
    last, found = told[-1], summarise(told)
    sys.stdout.write(
        f"{found['n_kills']} kills, {found['n_runs']} runs: {last.state}, "
        f"{len(last.kills)} kills, same model {last.is_same_model}, "
        f"same points {last.are_same_points}\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
