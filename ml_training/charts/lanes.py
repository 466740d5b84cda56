"""Lanes above a curve: one marker for every finding, trial, rollback and checkpoint."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_training.charts.branches import Paths
from ml_training.charts.chart import Trace
from ml_training.charts.palette import GREEN, GREY, ORANGE, PURPLE, RED
from ml_training.selectors.curves import RunCurves

LANES = ("saved", "rolled back", "tried", "found")
"""Lowest first, as Plotly stacks categories."""

MOST_LINES = 60
"""Vertical lines drawn; chosen: more hide the curve. The markers are all there."""

HOVER_CHARACTERS = 60
"""Width of hover text; chosen: fits a phone held upright."""


@dataclass(frozen=True)
class Mark:
    """One event on the axis of steps."""

    lane: str
    step: int
    text: str
    symbol: str
    colour: str


def draw_lanes(curves: RunCurves, paths: Paths) -> tuple[list[Trace], dict[str, Any]]:
    """Return the traces of the lanes and what they add to the layout."""
    marks = [
        *_mark_findings(curves.events),
        *_mark_trials(curves.events),
        *_mark_rewinds(paths.rewinds),
        *_mark_checkpoints(curves),
    ]
    traces = [_draw_lane(lane, [mark for mark in marks if mark.lane == lane]) for lane in LANES]
    return traces, {"yaxis2": _axis(), "shapes": _lines(marks)}


def _axis() -> dict[str, Any]:
    return {
        "domain": [0.78, 1.0],
        "type": "category",
        "categoryorder": "array",
        "categoryarray": list(LANES),
        "range": [-0.5, len(LANES) - 0.5],
        "fixedrange": True,
        "dtick": 1,
        "automargin": True,
        "tickfont": {"size": 11},
    }


def _draw_lane(lane: str, marks: Sequence[Mark]) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": lane,
        "showlegend": False,
        "yaxis": "y2",
        "x": [mark.step for mark in marks],
        "y": [lane for _ in marks],
        "text": [wrap(mark.text) for mark in marks],
        "hovertemplate": "step %{x}<br>%{text}<extra></extra>",
        "marker": {
            "size": 11,
            "symbol": [mark.symbol for mark in marks],
            "color": [mark.colour for mark in marks],
        },
    }


def _lines(marks: Iterable[Mark]) -> list[dict[str, Any]]:
    """Return a faint line through the curve for what changed the course."""
    steps = sorted({mark.step for mark in marks if mark.lane in ("found", "rolled back")})
    line = {"width": 1, "dash": "dot", "color": GREY}
    common = {"type": "line", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "line": line}
    return [{**common, "x0": step, "x1": step} for step in steps[:MOST_LINES]]


SEVERITY_LOOKS = {
    "info": ("circle-open", GREY),
    "warning": ("triangle-up", ORANGE),
    "critical": ("diamond", RED),
}


def _mark_findings(events: Iterable[Mapping[str, Any]]) -> list[Mark]:
    return [
        Mark("found", event["step"], event["message"], *SEVERITY_LOOKS[event["severity"]])
        for event in events
    ]


def _mark_trials(events: Iterable[Mapping[str, Any]]) -> list[Mark]:
    trials = [trial for event in events for trial in event["trials"]]
    marks = []
    for trial in sorted(trials, key=lambda trial: bool(trial["kept"])):  # those kept on top
        look = ("star", GREEN) if trial["kept"] else ("x", GREY)
        fate = "kept" if trial["kept"] else "undone"
        text = f"{trial['change']['sentence']} ({fate})"
        marks.append(Mark("tried", trial["from_step"], text, *look))
    return marks


def _mark_rewinds(rewinds: Iterable[Mapping[str, Any]]) -> list[Mark]:
    return [
        Mark(
            "rolled back",
            turn["to_step"],
            f"went back here from step {turn['from_step']:,}",
            "triangle-left",
            PURPLE,
        )
        for turn in rewinds
    ]


def _mark_checkpoints(curves: RunCurves) -> list[Mark]:
    ends = {point["epoch"]: point["step"] for point in curves.epochs}
    return [
        Mark(
            "saved",
            ends[checkpoint["epoch"]],
            f"{checkpoint['kind']} model, saved after epoch {checkpoint['epoch'] + 1}",
            "square",
            GREEN,
        )
        for checkpoint in curves.checkpoints
        if checkpoint["epoch"] in ends
    ]


def wrap(text: str) -> str:
    """Break hover text into lines; what looks like markup is shown as it is."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "<br>".join(textwrap.wrap(safe, HOVER_CHARACTERS))
