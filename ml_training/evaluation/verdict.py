"""The verdict: may a trader put money on this model, in words and with the evidence."""

from dataclasses import asdict, dataclass
from math import ceil

from ml_training.evaluation.outcomes import Evaluation
from ml_training.evaluation.significance import NULL_AUC_SD, null_auc_sd

MIN_EFFECTIVE = 700.0
"""Effective out-of-sample setups below which no verdict is given: the AUC of a model that
knows nothing then strays by 0.65 / sqrt(700) = 0.025, half of what a real edge shows."""

LEAK_AUC = 0.60
"""Real candles with ordinary rules give 0.50 to 0.55 out of sample (measured, design
notes); more is a look into the future until proven otherwise."""

LEAK_AUC_LOW = 0.55
"""The alarm also needs the whole interval above what honest models reach, so that luck
on few setups raises none; from 700 effective setups on this changes nothing."""

MAX_P = 0.025
"""Of the ranking, one-sided, after deflation. Chosen: half of the 5 % that may be claimed
on noise; measured in tests/evaluation/test_noise.py."""

STABLE_P = 0.005
"""Of a stable edge; chosen: Benjamin et al. 2018 (Redefine statistical significance)."""

MIN_TAKEN = 30
"""Taken test setups below which their mean result is no evidence; chosen: the usual rule
of thumb for a mean of skewed values."""

STABLE_SIGMAS = 3.0
"""Distance of the AUC from 0.5 that settles an edge, in its own standard deviations."""

TITLES = {
    "not_enough_data": "NOT ENOUGH DATA",
    "no_edge": "NO EDGE FOUND",
    "ranks_but_does_not_pay": "RANKS, BUT DOES NOT PAY AFTER COSTS",
    "edge_uncertain": "EDGE, UNCERTAIN",
    "edge_stable": "EDGE, STABLE",
    "suspected_leak": "SUSPECTED LEAK",
}


@dataclass(frozen=True)
class Coverage:
    """Say what the setups came from, to put a need for more into words.

    Attributes
    ----------
    n_setups : int
        All labelled setups of the strategy, train to test.
    n_symbols : int
        Symbols they come from.
    years : float
        Length of the history they come from.
    """

    n_setups: int
    n_symbols: int
    years: float


@dataclass(frozen=True)
class Circumstances:
    """Hold what changes how the same figures are to be read.

    Attributes
    ----------
    is_synthetic : bool
        The market is made up, so a high AUC may be a planted edge and not a leak.
    n_openings : int
        How often this strategy's test block was opened, this time included: whoever
        tries often enough finds luck.
    leak_found : str
        What another check found, in words; empty when it found nothing.
    """

    is_synthetic: bool = False
    n_openings: int = 1
    leak_found: str = ""


@dataclass(frozen=True)
class Verdict:
    """Say what was found, on what evidence, and what to do next.

    Attributes
    ----------
    key : str
        One of `TITLES`.
    sentence : str
        For a trader, with numbers.
    evidence, next_steps : tuple of str
        One fact and one proposal each.
    """

    key: str
    sentence: str
    evidence: tuple[str, ...]
    next_steps: tuple[str, ...]

    @property
    def title(self) -> str:
        """Return the verdict as a headline."""
        return TITLES[self.key]

    @property
    def claims_edge(self) -> bool:
        """Tell whether an edge is claimed."""
        return self.key in {"edge_uncertain", "edge_stable"}

    def as_dict(self) -> dict[str, object]:
        """Return the verdict as a dictionary that JSON can hold."""
        stored = asdict(self)
        return {
            **stored,
            "title": self.title,
            "evidence": list(self.evidence),
            "next_steps": list(self.next_steps),
        }


def judge(
    test: Evaluation, coverage: Coverage, circumstances: Circumstances = Circumstances()
) -> Verdict:
    """Climb the ladder of verdicts for the model that would be served.

    Parameters
    ----------
    test : Evaluation
        Of that model on the test block, which was opened once.
    coverage : Coverage
        What all setups came from.
    circumstances : Circumstances
        Synthetic market, earlier openings, other leak checks.

    Returns
    -------
    Verdict
        The first rung whose condition holds: leak, data, ranking, money, stability.

    Notes
    -----
    Accuracy plays no part: on these data it equals the majority class. On noise the
    ranking must be lucky (p <= 0.025) *and* the taken setups must have paid, so an edge
    is claimed in fewer than 2.5 % of runs.
    """
    key = _choose_rung(test, circumstances)
    return Verdict(
        key=key,
        sentence=_SENTENCES[key](test, circumstances),
        evidence=tuple(_list_evidence(test, circumstances)),
        next_steps=tuple(_NEXT_STEPS[key](test, coverage)),
    )


def deflate(p_value: float | None, n_openings: int) -> float:
    """Return the p-value after several openings of the test block (Bonferroni).

    Examples
    --------
    >>> deflate(0.02, 3)
    0.06
    >>> deflate(None, 1)
    1.0
    """
    return 1.0 if p_value is None else min(1.0, p_value * max(n_openings, 1))


def _choose_rung(test: Evaluation, circumstances: Circumstances) -> str:
    if circumstances.leak_found or (not circumstances.is_synthetic and _is_too_good(test)):
        return "suspected_leak"
    if test.auc is None or test.n_effective < MIN_EFFECTIVE:
        return "not_enough_data"
    if not _ranks(test, circumstances):
        return "no_edge"
    if test.taken.n < MIN_TAKEN or test.taken.expectancy_r <= 0:
        return "ranks_but_does_not_pay"
    return "edge_stable" if _is_stable(test, circumstances) else "edge_uncertain"


def _is_too_good(test: Evaluation) -> bool:
    return test.auc is not None and test.auc.value > LEAK_AUC and test.auc.low > LEAK_AUC_LOW


def _ranks(test: Evaluation, circumstances: Circumstances) -> bool:
    """Tell whether the ranking is more than luck by both yardsticks.

    The rotation knows runs in time but not that pairs move together; the rule of thumb
    knows the number of independent setups but not their order.
    """
    if test.auc is None or test.auc.value - 0.5 < 1.96 * null_auc_sd(test.n_effective):
        return False
    return deflate(test.p_value, circumstances.n_openings) <= MAX_P


def _is_stable(test: Evaluation, circumstances: Circumstances) -> bool:
    return (
        deflate(test.p_value, circumstances.n_openings) <= STABLE_P
        and test.expectancy is not None
        and test.expectancy.low > 0
        and test.log_loss_skill > 0
        and all(half.auc is not None and half.auc > 0.5 for half in test.halves)
        and all(half.expectancy_r > 0 for half in test.halves)
    )
