from dataclasses import replace

import numpy as np
import pytest

from ml_training.core.problems import PROBLEMS
from ml_training.study.blocks import cut_blocks
from ml_training.study.candidates import prepare_candidates
from ml_training.study.diagnostics import (
    AREAS,
    _measure_outliers,
    _measure_scaling,
    _measure_shift,
    diagnose,
)
from ml_training.study.models import NETWORK
from ml_training.study.run import run_study
from tests.study.builders import change, make_set, quick_settings
from tests.study.engine_words import make_finding, make_trial


@pytest.fixture(scope="module")
def study():
    return run_study(make_set(300, edge=0.8), quick_settings(epochs=3))


def areas_with(study, *, findings=(), trials=()):
    fitted = replace(study.fitted, findings=findings, trials=trials)
    blocks, train = study.blocks, study.settings.train
    networks = {NETWORK: fitted}
    found = prepare_candidates(blocks.train, blocks.validation, train, networks, names=())
    return {area.title: area for area in diagnose(fitted, found[NETWORK], blocks)}


def test_every_area_of_the_interface_is_told_when_all_is_well(study):
    areas = areas_with(study)
    assert list(areas) == list(AREAS)
    assert all(area.lines[0] for area in areas.values())
    assert areas["Gradient health"].state == "healthy"


def test_every_problem_the_engine_knows_belongs_to_an_area():
    told = {key for keys in AREAS.values() for key in keys}
    assert set(PROBLEMS) <= told


def test_area_is_called_measured_only_while_no_rule_watches_it(study):
    for area in areas_with(study).values():
        is_watched = any(key in PROBLEMS for key in AREAS[area.title])
        assert (area.state == "measured") == (not is_watched)


@pytest.mark.parametrize(
    ("severity", "trials", "state"),
    [
        ("critical", (make_trial(kept=True),), "repaired"),
        ("critical", (make_trial(kept=False),), "needs attention"),
        ("critical", (), "needs attention"),
        ("info", (), "noted"),
    ],
)
def test_area_names_what_became_of_a_finding(study, severity, trials, state):
    found = make_finding(severity=severity)
    area = areas_with(study, findings=(found,), trials=trials)["Gradient health"]
    assert area.state == state
    assert found.message in area.lines
    assert len(area.lines) == 2 + len(trials)


def test_finding_stays_in_its_own_area(study):
    areas = areas_with(study, findings=(make_finding(),))
    assert [title for title, area in areas.items() if area.state == "needs attention"] == [
        "Gradient health"
    ]


def blocks_of(dataset):
    return cut_blocks(dataset, (0.6, 0.2, 0.2))


def test_outliers_are_counted_when_cells_lie_far_out():
    dataset = make_set(300)
    X = dataset.X.copy()
    X[:10, 2] = 1e6
    assert _measure_outliers(blocks_of(change(dataset, X=X))).startswith("10 of")


def test_shift_names_the_column_that_moved_most():
    dataset = make_set(300)
    X = dataset.X.copy()
    X[180:, 3] += 5.0
    assert "the mean of feature_3 moved most, by 5." in _measure_shift(
        blocks_of(change(dataset, X=X))
    )


def test_figures_survive_when_columns_are_constant_or_empty():
    dataset = make_set(300)
    X = dataset.X.copy()
    X[:, 0], X[:, 1] = 3.0, np.nan
    blocks = blocks_of(change(dataset, X=X))
    assert _measure_scaling(blocks).endswith("1 of 5 never change: feature_0")
    assert "moved most" in _measure_shift(blocks)
    assert "training cells" in _measure_outliers(blocks)


def test_constant_columns_are_counted_but_not_all_named_when_many():
    dataset = make_set(300, n_features=12)
    X = dataset.X.copy()
    X[:, :8] = 1.0
    words = _measure_scaling(blocks_of(change(dataset, X=X)))
    assert "8 of 12 never change: feature_0, feature_1, " in words
    assert words.endswith("feature_4, ...")


def test_figures_survive_when_every_column_is_constant():
    dataset = make_set(300)
    blocks = blocks_of(change(dataset, X=np.ones_like(dataset.X)))
    assert _measure_scaling(blocks) == "Every column is constant"
    assert _measure_outliers(blocks).startswith("0 of")
