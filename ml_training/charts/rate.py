"""The learning rate over the run."""

from ml_training.charts.branches import follow_branches, split_points
from ml_training.charts.chart import Chart, lay_out
from ml_training.charts.curve import RAW_POINTS, draw_line
from ml_training.charts.lanes import draw_lanes
from ml_training.charts.palette import BLUE
from ml_training.charts.series import (
    Point,
    is_widely_spread,
    read_series,
    say_number,
    thin,
    values_of,
)
from ml_training.selectors.curves import RunCurves

COLUMNS = ("from step", "learning rate")


def draw_rate(curves: RunCurves) -> Chart:
    """Return the learning rate of the way that counts."""
    paths = follow_branches(curves.branches)
    batches = split_points(curves.batches, paths, is_epoch=False)
    lanes, extra = draw_lanes(curves, paths)
    series = read_series(batches.counted, "learning_rate")
    changes = find_changes(series)
    line = draw_line("learning rate", thin(series, RAW_POINTS), color=BLUE)
    line["line"]["shape"] = "hv"
    is_log = is_widely_spread(values_of(series))
    layout = {**lay_out("learning rate", is_log=is_log), **extra}
    layout["yaxis"]["rangemode"] = "tozero"
    return Chart(
        name="learning_rate",
        title=_state_finding(changes),
        summary=_summarise(changes),
        data=[line, *lanes],
        layout=layout,
        columns=COLUMNS,
        rows=[[step, value] for step, value in changes],
    )


def find_changes(series: list[Point]) -> list[Point]:
    """Return the first point of every stretch with the same value."""
    changes: list[Point] = []
    for step, value in series:
        if not changes or changes[-1][1] != value:
            changes.append((step, value))
    return changes


def _summarise(changes: list[Point]) -> str:
    n_changes = max(0, len(changes) - 1)
    return f"It was changed {n_changes} {'time' if n_changes == 1 else 'times'} during training."


def _state_finding(changes: list[Point]) -> str:
    values = values_of(changes)
    if not values:
        return "No learning rate was read yet"
    first, last = values[0], values[-1]
    if len(set(values)) == 1:
        return f"The learning rate stayed at {say_number(first)}"
    return f"The learning rate went from {say_number(first)} to {say_number(last)}"
