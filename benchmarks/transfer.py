"""Measure whether fifty setups are enough when a model starts from a base model.

    python -m benchmarks.transfer                      # 24 seeds, about an hour
    python -m benchmarks.transfer --market synthetic --seeds 4
    python -m benchmarks.transfer --minutes 20         # and go on later

A seed is a strategy (six presets by turns) with 25, 50, 100, 200, 300, 500 and 1,000
setups, validation included, drawn from its past; everything is judged on up to 4,000
later setups. Base models learned from what ended before any of them: from TCE setups,
and from those of all presets but the one that is learned. On the synthetic market each
seed makes a market of its own with the edge that all strategies share; on real candles
seeds differ in strategy, cuts and draws, and share the one past there is.

Every case is stored at once in `benchmarks/results/transfer.jsonl`; one that was done
with the same code is not done again, --fresh forgets all. Writes
`benchmarks/results/transfer.json`, from which `python -m benchmarks.documents` writes
`docs/transfer.md`. What counts as met: on the synthetic market the transferred network
with 50 setups is at least as good as the network from scratch with 300, in log-loss and
in AUC, by the 95 % interval of the paired difference.
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

from benchmarks.transferring.cases import SEEDS, code_digest, list_cases, run_case
from benchmarks.transferring.figures import OURS, SCRATCH, summarise
from benchmarks.transferring.grounds import MARKETS
from benchmarks.verdicts.rows import Row, describe_machine, fill_rows

RESULTS = Path(__file__).resolve().parent / "results"


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--market", nargs="+", choices=MARKETS, default=list(MARKETS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="begin no case later; go on another time"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what was run before")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cases that were asked for, and write what came of them."""
    choices = read_arguments(arguments)
    path = choices.results / "transfer.jsonl"
    if choices.fresh:
        path.unlink(missing_ok=True)
    cases = list_cases(choices.seeds, choices.first_seed, tuple(choices.market))
    until, version, rows = time.monotonic() + 60 * choices.minutes, code_digest(), []
    for row in fill_rows(cases, run_case, path, until=until, version=version):
        rows.append(row)
        sys.stderr.write(f"{len(rows)}/{len(cases)}: {tell(row)}\n")
    figures = describe(rows, len(cases), version, tell_command(choices))
    choices.results.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, indent=1) + "\n"
    (choices.results / "transfer.json").write_text(text, encoding="utf-8")


def describe(rows: Sequence[Row], n_planned: int, version: str, command: str) -> dict[str, Any]:
    """Return the figures of all rows, and what they were measured with."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "command": command,
        "machine": describe_machine(),
        "code": version,
        "planned": n_planned,
        "done": len(rows),
        "cpu_s": round(sum(row["cpu_s"] for row in rows), 1),
        **summarise(rows),
    }


def tell_command(choices: argparse.Namespace) -> str:
    """Return the command line that measures the same again."""
    words = ["python -m benchmarks.transfer", f"--seeds {choices.seeds}"]
    if choices.market != list(MARKETS):
        words.append(f"--market {' '.join(choices.market)}")
    if choices.first_seed:
        words.append(f"--first-seed {choices.first_seed}")
    return " ".join(words)


def tell(row: Row) -> str:
    """Return a case in a line: log-loss from few to many setups."""
    told = [
        f"{name} " + " ".join(f"{one[name]['log_loss']:.3f}" for one in row["sizes"].values())
        for name in (SCRATCH, OURS)
    ]
    case = f"{row['case']['market']} {row['case']['seed']}, {row['target']}"
    return f"{case}: {'; '.join(told)}; {row['cpu_s']} s"


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
