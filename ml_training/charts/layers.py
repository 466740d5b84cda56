"""The gradient of every layer as a heat map: where learning stops or explodes."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from ml_training.charts.branches import follow_branches, split_points
from ml_training.charts.chart import Cell, Chart, lay_out
from ml_training.charts.series import median, read_number, say_number
from ml_training.selectors.curves import RunCurves

MOST_CELLS = 2_000
"""Cells of the heat map: as many as a chart has points."""

SMALLEST = 1e-12
"""Smallest norm drawn; chosen: far below anything that still moves a weight of
single precision, and far above zero, which has no logarithm."""


def draw_layers(curves: RunCurves) -> Chart:
    """Return the gradient norms by layer and step, as powers of ten."""
    paths = follow_branches(curves.branches)
    counted = split_points(curves.batches, paths, is_epoch=False).counted
    readings = [one for one in counted if one.get("layer_norms")]
    n_layers = max((len(one["layer_norms"]) for one in readings), default=0)
    names = [_name(curves.layer_names, at) for at in range(n_layers)]
    shown = _sample(readings, MOST_CELLS // max(1, n_layers))
    usual = [median(_column(readings, at)) for at in range(n_layers)]
    layout = lay_out("", has_lanes=False)
    layout["yaxis"] |= {"type": "category", "autorange": "reversed"}
    return Chart(
        name="layers",
        title=_state_finding(names, usual),
        summary=f"{n_layers} layers, first layer on top; bright is a large gradient.",
        data=[_draw(shown, names)],
        layout=layout,
        columns=("layer", "median gradient norm", "largest"),
        rows=[
            [name, usual[at], max(_column(readings, at), default=None)]
            for at, name in enumerate(names)
        ],
    )


def _name(names: Sequence[str], at: int) -> str:
    return names[at] if at < len(names) else f"layer {at + 1}"


def _sample(readings: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Keep of every stretch the reading with the largest gradient."""
    if len(readings) <= most:
        return readings
    bounds = [number * len(readings) // most for number in range(most + 1)]
    stretches = itertools.pairwise(bounds)
    return [max(readings[start:end], key=_size) for start, end in stretches]


def _size(reading: dict[str, Any]) -> float:
    norm = read_number(reading.get("gradient_norm"))
    return math.inf if norm is None else norm


def _column(readings: list[dict[str, Any]], at: int) -> list[float]:
    values = (_cell(reading, at) for reading in readings)
    return [value for value in values if value is not None]


def _cell(reading: dict[str, Any], at: int) -> float | None:
    norms = reading["layer_norms"]
    return read_number(norms[at]) if at < len(norms) else None


def _draw(readings: list[dict[str, Any]], names: list[str]) -> dict[str, Any]:
    cells = [[_power(_cell(one, at)) for one in readings] for at in range(len(names))]
    return {
        "type": "heatmap",
        "x": [one["step"] for one in readings],
        "y": names,
        "z": cells,
        "colorscale": "Viridis",
        "colorbar": {"title": {"text": "10^", "side": "top"}, "thickness": 10},
        "hovertemplate": "step %{x}, %{y}: 10^%{z:.1f}<extra></extra>",
    }


def _power(value: float | None) -> float | None:
    return None if value is None else round(math.log10(max(value, SMALLEST)), 2)


def _state_finding(names: list[str], usual: list[float]) -> str:
    known: list[tuple[float, Cell]] = [
        (value, name)
        for value, name in zip(usual, names, strict=True)
        if value == value  # noqa: PLR0124
    ]
    if not known:
        return "No layer was read yet"
    (low, weakest), (high, strongest) = min(known), max(known)
    return (
        f"Median gradients reach from {say_number(low)} ({weakest}) "
        f"to {say_number(high)} ({strongest})"
    )
