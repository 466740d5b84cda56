"""What the pages of runs say, hand out and do."""

import csv
import io
import json

import pytest
from django.urls import reverse

from ml_training.models import Checkpoint, TrainingRun
from ml_training.services import limits
from ml_training.services.queue import request_run
from ml_training.services.spreadsheets import neutralise
from tests.services.builders import make_strategy
from tests.views.builders import MODEL, make_checkpoint, make_finished_run
from tests.views.forms import read_form

pytestmark = pytest.mark.django_db


def url(page_name, run, **more):
    return reverse(f"ml_training:{page_name}", kwargs={"run_id": run.pk, **more})


def text_of(answer):
    return " ".join(answer.content.decode().split())


def test_verdict_comes_first_when_a_run_has_one(page, filled):
    text = text_of(page.get(url("run", filled.run)))
    assert "The setups taken made +0.5 R each." in text
    assert text.index("The setups taken") < text.index("Curves")
    assert "1,077 test setups" in text
    assert "Start with the smallest size" in text


def test_finding_tells_all_when_it_was_repaired(page, filled):
    text = text_of(page.get(url("run", filled.run)))
    for words in (
        "learning rate too high",
        "The loss jumps about.",
        "<dt>shake</dt>",
        "<dd> 2.5 </dd>",
        "Tried: lower rate.",
        "<del>0.1</del>",
        "<ins>0.01</ins>",
        "without it",
        "lowered the learning rate from 0.1 to 0.01",
    ):
        assert words in text, words


def test_simpler_ways_stand_beside_the_model_when_there_are_results(page, filled):
    text = text_of(page.get(url("run", filled.run)))
    assert "logistic regression" in text
    assert "take every setup" in text
    assert "+0.500 R" in text
    assert text.count(">in use<") == 2  # on test and on validation


def test_state_comes_first_when_a_run_has_no_verdict(page, filled):
    run = request_run(filled.strategy, {})
    text = text_of(page.get(url("run", run)))
    assert "Waiting for a worker" in text
    assert "manage.py trainer" in text
    assert "Nothing was found so far" in text
    assert 'value="Cancel"' in text or ">Cancel<" in text


def test_reason_and_way_out_are_told_when_a_run_failed(page, filled):
    run = make_finished_run(
        filled.strategy, state="failed", verdict="", results={}, error="no candles", hint="Upload."
    )
    text = text_of(page.get(url("run", run)))
    assert "<strong>no candles</strong> Upload." in text
    assert ">Resume<" in text


def test_page_opens_when_rows_hold_numbers_that_are_none(page, filled):
    run = make_finished_run(filled.strategy, results={"verdict_details": {}, "baselines": {}})
    run.points.update(values={"loss": "NaN", "gradient_norm": "Infinity"})
    assert page.get(url("run", run)).status_code == 200


def test_progress_is_small_and_says_where_the_run_is_when_asked(page, filled):
    progress = {"epoch": 4, "max_epochs": 30, "step": 50, "planned_steps": 100, "rate": 10.0}
    run = make_finished_run(
        make_strategy(owner=filled.owner), state="running", verdict="", results={}
    )
    TrainingRun.objects.filter(pk=run.pk).update(progress=progress | {"validation_loss": 0.5})
    answer = page.get(url("run_progress", run))
    told = answer.json()
    assert len(answer.content) < 1_024
    assert told["share"] == 0.5
    assert told["is_active"] is True
    assert "epoch 5 of at most 30" in told["progress_words"]
    assert "at most 5 s to go" in told["progress_words"]


def test_nothing_is_sent_when_nothing_changed(page, filled):
    first = page.get(url("run_progress", filled.run))
    again = page.get(url("run_progress", filled.run), headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert again.content == b""
    filled.run.events.all().delete()
    fresh = page.get(url("run_progress", filled.run), headers={"If-None-Match": first["ETag"]})
    assert fresh.status_code == 200


@pytest.mark.parametrize("name", ["loss", "gradients", "learning_rate", "layers"])
def test_figure_can_be_drawn_and_kept_when_fetched(page, filled, name):
    answer = page.get(url("run_figure", filled.run, name=name))
    figure = json.loads(answer.content)
    assert figure["data"]
    assert figure["title"]
    kept = page.get(url("run_figure", filled.run, name=name), {"download": ""})
    assert "attachment" in kept["Content-Disposition"]


def test_table_is_a_spreadsheet_when_fetched(page, filled):
    answer = page.get(url("run_table", filled.run, name="loss"))
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows[0][0] == "epoch"
    assert len(rows) == 1 + 4 + 2
    assert rows[-1][-1] == "without the fix"


@pytest.mark.parametrize("name", ["run_figure", "run_table"])
def test_no_chart_is_found_when_its_name_is_unknown(page, filled, name):
    assert page.get(url(name, filled.run, name="secrets")).status_code == 404


def test_formulas_are_text_when_a_spreadsheet_opens_a_table():
    assert neutralise(["=1+1", "+2", "-3", "@x", "fine", -3.5, None]) == [
        *("'=1+1", "'+2", "'-3", "'@x", "fine", -3.5, None)
    ]


def test_report_is_plain_text_when_fetched(page, filled):
    answer = page.get(url("run_report", filled.run))
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content == b"FINAL DIAGNOSTICS REPORT"


def test_model_comes_with_its_hash_when_downloaded(page, filled):
    answer = page.get(reverse("ml_training:checkpoint_download", args=[filled.checkpoint.pk]))
    assert answer.content == MODEL
    assert answer["X-Content-SHA256"] == filled.checkpoint.sha256
    assert filled.checkpoint.sha256 in text_of(page.get(url("run", filled.run)))


def test_damaged_model_is_kept_back_with_words_when_downloaded(page, filled):
    Checkpoint.objects.filter(pk=filled.checkpoint.pk).update(sha256="0" * 64)
    address = reverse("ml_training:checkpoint_download", args=[filled.checkpoint.pk])
    answer = page.get(address, follow=True)
    assert "must have SHA-256" in text_of(answer)


def test_place_to_resume_is_not_handed_out_when_asked_for(page, filled):
    resume = make_checkpoint(filled.run, kind="resume")
    address = reverse("ml_training:checkpoint_download", args=[resume.pk])
    assert page.get(address).status_code == 404


def test_queued_run_is_canceled_when_the_button_is_pressed(page, filled):
    run = request_run(filled.strategy, {})
    answer = page.post(url("run_cancel", run), follow=True)
    run.refresh_from_db()
    assert run.state == "canceled"
    assert "Canceled." in text_of(answer)


def test_words_say_why_when_there_is_nothing_to_cancel(page, filled):
    answer = page.post(url("run_cancel", filled.run), follow=True)
    assert "Nothing to cancel: the run is succeeded already." in text_of(answer)


def test_failed_run_goes_on_when_the_button_is_pressed(page, filled):
    run = make_finished_run(filled.strategy, state="failed", verdict="")
    page.post(url("run_resume", run))
    run.refresh_from_db()
    assert run.state == "queued"


def test_words_say_why_when_a_finished_run_is_resumed(page, filled):
    answer = page.post(url("run_resume", filled.run), follow=True)
    assert 'class="message error"' in text_of(answer)


def train(page, strategy, **fields):
    address = reverse("ml_training:strategy_train", args=[strategy.pk])
    return page.post(address, fields)


def test_run_starts_with_what_was_chosen_when_the_button_is_pressed(page, filled):
    answer = train(page, filled.strategy, epochs="7", start_date="2024-01-01", key="one")
    run = TrainingRun.objects.get(state="queued")
    assert answer.url == url("run", run)
    assert run.settings["epochs"] == 7
    assert run.settings["use_transfer_learning"] is False
    assert run.requested_by == filled.owner


def test_one_run_is_made_when_the_form_is_sent_twice(page, filled):
    first = train(page, filled.strategy, key="same")
    second = train(page, filled.strategy, key="same")
    assert first.url == second.url
    assert TrainingRun.objects.filter(state="queued").count() == 1


def test_words_ask_to_wait_when_a_user_has_enough_runs(page, filled, monkeypatch):
    monkeypatch.setattr(limits, "MOST_ACTIVE_RUNS", 1)
    request_run(make_strategy(owner=filled.owner), {}, requested_by=filled.owner)
    answer = train(page, filled.strategy, key="one more")
    assert answer.status_code == 422
    assert "at most 1 runs" in text_of(answer)
    assert TrainingRun.objects.filter(state="queued").count() == 1


def test_words_ask_to_wait_when_a_run_is_resumed_beside_enough_others(page, filled, monkeypatch):
    monkeypatch.setattr(limits, "MOST_ACTIVE_RUNS", 1)
    run = make_finished_run(filled.strategy, state="failed", verdict="")
    request_run(make_strategy(owner=filled.owner), {}, requested_by=filled.owner)
    answer = page.post(url("run_resume", run), follow=True)
    assert "at most 1 runs" in text_of(answer)
    run.refresh_from_db()
    assert run.state == "failed"


def test_running_one_is_shown_when_another_is_asked_for(page, filled):
    run = request_run(filled.strategy, {})
    answer = train(page, filled.strategy, key="other")
    assert answer.url == url("run", run)


@pytest.mark.parametrize(
    "fields",
    [
        {"epochs": "0"},
        {"epochs": "many"},
        {"batch_size": "1"},
        {"learning_rate": "nan"},
        {"learning_rate": "-1"},
        {"seed": "9" * 30},
        {"start_date": "soon"},
        {"start_date": "2024-02-01", "end_date": "2024-01-01"},
        {"epochs": "<script>alert(1)</script>"},
    ],
)
def test_no_run_starts_when_a_setting_is_wrong(page, filled, fields):
    answer = train(page, filled.strategy, **fields)
    assert answer.status_code == 422
    assert 'class="wrong"' in text_of(answer)
    assert "<script>alert" not in text_of(answer)
    assert not TrainingRun.objects.filter(state="queued").exists()


def test_same_settings_come_back_when_the_form_was_wrong(page, filled):
    answer = train(page, filled.strategy, epochs="0", seed="5")
    assert 'value="5"' in text_of(answer)
    assert read_form(answer) == {}  # there is no builder on this page


@pytest.mark.parametrize(
    ("query", "n_rows"),
    [
        ("", 2),
        ("state=failed", 1),
        ("verdict=edge_stable", 1),
        ("q=owner", 2),
        ("q=nothing", 0),
        ("state=<script>", 0),
        ("strategy=99999999999999999999", 0),
        ("strategy=x", 2),
        ("page=999", 2),
        ("page=x", 2),
    ],
)
def test_list_is_narrowed_when_filtered(page, filled, query, n_rows):
    make_finished_run(filled.strategy, state="failed", verdict="")
    answer = page.get(f"/runs/?{query}")
    assert answer.status_code == 200
    assert len(answer.context["page"].object_list) == n_rows


def test_way_on_is_shown_when_there_are_no_runs(page, filled):
    TrainingRun.objects.all().delete()
    assert "Go to strategies" in text_of(page.get("/runs/"))


def test_same_settings_run_again_when_a_run_is_cloned(page, filled):
    answer = page.post(url("run_clone", filled.run))
    run = TrainingRun.objects.get(state="queued")
    assert answer.url == url("run", run)
    assert {"epochs": 4, "seed": 0}.items() <= run.settings.items()
    assert (run.strategy, run.requested_by) == (filled.strategy, filled.owner)
    assert run.rules_digest == filled.run.rules_digest
    assert "Run again, same settings" in text_of(page.get(url("run", filled.run)))
    assert "Run again, same settings" not in text_of(page.get(url("run", run)))


def test_words_say_that_rules_have_changed_when_an_older_run_is_cloned(page, filled):
    TrainingRun.objects.filter(pk=filled.run.pk).update(rules_digest="0" * 64)
    answer = page.post(url("run_clone", filled.run), follow=True)
    assert "The rules have changed since" in text_of(answer)


def test_running_one_is_shown_when_another_is_cloned(page, filled):
    run = request_run(filled.strategy, {})
    answer = page.post(url("run_clone", filled.run), follow=True)
    assert answer.redirect_chain[0][0] == url("run", run)
    assert "one active run at a time" in text_of(answer)


def test_words_say_why_when_a_run_cannot_be_cloned(page, filled, monkeypatch):
    monkeypatch.setattr(limits, "MOST_ACTIVE_RUNS", 1)
    request_run(make_strategy(owner=filled.owner), {}, requested_by=filled.owner)
    answer = page.post(url("run_clone", filled.run), follow=True)
    assert answer.redirect_chain[0][0] == url("run", filled.run)
    assert "at most 1 runs" in text_of(answer)


def test_settings_that_are_none_any_more_are_told_when_cloned(page, filled):
    TrainingRun.objects.filter(pk=filled.run.pk).update(settings={"no_such": 1})
    answer = page.post(url("run_clone", filled.run), follow=True)
    assert "a run has no setting" in text_of(answer)
