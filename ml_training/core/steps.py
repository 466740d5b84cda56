"""One step of training: take it, and return what was read.

This is the seam for a compiled step: whatever takes ``(state, batch)``, changes the
state as one step does and returns the reading can stand in for `take_step`.
"""

import math
from collections.abc import Callable

import torch

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
    kept = _copy_buffers(state) if knobs.skip_poisoned else None
    loss = state.objective(state.model(batch.X), batch.y, _weights(state, batch))
    flat.zero_gradients()
    loss.backward()  # type: ignore[no-untyped-call]
    norm, layer_norms = flat.measure_gradients()
    reading = Reading(
        epoch=state.epoch,
        step=state.step,
        loss=loss.item(),
        gradient_norm=norm,
        layer_norms=layer_norms,
        learning_rate=optimizer.param_groups[0]["lr"],
    )
    if kept is not None and not math.isfinite(norm + reading.loss):
        _put_buffers(state, kept)
        reading.skipped = True
    else:
        if knobs.clip_norm is not None and knobs.clip_norm < norm < math.inf:
            reading.clip_factor = knobs.clip_norm / norm
            flat.scale_gradients(reading.clip_factor)
        optimizer.step()
    move_on(state, batch)
    return reading


def fail_step(state: TrainingState, batch: Batch, error: Exception) -> Reading:
    """Return the reading of a step that raised, and move past its rows."""
    reading = Reading(
        epoch=state.epoch,
        step=state.step,
        loss=math.nan,
        gradient_norm=math.nan,
        learning_rate=state.learning_rate,
        skipped=True,
        error=f"{type(error).__name__}: {error}",
    )
    move_on(state, batch)
    return reading


def move_on(state: TrainingState, batch: Batch) -> None:
    """Advance the position past a batch."""
    state.step += 1
    state.batch += 1
    state.position += len(batch.y)


def _weights(state: TrainingState, batch: Batch) -> torch.Tensor | None:
    """Return the weights of the rows, class weights included."""
    if not state.knobs.class_weights:
        return batch.weight
    by_class = torch.tensor(state.knobs.class_weights, device=batch.y.device)
    classes = batch.y.argmax(dim=1) if batch.y.ndim > 1 else batch.y.long()
    weights = by_class[classes]
    return weights if batch.weight is None else weights * batch.weight


def _copy_buffers(state: TrainingState) -> list[torch.Tensor]:
    """Copy batch statistics: a poisoned forward pass ruins them before any update."""
    return [buffer.clone() for buffer in state.model.buffers()]


def _put_buffers(state: TrainingState, kept: list[torch.Tensor]) -> None:
    for buffer, values in zip(state.model.buffers(), kept, strict=True):
        buffer.copy_(values)
