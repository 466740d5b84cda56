"""The contract every problem keeps; it walks the registry, new ones included."""

import dataclasses
import inspect
import math
import pkgutil

import numpy as np
import pytest

from ml_training.core import problems
from ml_training.core.findings import SEVERITIES, Finding
from ml_training.core.problems import PROBLEMS
from tests.core.builders import make_observations

STAGES = {"before", "batch", "epoch", "after"}
HEALTHY_LOSSES = np.linspace(0.7, 0.3, 60)
each = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS.keys())


@each
def test_it_is_declared_in_a_file_of_its_own_name(problem):
    module = inspect.getmodule(problem.detect)
    assert module.__name__.rpartition(".")[2] == problem.key
    assert module.PROBLEM is problem


def test_every_file_is_in_the_registry():
    files = {module.name for module in pkgutil.iter_modules(problems.__path__)}
    assert files == set(PROBLEMS)


@each
def test_it_explains_itself(problem):
    assert len(problem.explanation) > 80
    assert problem.title
    assert problem.sources
    assert problem.advice.endswith(".")
    assert set(problem.stages) <= STAGES
    assert problem.stages


@each
def test_every_threshold_has_a_value_and_a_source(problem):
    assert problem.thresholds
    for threshold in problem.thresholds:
        assert math.isfinite(threshold.value)
        assert len(threshold.source) > 5


@each
def test_a_batch_problem_draws_alarm_lines(problem):
    if "batch" not in problem.stages:
        pytest.skip("not asked at every batch")
    lines = problem.alarm_lines(make_observations(HEALTHY_LOSSES))
    assert set(lines) <= {"loss", "gradient_norm"}
    assert all(limit > 0 for limit in lines.values())


@each
def test_it_finds_nothing_in_a_healthy_run(problem):
    assert problem.detect(make_observations(HEALTHY_LOSSES)) is None


@each
def test_it_finds_nothing_before_anything_was_read(problem):
    if "before" not in problem.stages:
        pytest.skip("asked only after batches")
    assert problem.detect(make_observations()) is None


@each
def test_asking_changes_nothing(problem):
    seen = make_observations(HEALTHY_LOSSES)
    before = seen.history.as_dict()
    problem.detect(seen)
    assert seen.history.as_dict() == before


@each
def test_its_remedies_have_keys_and_titles(problem):
    for remedy in problem.remedies:
        assert remedy.key == remedy.key.lower()
        assert remedy.title
        assert remedy.start in {"last_good", "here", "beginning"}


@each
def test_it_cannot_be_changed(problem):
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.title = "other"


def assert_is_sound(finding: Finding, key: str) -> None:
    """Check what every finding must be."""
    assert finding.problem == key
    assert finding.severity in SEVERITIES
    assert finding.message.endswith(".")
    assert all(isinstance(value, float) for value in finding.evidence.values())
