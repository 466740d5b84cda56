"""The same rows appear again and again."""

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.drop_copies import DropCopies

MANY = 0.05  # of the rows; chosen: fewer copies weigh less than one batch in twenty
CONTRADICTING = 0.01  # of the rows; chosen: below it they are part of the label noise
BY_CHANCE = 0.01  # of the rows; chosen: rows of few possible values repeat honestly
SHARED = 0.2  # of the validation rows; chosen: moves a score by more than its noise


def detect(seen: Observations) -> Finding | None:
    """Find rows that contradict their own copies, or that validation shares.

    Notes
    -----
    Tables of a few categories repeat honestly: what counts is only what chance does not
    explain. Copies with one and the same answer only weigh more, as someone may intend.
    """
    copies, n_rows = seen.data.copies, seen.data.n_rows
    n_held = seen.data.shift.n_validation if seen.data.shift is not None else 0
    shared = copies.n_shared / max(n_held, 1)
    is_honest = copies.n_expected > BY_CHANCE * n_rows
    contradicts = (
        copies.n_repeats > MANY * n_rows and copies.n_contradicting > CONTRADICTING * n_rows
    )
    if is_honest or not (contradicts or shared > SHARED):
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "repeats": copies.n_repeats / n_rows,
            "contradicting": copies.n_contradicting / n_rows,
            "shared": shared,
            "expected": copies.n_expected / n_rows,
        },
        message=f"{copies.n_repeats} of {n_rows} training rows repeat an earlier one, "
        f"{copies.n_contradicting} of them with another answer; {shared:.0%} of the "
        "validation rows occur in training.",
    )


PROBLEM = Problem(
    key="duplicate_rows",
    title="Repeated rows",
    stages=("before",),
    explanation=(
        "A row that appears fifty times counts fifty times; if its answer is wrong, that "
        "error outvotes the honest rows around it. A copy in validation is an exam "
        "whose questions were known before."
    ),
    sources=("Barz, Denzler (2020), Do we train on test data? J. Imaging 6",),
    thresholds=(
        Threshold("rows that repeat others", MANY, "chosen: see file"),
        Threshold("copies with another answer", CONTRADICTING, "chosen: see file"),
        Threshold("repeats that chance explains", BY_CHANCE, "chosen: see file"),
        Threshold("validation rows known to training", SHARED, "chosen: see file"),
    ),
    detect=detect,
    remedies=(DropCopies(),),
    watch_epochs=5.0,
    advice="Look for a join or an import that ran twice.",
    rank=15,
)
