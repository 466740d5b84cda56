"""Everything a study found out, in one object."""

from collections.abc import Sequence
from dataclasses import dataclass

from ml_training.core.result import FitResult
from ml_training.data.labelled import LabelledSet
from ml_training.data.quality import Quality
from ml_training.evaluation.outcomes import Evaluation
from ml_training.evaluation.verdict import Verdict
from ml_training.study.blocks import Blocks
from ml_training.study.choosing import Choice
from ml_training.study.diagnostics import Area
from ml_training.study.pairs import FoundPair
from ml_training.study.serving import ServedModel
from ml_training.study.settings import StudySettings
from ml_training.study.stretches import Stretches
from ml_training.study.transferred import Transferred
from ml_training.study.walk_forward import Walked


@dataclass(frozen=True, eq=False, kw_only=True)
class Study:
    """Hold everything a study found out.

    Attributes
    ----------
    transfer : Transferred
        How the model starts, and what a base model gained.
    blocks : Blocks
        Train, validation and test along the calendar.
    fitted : FitResult
        The network with its findings and trials.
    choice : Choice
        Which candidate is served, and why.
    served : ServedModel
        That model, ready to score fresh setups.
    validation, test : tuple of Evaluation
        Every candidate on the block it was chosen on, and on the untouched one.
    verdict : Verdict
        Of the walk-forward, or of the served model on the test block without one.
    walked : Walked
        The walk-forward, or why there is none.
    pairs : tuple of FoundPair or None
        What tells more together than alone; None where that was not asked.
    stretches : Stretches or None
        How far the ranking differs between stretches of the market; judges nothing.
    areas : tuple of Area
        The diagnostics, one block per area.
    story : tuple of str
        Lines of the five announced steps; they hold no times.
    """

    settings: StudySettings
    dataset: LabelledSet
    quality: Quality
    transfer: Transferred
    blocks: Blocks
    fitted: FitResult
    choice: Choice
    served: ServedModel
    validation: tuple[Evaluation, ...]
    test: tuple[Evaluation, ...]
    verdict: Verdict
    walked: Walked
    pairs: tuple[FoundPair, ...] | None
    stretches: Stretches | None
    areas: tuple[Area, ...]
    story: tuple[str, ...]

    @property
    def served_test(self) -> Evaluation:
        """Return the served model's evaluation on the test block."""
        return find_evaluation(self.test, self.choice.name)

    @property
    def unseen(self) -> Evaluation:
        """Return what the verdict rests on: the walk-forward, or the test block."""
        return self.served_test if self.walked.found is None else self.walked.found.pooled

    @property
    def served_validation(self) -> Evaluation:
        """Return the served model's evaluation on the validation block."""
        return find_evaluation(self.validation, self.choice.name)


def find_evaluation(evaluations: Sequence[Evaluation], name: str) -> Evaluation:
    """Return the evaluation of the model of that name."""
    return next(one for one in evaluations if one.name == name)
