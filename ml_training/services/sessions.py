"""What goes on around one training: who listens, who keeps it, who may end it."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from ml_training.models import TrainingRun
from ml_training.services.recorder import RunRecorder
from ml_training.services.resuming import Saver, find_state
from ml_training.study.page import fit_encoding
from ml_training.study.progress import Listen, Progress, ignore

if TYPE_CHECKING:
    from ml_training.core.events import Event, Place
    from ml_training.study.saving import Saving

TRAINING = 5  # the announced step


class TrainOptions(TypedDict, total=False):
    """What may be chosen about a run; None means the default."""

    epochs: int | None
    batch_size: int | None
    learning_rate: float | None
    device: str | None
    seed: int | None
    use_transfer_learning: bool | None
    progress: Callable[[Progress], None] | bool | None
    should_stop: Callable[[], bool] | None


class Session:
    """What goes on around one training: who listens, who keeps, who may end it."""

    def __init__(
        self,
        run: TrainingRun,
        options: TrainOptions,
        keep: Callable[[], None],
        saver: Saver | None = None,
    ) -> None:
        self.run = run
        self.options = options
        self.keep = keep
        self.saver = saver
        self.recorder = RunRecorder(run)
        self._listen = choose_listener(options)
        self._should_stop = options.get("should_stop") or (lambda: False)

    def listen(self, progress: Progress) -> None:
        """Hand on the announced steps."""
        self.keep()
        # While the network is trained, the engine's own events say more than a title.
        is_training = progress.step == TRAINING and not progress.doing
        self.recorder.tell("" if is_training else progress.title)
        self._listen(progress)

    def emit(self, event: "Event") -> None:
        """Record an event of the engine."""
        self.keep()
        self.recorder(event)

    def should_stop(self) -> bool:
        """Ask the caller."""
        self.keep()
        return self._should_stop()

    def choose_saving(self) -> "Saving | None":
        """Return how the training is kept; bring the recorder to where it goes on."""
        from ml_training.study.saving import Saving  # noqa: PLC0415 - imports torch

        if (saver := self.saver) is None:
            return None
        saver.complain = self.recorder.note_unsaved

        def save(state: bytes, place: "Place", story: Mapping[str, Any]) -> None:
            saver.save(
                state, lambda: {"recorder": self.recorder.memory(), "story": story}, place.epoch
            )

        saved = find_state(self.run)
        if saved is None:
            return Saving(save=save, wants=saver.wants)
        self.recorder.remember(saved.memory["recorder"])
        story = saved.memory["story"]
        return Saving(save=save, wants=saver.wants, state=saved.state, story=story)


def choose_listener(options: TrainOptions) -> Listen:
    """Return who hears the announced steps, as the options say."""
    progress = options.get("progress")
    if callable(progress):
        return progress
    return write_lines if progress else ignore


def write_lines(progress: Progress) -> None:
    """Write what was told to standard output."""
    for line in progress.lines:
        sys.stdout.write(fit_encoding(line, sys.stdout.encoding) + "\n")
    sys.stdout.flush()
