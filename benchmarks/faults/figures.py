"""The figures of the bar, computed from rows."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.faults.effects import (
    Plain,
    by_case_and_seed,
    effect_of,
    example_among,
    mean,
    useful,
)
from benchmarks.faults.rows import Row
from benchmarks.faults.runs import Run
from benchmarks.faults.schema import Case

NOISE_Z = 2.0  # chosen: one run in fifty goes beyond it by chance
SMALLEST_HARM = 0.01  # chosen: half a standard error of 600 unseen rows
SHORT_PLAN_STEPS = 1_667  # engine.md: plans below may use 5,000 steps, more than three times
BAR = {
    "alarm_rate": (">=", 0.95),
    "false_alarm_rate": ("<=", 0.0),
    "fair_label_rate": (">=", 0.90),
    "repaired_rate": (">=", 0.90),
    "harmful_repairs": ("<=", 0),
    "refusal_rate": (">=", 1.0),
    "caught_in_a_batch_rate": (">=", 1.0),
    "caught_in_an_epoch_rate": (">=", 1.0),
    "time_ratio_median": ("<=", 1.5),
    "time_ratio_max_long_plans": ("<=", 3.0),
    "crashes": ("<=", 0),
}


def share(runs: Sequence[Run], holds: Callable[[Run], bool]) -> float | None:
    """Return for which share of runs something holds; None without runs."""
    return sum(holds(run) for run in runs) / len(runs) if runs else None


def test_spread(runs: Iterable[Run]) -> dict[str, float]:
    """Return per case how far the test score of the plain loop varies between seeds."""
    scores = defaultdict(list)
    for run in runs:
        if run.row["contestant"] == "plain" and run.row.get("test_score") is not None:
            scores[run.case.id].append(run.row["test_score"])
    return {key: float(np.std(np.clip(values, -1, None))) for key, values in scores.items()}


def is_harmed(run: Run, spread: Mapping[str, float]) -> bool:
    """Return whether an accepted repair left the test score worse beyond noise."""
    gain, error = run.row.get("test_gain"), run.row.get("test_gain_error")
    if not run.kept_trials or gain is None or error is None:
        return False
    noise = math.hypot(error, math.sqrt(2) * spread.get(run.case.id, 0.0))
    return bool(gain < -max(NOISE_Z * noise, SMALLEST_HARM))


def quantiles(values: Iterable[float | None], *which: float) -> list[float | None]:
    """Return quantiles of what is known, None for each when nothing is."""
    known = [value for value in values if value is not None]
    return [float(np.quantile(known, q)) if known else None for q in which]


def engine_figures(runs: Sequence[Run], spread: Mapping[str, float]) -> dict[str, Any]:
    """Return the figures of the bar for the runs of one contestant.

    Parameters
    ----------
    runs : sequence of Run
        Of ``fit`` or ``watch``.
    spread : mapping
        Per case, from `test_spread`.

    Returns
    -------
    dict
        Rates between 0 and 1, counts, and None where no run could tell.
    """
    ended = [run for run in runs if not run.has_crashed]
    faulty = [run for run in ended if not run.case.is_healthy]
    healthy = [run for run in ended if run.case.is_healthy]
    repairable = [run for run in faulty if run.case.is_repairable]
    alarmed = [run for run in faulty if run.alarms]
    struck = [run for run in faulty if run.strikes_a_batch]
    later = [run for run in faulty if run.strikes_later]
    repaired = [run for run in ended if run.kept_trials]
    treated = [run for run in ended if run.row.get("trials")]
    ratios = [run.time_ratio for run in treated]
    long_plans = [
        run.time_ratio for run in treated if run.row["planned_steps"] >= SHORT_PLAN_STEPS
    ]
    return {
        "n_faulty": len(faulty),
        "n_healthy": len(healthy),
        "n_repairable": len(repairable),
        "alarm_rate": share(faulty, lambda run: bool(run.alarms)),
        "false_alarm_rate": share(healthy, lambda run: bool(run.alarms)),
        "false_alarms": sum(bool(run.alarms) for run in healthy),
        "fair_label_rate": share(alarmed, lambda run: bool(run.fair_alarms)),
        "first_alarm_fair_rate": share(alarmed, lambda r: r.alarms[0] in r.fair_alarms),
        "repaired_rate": share(repairable, lambda run: run.reaches_good_score),
        "healthy_kept_rate": share(healthy, lambda run: run.reaches_good_score),
        "n_treated": len(treated),
        "n_with_accepted_repairs": len(repaired),
        "harmful_repairs": sum(is_harmed(run, spread) for run in repaired),
        "n_unfixable": sum(run.case.unfixable for run in faulty),
        "refusal_rate": share(
            [r for r in faulty if r.case.unfixable], lambda r: r.is_refused_in_words
        ),
        "n_struck": len(struck),
        "caught_in_a_batch_rate": share(struck, lambda run: run.is_caught),
        "n_struck_later": len(later),
        "caught_in_an_epoch_rate": share(later, lambda run: run.is_caught),
        "time_ratio_median": quantiles(ratios, 0.5)[0],
        "time_ratio_max": quantiles(ratios, 1.0)[0],
        "time_ratio_max_long_plans": quantiles(long_plans, 1.0)[0],
        "healthy_time_ratio_median": quantiles((run.time_ratio for run in healthy), 0.5)[0],
        "crashes": len(runs) - len(ended),
    }


def rival_figures(runs: Sequence[Run]) -> dict[str, Any]:
    """Return what every contestant can be measured by.

    Parameters
    ----------
    runs : sequence of Run
        Of one contestant.

    Returns
    -------
    dict
        ``success_rate``: share of repairable and healthy runs that end at 95 % of the
        known good score or above, a crash is no success; ``hands_off_rate``: share of
        *all* runs that succeed, or say that they cannot; scores are cut at zero; times
        are over the plain loop beside each run, *to best* until the weights that are
        handed over were reached.
    """
    counted = [run for run in runs if run.case.is_healthy or run.case.is_repairable]
    faulty = [run for run in counted if not run.case.is_healthy]
    healthy = [run for run in counted if run.case.is_healthy]
    return {
        "n_runs": len(counted),
        "n_all_runs": len(runs),
        "success_rate": share(counted, lambda run: run.reaches_good_score),
        "success_rate_faulty": share(faulty, lambda run: run.reaches_good_score),
        "success_rate_healthy": share(healthy, lambda run: run.reaches_good_score),
        "hands_off_rate": share(runs, lambda run: run.needs_nobody),
        "mean_score": mean_score(counted, "val_score"),
        "mean_score_faulty": mean_score(faulty, "val_score"),
        "mean_score_healthy": mean_score(healthy, "val_score"),
        "mean_test_score": mean_score(counted, "test_score"),
        "seconds_per_success": seconds_per_success(counted),
        "seconds": sum(run.row.get("seconds", 0.0) for run in runs),
        "time_ratio_median": quantiles((run.time_ratio for run in runs), 0.5)[0],
        "time_to_best_median": quantiles((run.time_to_best for run in runs), 0.5)[0],
        "time_ratio_sum": sum_over_plain(runs, "seconds"),
        "time_to_best_sum": sum_over_plain(runs, "seconds_to_best"),
        "crashes": sum(run.has_crashed for run in runs),
    }


def mean_score(runs: Sequence[Run], name: str) -> float | None:
    """Return a mean score; a run that was to have one and has none counts as zero."""
    scores = [useful(run.row.get(name)) for run in runs if run.has_score(name)]
    return mean(scores)


def seconds_per_success(runs: Sequence[Run]) -> float | None:
    """Return the CPU time of all runs together for each one that succeeded."""
    n_good = sum(run.reaches_good_score for run in runs)
    return sum(run.row.get("seconds", 0.0) for run in runs) / n_good if n_good else None


def sum_over_plain(runs: Sequence[Run], name: str) -> float | None:
    """Return the time of all runs together over that of the plain loops beside them."""
    both = [run.row for run in runs if run.row.get(name) and run.row.get("plain_seconds")]
    plain = sum(row["plain_seconds"] for row in both)
    return sum(row[name] for row in both) / plain if both else None


def by_problem(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Return the faulty runs that ended by the problem that was expected."""
    groups: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        if not run.case.is_healthy and not run.has_crashed:
            groups[str(run.case.expected_symptom)].append(run)
    return {problem: groups[problem] for problem in sorted(groups)}


def one_problem(runs: Sequence[Run], plain: Plain) -> dict[str, Any]:
    """Return the figures of the runs that share an expected problem."""
    repairable = [run for run in runs if run.case.is_repairable]
    alarmed = [run for run in runs if run.alarms]
    named = Counter(run.alarms[0]["problem"] for run in alarmed)
    remedies = Counter(trial["remedy"] for run in runs for trial in run.kept_trials)
    return {
        "n_runs": len(runs),
        "alarm_rate": share(runs, lambda run: bool(run.alarms)),
        "fair_label_rate": share(alarmed, lambda run: bool(run.fair_alarms)),
        "n_repairable": len(repairable),
        "repaired_rate": share(repairable, lambda run: run.reaches_good_score),
        "first_alarms": dict(named.most_common(3)),
        "kept_remedies": dict(remedies.most_common(3)),
        "time_ratio_median": quantiles((run.time_ratio for run in runs), 0.5)[0],
        **effect_of(runs, plain),
    }


def join(cases: Iterable[Case], rows: Iterable[Row]) -> list[Run]:
    """Return the rows that belong to the cases as they are now."""
    known = {(case.id, case.digest): case for case in cases}
    return [
        Run(known[row["case"], row["digest"]], row)
        for row in rows
        if (row["case"], row["digest"]) in known
    ]


def compute_figures(cases: Sequence[Case], rows: Iterable[Row]) -> dict[str, Any]:
    """Return all figures of one benchmark.

    Parameters
    ----------
    cases : sequence of Case
        What was run.
    rows : iterable of dict
        From `rows.run_case`.

    Returns
    -------
    dict
        ``contestants``; ``engine``, ``problems`` and ``examples`` of ``fit``; ``watch``
        when it ran.
    """
    runs = join(cases, rows)
    spread = test_spread(runs)
    by_name: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_name[run.row["contestant"]].append(run)
    figures: dict[str, Any] = {
        "contestants": {name: rival_figures(by_name[name]) for name in sorted(by_name)}
    }
    if "fit" in by_name:
        figures["engine"] = engine_figures(by_name["fit"], spread)
        groups, plain = by_problem(by_name["fit"]), by_case_and_seed(runs)
        figures["problems"] = {name: one_problem(groups[name], plain) for name in groups}
        told = {name: example_among(groups[name], plain) for name in groups}
        figures["examples"] = {name: story for name, story in told.items() if story}
    if "watch" in by_name:
        figures["watch"] = engine_figures(by_name["watch"], spread)
    return figures


def misses(cases: Sequence[Case], rows: Iterable[Row]) -> list[str]:
    """Return one line for every run of ``fit`` that falls short of the bar."""
    runs = join(cases, rows)
    spread = test_spread(runs)
    lines = []
    for run in sorted(runs, key=lambda run: (run.case.id, run.row["seed"])):
        if run.row["contestant"] == "fit":
            lines += [
                f"{run.case.id} seed {run.row['seed']}: {why}" for why in shortfalls(run, spread)
            ]
    return lines


def shortfalls(run: Run, spread: Mapping[str, float]) -> list[str]:
    """Return in words where a run falls short."""
    if run.has_crashed:
        return [f"crashed at {run.row['raised_at']}: {run.row['crashed']}"]
    named = ", ".join(dict.fromkeys(found["problem"] for found in run.alarms)) or "none"
    case, score, good = run.case, run.row.get("val_score"), run.good_score
    checks = (
        (case.is_healthy and bool(run.alarms), f"false alarm: {named}"),
        (case.is_healthy and not run.reaches_good_score, f"score {score}, plain {good}"),
        (not case.is_healthy and not run.alarms, f"no alarm, expected {case.expected_symptom}"),
        (bool(run.alarms) and not case.is_healthy and not run.fair_alarms,
         f"unfair label {named}, expected {case.expected_symptom}"),
        (case.is_repairable and not run.reaches_good_score,
         f"score {score}, known good {good}, kept {[t['remedy'] for t in run.kept_trials]}"),
        (case.unfixable and not run.is_refused_in_words, f"not refused: {run.row.get('status')}"),
        (run.strikes_a_batch and not run.is_caught, f"not caught at {run.row['fault_step']}"),
        (is_harmed(run, spread), f"worse on unseen rows by {run.row.get('test_gain')}"),
    )  # fmt: skip
    return [why for is_short, why in checks if is_short]
