"""Judge the verdicts: noise, planted edges, leaks, real candles, speed and scale.

    python -m benchmarks.evaluation                          # all parts but scale
    python -m benchmarks.evaluation --part noise --runs 200  # edges claimed on noise
    python -m benchmarks.evaluation --part noise --models quick  # a tenth of the time
    python -m benchmarks.evaluation --part planted --runs 60 --seeds 1
    python -m benchmarks.evaluation --part scale             # 131 M bars; some minutes
    python -m benchmarks.evaluation --minutes 20             # and go on later

Every run is stored at once in `benchmarks/results/evaluation-PART.jsonl`; one that was
done with the same code is not done again, --fresh forgets all. Writes
`benchmarks/results/evaluation.json`, part by part, from which
`python -m benchmarks.documents` writes `docs/evaluation.md`. What counts as met:

noise    an edge is claimed in at most 5 % of 200 runs
planted  test AUC within 0.01 of the optimum at 20,000 setups, and an edge of AUC 0.56
         found in 80 % of runs at 5,000
leaks    95 % of injected leaks are named, clean sets are not
real     the net within 0.005 AUC of the best baseline, its log-loss no worse than the
         base rate's
speed    25,000 setups are evaluated in 60 s on two cores
scale    131 M bars are scanned and labelled in 2 GiB, and the work can be resumed
"""

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.verdicts.parts import PARTS, Part
from benchmarks.verdicts.rows import code_digest, describe_machine, fill_rows
from benchmarks.verdicts.studies import ALL, MODELS, QUICK

RESULTS = Path(__file__).resolve().parent / "results"
BY_HAND = {"scale"}


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    every = [name for name in PARTS if name not in BY_HAND]
    parser.add_argument("--part", nargs="+", choices=list(PARTS), default=every)
    parser.add_argument("--runs", type=int, default=None, help="runs that draw all by seed")
    parser.add_argument("--seeds", type=int, default=None, help="runs of each listed cell")
    parser.add_argument(
        "--models", choices=list(MODELS), default=None, help="quick: logistic regression alone"
    )
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="begin no run later; go on another time"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what was run before")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that were asked for, and write what came of each."""
    choices = read_arguments(arguments)
    until = time.monotonic() + 60 * choices.minutes
    for name in choices.part:
        figures = measure(name, PARTS[name], choices, until)
        is_quick = figures.get("models") == QUICK
        key = f"{name}_{QUICK}" if is_quick else name
        write_figures(choices.results / "evaluation.json", key, figures)
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")


def measure(name: str, part: Part, choices: argparse.Namespace, until: float) -> dict[str, Any]:
    """Run one part as far as time allows, and return its figures."""
    path = choices.results / f"evaluation-{name}.jsonl"
    if choices.fresh:
        path.unlink(missing_ok=True)
    chosen = {
        option: getattr(choices, option)
        for option in part.options
        if getattr(choices, option) is not None
    }
    cases = part.list_cases(first_seed=choices.first_seed, **chosen)
    version, rows = code_digest(part.packages), []
    for row in fill_rows(cases, part.run_case, path, until=until, version=version):
        rows.append(row)
        sys.stderr.write(f"{name} {len(rows)}/{len(cases)}: {part.tell(row)}\n")
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "command": tell_command(name, chosen, choices.first_seed),
        "machine": describe_machine(),
        "code": version,
        "planned": len(cases),
        "done": len(rows),
        "cpu_s": round(sum(row["cpu_s"] for row in rows), 1),
        **({"models": choices.models or ALL} if "models" in part.options else {}),
        **part.summarise(rows),
    }


def tell_command(name: str, chosen: dict[str, Any], first_seed: int) -> str:
    """Return the command line that measures the same again."""
    words = [f"--{option} {value}" for option, value in chosen.items()]
    if first_seed:
        words.append(f"--first-seed {first_seed}")
    return " ".join(["python -m benchmarks.evaluation --part", name, *words])


def write_figures(path: Path, name: str, figures: dict[str, Any]) -> None:
    """Put the figures of a part beside those of the others."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    parts = {**known, name: figures}
    path.parent.mkdir(parents=True, exist_ok=True)
    order = [key for part in PARTS for key in (part, f"{part}_{QUICK}")]
    ordered = {key: parts[key] for key in order if key in parts}
    path.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
