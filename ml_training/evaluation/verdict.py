"""The verdict: may a trader put money on this model, in words and with the evidence."""

from dataclasses import asdict, dataclass

from ml_training.evaluation.bounds import MAX_P, MIN_EFFECTIVE, MIN_TAKEN
from ml_training.evaluation.circumstances import Circumstances, Coverage
from ml_training.evaluation.evidence import (
    earns,
    is_too_good,
    list_doubts,
    list_evidence,
)
from ml_training.evaluation.outcomes import Evaluation
from ml_training.evaluation.significance import deflate
from ml_training.evaluation.wording import propose_next_steps, put_into_words

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
        Synthetic market, earlier openings, other leak checks, and the walk-forward.

    Returns
    -------
    Verdict
        The first rung whose condition holds: leak, data, ranking, money, stability.

    Notes
    -----
    Where the procedure was walked forward, the verdict rests on all it said of setups
    it had not seen: four times the test block, and so half the luck. One series of
    predictions is judged, whichever models made it, so nothing is picked from several.

    Accuracy plays no part: on these data it equals the majority class. On noise the
    ranking must be lucky (p <= 0.025) *and* the taken setups must have earned, so that
    an edge is claimed in fewer than 5 % of runs. More yardsticks here would hide more
    true edges than false ones: they are doubts, and keep an edge from being stable.
    """
    found = circumstances.choose(test)
    key = _choose_rung(test, found, circumstances)
    return Verdict(
        key=key,
        sentence=put_into_words(key, test, circumstances),
        evidence=list_evidence(test, circumstances),
        next_steps=propose_next_steps(key, found, coverage),
    )


def _choose_rung(test: Evaluation, found: Evaluation, circumstances: Circumstances) -> str:
    is_leaking = not circumstances.is_synthetic and (is_too_good(found) or is_too_good(test))
    if circumstances.leak_found or is_leaking:
        return "suspected_leak"
    if found.auc is None or found.n_effective < MIN_EFFECTIVE:
        return "not_enough_data"
    if circumstances.serves_nothing or not _ranks(found, circumstances):
        return "no_edge"
    if found.taken.n < MIN_TAKEN or not earns(found):
        return "ranks_but_does_not_pay"
    return "edge_uncertain" if list_doubts(test, circumstances) else "edge_stable"


def _ranks(found: Evaluation, circumstances: Circumstances) -> bool:
    """Tell whether luck seldom ranks so well, by rotations and by calendar blocks."""
    if found.auc is None or found.auc.value <= 0.5:
        return False
    return deflate(found.p_value, circumstances.n_openings) <= MAX_P
