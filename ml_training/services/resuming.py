"""Save a run where it could be interrupted, and find where it goes on.

A file holds all that the run needs: what its listeners remember as JSON, and the state
of the engine behind it. The row holds the hash; a file that has another one is left
out, and the one before it is taken.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ml_training.conf import read_conf
from ml_training.models import Checkpoint, TrainingRun
from ml_training.services.away import AWAY, forget_connections
from ml_training.services.checkpoints import (
    CheckpointError,
    delete_checkpoint,
    read_checkpoint,
    store_bytes,
)
from ml_training.services.leases import Halted, LeaseLostError, lease_of

logger = logging.getLogger(__name__)

N_KEPT = 3  # chosen: one may be damaged by whatever killed the run, two hardly
LENGTH_BYTES = 8
Memory = dict[str, Any]


@dataclass
class Drain:
    """Whether somebody wants the training to end here and go on elsewhere."""

    asked_at: float | None = None
    is_saving: bool = False
    clock: Callable[[], float] = time.monotonic
    patience_s: float = 6.0  # chosen: half of what the supervisor grants

    def ask(self) -> None:
        """Wish for the end, as soon as the state is saved."""
        self.asked_at = self.clock()

    def check(self) -> None:
        """End the training when that is wished, unless its state will be saved."""
        if self.asked_at is None:
            return
        if not self.is_saving or self.clock() - self.asked_at > self.patience_s:
            raise Halted("drained")


@dataclass(frozen=True)
class SavedState:
    """Where a run goes on."""

    state: bytes
    memory: Memory


@dataclass
class Saver:
    """Keep the newest states of a run, under its lease.

    What cannot be saved is told and logged, and training goes on: the state before it
    is good. `complain` hears why, once until a state is saved again.
    """

    run: TrainingRun
    drain: Drain = field(default_factory=Drain)
    clock: Callable[[], float] = time.monotonic
    complain: Callable[[str, int], None] = lambda words, epoch: None
    is_failing: bool = False

    def __post_init__(self) -> None:
        self.saved_at = self.clock()

    def wants(self) -> bool:
        """Say whether the last state is old enough, or it is time to go."""
        is_old = self.clock() - self.saved_at >= read_conf().checkpoint_s
        return is_old or self.drain.asked_at is not None

    def save(self, state: bytes, remember: Callable[[], Memory], epoch: int) -> None:
        """Store a state; raise `Halted` when the run was waiting for that to go."""
        self.saved_at = self.clock()
        try:
            self.store(state, remember(), epoch)
            self.is_failing = False
        except LeaseLostError:
            raise Halted("lost") from None
        except (*AWAY, OSError) as error:
            forget_connections()
            logger.warning("the state of run %s was not saved", self.run.pk, exc_info=True)
            if not self.is_failing:
                self.complain(str(error), epoch)
            self.is_failing = True
        if self.drain.asked_at is not None:
            raise Halted("drained")

    def store(self, state: bytes, memory: Memory, epoch: int) -> None:
        """Write file and row, and drop those that are old."""
        content = pack(SavedState(state, memory))
        meta = {"setups": self.run.setups_digest}
        with lease_of(self.run).writing(failures=0):
            store_bytes(
                self.run, Checkpoint.Kind.RESUME, content, ".state", epoch=epoch, meta=meta
            )
        drop_states(self.run, n_kept=N_KEPT)


@contextmanager
def saving_states(saver: Saver | None) -> Iterator[None]:
    """Let whoever wants the training to end wait for the next state meanwhile."""
    if saver is None:
        yield
        return
    saver.drain.is_saving = True
    try:
        yield
    finally:
        saver.drain.is_saving = False


def pack(saved: SavedState) -> bytes:
    """Return a state as the bytes of a file."""
    memory = json.dumps(saved.memory).encode()
    return len(memory).to_bytes(LENGTH_BYTES, "big") + memory + saved.state


def unpack(content: bytes) -> SavedState:
    """Return the state in the bytes of a file; raise `ValueError` without one."""
    end = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "big")
    return SavedState(content[end:], json.loads(content[LENGTH_BYTES:end]))


def find_state(run: TrainingRun) -> SavedState | None:
    """Return the newest good state of a run; those that are damaged are dropped.

    Setups that have changed since make another run of it, which starts anew.
    """
    for checkpoint in run.checkpoints.filter(kind=Checkpoint.Kind.RESUME):
        if checkpoint.meta.get("setups") != run.setups_digest:
            logger.warning("run %s starts anew: its setups have changed", run.pk)
            return None
        try:
            return unpack(read_checkpoint(checkpoint))
        except (CheckpointError, OSError, ValueError):
            logger.warning("%s cannot be used", checkpoint, exc_info=True)
            delete_checkpoint(checkpoint)
    return None


def drop_states(run: TrainingRun, *, n_kept: int = 0) -> None:
    """Delete all states of a run but the newest."""
    for checkpoint in run.checkpoints.filter(kind=Checkpoint.Kind.RESUME)[n_kept:]:
        delete_checkpoint(checkpoint)
