from dataclasses import replace

import pytest

from ml_training.core.loop import TRIED_PART
from ml_training.core.medic import FEWEST_STEPS
from ml_training.core.settings import SMALLEST_STEP_BUDGET
from tests.core.builders import make_finding
from tests.core.test_medic import Nothing, make_problem, make_ward


def test_no_trial_is_made_when_the_plan_could_not_be_finished_after_it():
    run, _ = make_ward(max_epochs=400)
    assert run.plan.planned_steps > SMALLEST_STEP_BUDGET / 3
    run.n_steps_taken = int(TRIED_PART * run.step_budget) - run.plan.planned_steps + 20
    run.medic.treat(make_problem(Nothing()), make_finding("exploding_gradient"))
    assert not run.medic.trials


def steps_watched(*, steps_per_epoch, n_epochs, **changes):
    """Return how long the branches of a trial run on in such a plan."""
    run, _ = make_ward(n_epochs=0)
    run.medic._plan = replace(
        run.plan, steps_per_epoch=steps_per_epoch, planned_steps=steps_per_epoch * n_epochs
    )
    return run.medic._steps_to_watch(make_problem(Nothing(), **changes))


@pytest.mark.parametrize(
    ("steps_per_epoch", "n_epochs", "watch_epochs", "expected"),
    [
        (20, 100, 2.0, FEWEST_STEPS),  # two epochs are too few steps to see anything
        (100, 100, 3.0, 300),
        (200, 20, 5.0, 500),  # an eighth of the plan
        (200, 4, 5.0, 200),  # never less than the epoch that makes the model
        (20, 20, 2.0, FEWEST_STEPS),  # in a short plan neither
        (100, 100, 0.0, 0),
    ],
)
def test_a_trial_takes_a_small_part_of_the_plan(steps_per_epoch, n_epochs, watch_epochs, expected):
    watched = steps_watched(
        steps_per_epoch=steps_per_epoch, n_epochs=n_epochs, watch_epochs=watch_epochs
    )
    assert watched == expected


def test_a_problem_seen_past_the_plan_is_watched_as_long_as_it_asks():
    watched = steps_watched(steps_per_epoch=30, n_epochs=10, watch_epochs=10.0, extends=True)
    assert watched == 300
