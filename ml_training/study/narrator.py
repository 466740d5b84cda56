"""Tell the training as it goes: a line per epoch, a block per finding."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ml_training.core.events import (
    EpochEnded,
    Event,
    FindingMade,
    PartFailed,
    ProblemUnresolved,
    RunEnded,
    RunStarted,
    TrialJudged,
    TrialStarted,
)
from ml_training.core.findings import Finding
from ml_training.core.problems import PROBLEMS
from ml_training.core.report import REASONS, describe_trial
from ml_training.core.settings import TrainSettings
from ml_training.study import page
from ml_training.study.announce import tell_model
from ml_training.study.progress import Listen, Progress
from ml_training.study.transfer import TransferPlan

EVERY = 10
"""Epochs between two lines that the finished report keeps (first document)."""


@dataclass(eq=False)
class Narrator:
    """Turn engine events into progress for a listener and lines for the report.

    Attributes
    ----------
    plan, settings : TransferPlan, TrainSettings
        What steps 4 and 5 announce.
    listen : callable
        Hears every piece of progress; the clock serves the ETA only.
    lines : list of str
        What the finished report keeps of steps 4 and 5; holds no times.
    """

    plan: TransferPlan
    settings: TrainSettings
    listen: Listen
    clock: Callable[[], float] = time.monotonic
    lines: list[str] = field(default_factory=list)
    _started_at: float = 0.0
    _max_epochs: int = 0
    _has_started: bool = False

    def __call__(self, event: Event) -> None:
        """Take one engine event; those without words pass in silence."""
        if isinstance(event, RunStarted):
            self._start(event)
        elif isinstance(event, EpochEnded):
            if not event.is_trial:
                self._end_epoch(event)
        elif isinstance(event, TrialStarted):
            self._tell(page.say(f"Trying: {event.title}", indent="    "), is_kept=False)
        elif isinstance(event, RunEnded):
            self._end(event)
        elif lines := _describe(event):
            self._tell(lines)

    def tell_missing_start(self) -> None:
        """Announce step 4 when the engine refused before it started."""
        if not self._has_started:
            self._tell(tell_model(self.plan, None), step=4)

    def _start(self, event: RunStarted) -> None:
        self._has_started, self._started_at = True, self.clock()
        self._max_epochs = event.max_epochs
        self._tell(tell_model(self.plan, event), step=4)
        self._tell([*page.announce(5), *_describe_settings(event, self.settings)])

    def _end_epoch(self, event: EpochEnded) -> None:
        score, done = event.score, event.score.epoch + 1
        elapsed = self.clock() - self._started_at
        eta_s = elapsed / done * (self._max_epochs - done)
        line = (
            f"{page.INDENT}Epoch {done:>3}/{self._max_epochs}  train loss {score.train_loss:.4f}"
            f"  validation loss {score.validation_loss:.4f}{' *' if score.is_best else '  '}"
        )
        if done == 1 or done % EVERY == 0:
            self.lines.append(line.rstrip())
        live = f"{line}  at most {_duration(eta_s)} left"
        self.listen(
            Progress(step=5, lines=(live,), done=done, total=self._max_epochs, eta_s=eta_s)
        )

    def _end(self, event: RunEnded) -> None:
        reason = REASONS.get(event.stopped_because, event.stopped_because)
        if not event.n_epochs:
            self._tell(page.mark(page.ALERT, f"Training did not run: {reason}"))
            return
        best = (
            f"best weights restored, of epoch {event.best_epoch + 1} "
            f"(validation loss {event.best_loss:.4f})"
            if math.isfinite(event.best_loss)
            else "no epoch could be used"
        )
        self._tell(
            page.mark(page.OK, f"Ended after epoch {event.n_epochs} because {reason}; {best}")
        )

    def _tell(self, lines: list[str], *, step: int = 5, is_kept: bool = True) -> None:
        if is_kept:
            self.lines += lines
        self.listen(Progress(step=step, lines=tuple(lines)))


def _describe_settings(event: RunStarted, settings: TrainSettings) -> list[str]:
    optimizer = settings.optimizer if isinstance(settings.optimizer, str) else "custom"
    return [
        *page.pair(
            "Settings",
            f"{optimizer}, learning rate {settings.learning_rate:.6f}, batch size "
            f"{event.batch_size}, at most {event.max_epochs} epochs, device {settings.device}, "
            f"seed {settings.seed}",
        ),
        *page.say("* marks the best validation loss so far", indent=page.INDENT),
    ]


def _describe(event: Event) -> list[str]:
    """Return the block of an event that needs nothing but itself."""
    match event:
        case FindingMade():
            return _describe_finding(event.finding)
        case TrialJudged():
            return page.mark("Tried:", describe_trial(event.trial), indent="    ")
        case ProblemUnresolved():
            return page.mark(page.ALERT, event.message)
        case PartFailed():
            return page.mark(page.ALERT, f"{event.part} was left out: {event.message}")
        case _:
            return []


def _describe_finding(finding: Finding) -> list[str]:
    title = PROBLEMS[finding.problem].title if finding.problem in PROBLEMS else finding.problem
    where = f"epoch {finding.epoch + 1}, step {finding.step}, {finding.severity}"
    return [
        *page.mark(page.ALERT, f"{title.upper()} ({where})"),
        *page.mark("Seen:", finding.message, indent="    "),
    ]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(max(round(seconds), 0), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
