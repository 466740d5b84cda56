"""What the setups would have made, one after the other, in R."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ml_training.charts.chart import Cell, Chart, Trace, lay_out
from ml_training.charts.palette import BLUE, GREY
from ml_training.charts.series import Point, read_numbers, thin, values_of
from ml_training.charts.words import say_block
from ml_training.selectors.curves import RunCurves

COLUMNS = ("closed, UTC", "taken, R so far", "every setup, R so far")
EMPTY_TITLE = "No equity was measured"
EMPTY_SUMMARY = (
    "It is added up when a run ends. Runs of earlier versions have none: train again to see it."
)
LINE_POINTS = 900
"""Points of one line; two of them are less than a chart may have."""

MOST_ROWS = 500
"""Rows of the table; chosen: a browser shows it at once."""


def draw_equity(curves: RunCurves) -> Chart:
    """Return the equity chart of a run: the setups taken against taking every one."""
    told = curves.results.get("equity") or {}
    times = read_numbers(told.get("time"))
    taken, every = (_read(times, told.get(name)) for name in ("taken_r", "every_r"))
    layout = lay_out("R after costs, added up", has_lanes=False)
    layout["xaxis"] |= {"type": "date", "title": {"text": "close of the setup, UTC"}}
    return Chart(
        name="equity",
        title=_state_finding(taken, every),
        summary=_summarise(taken, str(told.get("measured_on", ""))),
        data=_draw(taken, every),
        layout=layout,
        columns=COLUMNS,
        rows=_tabulate(taken, every),
    )


def _read(times: Sequence[float | None], told: Any) -> list[Point]:
    pairs = zip(times, read_numbers(told), strict=False)
    return [(int(time), value) for time, value in pairs if time is not None]


def _draw(taken: list[Point], every: list[Point]) -> list[Trace]:
    looks = (("every setup", every, GREY, 1.5), ("setups taken", taken, BLUE, 2.5))
    return [
        _draw_line(name, thin(line, LINE_POINTS), color, width)
        for name, line, color, width in looks
        if line
    ]


def _draw_line(name: str, line: list[Point], color: str, width: float) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [_say_time(at) for at, _ in line],
        "y": [value for _, value in line],
        "line": {"color": color, "width": width, "shape": "hv"},
        "hovertemplate": "%{x}: %{y:+.1f} R<extra>" + name + "</extra>",
    }


def _say_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _state_finding(taken: list[Point], every: list[Point]) -> str:
    taken_r, every_r = values_of(taken), values_of(every)
    if not taken_r or not every_r:
        return EMPTY_TITLE
    return f"The setups taken made {taken_r[-1]:+,.1f} R, all of them {every_r[-1]:+,.1f} R"


def _summarise(taken: list[Point], measured_on: str) -> str:
    if not values_of(taken):
        return EMPTY_SUMMARY
    return (
        f"All setups{say_block(measured_on)}, one after the other, each risking 1 R, after costs. "
        "The distance between the lines is what choosing was worth."
    )


def _tabulate(taken: list[Point], every: list[Point]) -> list[list[Cell]]:
    """Return evenly spaced rows with the last one among them."""
    n_rows = min(len(taken), len(every))
    n_shown = min(n_rows, MOST_ROWS)
    places = [(number + 1) * n_rows // n_shown - 1 for number in range(n_shown)]
    return [[_say_time(taken[at][0]), taken[at][1], every[at][1]] for at in places]
