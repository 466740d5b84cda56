"""Tell the training as it goes: a line per epoch, a block per finding."""

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

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
from ml_training.core.history import EpochScore
from ml_training.core.problems import PROBLEMS
from ml_training.core.report import REASONS, describe_trial
from ml_training.core.settings import TrainSettings
from ml_training.study import page
from ml_training.study.announce import tell_model
from ml_training.study.progress import Listen, Progress
from ml_training.study.transfer import TransferPlan

EVERY = 10
"""Epochs between two lines that the finished report keeps (first document)."""

LARGE_LOSS = 1000.0
"""From here on losses are written as powers of ten; chosen: lines fit the page."""

FIRST, LAST = -1, sys.maxsize
"""Where blocks stand that belong to no epoch."""


@dataclass(eq=False)
class Narrator:
    """Turn engine events into progress for a listener and lines for the report.

    Attributes
    ----------
    plan, settings : TransferPlan, TrainSettings
        What steps 4 and 5 announce.
    listen : callable
        Hears every piece of progress; the clock serves the ETA only.
    blocks : list of (int, list of str)
        What the finished report keeps of steps 4 and 5, with the epoch it belongs to.
    """

    plan: TransferPlan
    settings: TrainSettings
    listen: Listen
    clock: Callable[[], float] = time.monotonic
    blocks: list[tuple[int, list[str]]] = field(default_factory=list)
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
            trying = page.say(f"Trying: {event.title}", indent="    ")
            self.listen(Progress(step=5, lines=tuple(trying)))
        elif isinstance(event, RunEnded):
            self._end(event)
        else:
            self._tell_block(event)

    def memory(self) -> dict[str, Any]:
        """Return what the story needs to go on elsewhere, as JSON."""
        return {"blocks": self.blocks, "max_epochs": self._max_epochs}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Go on with the story of a run that was interrupted.

        Parameters
        ----------
        memory : mapping
            From `memory`, maybe read back from JSON.
        """
        self.blocks = [(epoch, list(lines)) for epoch, lines in memory["blocks"]]
        self._max_epochs = memory["max_epochs"]
        self._has_started, self._started_at = True, self.clock()

    def write_story(self, scores: Sequence[EpochScore]) -> list[str]:
        """Return steps 4 and 5 for the finished report; they hold no times.

        Parameters
        ----------
        scores : sequence of EpochScore
            Of the epochs that count in the end: a branch that a trial has undone is
            told by its trial.
        """
        shown = [
            (score.epoch, [self._describe_epoch(score)])
            for score in scores
            if score.epoch == 0 or (score.epoch + 1) % EVERY == 0 or score is scores[-1]
        ]
        ordered = sorted([*self.blocks, *shown], key=lambda block: block[0])
        return [line for _, lines in ordered for line in lines]

    def _start(self, event: RunStarted | None) -> None:
        self._has_started, self._started_at = True, self.clock()
        self._max_epochs = event.max_epochs if event else 0
        self._tell(tell_model(self.plan, event), epoch=FIRST, step=4)
        settings = _describe_settings(event, self.settings) if event else []
        self._tell([*page.announce(5), *settings], epoch=FIRST)

    def _end_epoch(self, event: EpochEnded) -> None:
        score, done = event.score, event.score.epoch + 1
        elapsed = self.clock() - self._started_at
        eta_s = elapsed / done * (self._max_epochs - done)
        live = f"{self._describe_epoch(score):<65} ETA {_duration(eta_s)}"
        self.listen(
            Progress(step=5, lines=(live,), done=done, total=self._max_epochs, eta_s=eta_s)
        )

    def _describe_epoch(self, score: EpochScore) -> str:
        return (
            f"{page.INDENT}Epoch {score.epoch + 1:>3}/{self._max_epochs}"
            f"  train loss {_loss(score.train_loss)}"
            f"  validation loss {_loss(score.validation_loss)}{' *' if score.is_best else ''}"
        )

    def _tell_block(self, event: Event) -> None:
        match event:
            case FindingMade():
                self._tell(_describe_finding(event.finding), epoch=event.finding.epoch)
            case TrialJudged():
                told = page.mark("Tried:", describe_trial(event.trial), indent="    ")
                self._tell(told, epoch=event.trial.epoch)
            case ProblemUnresolved():
                self._tell(page.mark(page.ALERT, event.message), epoch=event.epoch)
            case PartFailed():
                told = page.mark(page.ALERT, f"{event.part} was left out: {event.message}")
                self._tell(told, epoch=event.epoch)
            case _:
                pass

    def _end(self, event: RunEnded) -> None:
        if not self._has_started:  # refused before anything was built
            self._start(None)
        reason = REASONS.get(event.stopped_because, event.stopped_because)
        if not event.n_epochs:
            told = page.mark(page.ALERT, f"Training did not run: {reason}")
            self._tell(told, epoch=LAST)
            return
        best = (
            f"best weights restored, of epoch {event.best_epoch + 1} "
            f"(validation loss {event.best_loss:.4f})"
            if math.isfinite(event.best_loss)
            else "no epoch could be used"
        )
        told = page.mark(page.OK, f"Ended after epoch {event.n_epochs} because {reason}; {best}")
        self._tell(told, epoch=LAST)

    def _tell(self, lines: list[str], *, epoch: int, step: int = 5) -> None:
        self.blocks.append((epoch, lines))
        self.listen(Progress(step=step, lines=tuple(lines)))


def _describe_settings(event: RunStarted, settings: TrainSettings) -> list[str]:
    optimizer = settings.optimizer if isinstance(settings.optimizer, str) else "custom"
    return [
        *page.pair(
            "Settings",
            f"{optimizer}, learning rate {settings.learning_rate:.6f}, batch size "
            f"{event.batch_size}, at most {event.max_epochs} epochs, device "
            f"{_name_device(settings.device)}, seed {settings.seed}",
        ),
        *page.say("* marks the best validation loss so far", indent=page.INDENT),
    ]


def _describe_finding(finding: Finding) -> list[str]:
    title = PROBLEMS[finding.problem].title if finding.problem in PROBLEMS else finding.problem
    where = f"epoch {finding.epoch + 1}, step {finding.step}, {finding.severity}"
    return [
        *page.mark(page.ALERT, f"{title.upper()} ({where})"),
        *page.mark("Seen:", finding.message, indent="    "),
    ]


def _name_device(device: str) -> str:
    """Return the device that `auto` comes to, by the rule of the engine."""
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _loss(loss: float) -> str:
    return f"{loss:.4f}" if loss < LARGE_LOSS else f"{loss:.1e}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
