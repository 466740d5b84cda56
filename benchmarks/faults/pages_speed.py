"""The figures of `benchmarks.engine_speed` as tables of a page."""

from collections.abc import Mapping
from typing import Any

from benchmarks.faults.tables import table

RIVALS = ("lightning", "skorch")  # issue 3: at least twice as fast per step as these


OVERHEAD_HEAD = """Median CPU time of a step in microseconds, and what watching every batch costs
beside a bare loop with the same fused optimizer:"""
RUNS_HEAD = """Whole runs, microseconds per step after the first epoch, and in brackets how many
times as long as `fit`:"""


def speed_table(figures: Mapping[str, Any]) -> str:
    """Return what watching costs, and whole runs beside those of other tools.

    Parameters
    ----------
    figures : mapping
        As `benchmarks.engine_speed` stores them.

    Returns
    -------
    str
        Two tables, with the bars and whether they are met; the second says so when it
        was not measured.
    """
    parts = [OVERHEAD_HEAD, overhead_table(figures), RUNS_HEAD, runs_table(figures)]
    missing = figures.get("not_installed")
    if missing:
        parts.append(f"Not installed, left out: {', '.join(missing)}.")
    return "\n\n".join(parts)


def overhead_table(figures: Mapping[str, Any]) -> str:
    """Return the overhead of every level of watching, with its bar."""
    sizes = figures["by_batch_size"]
    bars = figures["most_overhead"]
    bare = [f"{one['us_per_step']['bare']:.0f}" for one in sizes.values()]
    rows = [["bare loop", "", *bare, ""]]
    for name, most in bars.items():
        medians = [one["overhead"][name]["median"] for one in sizes.values()]
        times = [one["us_per_step"][name] for one in sizes.values()]
        cells = [f"{t:.0f} ({100 * m:+.1f} %)" for t, m in zip(times, medians, strict=True)]
        rows.append([name, f"<= {100 * most:.0f} %", *cells, met(max(medians) <= most)])
    return table(["watching", "bar", *(f"batch {size}" for size in sizes), "met"], rows)


def runs_table(figures: Mapping[str, Any]) -> str:
    """Return whole runs of everyone, with the bar for those who have one."""
    sizes = figures.get("whole_runs")
    if not sizes:
        return "Not measured yet."
    least = figures["least_gain"]
    rows = []
    for name in next(iter(sizes.values()))["us_per_step"]:
        gains = [one["ours_is_faster_by"].get(name) for one in sizes.values()]
        times = [one["us_per_step"][name] for one in sizes.values()]
        has_bar = name.lower().startswith(RIVALS) and None not in gains
        bar = [f">= {least:g} x", met(min(gains) >= least)] if has_bar else ["", ""]
        rows.append([name, bar[0], *map(time_and_gain, times, gains), bar[1]])
    return table(["who", "bar", *(f"batch {size}" for size in sizes), "met"], rows)


def time_and_gain(taken: float, gain: float | None) -> str:
    """Return a time per step and how many times as long as ours it is."""
    return f"{taken:.0f}" if gain is None else f"{taken:.0f} ({gain:.2f} x)"


def met(is_met: object) -> str:
    """Return whether a bar is met, in a word."""
    return "yes" if is_met else "no"
