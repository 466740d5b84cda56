"""Many training labels are wrong."""

import math

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.drop_doubtful import DropDoubtful
from ml_training.core.remedies.smooth_labels import SmoothLabels

WORSE = 0.1  # of the rows; chosen: fewer wrong labels average out by themselves
SURE = 3.0  # standard errors; chosen: beside a tenth of the rows, rarely both by luck
FEWEST_HELD = 50  # chosen: a share to 7 points
FEWEST_ROWS = 100  # chosen: in fewer, fifteen neighbours are a seventh of everything


def detect(seen: Observations) -> Finding | None:
    """Find training labels that fit their neighbours worse than validation labels do.

    Notes
    -----
    A hard task and wrong labels look alike within training. They differ in what the
    same neighbours say about validation rows: those of a hard task are as hard there.
    """
    known = [s.signals for s in seen.history.scores if "agreement" in s.signals]
    if not known or known[-1]["n_held"] < FEWEST_HELD or seen.data.n_rows < FEWEST_ROWS:
        return None
    own, held, n_held = (known[-1][k] for k in ("agreement", "agreement_held", "n_held"))
    error = math.sqrt(
        own * (1 - own) / max(seen.data.n_rows, 1) + held * (1 - held) / max(n_held, 1.0)
    )
    if not held - own > max(WORSE, SURE * error):
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"agreement": own, "agreement_held": held, "n_held": n_held},
        message=f"Similar training rows predict {held:.0%} of the validation labels but only "
        f"{own:.0%} of the training labels: many of those must be wrong, and the network has "
        "begun to learn them by heart.",
    )


PROBLEM = Problem(
    key="label_noise",
    title="Wrong labels",
    stages=("epoch",),
    explanation=(
        "Networks learn what is true of many rows first and single rows by heart later. "
        "With many wrong labels the second phase undoes the first: training keeps "
        "improving while validation gets worse."
    ),
    sources=(
        "Arpit et al. (2017), A closer look at memorization in deep networks, ICML",
        "Northcutt, Jiang, Chuang (2021), Confident learning, JAIR 70",
    ),
    thresholds=(
        Threshold("share of labels that fit worse", WORSE, "chosen: see file"),
        Threshold("standard errors", SURE, "chosen: see file"),
        Threshold("validation rows", FEWEST_HELD, "chosen: see file"),
        Threshold("training rows", FEWEST_ROWS, "chosen: see file"),
    ),
    detect=detect,
    remedies=(DropDoubtful(), SmoothLabels()),
    watch_epochs=3.0,
    advice="Check how the labels were made, and whether they belong to their rows.",
    needs=frozenset({"answers"}),
)
