"""What the page of a run says about the worth of its model."""

import pytest

from ml_training.models import TrainingRun
from tests.views.builders import JUDGED, RESULTS
from tests.views.html import find_faults
from tests.views.test_runs import text_of, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged(filled):
    TrainingRun.objects.filter(pk=filled.run.pk).update(results=RESULTS | JUDGED)
    return filled.run


def test_interval_stands_behind_the_auc_when_it_was_measured(page, filled):
    assert '0.7 <span class="hint">0.67 to 0.73</span>' in text_of(
        page.get(url("run", filled.run))
    )


def test_promises_and_equity_are_charts_when_measured(page, judged):
    text = text_of(page.get(url("run", judged)))
    assert "Promised win rates were off by 8.8 points" in text
    assert "The setups taken made" in text
    figure = page.get(url("run_figure", judged, name="equity")).json()
    assert [trace["name"] for trace in figure["data"]] == ["every setup", "setups taken"]
    assert page.get(url("run_table", judged, name="calibration")).status_code == 200


def test_every_fold_and_model_is_told_when_a_run_was_judged_on_several(page, judged):
    answer = page.get(url("run", judged))
    text = text_of(answer)
    for words in (
        "0.66 to 0.74",
        "<dt>chance that luck ranks as well</dt>",
        "2020-09-13",
        "2021-02-03",
        "<td>gradient boosting</td>",
        "8.9%",
        "By symbol",
        "By timeframe",
        "By year",
        "+0.321 R",
    ):
        assert words in text, words
    assert text.count(">in use<") == 3
    assert find_faults(answer.content.decode()) == []


def test_stretches_are_told_with_their_words_when_there_were_setups_enough(page, judged):
    text = text_of(page.get(url("run", judged)))
    for words in (
        "This is a spread and no forecast.",
        '0.523 <span class="hint">0.471 to 0.552</span>',
        '+0.040 R <span class="hint">-0.120 R to +0.110 R</span>',
        '2017-07-14 <span class="hint">whole time</span>',
    ):
        assert words in text, words


def test_page_says_plainly_that_there_is_none_when_an_older_version_made_the_run(page, filled):
    text = text_of(page.get(url("run", filled.run)))
    assert "No calibration was measured" in text
    assert "No equity was measured" in text
    assert "This run was not judged on several folds" in text


@pytest.mark.parametrize("odd", [None, [], "text", 3, {"models": []}, {"models": {"a": None}}])
def test_page_opens_when_results_have_another_shape(page, filled, odd):
    names = (
        "walk_forward",
        "stretches",
        "slices",
        "calibration_curve",
        "equity",
        "baselines",
        "pairs",
    )
    TrainingRun.objects.filter(pk=filled.run.pk).update(results=dict.fromkeys(names, odd))
    assert page.get(url("run", filled.run)).status_code == 200


def test_columns_that_tell_more_together_are_named(page, filled):
    pairs = {"words": "Together these tell more than alone: a with b.", "found": []}
    TrainingRun.objects.filter(pk=filled.run.pk).update(
        results=RESULTS | JUDGED | {"pairs": pairs}
    )
    assert pairs["words"] in text_of(page.get(url("run", filled.run)))
    TrainingRun.objects.filter(pk=filled.run.pk).update(results=RESULTS | JUDGED | {"pairs": None})
    assert "tell more" not in text_of(page.get(url("run", filled.run)))


def test_reason_is_told_when_a_run_was_not_walked_forward(page, filled):
    results = RESULTS | JUDGED | {"walk_forward": None, "walk_forward_note": "too few setups"}
    TrainingRun.objects.filter(pk=filled.run.pk).update(results=results)
    text = text_of(page.get(url("run", filled.run)))
    assert "Not judged on several folds: too few setups" in text
    assert "By symbol" in text
