"""The verdict: may a trader put money on this model, in words and with the evidence."""

from dataclasses import asdict, dataclass

from ml_training.evaluation.bounds import (
    LEAK_AUC,
    LEAK_AUC_LOW,
    MAX_P,
    MIN_EFFECTIVE,
    MIN_TAKEN,
)
from ml_training.evaluation.circumstances import Circumstances, Coverage
from ml_training.evaluation.outcomes import Evaluation
from ml_training.evaluation.significance import deflate
from ml_training.evaluation.wording import (
    exceeds_luck,
    list_doubts,
    list_evidence,
    propose_next_steps,
    put_into_words,
)

TITLES = {
    "not_enough_data": "NOT ENOUGH DATA",
    "no_edge": "NO EDGE FOUND",
    "ranks_but_does_not_pay": "RANKS, BUT DOES NOT PAY AFTER COSTS",
    "edge_uncertain": "EDGE, UNCERTAIN",
    "edge_stable": "EDGE, STABLE",
    "suspected_leak": "SUSPECTED LEAK",
}


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


ORDINARY = Circumstances()


def judge(
    test: Evaluation, coverage: Coverage, circumstances: Circumstances = ORDINARY
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
    ranking must be lucky (p <= 0.025) *and* the taken setups must have paid, so that an
    edge is to be expected in fewer than 2.5 % of runs.
    """
    key = _choose_rung(test, circumstances)
    return Verdict(
        key=key,
        sentence=put_into_words(key, test, circumstances),
        evidence=list_evidence(test, circumstances),
        next_steps=propose_next_steps(key, test, coverage),
    )


def _choose_rung(test: Evaluation, circumstances: Circumstances) -> str:
    if circumstances.leak_found or (not circumstances.is_synthetic and _is_too_good(test)):
        return "suspected_leak"
    if test.auc is None or test.n_effective < MIN_EFFECTIVE:
        return "not_enough_data"
    if not _ranks(test, circumstances):
        return "no_edge"
    if test.taken.n < MIN_TAKEN or test.taken.expectancy_r <= 0:
        return "ranks_but_does_not_pay"
    return "edge_uncertain" if list_doubts(test, circumstances) else "edge_stable"


def _is_too_good(test: Evaluation) -> bool:
    return test.auc is not None and test.auc.value > LEAK_AUC and test.auc.low > LEAK_AUC_LOW


def _ranks(test: Evaluation, circumstances: Circumstances) -> bool:
    """Tell whether the ranking is more than luck by both yardsticks.

    The rotation knows runs in time but not that pairs move together; the rule of thumb
    knows the number of independent setups but not their order.
    """
    if test.auc is None or not exceeds_luck(test.auc.value, test.n_effective):
        return False
    return deflate(test.p_value, circumstances.n_openings) <= MAX_P
