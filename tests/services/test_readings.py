"""Few readings stand for many, and none that stands out is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_training.services.readings import choose_readings, describe_reading
from tests.services.engine_events import make_reading

NAN, INF = float("nan"), float("inf")


def choose_steps(readings, stride):
    return [reading.step for reading in choose_readings(readings, stride)]


def test_all_are_kept_when_there_is_room():
    assert choose_steps([make_reading(i) for i in range(5)], 1) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "odd",
    [
        {"gradient_norm": 50.0},
        {"gradient_norm": NAN},
        {"gradient_norm": INF},
        {"loss": NAN},
        {"loss": INF},
        {"skipped": True},
        {"error": "RuntimeError"},
    ],
)
@pytest.mark.parametrize("place", [0, 4, 9])
def test_odd_one_stands_for_its_neighbours_when_thinned(odd, place):
    readings = [make_reading(i) for i in range(10)]
    readings[place] = make_reading(place, **odd)
    assert choose_steps(readings, 10) == [place]


def test_poisoned_batch_wins_when_another_has_the_larger_gradient():
    readings = [make_reading(0, gradient_norm=1e9), make_reading(1, loss=NAN)]
    assert choose_steps(readings, 2) == [1]


@given(norms=st.lists(st.floats(), max_size=60), stride=st.integers(1, 70))
def test_order_and_number_hold_when_thinned(norms, stride):
    readings = [make_reading(i, gradient_norm=norm) for i, norm in enumerate(norms)]
    steps = choose_steps(readings, stride)
    assert steps == sorted(steps)
    assert len(steps) == -(-len(norms) // stride)


def test_only_what_was_measured_is_described():
    plain = describe_reading(make_reading(12))
    assert set(plain) == {"epoch", "step", "loss", "gradient_norm", "clip_factor", "learning_rate"}
    watched = describe_reading(make_reading(update_norm=0.1, update_ratios=[0.01], error="boom"))
    assert (watched["update_norm"], watched["update_ratios"]) == (0.1, [0.01])
    assert watched["error"] == "boom"
