"""One step of training: take it, and return what was read.

This is the seam for a compiled step: whatever takes ``(state, batch)``, changes the
state as one step does and returns the reading can stand in for `take_step`.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np
import torch

from ml_training.core.backward import backward
from ml_training.core.batches import Batch
from ml_training.core.history import Reading
from ml_training.core.state import TrainingState

Step = Callable[[TrainingState, Batch], Reading]


def take_step(state: TrainingState, batch: Batch) -> Reading:
    """Take one step of eager torch and return its reading.

    Notes
    -----
    The only waits for the device are one ``loss.item()`` and one view of the flat
    gradient; on the CPU neither copies anything.
    """
    flat, knobs, optimizer = state.flat, state.knobs, state.optimizer
    with _guarded_buffers(state) if knobs.skip_poisoned else UNGUARDED as guard:
        outputs = state.model(batch.X)
        targets = state.objective.smoothed(batch.y)
        loss = state.objective(outputs, targets, row_weights(state, batch))
        flat.zero_gradients()
        backward(loss)
        if flat.has_strays or state.batch == 0:
            flat.gather_strays()
        norm, layer_norms = flat.measure_gradients()
        reading = Reading(
            epoch=state.epoch,
            step=state.step,
            loss=loss.item(),
            gradient_norm=norm,
            layer_norms=layer_norms,
            learning_rate=optimizer.param_groups[0]["lr"],
            n_rows=len(batch.y),
        )
        if guard is not None and is_poisoned(reading, knobs.loss_limit):
            guard()
            reading.skipped = True
    if not reading.skipped:
        if knobs.clip_norm is not None and knobs.clip_norm < norm < math.inf:
            reading.clip_factor = knobs.clip_norm / norm
            flat.scale_gradients(reading.clip_factor)
        if knobs.watch == "core":
            optimizer.step()
        else:
            step_measured(state, reading, outputs)
    move_on(state, batch)
    return reading


def is_poisoned(reading: Reading, loss_limit: float | None) -> bool:
    """Tell whether a batch would spoil the weights: not finite, or beyond the limit."""
    is_finite = math.isfinite(reading.gradient_norm + reading.loss)
    return not is_finite or (loss_limit is not None and reading.loss > loss_limit)


def step_measured(state: TrainingState, reading: Reading, outputs: torch.Tensor) -> None:
    """Update the weights, and read how far they moved for their size."""
    state.flat.remember()
    state.optimizer.step()
    reading.update_norm, reading.update_ratios = state.flat.measure_update()
    if state.knobs.watch == "everything":
        still = outputs.detach()
        largest = np.abs((still if still.is_cpu else still.cpu()).numpy()).max()
        reading.output_size = float(largest)
        reading.activation_sizes, reading.quiet_shares = state.activations.measure()


def fail_step(state: TrainingState, batch: Batch, error: Exception) -> Reading:
    """Return the reading of a step that raised, and move past its rows."""
    reading = Reading(
        epoch=state.epoch,
        step=state.step,
        loss=math.nan,
        gradient_norm=math.nan,
        learning_rate=state.learning_rate,
        skipped=state.knobs.skip_poisoned,
        n_rows=len(batch.y),
        error=f"{type(error).__name__}: {error}",
    )
    move_on(state, batch)
    return reading


def move_on(state: TrainingState, batch: Batch) -> None:
    """Advance the position past a batch."""
    state.step += 1
    state.batch += 1
    state.position += len(batch.y)


def row_weights(state: TrainingState, batch: Batch) -> torch.Tensor | None:
    """Return weights of the rows, or rows and members, class weights included."""
    if not state.knobs.class_weights:
        return batch.weight
    by_class = torch.tensor(state.knobs.class_weights, device=batch.y.device)
    classes = batch.y.argmax(dim=1) if batch.y.ndim > 1 else batch.y.long()
    weights = by_class[classes]
    if batch.weight is None:
        return weights
    return weights.view(-1, *[1] * (batch.weight.ndim - 1)) * batch.weight


@contextmanager
def _guarded_buffers(state: TrainingState) -> Iterator[Callable[[], None]]:
    """Yield what undoes a forward pass, and undo it when something raises.

    A poisoned forward pass ruins batch statistics before any update is made.
    """
    kept = [(buffer, buffer.clone()) for buffer in state.model.buffers()]

    def undo() -> None:
        for buffer, values in kept:
            buffer.copy_(values)

    try:
        yield undo
    except Exception:
        undo()
        raise


UNGUARDED: AbstractContextManager[None] = nullcontext()
