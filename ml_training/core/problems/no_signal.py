"""The features say nothing about the answer."""

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations

SURE = 2.5  # standard errors; measured: weak signals of 55 % on 2,800 rows show 4 to 6
LEARNED = 0.03  # of the naive loss; measured: the best epoch on noise gains 0.003 by luck
LEARNED_SURE = 1.5  # standard errors; chosen: beside such a gain
TRACE = 1.5  # standard errors; chosen: what validation gains, training shows a trace of
FEWEST_ROWS = 200  # chosen: among fewer an AUC of 0.6 is not visible at three errors
FEWEST_HELD = 50  # chosen: fewer validation rows cannot tell anything


def detect(seen: Observations) -> Finding | None:
    """Find data from which neither the network nor simple methods learn anything.

    Notes
    -----
    A low score is no proof: a weak signal has one too, and so has a network that fails.
    All must agree: the network does not beat guessing on validation, and neither a
    line, a smooth function nor neighbours tell training targets beyond chance. A
    network fitted to noise can gain by luck, since a slope in any direction goes with
    the right one or against it: what validation gains, training must show a trace of.
    """
    known = [s.signals for s in seen.history.scores if "known_line" in s.signals]
    if not known or known[-1]["n_held"] < FEWEST_HELD or seen.data.n_rows < FEWEST_ROWS:
        return None
    best = max(known[-1][f"known_{name}"] for name in ("line", "bends", "near"))
    is_held = best >= TRACE and known[-1]["known_held"] >= SURE
    if best >= SURE or is_held or _has_learned(seen, best):
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="critical",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "line": known[-1]["known_line"],
            "bends": known[-1]["known_bends"],
            "neighbours": known[-1]["known_near"],
            "gain": max(s.signals.get("gain", 0.0) for s in seen.history.scores),
        },
        message=f"After {len(seen.history.scores)} epochs validation is no better than "
        "guessing, and neither a line, a bend nor similar rows predict the answer beyond "
        "chance. There is nothing in these features to learn; what training gains is "
        "learned by heart.",
    )


def _has_learned(seen: Observations, best: float) -> bool:
    """Tell whether some epoch gained on validation what training shows a trace of."""
    return best >= TRACE and any(
        s.signals.get("gain", 0.0) >= LEARNED and s.signals["gain_errors"] >= LEARNED_SURE
        for s in seen.history.scores
    )


PROBLEM = Problem(
    key="no_signal",
    title="Nothing to learn",
    stages=("epoch",),
    explanation=(
        "When the features have nothing to do with the answer, a network can only learn "
        "the training rows by heart. The training loss falls, and every prediction on new "
        "rows is worth less than the base rate."
    ),
    sources=(
        "Zhang et al. (2017), Understanding deep learning requires rethinking generalization",
        "Ojala, Garriga (2010), Permutation tests for studying classifier performance, JMLR 11",
    ),
    thresholds=(
        Threshold("standard errors of simple methods", SURE, "chosen: see file"),
        Threshold("share of the naive loss gained", LEARNED, "chosen: see file"),
        Threshold("standard errors of that gain", LEARNED_SURE, "chosen: see file"),
        Threshold("standard errors of a trace in training", TRACE, "chosen: see file"),
        Threshold("training rows", FEWEST_ROWS, "chosen: see file"),
        Threshold("validation rows", FEWEST_HELD, "chosen: see file"),
    ),
    detect=detect,
    advice="Check that labels belong to their rows; then look for other features or rules.",
    needs=frozenset({"answers"}),
    refuses=True,
)
