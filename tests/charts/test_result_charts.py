"""Charts of what a run is worth: promises kept, R made."""

import json

import pytest

from ml_training.charts import RESULT_CHARTS, draw_chart
from ml_training.charts.calibration import Group
from ml_training.charts.chart import MOST_POINTS
from ml_training.charts.equity import MOST_ROWS
from tests.charts.builders import find_trace, make_curves, make_results


def draw(name, **changes):
    results = {name: {**value, **changes} for name, value in make_results().items()}
    return draw_chart(name, make_curves(results=results))


@pytest.mark.parametrize("name", RESULT_CHARTS)
def test_chart_is_strict_json_and_small_when_there_are_many_setups(name):
    chart = draw_chart(name, make_curves(results=make_results(20_000)))
    assert json.dumps(chart.as_dict(), allow_nan=False)
    assert 0 < sum(len(trace["x"]) for trace in chart.data) <= MOST_POINTS
    assert 0 < len(chart.rows) <= MOST_ROWS
    assert all(len(row) == len(chart.columns) for row in chart.rows)


@pytest.mark.parametrize("name", RESULT_CHARTS)
@pytest.mark.parametrize(
    "results", [{}, {"calibration_curve": {}, "equity": {}}, {"equity": {"time": 3}}]
)
def test_chart_says_what_to_do_when_an_older_run_has_none(name, results):
    chart = draw_chart(name, make_curves(results=results))
    assert chart.title.startswith("No ")
    assert "train again" in chart.summary
    assert (chart.data, chart.rows) == ([], [])


def test_error_of_the_promises_stands_in_the_title_when_measured():
    chart = draw("calibration")
    assert chart.title == "Promised win rates were off by 8.8 points on average"
    assert "400 setups in 3 groups of all folds" in chart.summary
    assert "In 2 of them luck explains the difference" in chart.summary


def test_error_of_the_promises_is_worked_out_when_nobody_told_it():
    assert draw("calibration", ece=None).title == draw("calibration").title


def test_groups_without_setups_are_left_out_when_drawn():
    chart = draw("calibration", count=[100, 0, 100])
    assert [row[2] for row in chart.rows] == [100, 100]
    assert find_trace(chart, "setups")["x"] == [0.2, 0.6]


def test_range_of_luck_is_that_of_wilson_when_groups_are_small():
    low, high = Group(promised=0.5, observed=0.0, count=10).luck
    assert low == pytest.approx(0.0, abs=1e-12)
    assert high == pytest.approx(0.2775, abs=1e-4)  # 3.8416 / (10 + 3.8416)


def test_sum_of_r_stands_in_the_title_when_added_up():
    chart = draw("equity", time=[0, 3_600, 7_200], taken_r=[2.0, -1.0, 3.5], every_r=[1, 0, -4])
    assert chart.title == "The setups taken made +3.5 R, all of them -4.0 R"
    assert chart.summary.startswith("All setups of the test block, one after the other")
    assert chart.rows[-1] == ["1970-01-01 02:00", 3.5, -4.0]
    assert find_trace(chart, "setups taken")["y"] == [2.0, -1.0, 3.5]


def test_last_sum_is_in_the_table_when_rows_are_left_out():
    results = make_results(20_000)
    chart = draw_chart("equity", make_curves(results=results))
    assert chart.rows[-1][2] == results["equity"]["every_r"][-1]
