import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.core.checkpoints import from_plain, pack_resume, to_plain, unpack_resume
from ml_training.core.history import FIRST_CAPACITY, EpochScore, Reading, RunHistory
from ml_training.core.resume_history import count_scores, pack_history, unpack_history

NUMBERS = st.floats(width=64)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), NUMBERS, st.integers(0, 3)),
        st.tuples(st.just("score"), NUMBERS, st.sampled_from([(), ("a",), ("b", "a")])),
        st.tuples(st.just("rewind"), st.integers(0, 30), st.none()),
        st.tuples(st.just("show"), st.integers(0, 5), st.none()),
    ),
    max_size=40,
)


class Play:
    """Do with a history what a run does, and remember its branches."""

    def __init__(self, history: RunHistory, branches=()) -> None:
        self.history, self.branches, self.step = history, list(branches), 0

    def act(self, what, value, detail) -> None:
        if what == "read":
            norms = [value] * detail
            self.history.add(
                Reading(
                    epoch=self.step // 4,
                    step=self.step,
                    loss=value,
                    gradient_norm=1.0,
                    layer_norms=norms,
                    activation_sizes=norms[:1],
                    skipped=detail == 3,
                )
            )
            self.step += 1
        elif what == "score":
            self.history.add_score(make_score(self.step, value, detail))
        elif what == "rewind":
            self.branches.append(self.history.rewind_to(min(value, self.step)))
            self.step = min(value, self.step)
        elif self.branches:
            self.history.show(self.branches[value % len(self.branches)])


def make_score(step, value, names=()):
    return EpochScore(
        epoch=step // 4,
        step=step,
        train_loss=value,
        validation_loss=-value,
        validation_score=0.5,
        learning_rate=0.1,
        is_best=step % 2 == 0,
        signals=dict.fromkeys(names, value),
    )


def come_back(history) -> RunHistory:
    """Return the history after a way through bytes."""
    content = pack_resume(to_plain(pack_history(history)))
    return unpack_history(from_plain(unpack_resume(content)))


def all_of(history) -> str:
    shown = [
        history.attempt,
        history.n_attempts,
        history.n_readings,
        len(history),
        [repr(score) for score in history.scores],
        history.last("loss").tolist(),
        history.last("step").tolist(),
        history.last_layers("layer_norms").tolist(),
        history.last_layers("activation_sizes").tolist(),
        history.by_epoch("a").tolist(),
        history.as_dict(),
    ]
    return json.dumps(shown)


@settings(deadline=None)
@given(ACTS, ACTS)
def test_a_history_comes_back_and_grows_on_the_same(before, after):
    play = Play(RunHistory(("one", "two")))
    for act in before:
        play.act(*act)
    other = Play(come_back(play.history), play.branches)
    other.step = play.step
    assert all_of(other.history) == all_of(play.history)
    for act in after:
        play.act(*act)
        other.act(*act)
    assert all_of(other.history) == all_of(play.history)


@pytest.mark.parametrize("n", [FIRST_CAPACITY - 1, FIRST_CAPACITY, FIRST_CAPACITY + 1])
def test_a_history_grows_on_where_its_arrays_were_full(n):
    history = RunHistory(("one",))
    for step in range(n):
        history.add(Reading(epoch=0, step=step, loss=step, gradient_norm=1.0, layer_norms=[1.0]))
    back = come_back(history)
    for each in (history, back):
        for step in range(n, 2 * n + 3):
            each.add(Reading(epoch=1, step=step, loss=1.0, gradient_norm=1.0, layer_norms=[2.0]))
    assert all_of(back) == all_of(history)


def test_scores_of_hidden_attempts_count():
    history = RunHistory(())
    history.add_score(make_score(4, 1.0))
    history.rewind_to(0)
    history.add_score(make_score(4, 2.0))
    assert count_scores(history) == count_scores(come_back(history)) == 2
    assert len(history.scores) == 1


def test_types_come_back_plain():
    history = RunHistory(())
    history.add_score(make_score(4, np.float64(0.25), ("a",)))
    score = come_back(history).scores[0]
    assert [type(v) for v in (score.step, score.train_loss, score.is_best)] == [int, float, bool]
    assert type(score.signals["a"]) is float
