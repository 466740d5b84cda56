"""Listeners that raise, and questions that cannot be answered.

A listener is not part of the training: what it raises is noted, it misses that event,
and it hears the next one. A question that raises counts as "no" and is asked again.
"""

import numpy as np
import pytest

from ml_training.core.caller import Caller
from ml_training.core.events import RunEnded
from tests.core.builders import (
    Listener,
    PoisonedAt,
    are_equal,
    make_network,
    make_rows,
    weights_of,
)
from tests.core.robustness.fitting import fit_quickly


class Failing(Listener):
    """Raise at some events, and keep the others."""

    def __init__(self, is_bad):
        super().__init__()
        self.is_bad = is_bad
        self.n_heard = 0

    def __call__(self, event):
        self.n_heard += 1
        if self.is_bad(self.n_heard):
            raise OSError("the disk is full")
        super().__call__(event)


@pytest.mark.parametrize(
    "is_bad",
    [lambda n: True, lambda n: n == 1, lambda n: n > 5, lambda n: n % 3 == 0, lambda n: n == 9],
)
@pytest.mark.parametrize("model", [make_network, lambda: PoisonedAt(20)])
def test_a_listener_that_raises_changes_nothing_but_a_note(is_bad, model):
    X, y = make_rows()
    failing = Failing(is_bad)
    result, quiet = fit_quickly(model(), X, y, emit=failing), fit_quickly(model(), X, y)
    assert are_equal(weights_of(result.model), weights_of(quiet.model))
    assert result.status == quiet.status
    notes = [note for note in result.report.notes if "the disk is full" in note]
    assert len(notes) == 1


def test_a_listener_hears_what_comes_after_the_event_it_missed():
    listener = Failing(lambda n: n == 3)
    fit_quickly(make_network(), *make_rows(), emit=listener)
    assert listener.of(RunEnded)


def test_a_refused_run_survives_its_listener():
    X, _ = make_rows()
    result = fit_quickly(None, X, np.ones(300, int), emit=Failing(lambda n: True))
    assert any("the disk is full" in note for note in result.report.notes)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_what_is_no_error_reaches_the_caller(interruption):
    def stop(event):
        raise interruption

    with pytest.raises(interruption):
        fit_quickly(make_network(), *make_rows(), emit=stop)


def raise_always():
    raise OSError("nobody answers")


@pytest.mark.parametrize(
    "question", [raise_always, lambda: np.array([1, 0]), lambda: None, lambda: ""]
)
def test_a_question_without_an_answer_counts_as_no(question):
    result = fit_quickly(make_network(), *make_rows(), should_stop=question)
    assert result.stopped_because == "all_epochs_trained"


def test_a_question_that_raised_is_asked_again():
    answers = iter([OSError("nobody answers"), OSError("nobody answers"), True])

    def question():
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    result = fit_quickly(make_network(), *make_rows(), should_stop=question)
    assert result.stopped_because == "cancelled"
    assert sum("nobody answers" in note for note in result.report.notes) == 1


def test_both_ends_of_a_caller_are_noted_once_each():
    caller = Caller(Failing(lambda n: True), raise_always)
    for _ in range(3):
        caller.tell(None)
        assert caller.wants_to_stop() is False
    assert len(caller.notes) == 2
