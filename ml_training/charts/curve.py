"""Traces of curves: raw, smoothed, and the grey ones of branches that were left."""

from collections.abc import Mapping, Sequence
from typing import Any

from ml_training.charts.branches import Points
from ml_training.charts.chart import Trace
from ml_training.charts.palette import GREY
from ml_training.charts.series import Point, read_series, thin

# Shares of `MOST_POINTS`; lanes and epochs take what is left.
RAW_POINTS = 900
SMOOTH_POINTS = 300
LEFT_POINTS = 400


def draw_line(name: str, series: Sequence[Point], **look: Any) -> Trace:
    """Return a line with gaps where a value was no number."""
    line = {"color": look["color"], "width": look.get("width", 2), "dash": look.get("dash")}
    return {
        "type": "scatter",
        "mode": look.get("mode", "lines"),
        "name": name,
        "x": [step for step, _ in series],
        "y": [value for _, value in series],
        "line": {key: value for key, value in line.items() if value is not None},
        "opacity": look.get("opacity", 1.0),
        "connectgaps": False,
        "hovertemplate": "step %{x}: %{y:.4g}<extra>" + name + "</extra>",
    }


def draw_left(
    left: Mapping[int, Points], signal: str, names: Mapping[int, str], **look: Any
) -> list[Trace]:
    """Return the branches that were left, all grey; one legend entry for each kind."""
    share = max(2, LEFT_POINTS // max(1, len(left)))
    traces, told = [], set()
    for attempt, points in sorted(left.items()):
        series = thin(read_series(points, signal), share)
        name = names.get(attempt, "a branch that was left")
        trace = draw_line(name, series, **{"color": GREY, "width": 1.5, "opacity": 0.8, **look})
        traces.append({**trace, "legendgroup": name, "showlegend": name not in told})
        told.add(name)
    return traces
