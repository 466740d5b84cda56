"""The loss in training and on validation, raw and smoothed, and what was left over."""

from typing import Any

from ml_training.charts.branches import Split, follow_branches, name_branches, split_points
from ml_training.charts.chart import Cell, Chart, Trace, lay_out
from ml_training.charts.curve import RAW_POINTS, SMOOTH_POINTS, draw_left, draw_line
from ml_training.charts.lanes import draw_lanes
from ml_training.charts.palette import BLUE, ORANGE
from ml_training.charts.series import (
    is_widely_spread,
    read_number,
    read_series,
    say_number,
    smooth,
    thin,
    values_of,
)
from ml_training.selectors.curves import RunCurves

COLUMNS = (
    *("epoch", "step", "training loss", "validation loss", "validation score"),
    *("learning rate", "best so far", "branch"),
)
EPOCH_MEMORY = 0.6
"""Smoothing of epochs; chosen: there are tens of them, about the last three count."""

MARGIN = 0.05
"""Air above and below the curves, as a share of their height; chosen as Plotly does."""

LONGEST_RAW_EPOCHS = 500
"""Epochs drawn one by one; chosen: what is left of the 2,000 points for them."""


def draw_loss(curves: RunCurves) -> Chart:
    """Return the loss chart of a run."""
    paths = follow_branches(curves.branches)
    names = name_branches(curves.events)
    batches = split_points(curves.batches, paths, is_epoch=False)
    epochs = split_points(curves.epochs, paths, is_epoch=True)
    lanes, extra = draw_lanes(curves, paths)
    series = [read_series(batches.counted, "loss"), *_both(epochs.counted)]
    values = [value for one in series for value in values_of(one)]
    return Chart(
        name="loss",
        title=_state_finding(epochs.counted),
        summary=_summarise(epochs, batches, _find_flight(values, epochs)),
        data=[
            *draw_left(epochs.left, "validation_loss", names, dash="dot"),
            *_draw_training(batches.counted),
            *_draw_validation(epochs.counted),
            *lanes,
        ],
        layout=_lay_out(values, epochs, extra),
        columns=COLUMNS,
        rows=_tabulate(epochs, names),
    )


def _lay_out(values: list[float], epochs: Split, extra: dict[str, Any]) -> dict[str, Any]:
    """Frame what counts; a branch that flew off must not press it flat."""
    is_log = is_widely_spread(values)
    layout = {**lay_out("loss", is_log=is_log), **extra}
    if values and _find_flight(values, epochs) is not None and not is_log:
        low, high = min(values), max(values)
        margin = MARGIN * (high - low)
        layout["yaxis"]["range"] = [low - margin, high + margin]
    return layout


def _find_flight(values: list[float], epochs: Split) -> float | None:
    """Return the highest loss of a branch that was left, if it is outside the frame."""
    highest = [
        value
        for points in epochs.left.values()
        for value in values_of(read_series(points, "validation_loss"))
    ]
    outside = [value for value in highest if value > max(values, default=value)]
    return max(outside, default=None)


def _both(epochs: list[dict[str, Any]]) -> list[Any]:
    return [read_series(epochs, name) for name in ("train_loss", "validation_loss")]


def _draw_training(batches: list[dict[str, Any]]) -> list[Trace]:
    raw = read_series(batches, "loss")
    return [
        draw_line("training, each batch", thin(raw, RAW_POINTS), color=BLUE, width=1, opacity=0.3),
        draw_line("training, smoothed", thin(smooth(raw), SMOOTH_POINTS), color=BLUE, width=2.5),
    ]


def _draw_validation(epochs: list[dict[str, Any]]) -> list[Trace]:
    raw = thin(read_series(epochs, "validation_loss"), LONGEST_RAW_EPOCHS)
    smoothed = thin(smooth(raw, EPOCH_MEMORY), SMOOTH_POINTS)
    look = {"color": ORANGE, "mode": "lines+markers", "width": 1, "opacity": 0.6}
    return [
        draw_line("validation, each epoch", raw, **look),
        draw_line("validation, smoothed", smoothed, color=ORANGE, width=2.5, dash="dash"),
    ]


def _state_finding(epochs: list[dict[str, Any]]) -> str:
    losses = values_of(read_series(epochs, "validation_loss"))
    if not losses:
        return "No epoch has ended with a loss yet"
    best = min(losses)
    if best == losses[0]:
        return f"Validation loss never fell below its first {say_number(losses[0])}"
    at = next(one["epoch"] for one in epochs if read_number(one.get("validation_loss")) == best)
    fall = f"Validation loss fell from {say_number(losses[0])} to {say_number(best)}"
    return f"{fall}, best at epoch {at + 1} of {len(epochs)}"


def _summarise(epochs: Split, batches: Split, flight: float | None) -> str:
    words = [f"{len(epochs.counted)} epochs are drawn."]
    if epochs.counted:
        last = epochs.counted[-1]
        pair = [read_number(last.get(name)) for name in ("train_loss", "validation_loss")]
        said = ["no number" if value is None else say_number(value) for value in pair]
        words.append(f"At the end the loss is {said[0]} in training and {said[1]} on validation.")
    n_left = len(epochs.left.keys() | batches.left.keys())
    if n_left:
        words.append(
            f"{n_left} grey {'branch shows' if n_left == 1 else 'branches show'} what was left: "
            "training without a fix, and fixes that did not help."
        )
    if flight is not None:
        words.append(f"One of them leaves the frame, up to {say_number(flight)}.")
    return " ".join(words)


def _tabulate(epochs: Split, names: dict[int, str]) -> list[list[Cell]]:
    rows = [_row(point, "counts") for point in epochs.counted]
    for attempt, points in sorted(epochs.left.items()):
        rows += [_row(point, names.get(attempt, "left")) for point in points]
    return rows


def _row(point: dict[str, Any], branch: str) -> list[Cell]:
    names = ("train_loss", "validation_loss", "validation_score", "learning_rate")
    numbers = [read_number(point.get(name)) for name in names]
    is_best = "yes" if point.get("is_best") else ""
    return [point["epoch"] + 1, point["step"], *numbers, is_best, branch]
