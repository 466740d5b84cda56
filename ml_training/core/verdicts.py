"""Tell whether a repaired branch did better than one left alone, or only seems to."""

import numpy as np

from ml_training.core.arrays import Floats
from ml_training.core.findings import Verdict
from ml_training.core.scores import Evaluation

STANDARD_ERRORS = 1.645  # chosen: one false "helped" in twenty when a remedy does nothing
FAR_FROM_NAIVE = 10.0  # chosen: raw regression targets start a few times above guessing
MOST_SWINGS = 1.5  # times the noise of the rows; chosen: see `measure_tolerance`
WORTHLESS = 2.0  # times guessing; chosen: whatever its noise, such a branch has lost
RUINED = 2.0  # times the tolerance; chosen: beyond doubt, for scores are coarse
RUINED_SCORE = 0.05  # chosen: smaller losses of score may be worth a better loss
LEAST_GAIN = 0.005  # of the loss; chosen: smaller gains are not worth a treatment
NORMAL_MEDIAN = 1.4826  # deviation over median absolute value of a normal variable


def judge(
    loss_without: float,
    loss_with: float,
    *,
    tolerance: float,
    naive_loss: float = float("nan"),
    must_learn: bool = False,
) -> Verdict:
    """Return what a difference in loss says, given the noise.

    It is no merit to be less absurd, or just alive beside a dead branch: what helped
    must also be within reach of guessing, where the loss of guessing is known. With
    `must_learn` it must beat guessing: the other branch may have died of another ill.

    Examples
    --------
    >>> judge(0.70, 0.60, tolerance=0.05)
    'helped'
    >>> judge(0.70, 0.68, tolerance=0.05)
    'no_effect'
    >>> judge(0.60, float("nan"), tolerance=0.0)
    'harmed'
    >>> judge(float("nan"), 1e9, tolerance=0.0, naive_loss=0.69)
    'no_effect'
    >>> judge(1e23, 0.5, tolerance=1e24, naive_loss=0.69)
    'helped'
    >>> judge(float("nan"), 0.7, tolerance=0.0, naive_loss=0.69, must_learn=True)
    'no_effect'
    """
    without = loss_without if np.isfinite(loss_without) else float("inf")
    if not np.isfinite(loss_with):
        return "harmed" if np.isfinite(without) else "no_effect"
    if must_learn and not np.isfinite(without) and loss_with >= naive_loss:
        return "no_effect"
    if loss_with < naive_loss and without > WORTHLESS * naive_loss:
        return "helped"  # the errors of absurd losses are absurd themselves
    if loss_with > without + tolerance:
        return "harmed"
    is_absurd = loss_with > FAR_FROM_NAIVE * naive_loss
    return "helped" if loss_with < without - tolerance and not is_absurd else "no_effect"


def epoch_noise(losses: np.ndarray) -> float:
    """Return the standard deviation of epoch losses around their local trend.

    References
    ----------
    Gasser, Sroka, Jennen-Steinmetz (1986), Residual variance and residual pattern in
    nonlinear regression: second differences cancel a linear trend.
    """
    bends = np.abs(np.diff(losses, n=2))
    return float(np.median(bends)) * NORMAL_MEDIAN / np.sqrt(6.0) if len(bends) else 0.0


def paired_error(without: np.ndarray, with_: np.ndarray) -> float:
    """Return the standard error of the mean difference, row by row."""
    if without.shape != with_.shape or len(without) < 2:
        return 0.0
    difference = with_ - without
    if not np.isfinite(difference).all():
        return 0.0
    return float(difference.std(ddof=1) / np.sqrt(len(difference)))


def measure_tolerance(untreated: Evaluation, treated: Evaluation, epoch_losses: Floats) -> float:
    """Return the difference of losses that chance explains: of rows, of one epoch.

    Parameters
    ----------
    untreated, treated : Evaluation
        Of the best models of both branches, on the same rows.
    epoch_losses : array
        Validation losses of the last epochs, in the units of the evaluations.
    """
    of_rows = STANDARD_ERRORS * paired_error(untreated.parts, treated.parts)
    of_epochs = epoch_noise(epoch_losses[np.isfinite(epoch_losses)])
    if of_rows > 0:  # swings are the ill itself; the best epochs differ by less
        of_epochs = min(of_epochs, MOST_SWINGS * of_rows)
    least = LEAST_GAIN * abs(untreated.loss) if np.isfinite(untreated.loss) else 0.0
    return max(of_rows, of_epochs, least)


def measure_score_tolerance(untreated: Evaluation, treated: Evaluation) -> float:
    """Return the difference of scores that chance explains; NaN for values."""
    if untreated.hits is None or treated.hits is None:
        return float("nan")
    return STANDARD_ERRORS * paired_error(untreated.hits, treated.hits)


def is_score_better(untreated: Evaluation, treated: Evaluation) -> bool:
    """Tell whether a lower loss comes with a score that is better beyond doubt.

    A log loss hangs on the few rows that are told most wrongly; that clearly more rows
    are told rightly counts as well, when the loss does not contradict it.
    """
    gain, error = treated.score - untreated.score, measure_score_tolerance(untreated, treated)
    return treated.loss < untreated.loss and gain > error > 0


def is_score_ruined(untreated: Evaluation, treated: Evaluation) -> bool:
    """Tell whether a lower loss was bought with a score that is certainly worse.

    A loss that rewards wrong answers, by its sign or by weights of zero, falls best
    when nothing is told rightly any more.
    """
    loss, error = untreated.score - treated.score, measure_score_tolerance(untreated, treated)
    return loss > max(RUINED * error, RUINED_SCORE)
