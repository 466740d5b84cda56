"""The parts of the benchmark, each callable alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.verdicts import choices, leaks, noise, planted, pvalues, real, scale, speed
from benchmarks.verdicts.rows import JUDGED, Case, Row


@dataclass(frozen=True)
class Part:
    """Hold what a part does.

    Attributes
    ----------
    options : tuple of str
        Which of `runs`, `seeds` and `models` its cases depend on.
    list_cases, run_case, summarise : callable
        Plan, one run, and the figures of all.
    tell : callable
        One run in a line.
    packages : tuple of str
        Of the product: rows are done again when one of them changes.
    """

    options: tuple[str, ...]
    list_cases: Callable[..., list[Case]]
    run_case: Callable[[Case], Row]
    summarise: Callable[[Sequence[Row]], dict[str, Any]]
    tell: Callable[[Row], str]
    packages: tuple[str, ...] = JUDGED


def tell_study(row: Row) -> str:
    """Return how a study ended."""
    case = " ".join(str(value) for value in row["case"].values())
    auc = row.get("test", {}).get("auc")
    return f"{case}: {row['verdict']}, {row.get('served')}, AUC {auc}, {row['cpu_s']} s"


def tell_leak(row: Row) -> str:
    """Return which leak was looked for, and what was named."""
    case = " ".join(str(value) for value in row["case"].values())
    return f"{case}: planted {row['planted']}, named {', '.join(row['named']) or 'nothing'}"


PARTS = {
    "noise": Part(
        ("runs", "models"), noise.list_cases, noise.run_case, noise.summarise, tell_study
    ),
    "planted": Part(
        ("runs", "seeds", "models"),
        planted.list_cases,
        planted.run_case,
        planted.summarise,
        tell_study,
    ),
    "leaks": Part(
        ("runs",),
        leaks.list_cases,
        leaks.run_case,
        leaks.summarise,
        tell_leak,
        packages=("data", "evaluation"),
    ),
    "real": Part(("seeds",), real.list_cases, real.run_case, real.summarise, tell_study),
    "choices": Part(
        ("runs",), choices.list_cases, choices.run_case, choices.summarise, choices.tell
    ),
    "pvalues": Part(
        ("runs",),
        pvalues.list_cases,
        pvalues.run_case,
        pvalues.summarise,
        pvalues.tell,
        packages=("data", "evaluation"),
    ),
    "speed": Part(("seeds",), speed.list_cases, speed.run_case, speed.summarise, speed.tell),
    "scale": Part(
        ("runs",),
        scale.list_cases,
        scale.run_case,
        scale.summarise,
        scale.tell,
        packages=("data",),
    ),
}
"""In the order of the page."""
