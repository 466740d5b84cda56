"""The validation loss of several runs on one axis of epochs."""

from collections.abc import Sequence
from typing import Any

from ml_training.charts.branches import follow_branches, split_points
from ml_training.charts.chart import MOST_POINTS, Cell, Chart, Trace, lay_out
from ml_training.charts.curve import draw_line
from ml_training.charts.palette import BLUE, GREEN, GREY, ORANGE, PURPLE, RED
from ml_training.charts.series import (
    Point,
    is_widely_spread,
    read_number,
    say_number,
    thin,
    values_of,
)
from ml_training.selectors.comparison import Compared

COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, GREY)
LETTERS = "ABCDEF"
PINNED_WIDTH, USUAL_WIDTH = 3.5, 1.75


def name_run(number: int) -> str:
    """Return the letter that stands for a run on the page."""
    return f"run {LETTERS[number]}"


def draw_comparison(compared: Sequence[Compared]) -> Chart:
    """Return the overlaid losses; the others are held against the first run."""
    lines = [read_losses(one) for one in compared]
    values = [value for line in lines for value in values_of(line)]
    layout = lay_out("validation loss", is_log=is_widely_spread(values), has_lanes=False)
    layout["xaxis"] |= {"title": {"text": "epoch"}}
    return Chart(
        name="comparison",
        title=_state_finding(lines),
        summary=_summarise(lines),
        data=[_draw(number, line) for number, line in enumerate(lines)],
        layout=layout,
        columns=("epoch", *(name_run(number) for number in range(len(lines)))),
        rows=_tabulate(lines),
    )


def read_losses(compared: Compared) -> list[Point]:
    """Return the loss of every epoch that counts; branches that were left do not."""
    paths = follow_branches(compared.run.progress.get("branches", []))
    points = split_points(compared.epochs, paths, is_epoch=True).counted
    return [
        (point["epoch"] + 1, read_number(point.get("validation_loss")))
        for point in points
        if "validation_loss" in point
    ]


def find_best(line: Sequence[Point]) -> tuple[int, float] | None:
    """Return epoch and value of the lowest loss."""
    known = [(value, epoch) for epoch, value in line if value is not None]
    if not known:
        return None
    value, epoch = min(known)
    return epoch, value


def _draw(number: int, line: list[Point]) -> Trace:
    shown = thin(line, MOST_POINTS // len(COLOURS))
    width = USUAL_WIDTH if number else PINNED_WIDTH
    trace = draw_line(name_run(number), shown, color=COLOURS[number], width=width)
    trace["hovertemplate"] = f"epoch %{{x}}: %{{y:.4g}}<extra>{name_run(number)}</extra>"
    return trace


def _state_finding(lines: Sequence[list[Point]]) -> str:
    bests = [(best[1], number) for number, line in enumerate(lines) if (best := find_best(line))]
    if not bests:
        return "No loss to compare yet"
    value, number = min(bests)
    if len(bests) == 1:
        return f"Only {name_run(number)} has a loss so far: {say_number(value)}"
    return f"Run {LETTERS[number]} reached the lowest loss, {say_number(value)}"


def _summarise(lines: Sequence[list[Point]]) -> str:
    told: list[str] = []
    for number, line in enumerate(lines):
        best = find_best(line)
        words = f"best at epoch {best[0]} of {len(line)}" if best else "no loss yet"
        told.append(f"{name_run(number)} {words}")
    return f"{'; '.join(told) or 'nothing is chosen'}. The thick line is the run held against."


def _tabulate(lines: Sequence[list[Point]]) -> list[list[Cell]]:
    by_epoch: dict[int, dict[int, Any]] = {}
    for number, line in enumerate(lines):
        for epoch, value in line:
            by_epoch.setdefault(epoch, {})[number] = value
    return [
        [epoch, *(values.get(number) for number in range(len(lines)))]
        for epoch, values in sorted(by_epoch.items())
    ]
