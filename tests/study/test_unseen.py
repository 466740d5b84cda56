"""What the results and the report say about all unseen setups."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ml_training.evaluation.metrics import draw_calibration_curve
from ml_training.services.jsonable import to_jsonable
from ml_training.study.page import WIDTH
from ml_training.study.run import run_study
from ml_training.study.sections import write_unseen
from ml_training.study.unseen import describe_unseen, find_unseen
from ml_training.study.walk_forward import Walked
from tests.study.builders import make_set, quick_settings


@pytest.fixture(scope="module")
def study():
    return run_study(make_set(500, edge=0.8), quick_settings(epochs=3))


@pytest.fixture(scope="module")
def unwalked(study):
    return replace(study, walked=Walked(note="there was no time"))


@pytest.fixture(params=["walk_forward", "test"])
def either(request, study, unwalked):
    return request.param, study if request.param == "walk_forward" else unwalked


def test_block_and_predictions_belong_together(either):
    measured_on, study = either
    unseen = find_unseen(study)
    assert unseen.measured_on == measured_on
    assert len(unseen.block) == len(unseen.outcomes) == len(unseen.said.p)
    np.testing.assert_array_equal(unseen.block.r, unseen.outcomes.r)
    assert int(unseen.said.taken.sum()) == study.unseen.taken.n
    assert unseen.block.t1[-1] == study.dataset.t1[-1]


def test_results_hold_plain_numbers_in_the_agreed_names(either):
    measured_on, study = either
    results = json.loads(json.dumps(to_jsonable(describe_unseen(study)), allow_nan=False))
    curve, equity = results["calibration_curve"], results["equity"]
    assert curve["measured_on"] == equity["measured_on"] == measured_on
    assert len(curve["promised"]) == len(curve["observed"]) == len(curve["count"])
    assert sum(curve["count"]) == study.unseen.metrics.n
    assert curve["ece"] == pytest.approx(study.unseen.metrics.ece)
    assert equity["time"] == sorted(equity["time"])
    assert equity["taken_r"][-1] == pytest.approx(study.unseen.taken.total_r)
    assert equity["every_r"][-1] == pytest.approx(study.unseen.every.total_r)
    assert set(results["slices"]) == {"symbol", "timeframe", "year"}
    for scores in results["slices"].values():
        assert sum(one["n"] for one in scores) == study.unseen.metrics.n
        assert sum(one["taken"] for one in scores) == study.unseen.taken.n


def test_walk_forward_is_missing_with_its_reason_when_there_is_none(study, unwalked):
    assert describe_unseen(unwalked)["walk_forward"] is None
    assert describe_unseen(unwalked)["walk_forward_note"] == "there was no time"
    assert describe_unseen(study)["walk_forward"]["n_folds"] == 5
    assert "There is no walk-forward: there was no time." in " ".join(write_unseen(unwalked))


def test_curve_is_that_of_the_pooled_predictions(study):
    walk = study.walked.found
    curve = draw_calibration_curve(walk.outcomes.y, walk.said.p)
    assert describe_unseen(study)["calibration_curve"]["observed"] == curve.observed.tolist()


def test_sections_fit_the_page_and_name_every_step_and_model(either):
    measured_on, study = either
    lines = write_unseen(study)
    assert max(len(line) for line in lines) <= WIDTH
    text = "\n".join(lines)
    for words in ("PROMISED AND OBSERVED", "BY SYMBOL", "AUDUSD", "1h", "2020"):
        assert words in text
    if measured_on == "walk_forward":
        for one in study.walked.found.models:
            assert f"\n    {one.name}" in text
        assert sum(f" {one.served} " in text for one in study.walked.found.steps) == 5


def test_verdict_and_report_rest_on_the_walk_forward(study):
    assert study.unseen is study.walked.found.pooled
    n = study.unseen.metrics.n
    assert study.verdict.evidence[0].startswith(f"{n:,} setups in a walk-forward of 5 steps")
