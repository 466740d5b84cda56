"""The size of the gradient at every batch: the pulse of a training."""

from typing import Any

from ml_training.charts.branches import Split, follow_branches, name_branches, split_points
from ml_training.charts.chart import Cell, Chart, lay_out
from ml_training.charts.curve import RAW_POINTS, SMOOTH_POINTS, draw_left, draw_line
from ml_training.charts.lanes import draw_lanes
from ml_training.charts.palette import BLUE, GREEN
from ml_training.charts.series import (
    FAR_FROM_USUAL,
    Point,
    median,
    read_number,
    read_series,
    say_number,
    smooth,
    thin,
    values_of,
)
from ml_training.selectors.curves import RunCurves

COLUMNS = ("epoch", "step", "gradient norm", "clipped to", "loss of the batch", "skipped")
MOST_ROWS = 500
"""Rows of the table; chosen: a browser shows it at once. The peaks are in it."""


def draw_gradients(curves: RunCurves) -> Chart:
    """Return the gradient chart of a run."""
    paths = follow_branches(curves.branches)
    batches = split_points(curves.batches, paths, is_epoch=False)
    lanes, extra = draw_lanes(curves, paths)
    raw = read_series(batches.counted, "gradient_norm")
    clipped = _read_clipped(batches.counted)
    data = draw_left(
        batches.left, "gradient_norm", name_branches(curves.events), width=1, opacity=0.45
    )
    data.append(draw_line("each batch", thin(raw, RAW_POINTS), color=BLUE, width=1, opacity=0.35))
    data.append(draw_line("smoothed", thin(smooth(raw), SMOOTH_POINTS), color=BLUE, width=2.5))
    if clipped:
        thinned = thin(clipped, SMOOTH_POINTS)
        data.append(draw_line("after clipping", thinned, color=GREEN, dash="dot"))
    return Chart(
        name="gradients",
        title=_state_finding(raw),
        summary=_summarise(batches, n_clipped=len([1 for _, value in clipped if value])),
        data=[*data, *lanes],
        layout={**lay_out("gradient norm", is_log=True), **extra},
        columns=COLUMNS,
        rows=_tabulate(batches.counted),
    )


def _read_clipped(batches: list[dict[str, Any]]) -> list[Point]:
    """Return what was left of the gradient where it was clipped; gaps elsewhere."""
    clipped = [(batch["step"], _clip(batch)) for batch in batches]
    return clipped if values_of(clipped) else []


def _clip(batch: dict[str, Any]) -> float | None:
    norm, factor = (read_number(batch.get(name)) for name in ("gradient_norm", "clip_factor"))
    return norm * factor if norm is not None and factor is not None and factor < 1.0 else None


def _state_finding(raw: list[Point]) -> str:
    norms = values_of(raw)
    if not norms:
        return "No gradient was read yet"
    usual, highest = median(norms), max(norms)
    at = next(step for step, value in raw if value == highest)
    n_bad = len(raw) - len(norms)
    bad = f"; {n_bad} batches had none that is a number" if n_bad else ""
    if highest < FAR_FROM_USUAL * usual:
        return f"Gradients stayed near {say_number(usual)}, at most {say_number(highest)}{bad}"
    return (
        f"Gradients peaked at {say_number(highest)} in step {at:,}, "
        f"{highest / usual:,.0f} times their median{bad}"
        if usual
        else f"Gradients peaked at {say_number(highest)} in step {at:,}{bad}"
    )


def _summarise(batches: Split, *, n_clipped: int) -> str:
    norms = values_of(read_series(batches.counted, "gradient_norm"))
    words = [f"{len(batches.counted):,} batches are drawn"]
    if norms:
        words.append(f"with a median gradient norm of {say_number(median(norms))}")
    clipped = f"; {n_clipped:,} were clipped." if n_clipped else "; none was clipped."
    return " ".join(words) + clipped


def _tabulate(batches: list[dict[str, Any]]) -> list[list[Cell]]:
    by_step = {batch["step"]: batch for batch in batches}
    kept = thin(read_series(batches, "gradient_norm"), MOST_ROWS)
    return [_row(by_step[step]) for step, _ in kept]


def _row(batch: dict[str, Any]) -> list[Cell]:
    norm, loss = (read_number(batch.get(name)) for name in ("gradient_norm", "loss"))
    skipped = "yes" if batch.get("skipped") else ""
    return [batch["epoch"] + 1, batch["step"], norm, _clip(batch), loss, skipped]
