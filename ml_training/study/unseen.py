"""All that was said of setups before their outcome was known, and what came of it."""

from dataclasses import dataclass

import numpy as np

from ml_training.data.labelled import LabelledSet
from ml_training.evaluation.metrics import CalibrationCurve, draw_calibration_curve
from ml_training.evaluation.outcomes import Outcomes, Predictions
from ml_training.evaluation.slices import SliceScore, name_years, score_slices
from ml_training.evaluation.trading import Equity, draw_equity
from ml_training.study.blocks import as_outcomes
from ml_training.study.result import Study


@dataclass(frozen=True, eq=False, kw_only=True)
class Unseen:
    """Hold the setups a verdict rests on.

    Attributes
    ----------
    measured_on : str
        `walk_forward`, or `test` without one.
    """

    measured_on: str
    block: LabelledSet
    outcomes: Outcomes
    said: Predictions

    def draw_calibration(self) -> CalibrationCurve:
        """Return promised against observed win rates."""
        return draw_calibration_curve(self.outcomes.y, self.said.p)

    def draw_equity(self) -> Equity:
        """Return what the taken setups, and all of them, made over time."""
        return draw_equity(self.outcomes.t1, self.outcomes.r, self.said.taken)

    def score_slices(self) -> dict[str, tuple[SliceScore, ...]]:
        """Return the scores per symbol, timeframe and year."""
        block = self.block
        keys = {
            "symbol": block.symbol,
            "timeframe": block.timeframe,
            "year": name_years(block.t0),
        }
        return {name: score_slices(key, self.outcomes, self.said) for name, key in keys.items()}


def find_unseen(study: Study) -> Unseen:
    """Return the setups of the walk-forward, or of the test block without one."""
    walk = study.walked.found
    if walk is not None:
        n, m = len(study.dataset), len(walk.outcomes)
        block = study.dataset.take(np.arange(n - m, n))
        return Unseen(
            measured_on="walk_forward", block=block, outcomes=walk.outcomes, said=walk.said
        )
    block, p = study.blocks.test, study.served.predict_proba(study.blocks.test.X)
    said = Predictions(
        p=p,
        taken=p >= study.served.threshold,
        base_rate=np.full(len(block), float(study.blocks.train.y.mean())),
        fold=np.zeros(len(block), dtype=np.int64),
        threshold=study.served.threshold,
    )
    return Unseen(measured_on="test", block=block, outcomes=as_outcomes(block), said=said)


def describe_unseen(study: Study) -> dict[str, object]:
    """Return curves, slices and the walk-forward in the names of the interface."""
    unseen, walk = find_unseen(study), study.walked.found
    curve, equity = unseen.draw_calibration(), unseen.draw_equity()
    return {
        "calibration_curve": {
            "promised": curve.promised.tolist(),
            "observed": curve.observed.tolist(),
            "count": curve.count.tolist(),
            "ece": curve.error,
            "measured_on": unseen.measured_on,
        },
        "equity": {**equity.as_dict(), "measured_on": unseen.measured_on},
        "walk_forward": None if walk is None else walk.as_dict(),
        "walk_forward_note": study.walked.note,
        "stretches": None if study.stretches is None else study.stretches.as_dict(),
        "slices": {
            name: [one.as_dict() for one in scores]
            for name, scores in unseen.score_slices().items()
        },
    }
