"""Thin out the readings of many batches without losing what stands out."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ml_training.services.jsonable import to_jsonable

if TYPE_CHECKING:  # the engine imports torch, which a web process must not
    from ml_training.core.history import Reading

SINGLE_SIGNALS = ("loss", "gradient_norm", "clip_factor", "update_norm", "learning_rate")
LAYER_SIGNALS = ("layer_norms", "update_ratios")


def choose_readings(readings: Sequence["Reading"], stride: int) -> Iterator["Reading"]:
    """Keep of every `stride` readings the one that stands out most.

    A mean would hide the spike that a chart is there to show.
    """
    for start in range(0, len(readings), stride):
        yield max(readings[start : start + stride], key=rate_oddness)


def rate_oddness(reading: "Reading") -> tuple[bool, float]:
    """Return what sorts a poisoned batch above any other, then the largest gradient."""
    is_poisoned = reading.skipped or bool(reading.error) or not math.isfinite(reading.loss)
    norm = reading.gradient_norm
    return is_poisoned or not math.isfinite(norm), norm if math.isfinite(norm) else 0.0


def describe_reading(reading: "Reading") -> dict[str, Any]:
    """Return the numbers of a reading that were measured, as JSON."""
    values: dict[str, Any] = {"epoch": reading.epoch, "step": reading.step}
    for name in SINGLE_SIGNALS:
        values[name] = to_jsonable(getattr(reading, name))
    if math.isnan(reading.update_norm):  # not watched
        del values["update_norm"]
    for name in LAYER_SIGNALS:
        if len(getattr(reading, name)):
            values[name] = to_jsonable(getattr(reading, name))
    if reading.skipped or reading.error:
        values |= {"skipped": reading.skipped, "error": reading.error}
    return values
