"""What repairing changed, beside the loop that repairs nothing, per problem."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.faults.runs import Run

MOST_TOLD = 6  # chosen: as many trials as a reader follows; the rest is counted
Plain = Mapping[tuple[str, int], Run]


def by_case_and_seed(runs: Sequence[Run]) -> dict[tuple[str, int], Run]:
    """Return the runs of the plain loop by what they trained."""
    return {
        (run.case.id, run.row["seed"]): run for run in runs if run.row["contestant"] == "plain"
    }


def useful(score: float | None) -> float:
    """Return a score cut at zero: below, and without one, all are as useless."""
    return max(score or 0.0, 0.0)


def mean(values: Sequence[float]) -> float | None:
    """Return the mean; None without values."""
    return float(np.mean(values)) if values else None


def effect_of(runs: Sequence[Run], plain: Plain) -> dict[str, Any]:
    """Return mean scores without repairs, with them, and of the known good.

    Parameters
    ----------
    runs : sequence of Run
        Of the engine, all with one expected problem.
    plain : mapping
        From `by_case_and_seed`.

    Returns
    -------
    dict
        Over the same runs three times; None where there are none.
    """
    pairs = [(run, plain.get((run.case.id, run.row["seed"]))) for run in runs]
    both = [
        (run, beside)
        for run, beside in pairs
        if beside is not None and run.case.is_repairable and run.good_score is not None
    ]
    return {
        "n_cases": len({run.case.id for run in runs}),
        "score_without": mean([useful(beside.row.get("val_score")) for _, beside in both]),
        "score_with": mean([useful(run.row.get("val_score")) for run, _ in both]),
        "score_known_good": mean([useful(run.good_score) for run, _ in both]),
    }


def example_among(runs: Sequence[Run], plain: Plain) -> dict[str, Any] | None:
    """Return the story of one run: of those that were cured, the one in the middle.

    Parameters
    ----------
    runs : sequence of Run
        Of the engine, all with one expected problem.
    plain : mapping
        From `by_case_and_seed`.

    Returns
    -------
    dict or None
        The run whose gain is the median of those that were cured, or when none was, of
        those that were noticed; None when nobody noticed anything.
    """
    told = [run for run in runs if run.fair_alarms and (run.case.id, run.row["seed"]) in plain]
    cured = [run for run in told if run.kept_trials and run.reaches_good_score]
    chosen = cured or told
    if not chosen:
        return None
    ranked = sorted(chosen, key=lambda run: (gain_of(run, plain), run.case.id, run.row["seed"]))
    return {**story_of(ranked[len(ranked) // 2], plain), "is_cured": bool(cured)}


def gain_of(run: Run, plain: Plain) -> float:
    """Return how much better a run scored than the plain loop beside it."""
    beside = plain[run.case.id, run.row["seed"]]
    return useful(run.row.get("val_score")) - useful(beside.row.get("val_score"))


def story_of(run: Run, plain: Plain) -> dict[str, Any]:
    """Return one run as it was told, with the scores before and after."""
    trials = [trial["told"] for trial in run.row["trials"]]
    more = len(trials) - MOST_TOLD
    named = [f for f in run.fair_alarms if f["problem"] == run.case.expected_symptom]
    return {
        "case": run.case.id,
        "seed": run.row["seed"],
        "fault": str(run.case.notes.get("fault", "as in the case file")),
        "message": (named or run.fair_alarms)[0]["message"],
        "told": [*trials[:MOST_TOLD], *([f"and {more} more"] if more > 0 else [])],
        "status": run.row["status"],
        "before": plain[run.case.id, run.row["seed"]].row.get("val_score"),
        "after": run.row.get("val_score"),
        "known_good": run.good_score,
    }
