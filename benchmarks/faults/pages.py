"""What was measured, as sections of a page: the bar, the first figures, the rivals."""

import importlib
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.faults.pages_speed import speed_table
from benchmarks.faults.tables import all_tables, cell, table

RESULTS = Path(__file__).resolve().parents[1] / "results"
GROUPS = {
    "given": "public faulty and healthy configurations",
    "holdout": "our own generator, the holdout: data, networks and doses that no author of a "
    "detector has seen",
    "known": "our own generator, cases that were blind once and have been looked at since",
    "develop": "our own generator, the cases thresholds were calibrated on",
}
REPORTED = ("given", "holdout")  # what must stand on the page, measured or not
NOT_MEASURED = "Not measured yet."
WHO = {
    "plain": "the plain loop",
    "careful": "plain, with early stopping, clipping, best checkpoint",
    "lightning": "Lightning with its usual callbacks",
    "watch": "`fit`, repairs switched off",
    "fit": "`fit`",
}
FIRST_SHARE = 0.3  # the first document: 30 of 100 trainings fail
FIRST_FIGURES = (
    ("success, as the runs are mixed here", "70 -> 99 %", "success_rate"),
    ("success, if 30 of 100 runs were faulty", "70 -> 99 %", "success_rate_mixed"),
    ("success on faulty runs", "", "success_rate_faulty"),
    ("success on healthy runs", "", "success_rate_healthy"),
    ("mean validation score", "65 -> 78 %", "mean_score"),
    ("mean validation score, if 30 of 100 were faulty", "65 -> 78 %", "mean_score_mixed"),
    ("mean score on unseen rows", "", "mean_test_score"),
    ("CPU time until the best model, all runs, over plain", "a third less", "time_to_best_sum"),
    ("CPU time until it ends, all runs, over plain", "a third less", "time_ratio_sum"),
    ("CPU seconds of all runs for each that succeeds", "", "seconds_per_success"),
    ("runs that need nobody", "no manual hours", "hands_off_rate"),
    ("crashes", "", "crashes"),
)
FIRST_NOTES = """A run succeeds when it ends at 95 % of the score of the known good configuration
(a healthy run: of its own) or above; that is counted on repairable and healthy runs. Scores are
balanced accuracy or R squared, cut at zero; the engine chooses its repairs on validation rows, so
the score on unseen rows is the sterner one. A run needs nobody when it succeeds, or when it cannot
and says so: an alarm, and for what cannot be repaired a refusal in words. Times are sums of CPU
time over those of the plain loop beside each run; the plain loop ends with its last weights, so
its best model is there when it ends."""

BUSY = """`fit` and the plain loop beside it were timed last on a busy machine, the rivals before
that on a quiet one: the ratios compare, the seconds do not."""


NOTES = {
    "holdout": "The first run on these cases was blind: alarms on 97.7 % of the faulty runs, "
    "92.0 % repaired, no harm, 5 false alarms in 294 healthy runs, a median time of 1.58 and a "
    "largest one of 3.84. They are not blind any more, for three changes were made after "
    "seeing it: a plateau is not called while the rate warms up (2 of the 5), a straight "
    "network is only alarmed about when a curve names more classes rightly (the other 3), and "
    "no repair is begun that would leave the plan no time to end (the part of the budget that "
    "repairs may use follows from the slowest run here). None was tried out on these cases. "
    + BUSY,
    "given": BUSY,
}
"""What a reader must know about a group before reading its figures."""


def measured_sections(figures: Mapping[str, Any]) -> list[str]:
    """Return everything that was measured, section by section.

    Parameters
    ----------
    figures : mapping
        Of each group, from `benchmarks.faultbench`.

    Returns
    -------
    list of str
        The reported groups are there whether they were measured or not.
    """
    groups = [name for name in GROUPS if name in figures or name in REPORTED]
    return [
        first_section(figures),
        *(group_section(name, figures.get(name)) for name in groups),
        other_section("Faults planted in real candles", "planted"),
        other_section("Speed of a healthy run", "engine_speed"),
    ]


def group_section(name: str, figures: Mapping[str, Any] | None) -> str:
    """Return the tables of one group of cases, with date and command."""
    title = f"### {GROUPS[name][0].upper()}{GROUPS[name][1:]}"
    if figures is None:
        command = f"python -m benchmarks.faultbench --group {name} --seeds 0 1 2"
        return f"{title}\n\n{NOT_MEASURED} The command: `{command}`."
    notes = [NOTES[name]] if name in NOTES else []
    return "\n\n".join([title, origin_of(name, figures), *notes, all_tables(figures)])


def origin_of(name: str, figures: Mapping[str, Any]) -> str:
    """Return command, date, size and machine, and which runs are missing."""
    seeds = " ".join(str(seed) for seed in figures["seeds"])
    known = f"python -m benchmarks.faultbench --group {name} --seeds {seeds}"
    command = figures.get("command") or known
    parts = [f"`{command}`, {figures.get('date') or 'undated'}, {figures['cases']} cases"]
    machine = figures.get("machine")
    if machine:
        parts.append(f"torch {machine['torch']}, {machine['threads']} thread")
    missing = {who: n for who, n in (figures.get("missing_runs") or {}).items() if n}
    text = "; ".join(parts) + "."
    if missing:
        named = ", ".join(f"{WHO.get(who, who)}: {n}" for who, n in missing.items())
        text += f" Runs that are missing: {named}."
    return text


def first_section(figures: Mapping[str, Any]) -> str:
    """Return the honest counterparts of the figures in the first description."""
    head = (
        "### With and without repair\n\nThe first description of this system promised figures "
        "that were never measured. Their counterparts, on faulty and healthy runs together:"
    )
    parts = [first_table(name, figures[name]) for name in REPORTED if name in figures]
    return "\n\n".join([head, *(parts or [NOT_MEASURED]), *([FIRST_NOTES] if parts else [])])


def first_table(name: str, figures: Mapping[str, Any]) -> str:
    """Return one group's counterparts of the first figures, by contestant."""
    rivals = figures["contestants"]
    names = [who for who in WHO if who in rivals]
    mixed = {who: {**rivals[who], **mixed_figures(rivals[who])} for who in names}
    rows = [
        [title, promised or "-", *(reading(key, mixed[who].get(key)) for who in names)]
        for title, promised, key in FIRST_FIGURES
    ]
    counts = [f"{rivals[who]['n_runs']} of {rivals[who]['n_all_runs']}" for who in names]
    rows.append(["runs that can succeed, of all", "-", *counts])
    head = ["", "promised", *(WHO[who] for who in names)]
    return f"**{GROUPS[name][0].upper()}{GROUPS[name][1:]}:**\n\n" + table(head, rows)


def mixed_figures(found: Mapping[str, Any]) -> dict[str, float | None]:
    """Return success and score, weighed to the mix of the first description."""
    mixed: dict[str, float | None] = {}
    for key in ("success_rate", "mean_score"):
        faulty, healthy = found.get(f"{key}_faulty"), found.get(f"{key}_healthy")
        known = faulty is not None and healthy is not None
        mixed[f"{key}_mixed"] = (
            FIRST_SHARE * faulty + (1 - FIRST_SHARE) * healthy if known else None  # type: ignore[operator]
        )
    return mixed


def reading(key: str, value: Any) -> str:
    """Return a figure as people read it: shares and scores in per cent."""
    is_share = key.endswith(("_rate", "_mixed", "_score")) or "_rate_" in key
    return cell("a_rate" if is_share else key, value)


def other_section(title: str, module: str) -> str:
    """Return the table of another benchmark, from its stored figures.

    Parameters
    ----------
    title : str
        Of the section.
    module : str
        Of `benchmarks`; its ``table(figures)`` is asked when there is one.

    Returns
    -------
    str
        Says so when nothing was measured.
    """
    path = RESULTS / f"{module}.json"
    if not path.is_file():
        return f"### {title}\n\n{NOT_MEASURED}"
    figures = json.loads(path.read_text(encoding="utf-8"))
    name = f"benchmarks.{module}"
    found = importlib.import_module(name) if importlib.util.find_spec(name) else None
    write = getattr(found, "table", speed_table)
    text, command = write(figures), figures.get("command", "?")
    origin = f"`{command}`, {figures.get('date', 'undated')}."
    return "\n\n".join([f"### {title}", *([] if command in text else [origin]), text])
