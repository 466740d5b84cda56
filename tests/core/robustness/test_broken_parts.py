"""Detectors and remedies that raise: the run goes on, and says who failed."""

from dataclasses import dataclass

import pytest

from ml_training.core import fit as fit_module
from ml_training.core import loop
from ml_training.core.events import PartFailed
from ml_training.core.findings import Change, Finding, Problem
from ml_training.core.problems import PROBLEMS
from tests.core.builders import Listener, are_equal, make_network, make_rows, weights_of
from tests.core.robustness.fitting import fit_quickly


@dataclass(frozen=True)
class Breaking:
    """A remedy that changes half of what it should and raises."""

    key: str = "breaking"
    title: str = "break"
    start: str = "here"
    raises_in: str = "apply"

    def objection(self, state):
        if self.raises_in == "objection":
            raise LookupError("asked too much")
        return ""

    def apply(self, state, finding):
        state.scale_learning_rate(1e9)
        raise LookupError("broke in the middle")


@dataclass(frozen=True)
class Halving:
    """A remedy that works."""

    key: str = "halving"
    title: str = "halve the rate"
    start: str = "beginning"

    def objection(self, state):
        return ""

    def apply(self, state, finding):
        state.scale_learning_rate(1e-9)
        return Change(what="rate", before=1.0, after=0.5, sentence="made the rate smaller")


def find_always(seen):
    return Finding(
        problem="made_up", severity="warning", epoch=seen.epoch, step=seen.step, evidence={},
        message="Seen by a detector that sees it always.",
    )  # fmt: skip


def raise_always(seen):
    raise LookupError("this detector is broken")


def made_up(detect, *remedies, stages=("epoch",), **others) -> Problem:
    """Return a problem as a file of its own would declare it."""
    return Problem(
        key="made_up",
        title="Made up",
        stages=stages,
        explanation="For tests.",
        sources=(),
        thresholds=(),
        detect=detect,
        remedies=remedies,
        **others,
    )


@pytest.fixture
def register(monkeypatch):
    """Return a function that puts a problem among the known ones."""

    def put(problem: Problem) -> None:
        everything = {**PROBLEMS, problem.key: problem}
        monkeypatch.setattr(loop, "PROBLEMS", everything)
        monkeypatch.setattr(fit_module, "PROBLEMS", everything)

    return put


@pytest.mark.parametrize("stage", ["before", "batch", "epoch", "after"])
def test_a_detector_that_raises_is_left_out_and_named(register, stage):
    X, y = make_rows()
    quiet = fit_quickly(make_network(), X, y)
    register(made_up(raise_always, stages=(stage,), alarm_lines=lambda seen: {"loss": 0.0}))
    listener = Listener()
    result = fit_quickly(make_network(), X, y, emit=listener)
    failed = listener.of(PartFailed)
    assert [event.part for event in failed] == ["problem made_up"]
    assert failed[0].message == "LookupError: this detector is broken"
    assert any("problem made_up failed" in note for note in result.report.notes)
    assert result.status == "healthy"
    assert are_equal(weights_of(result.model), weights_of(quiet.model))


def test_alarm_lines_that_raise_leave_their_problem_out(register):
    register(made_up(find_always, stages=("batch",), alarm_lines=raise_always))
    listener = Listener()
    result = fit_quickly(make_network(), *make_rows(), emit=listener)
    assert [event.part for event in listener.of(PartFailed)] == ["problem made_up"]
    assert result.status == "healthy"


def test_a_cure_that_cannot_be_asked_about_counts_as_none(register):
    register(made_up(find_always, Halving(), is_cured=raise_always))
    result = fit_quickly(make_network(), *make_rows())
    assert result.status == "unresolved"


@pytest.mark.parametrize("raises_in", ["apply", "objection"])
def test_a_remedy_that_raises_is_named_and_leaves_no_trace(register, raises_in):
    X, y = make_rows()
    quiet = fit_quickly(make_network(), X, y)
    register(made_up(find_always, Breaking(raises_in=raises_in)))
    listener = Listener()
    result = fit_quickly(make_network(), X, y, emit=listener)
    assert {event.part for event in listener.of(PartFailed)} == {"remedy breaking"}
    assert all("LookupError" in event.message for event in listener.of(PartFailed))
    assert result.status == "unresolved"
    assert are_equal(weights_of(result.model), weights_of(quiet.model))


def test_the_next_remedy_is_tried_when_one_raises(register):
    register(made_up(find_always, Breaking(), Halving()))
    result = fit_quickly(make_network(), *make_rows())
    assert {trial.remedy for trial in result.trials} == {"halving"}


@dataclass(frozen=True)
class Rescuing(Halving):
    """Bring a rate of almost nothing up to a good one."""

    key: str = "rescuing"
    start: str = "here"

    def apply(self, state, finding):
        state.scale_learning_rate(1e10)
        return Change(what="rate", before=1e-12, after=0.01, sentence="raised the rate")


@pytest.mark.parametrize("raises_in", ["apply", "objection"])
def test_a_branch_that_helped_goes_on_when_the_next_remedy_raises(register, raises_in):
    others = {"switched_off": set(PROBLEMS), "learning_rate": 1e-12, "max_epochs": 20}
    X, y = make_rows()
    register(made_up(find_late(), Rescuing(), Breaking(start="beginning", raises_in=raises_in)))
    result = fit_quickly(make_network(), X, y, **others)
    assert [trial.remedy for trial in result.trials if trial.kept] == ["rescuing"]
    assert result.history.last("learning_rate")[-1] == pytest.approx(0.01)
    steps = [score.step for score in result.history.scores]
    assert steps == sorted(set(steps))


def find_late():
    """Return a detector that is never content from the second epoch on."""

    def detect(seen):
        return find_always(seen) if seen.epoch >= 1 else None

    return detect
