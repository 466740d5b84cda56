"""Runs side by side: overlaid curves, only what differs, one of them pinned."""

import csv
import io

import pytest

from ml_training.models import MetricPoint, TrainingRun
from tests.charts.builders import make_epoch
from tests.services.builders import make_strategy
from tests.views.builders import FIGURES, RESULTS, fill, make_finished_run, make_point
from tests.views.html import find_faults
from tests.views.test_runs import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def better(filled):
    """Return a run with another rate, a lower best loss, and better results."""
    metrics = FIGURES | {"auc": 0.75, "log_loss": 0.55}
    run = make_finished_run(
        filled.strategy,
        settings={"seed": 0, "epochs": 4, "learning_rate": 0.01},
        results=RESULTS | {"metrics": metrics, "training_samples": 900},
        progress={},
    )
    run.points.all().delete()
    losses = [
        make_epoch(number, validation_loss=loss) for number, loss in enumerate((0.9, 0.1, 0.4))
    ]
    MetricPoint.objects.bulk_create(make_point(run, "epoch", one) for one in losses)
    return run


@pytest.fixture
def worse(filled):
    results = RESULTS | {"metrics": FIGURES, "training_samples": 900}
    TrainingRun.objects.filter(pk=filled.run.pk).update(results=results)
    return filled.run


def compare(page, *runs, pin=None, name=""):
    query = [("run", run.pk) for run in runs]
    if pin:
        query.append(("pin", pin.pk))
    return page.get(f"/runs/compare/{name}", query_params=query)


def test_only_what_differs_is_told_when_two_runs_are_compared(page, worse, better):
    answer = compare(page, worse, better)
    text = text_of(answer)
    lines = {line.name for part in answer.context["parts"].values() for line in part}
    assert {"learning rate", "AUC on test", "log-loss on test", "best validation loss"} <= lines
    assert (
        not {"seed", "epochs", "setups in training", "verdict", "balanced accuracy on test"}
        & lines
    )
    assert "Rules" not in answer.context["parts"]
    assert find_faults(answer.content.decode()) == []
    assert text.index("Run A") < text.index("Run B")


def test_best_and_not_the_last_loss_is_told_when_it_rose_again(page, worse, better):
    (line,) = [
        line
        for line in compare(page, worse, better).context["parts"]["Results"]
        if line.name == "best validation loss"
    ]
    assert line.cells[1].text == "0.1"
    assert line.cells[1].is_better


def test_change_is_told_against_the_pinned_run_when_another_is_pinned(page, worse, better):
    first = compare(page, worse, better).context
    assert [column["is_pinned"] for column in first["columns"]] == [True, False]
    answer = compare(page, worse, better, pin=better)
    assert [column["run"].pk for column in answer.context["columns"]] == [better.pk, worse.pk]
    (line,) = [one for one in answer.context["parts"]["Results"] if one.name == "AUC on test"]
    assert [cell.change for cell in line.cells] == ["", "−0.05"]  # noqa: RUF001
    assert line.cells[1].is_worse
    assert f"pin={worse.pk}" in answer.content.decode()


def test_rules_are_told_line_by_line_when_strategies_differ(page, filled):
    rules = {**filled.strategy.rules, "exit": {**filled.strategy.rules["exit"], "max_bars": 7}}
    other = make_strategy(owner=filled.owner, name="Other", rules=rules)
    parts = compare(page, filled.run, make_finished_run(other)).context["parts"]
    names = [line.name for line in parts["Rules"]]
    assert names[0] == "strategy"
    assert any("7 bars" in name for name in names)
    assert not any("RSI" in name for name in names)
    assert "rules, SHA-256" in [line.name for line in parts["Data and model"]]


def test_page_says_so_when_nothing_differs(page, filled):
    text = text_of(compare(page, filled.run, make_finished_run(filled.strategy)))
    assert "Nothing differs" in text


def test_curves_are_overlaid_when_drawn(page, worse, better):
    figure = compare(page, worse, better, name="loss.json").json()
    assert [trace["name"] for trace in figure["data"]] == ["run A", "run B"]
    assert figure["data"][0]["line"]["width"] > figure["data"][1]["line"]["width"]
    assert figure["title"] == "Run B reached the lowest loss, 0.1"
    answer = compare(page, worse, better, name="loss.csv")
    head, *rows = csv.reader(io.StringIO(answer.content.decode()))
    assert head == ["epoch", "run A", "run B"]
    assert rows[1][2] == "0.1"


def test_branch_that_was_left_is_no_part_of_the_curve_when_a_repair_was_kept(page, filled):
    rows = compare(page, filled.run, name="loss.csv").content.decode().splitlines()
    assert len(rows) == 1 + 4


def test_runs_to_choose_are_offered_when_none_or_one_is_named(page, filled):
    assert "No runs chosen" in text_of(page.get("/runs/compare/"))
    assert "One run alone has nothing to differ from" in text_of(compare(page, filled.run))
    assert "Compare the ticked runs" in text_of(page.get("/runs/"))


def test_page_does_not_exist_when_one_of_the_runs_is_another_users(page, filled):
    other = fill("other", symbol="GBPUSD")
    for name in ("", "loss.json", "loss.csv"):
        assert compare(page, filled.run, other.run, name=name).status_code == 404
        assert compare(page, filled.run, pin=other.run, name=name).status_code == 404


@pytest.mark.parametrize("query", ["run=x", "run=", "pin=%00", "run=<script>"])
def test_page_does_not_exist_when_a_key_is_none(page, query):
    assert page.get(f"/runs/compare/?{query}").status_code == 404


def test_page_says_that_some_are_left_out_when_there_are_too_many(page, filled):
    runs = [make_finished_run(filled.strategy) for _ in range(7)]
    answer = compare(page, *runs)
    assert "Only 6 runs are shown" in text_of(answer)
    assert len(answer.context["columns"]) == 6


def test_number_of_queries_stays_when_more_runs_are_compared(
    page, filled, django_assert_max_num_queries
):
    runs = [make_finished_run(filled.strategy) for _ in range(5)]
    compare(page, filled.run)
    with django_assert_max_num_queries(12) as few:
        compare(page, filled.run)
    with django_assert_max_num_queries(len(few)):
        compare(page, *runs)
