"""Candles with setups: every bar, every setup, and no weekend in between."""

import json

import numpy as np
import pytest

from ml_training.charts.candles import draw_candles, say_time
from ml_training.charts.chart import MOST_POINTS
from ml_training.data.candles import Candles
from ml_training.data.frame import Frame
from ml_training.data.instruments import guess_instrument
from ml_training.data.rules import parse_rules
from ml_training.data.setups import scan_setups
from ml_training.selectors.windows import N_SHOWN, Window
from tests.charts.builders import find_trace
from tests.data.builders import random_candles
from tests.services.builders import RSI_RULES

ENDS = ("setup won", "setup lost", "setup not decided yet")


def make_window(n_bars=1_000, candles=None, **changes):
    bars = random_candles(n_bars, volatility=0.003) if candles is None else candles
    spec = guess_instrument("EURUSD", bars)
    setups = scan_setups(parse_rules(RSI_RULES), Frame(bars, "1h"), spec)
    fields = {"symbol": "EURUSD", "timeframe": "1h", "bars": bars, "setups": setups}
    return Window(**fields | changes)


def test_chart_is_strict_json_with_words_when_drawn():
    chart = draw_candles(make_window())
    told = json.loads(json.dumps(chart.as_dict(), allow_nan=False))
    assert sum(len(trace["x"]) for trace in told["data"]) <= MOST_POINTS
    assert len(find_trace(chart, "price")["x"]) == N_SHOWN == len(chart.rows)
    assert all(len(row) == len(chart.columns) for row in chart.rows)
    assert "newest 300 bars of EURUSD 1h" in chart.title


def test_every_setup_has_its_marker_when_it_enters_in_the_window():
    window = make_window()
    chart = draw_candles(window)
    markers = [at for end in ENDS for at in find_trace(chart, end)["x"]]
    entered = window.setups.t0[window.setups.t0 >= window.bars.time[window.first]]
    assert sorted(markers) == [say_time(at) for at in entered]
    assert len([row for row in chart.rows if row[-1]]) == len(markers) > 0
    assert chart.title.startswith(f"{len(markers)} setup")


def test_marker_stands_below_a_long_and_above_a_short_when_drawn():
    window = make_window()
    bars = window.bars
    by_text = {say_time(at): row for row, at in enumerate(bars.time)}
    for end in ENDS:
        trace = find_trace(draw_candles(window), end)
        rows = zip(trace["x"], trace["y"], trace["marker"]["symbol"], strict=True)
        for at, price, symbol in rows:
            bar = by_text[at]
            assert price < bars.low[bar] if symbol == "triangle-up" else price > bars.high[bar]


def test_result_is_told_when_a_setup_has_ended():
    window = make_window()
    (row,) = np.flatnonzero(window.setups.r > 0)[-1:]
    texts = find_trace(draw_candles(window), "setup won")["text"]
    assert any(f"{window.setups.r[row]:+.2f} R" in text for text in texts)


def test_rooms_reach_from_entry_to_both_barriers_when_drawn():
    window = make_window()
    shapes = draw_candles(window).layout["shapes"]
    last = shapes[-2:]
    assert [shape["y1"] for shape in last] == [window.setups.target[-1], window.setups.stop[-1]]
    assert {shape["y0"] for shape in last} == {window.setups.entry[-1]}


def test_weekend_is_cut_out_when_no_bar_lies_in_it():
    bars = random_candles(400)
    columns = [column.copy() for column in bars.columns]
    columns[0][350:] += 48 * 3_600
    chart = draw_candles(make_window(candles=Candles.from_columns(*columns)))
    (rest,) = chart.layout["xaxis"]["rangebreaks"]
    assert rest["bounds"] == [say_time(bars.time[350]), say_time(bars.time[350] + 48 * 3_600)]


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"bars": Candles.empty(), "setups": None}, "No candles of EURUSD 1h can be drawn"),
        ({"setups": None}, "No setups can be looked for on EURUSD 1h"),
    ],
)
def test_words_say_what_is_missing_when_there_is_nothing_to_draw(changes, title):
    chart = draw_candles(make_window(**changes, problem="Import candles first."))
    assert chart.title == title
    assert chart.summary == "Import candles first."
    assert json.dumps(chart.as_dict(), allow_nan=False)


def test_prices_keep_their_digits_when_tabled():
    chart = draw_candles(make_window(digits=3))
    assert all(len(cell.rpartition(".")[2]) == 3 for cell in chart.rows[0][1:5])
