"""Candlesticks with the setups that a strategy finds on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ml_training.charts.chart import Cell, Chart, Trace, lay_out
from ml_training.charts.palette import BLUE, GREEN, GREY, RED
from ml_training.data.setups import NO_END, Setups
from ml_training.data.timeframes import TIMEFRAMES
from ml_training.selectors.windows import Window

COLUMNS = ("opens, UTC", "open", "high", "low", "close", "setup entered here")
TIME_FORM = "%Y-%m-%d %H:%M"
OUTCOMES = {0: "not decided yet", 1: "take profit", 2: "stop loss", 3: "time limit"}
ENDS = {"won": GREEN, "lost": RED, "not decided yet": GREY}
MOST_RESTS = 60
"""Rests cut out of the axis; chosen: the nights of 300 hours of shares."""

FAINT = 0.13
"""Opacity of the room between entry and barrier; chosen: candles stay readable."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One setup within a window, in words and plain numbers."""

    bar: int
    is_long: bool
    at: str
    until: str
    entry: float
    stop: float
    target: float
    end: str
    words: str


def draw_candles(window: Window) -> Chart:
    """Return the newest bars of a market as candles, and every setup as a marker."""
    entries = list(_read_entries(window)) if window.setups is not None else []
    return Chart(
        name="candles",
        title=_state_finding(window, entries),
        summary=_summarise(window, entries),
        data=[_draw_bars(window), *_draw_entries(window, entries)] if len(window) else [],
        layout=_lay_out(window, entries),
        columns=COLUMNS,
        rows=_tabulate(window, entries),
    )


def say_time(seconds: int) -> str:
    """Return an epoch time as people write it, in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime(TIME_FORM)


def _read_entries(window: Window) -> Iterator[Entry]:
    setups = window.setups
    assert setups is not None
    last = int(window.bars.time[-1])
    for row in np.flatnonzero(setups.signal_index + 1 >= window.first).tolist():
        t1 = int(setups.t1[row])
        yield Entry(
            bar=int(setups.signal_index[row]) + 1,
            is_long=bool(setups.side[row] > 0),
            at=say_time(setups.t0[row]),
            until=say_time(last if t1 == NO_END else t1),
            entry=float(setups.entry[row]),
            stop=float(setups.stop[row]),
            target=float(setups.target[row]),
            end=_name_end(setups, row),
            words=_say_setup(setups, row),
        )


def _name_end(setups: Setups, row: int) -> str:
    if not setups.outcome[row]:
        return "not decided yet"
    return "won" if setups.r[row] > 0 else "lost"


def _say_setup(setups: Setups, row: int) -> str:
    side = "long" if setups.side[row] > 0 else "short"
    outcome = int(setups.outcome[row])
    result = f", {setups.r[row]:+.2f} R" if outcome else ""
    return f"{side}: {OUTCOMES[outcome]}{result}"


def _draw_bars(window: Window) -> Trace:
    shown = slice(window.first, None)
    bars = window.bars
    prices = {name: getattr(bars, name)[shown].tolist() for name in ("open", "high", "low")}
    return {
        "type": "candlestick",
        "name": "price",
        "x": [say_time(at) for at in bars.time[shown]],
        **prices,
        "close": bars.close[shown].tolist(),
        "increasing": {"line": {"color": BLUE, "width": 1}},
        "decreasing": {"line": {"color": GREY, "width": 1}},
        "showlegend": False,
    }


def _draw_entries(window: Window, entries: Sequence[Entry]) -> list[Trace]:
    """Return a trace per way to end: triangles up below the bar, down above it."""
    traces = []
    for end, colour in ENDS.items():
        own = [one for one in entries if one.end == end]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"setup {end}",
                "x": [one.at for one in own],
                "y": [_beside(window, one) for one in own],
                "text": [one.words for one in own],
                "hovertemplate": "%{x}<br>%{text}<extra></extra>",
                "marker": {
                    "size": 11,
                    "color": colour,
                    "symbol": ["triangle-up" if one.is_long else "triangle-down" for one in own],
                },
            }
        )
    return traces


def _beside(window: Window, one: Entry) -> float:
    """Return the price at which a marker stands clear of its bar."""
    bars = window.bars
    air = float(np.median(bars.high[window.first :] - bars.low[window.first :]))
    return float(bars.low[one.bar] - air if one.is_long else bars.high[one.bar] + air)


def _lay_out(window: Window, entries: Sequence[Entry]) -> dict[str, Any]:
    layout = lay_out("price", has_lanes=False)
    layout["uirevision"] = f"{window.symbol} {window.timeframe}"  # another market, another zoom
    layout["xaxis"] |= {
        "type": "date",
        "title": {"text": "time, UTC"},
        "rangeslider": {"visible": False},
        "rangebreaks": _find_rests(window),
    }
    layout["shapes"] = [
        _draw_room(one, price, colour)
        for one in entries
        for price, colour in ((one.target, GREEN), (one.stop, RED))
    ]
    return layout


def _draw_room(one: Entry, price: float, colour: str) -> dict[str, Any]:
    """Return the rectangle from entry to barrier, for as long as the setup lasted."""
    return {
        "type": "rect",
        "x0": one.at,
        "x1": one.until,
        "y0": one.entry,
        "y1": price,
        "fillcolor": colour,
        "opacity": FAINT,
        "line": {"width": 0},
        "layer": "below",
    }


def _find_rests(window: Window) -> list[dict[str, Any]]:
    """Return the longest times without a bar, for the axis to leave out: weekends."""
    times = window.bars.time[window.first :]
    length = TIMEFRAMES.get(window.timeframe, 0)
    gaps = np.diff(times) - length
    longest = np.argsort(-gaps)[:MOST_RESTS]
    return [
        {"bounds": [say_time(times[at] + length), say_time(times[at + 1])]}
        for at in sorted(longest[gaps[longest] > 0].tolist())
    ]


def _state_finding(window: Window, entries: Sequence[Entry]) -> str:
    market = f"{window.symbol} {window.timeframe}"
    if not len(window):
        return f"No candles of {market} can be drawn"
    if window.setups is None:
        return f"No setups can be looked for on {market}"
    found = f"{len(entries)} setup{'' if len(entries) == 1 else 's'}" if entries else "No setup"
    return f"{found} on the newest {len(window)} bars of {market}"


def _summarise(window: Window, entries: Sequence[Entry]) -> str:
    if window.problem:
        return window.problem
    first, last = (say_time(window.bars.time[at]) for at in (window.first, -1))
    counts = [f"{sum(one.end == end for one in entries)} {end}" for end in ENDS]
    told = f" Of the setups, {', '.join(counts)}, after costs." if entries else ""
    return (
        f"From {first} to {last} UTC, by the rules as they are now.{told} "
        "Triangles point the way of the trade; the shades reach from entry to target and to stop."
    )


def _tabulate(window: Window, entries: Sequence[Entry]) -> list[list[Cell]]:
    words = {one.bar: one.words for one in entries}
    columns = [getattr(window.bars, name) for name in ("open", "high", "low", "close")]
    return [
        [
            say_time(window.bars.time[at]),
            *(f"{column[at]:.{window.digits}f}" for column in columns),
            words.get(at, ""),
        ]
        for at in range(window.first, len(window.bars))
    ]
