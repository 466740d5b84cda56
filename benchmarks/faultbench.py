"""Run the fault benchmark: how many ills are seen, named, cured, and at what price.

    python -m benchmarks.faultbench                           # the given cases, 3 seeds
    python -m benchmarks.faultbench --group develop --misses  # our own, to calibrate on
    python -m benchmarks.faultbench --group holdout           # our own, to report
    python -m benchmarks.faultbench --cases FILE --seeds 0 1 2
    python -m benchmarks.faultbench --group develop --quick   # one case per problem
    python -m benchmarks.faultbench --group holdout --minutes 30  # and go on later

Every run is stored at once. One that was done with the same engine and the same
benchmark is not done again, and the rivals' runs do not depend on the engine; --fresh
forgets all. Figures are stored when the engine has run a whole group; whoever else has
rows of this benchmark is in the tables beside it.
"""

import argparse
import fnmatch
import importlib.util
import json
import math
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import torch

if __package__ in {None, ""}:  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.faults.bases import GROUPS
from benchmarks.faults.contestants import CONTESTANTS
from benchmarks.faults.errors import CaseError
from benchmarks.faults.figures import compute_figures, misses
from benchmarks.faults.generator import generate_cases
from benchmarks.faults.rows import Row, run_case, version_of
from benchmarks.faults.schema import GIVEN_CASES, Case, as_document, read_cases
from benchmarks.faults.tables import all_tables

RESULTS = Path(__file__).resolve().parent / "results"
DEFAULT_CONTESTANTS = ("fit", "plain", "careful", "lightning")
MOST_PROCESSES = 2
Job = tuple[Case, int, tuple[str, ...]]


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=Path, help="a case file in the document's schema")
    parser.add_argument("--group", choices=("given", *GROUPS), default="given")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", default=["*"], help="ids, with * and ?")
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=None)
    parser.add_argument("--processes", type=int, choices=range(1, MOST_PROCESSES + 1), default=1)
    parser.add_argument("--quick", action="store_true", help="one case per problem, one seed")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="stop after, to go on later"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what was run before")
    parser.add_argument("--misses", action="store_true", help="list the runs below the bar")
    parser.add_argument("--export", type=Path, help="write the cases as a document and end")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def choose_cases(options: argparse.Namespace) -> list[Case]:
    """Return the cases that were asked for."""
    if options.cases or options.group == "given":
        cases = read_cases(options.cases or GIVEN_CASES)
    else:
        cases = generate_cases(options.group)
    chosen = [c for c in cases if any(fnmatch.fnmatch(c.id, name) for name in options.only)]
    if not chosen:
        raise CaseError(f"no case is named {options.only}", hint="see the ids with --export FILE")
    return first_of_each_problem(chosen) if options.quick else chosen


def first_of_each_problem(cases: Iterable[Case]) -> list[Case]:
    """Return one case per expected problem, and as many healthy ones."""
    first: dict[str | None, Case] = {}
    healthy = [case for case in cases if case.is_healthy]
    for case in cases:
        if not case.is_healthy:
            first.setdefault(case.expected_symptom, case)
    return [*first.values(), *healthy[: len(first)]]


def choose_contestants(options: argparse.Namespace) -> tuple[str, ...]:
    """Return who trains; unless asked for, Lightning only when it is installed."""
    if options.contestants:
        return tuple(options.contestants)
    has_lightning = importlib.util.find_spec("lightning") is not None
    return tuple(who for who in DEFAULT_CONTESTANTS if who != "lightning" or has_lightning)


def key_of(row: Row) -> tuple[Any, ...]:
    """Return what makes a stored row usable for a job."""
    return row["case"], row["digest"], row["seed"], row["contestant"], row["version"]


def read_rows(path: Path) -> list[Row]:
    """Return stored rows, the newest of each kind; a line cut short is left out."""
    if not path.is_file():
        return []
    newest: dict[tuple[Any, ...], Row] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        newest[key_of(row)] = row
    return list(newest.values())


def plan_jobs(
    cases: Iterable[Case], seeds: Sequence[int], contestants: Sequence[str], done: Iterable[Row]
) -> list[Job]:
    """Return what is still to be run."""
    known = {key_of(row) for row in done}
    jobs = []
    for case in cases:
        for seed in seeds:
            missing = tuple(
                who
                for who in contestants
                if (case.id, case.digest, seed, who, version_of(who)) not in known
            )
            if missing:
                jobs.append((case, seed, missing))
    return jobs


def prepare_worker() -> None:
    """Make a process fit for timing: one thread, everything imported."""
    torch.set_num_threads(1)
    torch.nn.Linear(2, 2)(torch.zeros(2, 2)).sum().backward()


def run_job(job: Job) -> list[Row]:
    """Run one case with one seed."""
    case, seed, contestants = job
    return run_case(case, seed, contestants)


def run_jobs(jobs: Sequence[Job], processes: int) -> Iterator[list[Row]]:
    """Yield rows as they come, in this process or in two others."""
    prepare_worker()
    if processes == 1:
        yield from map(run_job, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, prepare_worker) as pool:
        try:
            for done in as_completed(pool.submit(run_job, job) for job in jobs):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)  # of a sweep that ends before its jobs do


def name_of(options: argparse.Namespace) -> str:
    """Return the name under which results are kept."""
    return options.cases.stem if options.cases else str(options.group)


def benchmark(options: argparse.Namespace) -> dict[str, Any]:
    """Run what is missing and return the figures of the chosen cases.

    Parameters
    ----------
    options : Namespace
        From `parse_options`.

    Returns
    -------
    dict
        From `compute_figures` and `provenance`.
    """
    cases, contestants = choose_cases(options), choose_contestants(options)
    seeds = options.seeds[:1] if options.quick else options.seeds
    options.results.mkdir(parents=True, exist_ok=True)
    path = options.results / f"faultbench-{name_of(options)}.jsonl"
    if options.fresh:
        path.unlink(missing_ok=True)
    jobs = plan_jobs(cases, seeds, contestants, read_rows(path))
    sweep(jobs, path, options)
    current = [row for row in read_rows(path) if is_current(row, seeds)]
    figures = {**provenance(options, cases, current, seeds), **compute_figures(cases, current)}
    if options.misses:
        say("\n".join(["", *misses(cases, current), ""]))
    return figures


def sweep(jobs: Sequence[Job], path: Path, options: argparse.Namespace) -> None:
    """Run jobs one by one and store the rows of each at once, until time is up."""
    started = time.monotonic()
    with path.open("a", encoding="utf-8") as file:
        for number, rows in enumerate(run_jobs(jobs, options.processes), start=1):
            file.write("".join(json.dumps(row) + "\n" for row in rows))
            file.flush()
            spent = (time.monotonic() - started) / 60
            left = spent / number * (len(jobs) - number)
            say(f"\r{number} of {len(jobs)}, {left:.0f} min left ", to=sys.stderr)
            if spent >= options.minutes:
                break


def is_current(row: Row, seeds: Sequence[int]) -> bool:
    """Return whether a row belongs to these seeds, this benchmark and this engine."""
    return row["seed"] in seeds and row["version"] == version_of(row["contestant"])


def provenance(
    options: argparse.Namespace, cases: Sequence[Case], rows: Sequence[Row], seeds: Sequence[int]
) -> dict[str, Any]:
    """Return where figures come from: command, date, versions, machine, missing runs.

    Parameters
    ----------
    options : Namespace
        From `parse_options`.
    cases : sequence of Case
        What should have run.
    rows : sequence of dict
        What has run.
    seeds : sequence of int
        With which seeds.

    Returns
    -------
    dict
        The date is that of the newest run of the engine, or of anyone's without one.
    """
    ours = [row["date"] for row in rows if row["contestant"] == "fit"]
    have = {(row["case"], row["digest"], row["seed"], row["contestant"]) for row in rows}
    wanted = [(case.id, case.digest, seed) for case in cases for seed in seeds]
    seen = sorted({row["contestant"] for row in rows} | {"fit"})
    return {
        "date": max(ours or [row["date"] for row in rows], default=None),
        "command": command_of(options, seeds),
        "seeds": list(seeds),
        "cases": len(cases),
        "missing_runs": {who: sum((*run, who) not in have for run in wanted) for who in seen},
        "engine_version": version_of("fit"),
        "machine": machine(),
    }


def command_of(options: argparse.Namespace, seeds: Sequence[int]) -> str:
    """Return the command that measures the same again."""
    what = f"--cases {options.cases.name}" if options.cases else f"--group {options.group}"
    return f"python -m benchmarks.faultbench {what} --seeds {' '.join(map(str, seeds))}"


def machine() -> dict[str, Any]:
    """Return what the times were taken on."""
    return {
        "cores": os.cpu_count(),
        "threads": 1,
        "system": platform.system(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def is_whole(options: argparse.Namespace, figures: dict[str, Any]) -> bool:
    """Return whether figures speak for a whole group, so that they can be stored."""
    return options.only == ["*"] and not options.quick and not figures["missing_runs"]["fit"]


def store_figures(figures: dict[str, Any], folder: Path, name: str) -> None:
    """Put the figures beside those of the other groups."""
    path = folder / "faultbench.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known[name] = figures
    path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def say(text: str, to: Any = None) -> None:
    """Write to the terminal."""
    stream = to or sys.stdout
    stream.write(text)
    stream.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and write its tables."""
    options = parse_options(arguments)
    try:
        if options.export:
            document = as_document(choose_cases(options), title=f"cases of {name_of(options)}")
            options.export.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
            return 0
        figures = benchmark(options)
    except CaseError as error:
        say(f"{error}\n", to=sys.stderr)
        return 2
    say("\n\n" + all_tables(figures) + "\n")
    if is_whole(options, figures):
        store_figures(figures, options.results, name_of(options))
    else:
        say("\nNot stored: the engine has not run every case of the group.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
