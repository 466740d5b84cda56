"""Staff read what was recorded, find it, and start and stop runs; nobody edits it."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ml_training.models import Checkpoint, FixEvent, TrainingRun
from ml_training.services import limits
from ml_training.services.queue import request_run
from ml_training.services.reviews import review_data
from tests.services.builders import make_strategy
from tests.views.builders import SCRIPT, add_event, fill, make_finished_run

pytestmark = pytest.mark.django_db
RECORDED = (
    *("candlechunk", "checkpoint", "datareview", "fixevent", "metricpoint", "setup"),
    "setupscan",
)
WRITTEN = ("strategy", "instrument")
EVERY = (*RECORDED, "trainingrun", *WRITTEN)


@pytest.fixture
def filled(db):
    return fill()


@pytest.fixture
def staff(client, filled):
    client.force_login(User.objects.create_superuser("staff"))
    return client


def address(page, model, *args):
    return reverse(f"admin:ml_training_{model}_{page}", args=args)


def act(client, model, action, *rows):
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(address("changelist", model), data, follow=True)


@pytest.mark.parametrize("model", [*RECORDED, "trainingrun"])
def test_nothing_can_be_added_when_the_app_writes_the_rows(staff, model):
    assert staff.get(address("add", model)).status_code == 403


def test_run_stays_as_it_is_when_its_page_is_sent_back(staff, filled):
    url = address("change", "trainingrun", filled.run.pk)
    assert staff.post(url, {"state": "failed", "verdict": "no_edge"}).status_code == 403
    filled.run.refresh_from_db()
    assert (filled.run.state, filled.run.verdict) == ("succeeded", "edge_stable")


def test_finding_stays_as_it_is_when_its_page_is_sent_back(staff, filled):
    event = FixEvent.objects.get(run=filled.run)
    url = address("change", "fixevent", event.pk)
    assert staff.post(url, {"message": "nothing happened"}).status_code == 403


def test_run_shows_charts_findings_models_and_report_when_opened(staff, filled):
    page = staff.get(address("change", "trainingrun", filled.run.pk)).content.decode()
    assert "Validation loss fell from" in page
    assert f'data-chart="/runs/{filled.run.pk}/figures/loss.json"' in page
    assert "FINAL DIAGNOSTICS REPORT" in page
    assert "The loss jumps about." in page
    assert filled.checkpoint.sha256 in page


def test_markup_is_shown_as_text_when_a_run_holds_it(staff, filled):
    TrainingRun.objects.filter(pk=filled.run.pk).update(report=SCRIPT, error=SCRIPT)
    add_event(filled.run, message=SCRIPT)
    page = staff.get(address("change", "trainingrun", filled.run.pk)).content.decode()
    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("key", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_list_is_shown_instead_when_no_run_has_the_key(staff, key):
    answer = staff.get(address("change", "trainingrun", key))
    assert answer.status_code == 302


SEARCHES = {
    "trainingrun": "owner",
    "fixevent": "jumps",
    "strategy": "owner",
    "instrument": "EURUSD",
    "checkpoint": "owner",
    "candlechunk": "EURUSD",
}


@pytest.mark.parametrize("model", SEARCHES)
def test_rows_are_found_when_searched_for(staff, model):
    found = staff.get(address("changelist", model), {"q": SEARCHES[model]})
    lost = staff.get(address("changelist", model), {"q": "zzzz"})
    assert found.context["cl"].result_count >= 1
    assert lost.context["cl"].result_count == 0


FILTERS = {
    "trainingrun": {"state__exact": "succeeded", "verdict": "edge_stable"},
    "fixevent": {"severity__exact": "warning", "outcome__exact": "repaired"},
    "checkpoint": {"kind__exact": "best"},
    "metricpoint": {"kind__exact": "epoch"},
    "instrument": {"is_synthetic__exact": "0"},
}


@pytest.mark.parametrize("model", FILTERS)
def test_list_is_narrowed_when_filtered(staff, model):
    answer = staff.get(address("changelist", model), FILTERS[model])
    assert answer.status_code == 200
    assert answer.context["cl"].result_count >= 1


@pytest.mark.parametrize("model", EVERY)
def test_every_list_can_be_searched_and_narrowed_when_opened(staff, model):
    listed = staff.get(address("changelist", model)).context["cl"]
    assert listed.search_fields
    assert listed.list_filter


@pytest.mark.parametrize("model", ["trainingrun", "fixevent", "checkpoint", "strategy"])
def test_number_of_queries_stays_when_rows_are_added(staff, filled, model):
    url = address("changelist", model)
    n_before = count_queries(staff, url)
    for number in range(4):
        run = make_finished_run(make_strategy(name=f"Another {number}", owner=filled.owner))
        add_event(run)
        Checkpoint.objects.create(run=run, kind="best", file="x", sha256="0" * 64, size=1)
    assert count_queries(staff, url) == n_before


def count_queries(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    return len(queries)


def test_runs_are_queued_when_strategies_are_trained(staff, filled):
    answer = act(staff, "strategy", "train", filled.strategy)
    assert "1 queued for training." in answer.content.decode()
    run = TrainingRun.objects.get(state="queued")
    assert run.strategy == filled.strategy
    assert run.requested_by.username == "staff"


def test_reason_is_told_when_a_strategy_is_trained_already(staff, filled):
    request_run(filled.strategy, {})
    answer = act(staff, "strategy", "train", filled.strategy)
    assert "one active run at a time" in answer.content.decode()
    assert TrainingRun.objects.filter(state="queued").count() == 1


def test_settings_are_taken_over_when_a_run_is_trained_again(staff, filled):
    act(staff, "trainingrun", "train_again", filled.run)
    again = TrainingRun.objects.get(state="queued")
    assert again.settings["epochs"] == filled.run.settings["epochs"] == 4


def test_queued_run_is_canceled_when_asked(staff, filled):
    run = request_run(filled.strategy, {})
    answer = act(staff, "trainingrun", "cancel", run, filled.run)
    assert "1 asked to stop." in answer.content.decode()
    run.refresh_from_db()
    filled.run.refresh_from_db()
    assert (run.state, filled.run.state) == ("canceled", "succeeded")


def test_failed_run_goes_on_and_finished_one_says_why_not_when_asked(staff, filled):
    failed = make_finished_run(make_strategy(owner=filled.owner), state="failed", verdict="")
    text = act(staff, "trainingrun", "requeue", failed, filled.run).content.decode()
    failed.refresh_from_db()
    assert failed.state == "queued"
    assert "1 queued to go on." in text
    assert f"run {filled.run.pk}" in text
    assert '<li class="error">' in text


def test_failed_run_stays_as_it_is_when_staff_have_enough_runs(staff, filled, monkeypatch):
    monkeypatch.setattr(limits, "MOST_ACTIVE_RUNS", 1)
    other = make_strategy(owner=filled.owner)
    request_run(other, {}, requested_by=User.objects.get(username="staff"))
    failed = make_finished_run(filled.strategy, state="failed", verdict="")
    assert "at most 1 runs" in act(staff, "trainingrun", "requeue", failed).content.decode()
    failed.refresh_from_db()
    assert failed.state == "failed"


def test_runs_cannot_be_stopped_when_staff_may_only_look(client, filled):
    viewer = User.objects.create(username="viewer", is_staff=True)
    codes = ["view_trainingrun", "view_fixevent", "view_checkpoint"]
    viewer.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(viewer)
    run = request_run(filled.strategy, {})
    act(client, "trainingrun", "cancel", run)
    run.refresh_from_db()
    assert run.state == "queued"
    assert client.get(address("change", "trainingrun", run.pk)).status_code == 200


def test_files_have_no_address_when_a_checkpoint_is_opened(staff, filled):
    page = staff.get(address("change", "checkpoint", filled.checkpoint.pk)).content.decode()
    assert filled.checkpoint.file.name not in page


def test_base_models_are_told_apart_when_listed(staff):
    meta = {"name": "TCE base up to 2021-03-01", "trained_until": 1_614_556_800, "n_setups": 8_000}
    Checkpoint.objects.create(kind="base", file="base/x", sha256="5" * 64, size=7, meta=meta)
    text = staff.get(address("changelist", "checkpoint"), {"kind": "base"}).content.decode()
    assert "TCE base up to 2021-03-01" in text
    assert "2021-03-01" in text
    assert "8,000" in text
    found = staff.get(address("changelist", "checkpoint"), {"q": "TCE base"}).content.decode()
    assert "1 checkpoint" in found


def test_level_of_the_data_is_listed_when_it_was_looked_at(staff, filled):
    review_data(filled.strategy)
    text = staff.get(address("changelist", "datareview")).content.decode()
    assert filled.strategy.name in text
    assert "poor" in text or "good" in text
