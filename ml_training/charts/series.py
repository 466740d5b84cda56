"""Series of numbers: read them, thin them out, smooth them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Point = tuple[int, float | None]
"""Step and value; None where the value was no number."""

MEMORY = 0.9
"""Weight of the past in a smoothed curve; chosen: about the ten last points count."""

WIDE_SPREAD = 50.0
"""Largest over smallest value from which an axis is logarithmic; chosen: on a linear
one the small values would be less than two percent of the height."""

FAR_FROM_USUAL = 10.0
"""Value over the median from which a peak is told; chosen: one order of magnitude."""


def read_number(value: object) -> float | None:
    """Return a finite number; None for the words "NaN" and "Infinity" of the rows."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def read_numbers(values: object) -> list[float | None]:
    """Return a list of numbers, None for what is none; empty for anything else."""
    return [read_number(value) for value in values] if isinstance(values, list) else []


def read_series(points: Iterable[Mapping[str, Any]], name: str) -> list[Point]:
    """Return one signal of points that have it."""
    return [(point["step"], read_number(point[name])) for point in points if name in point]


def values_of(series: Iterable[Point]) -> list[float]:
    """Return the numbers of a series, gaps left out."""
    return [value for _, value in series if value is not None]


def thin(series: Sequence[Point], most: int) -> list[Point]:
    """Keep at most so many points: of every stretch the highest and the lowest.

    A mean would hide the spike that a chart is there to show; a gap is kept as the
    highest of all, because a value that is no number is the largest spike there is.
    """
    if len(series) <= most:
        return list(series)
    n_stretches = max(1, most // 2)
    kept = []
    for number in range(n_stretches):
        start = number * len(series) // n_stretches
        end = (number + 1) * len(series) // n_stretches
        kept += _extremes(range(start, end), series)
    return [series[at] for at in kept]


def _extremes(places: range, series: Sequence[Point]) -> list[int]:
    lowest = min(places, key=lambda at: _height(series[at]))
    highest = max(places, key=lambda at: _height(series[at]))
    return sorted({lowest, highest})


def _height(point: Point) -> float:
    return math.inf if point[1] is None else point[1]


def smooth(series: Sequence[Point], memory: float = MEMORY) -> list[Point]:
    """Return the exponential mean of a series, without the pull towards a first value.

    Gaps stay gaps and are forgotten. The weights are those of Kingma and Ba (2015),
    section 3: without their correction the curve would start at its first point.
    """
    total = weight = 0.0
    smoothed: list[Point] = []
    for step, value in series:
        if value is None:
            smoothed.append((step, None))
            continue
        total = memory * total + (1.0 - memory) * value
        weight = memory * weight + 1.0 - memory
        smoothed.append((step, total / weight))
    return smoothed


def median(values: Sequence[float]) -> float:
    """Return the middle of the values; NaN when there are none."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else math.nan


def is_widely_spread(values: Sequence[float]) -> bool:
    """Tell whether small values would vanish on a linear axis."""
    positive = [value for value in values if value > 0]
    return len(positive) == len(values) > 1 and max(positive) > WIDE_SPREAD * min(positive)


def say_number(value: float) -> str:
    """Return a number as people read it: four digits, and no long tails of zeros.

    Examples
    --------
    >>> say_number(0.57976), say_number(1234.5), say_number(3.2e12)
    ('0.5798', '1,234', '3.2e+12')
    """
    if value and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
