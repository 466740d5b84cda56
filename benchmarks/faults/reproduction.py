"""Compare what the plain loop measures with what a case document measured.

    python -m benchmarks.faults.reproduction [FILE]

The document gives scores as given and with the known good fix, for three seeds. If our
rows, networks, losses and events are the document's, the plain loop finds the same
scores within the noise of the seeds.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.faults.cases import build_workload
from benchmarks.faults.reference import measure
from benchmarks.faults.schema import GIVEN_CASES, Case, read_cases
from benchmarks.faults.tables import table

SEEDS = (0, 1, 2)
SMALLEST_NOISE = 0.02  # chosen: six of the 300 validation rows most cases have


@dataclass(frozen=True)
class Comparison:
    """Hold one measurement of a document and ours.

    Parameters
    ----------
    case, version : str
        Id, and ``"as_given"`` or ``"with_known_good_fix"``.
    theirs, ours : tuple of float
        Scores per seed.
    """

    case: str
    version: str
    theirs: tuple[float, ...]
    ours: tuple[float, ...]

    @property
    def difference(self) -> float:
        """Return our mean minus theirs."""
        return float(np.mean(self.ours) - np.mean(self.theirs))

    @property
    def noise(self) -> float:
        """Return twice the standard error of the difference, at least two points."""
        error = np.hypot(np.std(self.ours), np.std(self.theirs)) / np.sqrt(len(self.ours) - 1)
        return max(2 * float(error), SMALLEST_NOISE)

    @property
    def agrees(self) -> bool:
        """Return whether the seeds explain the difference."""
        return abs(self.difference) <= self.noise


def compare(case: Case) -> Iterator[Comparison]:
    """Train a case as given and cured, and yield both comparisons.

    Parameters
    ----------
    case : Case
        With measurements of three seeds.

    Yields
    ------
    Comparison
        For each version that the document measured.
    """
    versions = {"as_given": case}
    if case.is_repairable:
        versions["with_known_good_fix"] = case.cured()
    for version, trained in versions.items():
        measured = case.measured.get(version, {})
        for name in ("val_balanced_accuracy", "val_r2"):
            if name in measured:
                ours = tuple(measure(build_workload(trained, seed))[name] for seed in SEEDS)
                yield Comparison(case.id, version, tuple(measured[name]), ours)


def comparison_table(compared: Sequence[Comparison]) -> str:
    """Return the comparisons as a markdown table."""
    rows = [
        [
            found.case,
            found.version,
            " ".join(f"{value:.3f}" for value in found.theirs),
            " ".join(f"{value:.3f}" for value in found.ours),
            f"{found.difference:+.3f}",
            "yes" if found.agrees else "no",
        ]
        for found in compared
    ]
    return table(["case", "version", "document", "plain loop", "difference", "agrees"], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare every case of a document; return how many versions do not agree."""
    words = sys.argv[1:] if arguments is None else arguments
    torch.set_num_threads(1)
    cases = read_cases(Path(words[0]) if words else GIVEN_CASES)
    compared = [found for case in cases for found in compare(case)]
    sys.stdout.write(comparison_table(compared) + "\n")
    return sum(not found.agrees for found in compared)


if __name__ == "__main__":
    raise SystemExit(main())
