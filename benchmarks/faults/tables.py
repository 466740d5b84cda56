"""Figures as markdown tables, for people and for the documentation."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.faults.figures import BAR

TITLES = {
    "alarm_rate": "faulty runs with an alarm",
    "false_alarm_rate": "healthy runs with an alarm",
    "fair_label_rate": "fair label among alarms",
    "first_alarm_fair_rate": "first alarm has a fair label",
    "repaired_rate": "repairable runs at 95 % of the known good score",
    "healthy_kept_rate": "healthy runs at 95 % of their own score",
    "harmful_repairs": "accepted repairs that cost test score",
    "refusal_rate": "unrepairable runs refused in words",
    "caught_in_a_batch_rate": "poisoned batches caught within one batch",
    "caught_in_an_epoch_rate": "jumps of the rate and broken runs caught within one epoch",
    "time_ratio_median": "time of a treated run over the plain loop, median",
    "time_ratio_max_long_plans": "the same, largest, plans of 1,667 steps or more",
    "time_ratio_max": "the same, largest, all plans",
    "healthy_time_ratio_median": "time of a healthy run over the plain loop, median",
    "crashes": "crashes",
}


def cell(name: str, value: Any) -> str:
    """Return a value as people read it."""
    if value is None:
        return "-"
    if name.endswith("_rate") or name.startswith("success_rate"):
        return f"{100 * value:.1f} %"
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value)


def meets(name: str, value: Any) -> str:
    """Return whether a figure meets the bar, in a word."""
    if name not in BAR or value is None:
        return ""
    sign, limit = BAR[name]
    return "yes" if (value >= limit if sign == ">=" else value <= limit) else "no"


def bar_of(name: str) -> str:
    """Return the bar of a figure as people read it."""
    return f"{BAR[name][0]} {cell(name, BAR[name][1])}" if name in BAR else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def engine_table(figures: Mapping[str, Any]) -> str:
    """Return the bar and what was reached."""
    engine = figures["engine"]
    rows = [
        [title, bar_of(name), cell(name, engine[name]), meets(name, engine[name])]
        for name, title in TITLES.items()
    ]
    counts = (
        f"{engine['n_faulty']} faulty runs ({engine['n_repairable']} repairable, "
        f"{engine['n_unfixable']} not), {engine['n_healthy']} healthy runs, "
        f"{engine['n_treated']} treated, {engine['n_with_accepted_repairs']} of them with "
        "accepted repairs."
    )
    return counts + "\n\n" + table(["figure", "bar", "reached", "met"], rows)


def problem_table(figures: Mapping[str, Any]) -> str:
    """Return what was seen and repaired, per expected problem."""
    rows = []
    for problem, found in figures["problems"].items():
        named = ", ".join(f"{name} {n}" for name, n in found["first_alarms"].items())
        kept = ", ".join(f"{name} {n}" for name, n in found["kept_remedies"].items())
        rows.append(
            [
                f"`{problem}`",
                str(found["n_runs"]),
                *(cell(name, found[name]) for name in ("alarm_rate", "fair_label_rate")),
                cell("repaired_rate", found["repaired_rate"]),
                named or "-",
                kept or "-",
            ]
        )
    head = ["expected", "runs", "alarm", "fair label", "repaired", "first alarms", "kept remedies"]
    return table(head, rows)


def contestant_table(figures: Mapping[str, Any]) -> str:
    """Return how the contestants compare on all runs that can succeed."""
    names = (
        "n_runs", "success_rate", "success_rate_faulty", "success_rate_healthy",
        "mean_score_faulty", "time_ratio_median", "crashes",
    )  # fmt: skip
    head = ["who", "runs", "success", "on faulty", "on healthy", "mean score on faulty",
            "time over plain, median", "crashes"]  # fmt: skip
    rows = [
        [who, *(cell(name, found[name]) for name in names)]
        for who, found in figures["contestants"].items()
    ]
    return table(head, rows)


def all_tables(figures: Mapping[str, Any]) -> str:
    """Return every table there is something for."""
    parts = []
    if "engine" in figures:
        parts += [engine_table(figures), problem_table(figures)]
    return "\n\n".join([*parts, contestant_table(figures)])
