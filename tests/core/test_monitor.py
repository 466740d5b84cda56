from dataclasses import replace

import pytest

from ml_training.core.events import FindingMade, PartFailed
from ml_training.core.history import Reading
from ml_training.core.monitor import MOST_FINDINGS, Monitor
from ml_training.core.problems import PROBLEMS
from tests.core.builders import Listener, make_finding, make_observations

PATTERN = PROBLEMS["exploding_gradient"]


def make_problem(key, *, severity="warning", stages=("epoch",), **changes):
    def detect(seen):
        return make_finding(key, severity=severity, step=seen.step)

    return replace(PATTERN, key=key, stages=stages, **{"detect": detect, **changes})


def make_monitor(*problems, seen=None):
    listener = Listener()
    seen = seen or make_observations([0.5])
    return Monitor(problems, lambda: seen, listener), listener


def read(loss=0.5, norm=1.0):
    return Reading(epoch=0, step=0, loss=loss, gradient_norm=norm)


def test_findings_are_kept_and_told_worst_first():
    monitor, listener = make_monitor(
        make_problem("mild", severity="info"),
        make_problem("grave", severity="critical"),
        make_problem("middling"),
    )
    found = monitor.look("epoch")
    assert [finding.problem for finding in found] == ["grave", "middling", "mild"]
    assert monitor.findings == found
    assert [event.finding for event in listener.of(FindingMade)] == found


def test_only_problems_of_the_stage_are_asked():
    monitor, _ = make_monitor(make_problem("early", stages=("before",)), make_problem("late"))
    assert [finding.problem for finding in monitor.look("before")] == ["early"]


def test_a_detector_that_raises_is_left_out_for_good():
    monitor, listener = make_monitor(
        make_problem("broken", detect=lambda seen: 1 / 0), make_problem("sound")
    )
    assert [finding.problem for finding in monitor.look("epoch")] == ["sound"]
    monitor.look("epoch")
    assert len(listener.of(PartFailed)) == 1
    assert "ZeroDivisionError" in listener.of(PartFailed)[0].message


def test_a_line_that_cannot_be_drawn_does_not_stop_the_others():
    monitor, listener = make_monitor(
        make_problem("broken", stages=("batch",), alarm_lines=lambda seen: 1 / 0),
        make_problem("sound", stages=("batch",), alarm_lines=lambda seen: {"gradient_norm": 2.0}),
    )
    monitor.draw_lines()
    assert monitor.crosses_line(read(norm=3.0))
    assert len(listener.of(PartFailed)) == 1


def test_a_problem_rests_until_its_step():
    monitor, _ = make_monitor(make_problem("tired"), seen=make_observations([0.5] * 10))
    monitor.rest("tired", 10)
    assert not monitor.look("epoch")
    monitor.rest("tired", 9)
    assert monitor.look("epoch")


def test_a_problem_is_reported_a_few_times_only():
    monitor, _ = make_monitor(make_problem("insistent"))
    for _ in range(10):
        monitor.look("epoch")
    assert len(monitor.findings) == MOST_FINDINGS


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("signal", ["loss", "norm"])
def test_what_is_not_finite_always_crosses_the_line(bad, signal):
    monitor, _ = make_monitor()
    crosses = monitor.crosses_line(read(**{signal: bad}))
    assert crosses or bad == float("-inf")


def test_the_lowest_line_counts():
    lines = [{"gradient_norm": 5.0}, {"gradient_norm": 3.0, "loss": 9.0}]
    monitor, _ = make_monitor(
        *(
            make_problem(f"p{i}", stages=("batch",), alarm_lines=lambda seen, line=line: line)
            for i, line in enumerate(lines)
        )
    )
    monitor.draw_lines()
    assert monitor.crosses_line(read(norm=4.0))
    assert monitor.crosses_line(read(loss=10.0))
    assert not monitor.crosses_line(read(norm=2.0, loss=8.0))


def test_needs_are_those_of_all_problems():
    monitor, _ = make_monitor(
        make_problem("a", needs=frozenset({"activations"})),
        make_problem("b", needs=frozenset({"predictions"})),
    )
    assert monitor.needs == {"activations", "predictions"}
