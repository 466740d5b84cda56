"""What a chart is: a figure, the sentence it states, and the table behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Cell = str | int | float | None
Trace = dict[str, Any]

MOST_POINTS = 2_000
"""Points of one chart (interface of the product): more than a screen has columns."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Hold one chart for eyes, for screen readers and for spreadsheets.

    Attributes
    ----------
    name : str
        Its key among the charts.
    title : str
        The finding, in one line.
    summary : str
        One or two sentences that say what is to be seen.
    data : list of dict
        Plotly traces.
    layout : dict
        Plotly layout, without colours of text and ground: the page has those.
    columns, rows : sequence
        The table behind the chart.
    """

    name: str
    title: str
    summary: str
    data: list[Trace]
    layout: dict[str, Any]
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was recorded yet."""
        return not self.rows

    def as_figure(self) -> dict[str, Any]:
        """Return the plain Plotly figure."""
        return {"data": self.data, "layout": self.layout}

    def as_dict(self) -> dict[str, Any]:
        """Return the figure with its words."""
        return {
            **self.as_figure(),
            "name": self.name,
            "title": self.title,
            "summary": self.summary,
        }


def lay_out(y_title: str, *, is_log: bool = False, has_lanes: bool = True) -> dict[str, Any]:
    """Return the layout that all curves share: steps below, events in lanes above."""
    y_axis: dict[str, Any] = {"title": {"text": y_title}, "automargin": True}
    if is_log:
        y_axis |= {"type": "log", "exponentformat": "power", "dtick": 1}
    if has_lanes:
        y_axis["domain"] = [0.0, 0.74]
    return {
        "uirevision": "keep",  # Plotly keeps zoom and hidden curves while this stays the same
        "hovermode": "closest",
        "margin": {"l": 8, "r": 8, "t": 36, "b": 8},
        "legend": {"orientation": "h", "yanchor": "top", "y": -0.2, "x": 0},
        "xaxis": {"title": {"text": "training step", "standoff": 4}, "automargin": True},
        "yaxis": y_axis,
    }
