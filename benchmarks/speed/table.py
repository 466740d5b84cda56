"""The figures of the speed benchmark as tables for a terminal."""

from typing import Any


def describe(results: dict[str, Any]) -> str:
    """Return all tables, and who was not there."""
    parts = [
        "Overhead of watching every batch, per step:",
        describe_overhead(results["by_batch_size"]),
        "",
        "Whole runs, microseconds per step after the first epoch | end to end:",
        describe_runs(results["whole_runs"]),
    ]
    if results["not_installed"]:
        names = ", ".join(results["not_installed"])
        parts += ["", f"Not installed, left out: {names} (see requirements-bench.txt)."]
    return "\n".join(parts)


def describe_overhead(by_batch: dict[str, Any]) -> str:
    """Return a line for every batch size."""
    levels = list(next(iter(by_batch.values()))["overhead"])
    lines = [f"{'batch':>6} {'bare':>8} " + " ".join(f"{level:>20}" for level in levels)]
    for size, found in by_batch.items():
        cells = [
            f"{found['us_per_step'][w]:>9.0f} us {found['overhead'][w]['median']:>+7.1%}"
            for w in levels
        ]
        bare = f"{found['us_per_step']['bare']:>5.0f} us"
        lines.append(f"{size:>6} {bare} " + " ".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines)


def describe_runs(by_batch: dict[str, Any]) -> str:
    """Return a line for everyone, with how many times as long as ours in brackets."""
    names = next(iter(by_batch.values()))["us_per_step"]
    lines = [f"{'':<24} " + " ".join(f"{'batch ' + size:>27}" for size in by_batch)]
    for name in names:
        cells = [cell_of(found, name) for found in by_batch.values()]
        lines.append(f"{name:<24} " + " ".join(f"{cell:>27}" for cell in cells))
    return "\n".join(lines)


def cell_of(found: dict[str, Any], name: str) -> str:
    """Return both times of one contestant, each with its ratio to ours."""
    parts = []
    for times, ratios in (
        ("us_per_step", "ours_is_faster_by"),
        ("us_per_step_end_to_end", "ours_is_faster_end_to_end_by"),
    ):
        parts.append(f"{found[times][name]:.0f} ({found[ratios].get(name, 1.0):.2f}x)")
    return " | ".join(parts)
