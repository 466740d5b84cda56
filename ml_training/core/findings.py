"""Words of diagnosis: findings, changes, trials, and how problems are declared."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

from ml_training.core.history import Observations
from ml_training.core.state import TrainingState

Severity = Literal["info", "warning", "critical"]
Stage = Literal["before", "batch", "epoch", "after"]
Verdict = Literal["helped", "no_effect", "harmed"]
Start = Literal["last_good", "here", "beginning"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Report one occurrence of a problem.

    Parameters
    ----------
    problem : str
        Key of the problem.
    severity : str
        ``"info"``, ``"warning"`` or ``"critical"``.
    epoch, step : int
        Where the run stood.
    evidence : mapping of str to float
        The numbers that gave rise to it.
    message : str
        One or two sentences for a trader.
    """

    problem: str
    severity: Severity
    epoch: int
    step: int
    evidence: Mapping[str, float]
    message: str

    @property
    def is_alarm(self) -> bool:
        """Tell whether it is more than information."""
        return self.severity != "info"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "evidence": dict(self.evidence)}


@dataclass(frozen=True, kw_only=True)
class Change:
    """Say what a remedy changed.

    Parameters
    ----------
    what : str
        Name of what was changed: a knob, ``"learning_rate"``, ``"treatments"``, ...
    before, after : object
        Its value, JSON-able.
    sentence : str
        The same for people.
    """

    what: str
    before: Any
    after: Any
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Compare two branches at equal steps on the judging rows.

    Parameters
    ----------
    loss_without, loss_with : float
        Mean loss of the branch that was not repaired and of the repaired one.
    score_without, score_with : float
        Balanced accuracy, or R squared.
    tolerance : float
        Difference in loss that noise alone explains.
    n_rows : int
        Rows compared.
    is_independent : bool
        False when early stopping uses the same rows, for want of rows.
    score_tolerance : float
        Difference in score that noise alone explains; NaN where it is not known.
    """

    loss_without: float
    loss_with: float
    score_without: float
    score_with: float
    tolerance: float
    n_rows: int
    is_independent: bool
    score_tolerance: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Report one remedy that was tried, and what came of it.

    Parameters
    ----------
    problem, remedy : str
        Keys.
    change : Change
        What was done.
    epoch, step : int
        Where the finding was made.
    from_step, to_step : int
        The steps both branches took.
    verdict : str
        ``"helped"``, ``"no_effect"`` or ``"harmed"``.
    effect : Effect
        With and without.
    kept : bool
        Whether training went on with it: when it helped, or made no difference and
        loses nothing (see `Remedy`).
    attempt, attempt_without : int
        Attempts of the history that hold the readings of both branches.
    seconds : float
        Time the trial took; never used in a decision.
    """

    problem: str
    remedy: str
    change: Change
    epoch: int
    step: int
    from_step: int
    to_step: int
    verdict: Verdict
    effect: Effect
    kept: bool
    attempt: int
    attempt_without: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


class Remedy(Protocol):
    """Treat a running training; only the medic calls it, and judges what it did.

    One that loses nothing may name, with a class attribute `free_for`, the problem for
    which it is kept even when its effect drowns in noise.
    """

    @property
    def key(self) -> str:
        """Return the name under which trials are reported."""

    @property
    def title(self) -> str:
        """Return what it does, in a few words."""

    @property
    def start(self) -> Start:
        """Return the moment the repaired branch starts from."""

    def objection(self, state: TrainingState) -> str:
        """Return why it cannot be applied to this state; empty when it can."""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Change the state and say what was changed."""


@dataclass(frozen=True)
class Threshold:
    """Name a number that decides, with the source of its value.

    Parameters
    ----------
    name : str
        What is compared.
    value : float
        The limit.
    source : str
        Paper, measurement, or ``"chosen: reason"``.
    """

    name: str
    value: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Declare a known ill: what it is, how it is seen, what may help.

    Parameters
    ----------
    key, title : str
        Its name for programs and for people.
    stages : tuple of str
        When `detect` is asked: ``"before"`` training, on the ``"batch"`` that crossed
        an alarm line, at the end of every ``"epoch"``, ``"after"`` the last.
    explanation : str
        What it is and why it hurts.
    sources : tuple of str
        Where to read about it.
    thresholds : tuple of Threshold
        The numbers that decide.
    detect : callable
        ``Observations -> Finding or None``; pure, touches numbers only.
    remedies : tuple of Remedy
        Mildest first.
    alarm_lines : callable or None
        ``Observations -> {signal: limit}``, asked a few times per epoch; a batch above
        a limit, or not finite, has `detect` asked. Keeps watching every batch cheap.
    watch_epochs : float
        How long, in epochs, both branches of a trial run on after the finding.
    advice : str
        What a person can do when no remedy helps.
    needs : frozenset of str
        Names of `probes.EPOCH_PROBES` to measure at the end of every epoch.
    rank : int
        Place in the order of the problems before training; each is asked when those
        before it have been treated, since one ill looks like another.
    refuses : bool
        True when a critical finding means that the data cannot be learned from.
    is_judged_balanced : bool
        True when all classes count the same in the verdict on its remedies.
    is_always_treated : bool
        True when its treatment is in place from the first step, found or not.
    extends : bool
        True lets repaired branches run on past the end of the plan, for problems that
        are only seen there.
    yields : bool
        True for what cannot kill a run by itself: when the untreated branch dies, that
        is treated first, and this one asked about again.
    is_cured : callable or None
        ``Observations -> bool``, asked on a repaired branch; None asks `detect`.
    """

    key: str
    title: str
    stages: tuple[Stage, ...]
    explanation: str
    sources: tuple[str, ...]
    thresholds: tuple[Threshold, ...]
    detect: Callable[[Observations], Finding | None]
    remedies: tuple[Remedy, ...] = ()
    alarm_lines: Callable[[Observations], Mapping[str, float]] | None = None
    watch_epochs: float = 2.0
    advice: str = ""
    needs: frozenset[str] = frozenset()
    rank: int = 50
    refuses: bool = False
    is_judged_balanced: bool = False
    is_always_treated: bool = False
    extends: bool = False
    yields: bool = False
    is_cured: Callable[[Observations], bool] | None = None

    def is_worth_a_trial(self, state: TrainingState) -> bool:
        """Tell whether there is more to try than what was in place from the start."""
        if not self.is_always_treated:
            return bool(self.remedies)
        return any(_may_help(remedy, state) for remedy in self.remedies)


def _may_help(remedy: Remedy, state: TrainingState) -> bool:
    try:
        return not remedy.objection(state)
    except Exception:  # the trial of it will say what is wrong
        return True
