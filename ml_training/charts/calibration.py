"""Promised against observed win rates: whether the model's word is worth something."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ml_training.charts.chart import Cell, Chart, Trace, lay_out
from ml_training.charts.palette import BLUE, GREY, ORANGE
from ml_training.charts.series import read_number, read_numbers
from ml_training.charts.words import say_block
from ml_training.selectors.curves import RunCurves

COLUMNS = ("promised win rate", "observed", "setups", "luck alone, from", "to")
EMPTY_TITLE = "No calibration was measured"
EMPTY_SUMMARY = (
    "It is measured when a run ends. Runs of earlier versions have none: train again to see it."
)
Z_95 = 1.96
"""Normal quantile of 95 %."""

LARGEST_DOT, SMALLEST_DOT = 22.0, 7.0  # pixels; chosen: seen on a phone, no overlap


@dataclass(frozen=True)
class Group:
    """Setups that were promised about the same."""

    promised: float
    observed: float
    count: int

    @property
    def luck(self) -> tuple[float, float]:
        """Range of observed rates that 95 % of groups of this size would show.

        Wilson (1927), Probable inference, the law of succession, and statistical
        inference: unlike the usual formula it stays within 0-1.
        """
        n, rate = self.count, self.observed
        centre = rate + Z_95**2 / (2 * n)
        half = Z_95 * math.sqrt(rate * (1 - rate) / n + Z_95**2 / (4 * n * n))
        whole = 1 + Z_95**2 / n
        return (centre - half) / whole, (centre + half) / whole

    @property
    def is_kept(self) -> bool:
        """Tell whether luck explains how far the promise was off."""
        low, high = self.luck
        return low <= self.promised <= high


def draw_calibration(curves: RunCurves) -> Chart:
    """Return the calibration chart of a run."""
    told = curves.results.get("calibration_curve") or {}
    groups = read_groups(told)
    return Chart(
        name="calibration",
        title=_state_finding(groups, read_number(told.get("ece"))),
        summary=_summarise(groups, str(told.get("measured_on", ""))),
        data=_draw(groups) if groups else [],
        layout=_lay_out(groups),
        columns=COLUMNS,
        rows=[_tabulate(group) for group in groups],
    )


def read_groups(told: dict[str, Any]) -> list[Group]:
    """Return the groups that hold at least one setup."""
    columns = [read_numbers(told.get(name)) for name in ("promised", "observed", "count")]
    return [
        Group(promised, observed, int(count))
        for promised, observed, count in zip(*columns, strict=False)
        if promised is not None and observed is not None and count
    ]


def _draw(groups: Sequence[Group]) -> list[Trace]:
    promised = [group.promised for group in groups]
    ends = [min(promised), max(promised)]
    most = max(group.count for group in groups)
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "the word is kept",
            "x": ends,
            "y": ends,
            "line": {"color": GREY, "dash": "dash", "width": 1.5},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": "observed, with the range of luck",
            "x": promised,
            "y": [group.observed for group in groups],
            "text": [f"{group.count:,} setups" for group in groups],
            "hovertemplate": "promised %{x:.1%}, observed %{y:.1%}<br>%{text}<extra></extra>",
            "line": {"color": BLUE, "width": 2},
            "marker": {"size": [_size(group.count, most) for group in groups]},
            "error_y": {
                "type": "data",
                "symmetric": False,
                "array": [group.luck[1] - group.observed for group in groups],
                "arrayminus": [group.observed - group.luck[0] for group in groups],
                "color": BLUE,
                "thickness": 1,
                "width": 3,
            },
        },
        {
            "type": "bar",
            "name": "setups",
            "x": promised,
            "y": [group.count for group in groups],
            "yaxis": "y2",
            "marker": {"color": ORANGE, "opacity": 0.7},
            "hovertemplate": "promised %{x:.1%}: %{y:,} setups<extra></extra>",
        },
    ]


def _size(count: int, most: int) -> float:
    """Return a diameter whose area grows with the setups."""
    return SMALLEST_DOT + (LARGEST_DOT - SMALLEST_DOT) * math.sqrt(count / most)


def _lay_out(groups: Sequence[Group]) -> dict[str, Any]:
    layout = lay_out("observed win rate", has_lanes=False)
    layout["xaxis"] |= {"title": {"text": "promised win rate"}, "tickformat": ".0%"}
    layout["yaxis"] |= {"tickformat": ".0%", "domain": [0.26, 1.0]}
    if groups:
        layout["xaxis"]["anchor"] = "y2"
        layout["yaxis2"] = {
            "title": {"text": "setups"},
            "domain": [0.0, 0.18],
            "anchor": "x",
            "automargin": True,
            "nticks": 3,
        }
    return layout


def _state_finding(groups: Sequence[Group], ece: float | None) -> str:
    if not groups:
        return EMPTY_TITLE
    if ece is None:
        n_setups = sum(group.count for group in groups)
        ece = sum(g.count * abs(g.promised - g.observed) for g in groups) / n_setups
    return f"Promised win rates were off by {100 * ece:.1f} points on average"


def _summarise(groups: Sequence[Group], measured_on: str) -> str:
    if not groups:
        return EMPTY_SUMMARY
    n_setups = sum(group.count for group in groups)
    n_kept = sum(group.is_kept for group in groups)
    return (
        f"{n_setups:,} setups in {len(groups)} groups{say_block(measured_on)}. In {n_kept} of "
        "them luck explains the difference; below the dashed line the model promised too much."
    )


def _tabulate(group: Group) -> list[Cell]:
    return [group.promised, group.observed, group.count, *group.luck]
