"""What a run says while it goes on; one callable hears all of it."""

from collections.abc import Callable
from dataclasses import dataclass

from ml_training.core.findings import Finding, Trial
from ml_training.core.history import EpochScore, Reading


@dataclass(frozen=True, kw_only=True)
class RunStarted:
    """Announce a run and its size."""

    task: str
    n_rows: int
    n_validation_rows: int
    n_features: int
    n_parameters: int
    batch_size: int
    max_epochs: int
    planned_steps: int
    step_budget: int
    layer_names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BatchesRead:
    """Hand out the readings of some batches: at the end of an epoch, or before a turn.

    Trials report theirs as well: `is_trial` tells, `attempt` says which.
    """

    attempt: int
    is_trial: bool
    readings: tuple[Reading, ...]


@dataclass(frozen=True, kw_only=True)
class EpochEnded:
    """Report what an epoch came to, in training or in a trial."""

    attempt: int
    is_trial: bool
    score: EpochScore
    n_epochs_since_best: int


@dataclass(frozen=True, kw_only=True)
class FindingMade:
    """Report a problem the moment it is seen."""

    finding: Finding


@dataclass(frozen=True, kw_only=True)
class TrialStarted:
    """Announce that a remedy is being tried."""

    problem: str
    remedy: str
    title: str
    epoch: int
    step: int


@dataclass(frozen=True, kw_only=True)
class TrialJudged:
    """Report what came of a trial."""

    trial: Trial


@dataclass(frozen=True, kw_only=True)
class HistoryRewound:
    """Say that what came after `to_step` is hidden and a new attempt begins."""

    from_step: int
    to_step: int
    attempt: int


@dataclass(frozen=True, kw_only=True)
class BranchShown:
    """Say that the readings of an earlier attempt count again: a trial was undone."""

    attempt: int
    step: int


@dataclass(frozen=True, kw_only=True)
class ProblemUnresolved:
    """Say that no remedy helped, once for each problem."""

    problem: str
    epoch: int
    step: int
    message: str


@dataclass(frozen=True, kw_only=True)
class PartFailed:
    """Say that a detector, remedy, schedule or listener raised and was left out."""

    part: str
    message: str
    epoch: int
    step: int


@dataclass(frozen=True, kw_only=True)
class RunEnded:
    """Report how the run ended."""

    status: str
    stopped_because: str
    n_steps: int
    n_epochs: int
    best_epoch: int
    best_loss: float
    best_score: float


Event = (
    RunStarted
    | BatchesRead
    | EpochEnded
    | FindingMade
    | TrialStarted
    | TrialJudged
    | HistoryRewound
    | BranchShown
    | ProblemUnresolved
    | PartFailed
    | RunEnded
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Say how far a run had come, and how much of it was told, when it was saved.

    A run that goes on from there tells what comes after: whoever keeps its events drops
    those beyond `n_events` first.

    Parameters
    ----------
    n_events : int
        Events since the beginning, `RunStarted` included.
    n_readings, n_scores : int
        Batches and epochs told of, in all attempts and trials.
    n_findings, n_trials : int
        Told of.
    attempt, epoch, step : int
        Where the run stands.
    n_steps : int
        Taken in all attempts.
    """

    n_events: int
    n_readings: int
    n_scores: int
    n_findings: int
    n_trials: int
    attempt: int
    epoch: int
    step: int
    n_steps: int


Emit = Callable[[Event], None]
ShouldStop = Callable[[], bool]
SaveState = Callable[[bytes, Place], None]


def say_nothing(event: Event) -> None:
    """Listen to an event and do nothing."""


def keep_nothing(run: object) -> None:
    """Look at a run that could be saved, and do not save it."""


def always() -> bool:
    """Return True: every state may be saved."""
    return True


def never() -> bool:
    """Return False: nobody asks the run to stop."""
    return False
