"""A run as somebody follows it: short answers, nothing twice, nothing missed."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from ml_training.charts import CHARTS
from ml_training.models import FixEvent, MetricPoint, TrainingRun
from tests.api.builders import ROOT, check_problem, make_queued_run

pytestmark = pytest.mark.django_db
State = TrainingRun.State
TOLD = {"planned_steps": 100, "step": 25, "max_epochs": 4, "epoch": 1, "rate": 5.0}


@pytest.fixture
def run(strategy):
    later = timezone.now() + timedelta(hours=1)
    return make_queued_run(strategy, state=State.RUNNING, progress=TOLD, lease_until=later)


def url(run, what):
    return f"{ROOT}runs/{run.pk}/{what}/"


def add_points(run, n_points, kind="batch"):
    first = MetricPoint.objects.filter(run=run).count()
    MetricPoint.objects.bulk_create(
        MetricPoint(
            run=run,
            kind=kind,
            number=number,
            epoch=number // 10,
            step=number,
            values={"loss": 1.0 / (number + 1), "gradient_norm": 1.0},
        )
        for number in range(first, first + n_points)
    )


def add_event(run, number, **columns):
    fields = {"problem": "plateau", "severity": "info", "epoch": 1, "step": number}
    fields |= {"message": "flat", **columns}
    return FixEvent.objects.create(run=run, number=number, **fields)


def test_progress_tells_share_and_time_left_when_running(api, run):
    answer = api.get(url(run, "progress"))
    told = answer.json()
    assert (told["state"], told["alive"], told["share"], told["eta_s"]) == (
        "running",
        True,
        0.25,
        15.0,
    )
    assert 1 <= int(answer.headers["Retry-After"]) <= 3


def test_progress_is_below_1_kb_when_every_text_is_long(api, run):
    long = {"trying": "\u00fc" * 500, "doing": "\u2013" * 500, "status": "ok"}
    TrainingRun.objects.update(
        progress=TOLD | long,
        error="e" * 5_000,
        hint="h" * 5_000,
        end_cause="canceled",
        verdict="ranks_but_does_not_pay",
        attempt=2**31 - 1,
    )
    assert len(api.get(url(run, "progress")).content) < 1_000


def test_nothing_is_sent_when_nothing_changed(api, run):
    etag = api.get(url(run, "progress")).headers["ETag"]
    same = api.get(url(run, "progress"), headers={"If-None-Match": f'"other", {etag}'})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    TrainingRun.objects.update(progress=TOLD | {"step": 26})
    changed = api.get(url(run, "progress"), headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELED])
def test_nobody_is_asked_to_come_back_when_the_run_has_ended(api, run, state):
    TrainingRun.objects.update(state=state)
    assert "Retry-After" not in api.get(url(run, "progress")).headers


@pytest.mark.parametrize("loss", ["NaN", "Infinity", "-Infinity", None, 0.5, 3])
def test_loss_is_told_as_recorded_when_it_is_no_number(api, run, loss):
    TrainingRun.objects.update(progress=TOLD | {"train_loss": loss, "rate": None})
    assert api.get(url(run, "progress")).json()["train_loss"] == loss


def lose_worker(run):
    earlier = timezone.now() - timedelta(seconds=1)
    TrainingRun.objects.filter(pk=run.pk).update(
        lease_until=earlier, state=State.RUNNING, attempt=1
    )


def test_run_waits_again_when_its_dead_worker_is_asked_for(api, run):
    lose_worker(run)
    told = api.get(url(run, "progress")).json()
    assert (told["state"], told["alive"], told["health"]) == ("queued", False, "restarting")
    assert "was not heard" in api.get(f"{ROOT}runs/{run.pk}/").json()["error"]


def test_run_is_unheard_when_others_were_put_right_a_moment_ago(api, run):
    lose_worker(run)
    api.get(url(run, "progress"))
    lose_worker(run)
    told = api.get(url(run, "progress")).json()
    assert (told["alive"], told["stale"], told["health"]) == (False, True, "unheard")


def test_list_tells_the_truth_when_a_worker_died_without_a_word(api, run):
    lose_worker(run)
    (listed,) = api.get(f"{ROOT}runs/").json()["results"]
    assert (listed["id"], listed["state"]) == (str(run.pk), "queued")


def test_points_come_once_each_and_in_order_when_followed(api, run):
    add_points(run, 25)
    steps, after, has_more = [], 0, True
    while has_more:
        piece = api.get(f"{url(run, 'metrics')}?after={after}&limit=10").json()
        assert len(piece["results"]) <= 10
        steps += [point["step"] for point in piece["results"]]
        after, has_more = piece["after"], piece["has_more"]
    assert steps == list(range(25))
    assert api.get(f"{url(run, 'metrics')}?after={after}").json() == {
        "results": [],
        "after": after,
        "has_more": False,
    }
    add_points(run, 2)
    fresh = api.get(f"{url(run, 'metrics')}?after={after}").json()
    assert [point["step"] for point in fresh["results"]] == [25, 26]


def test_there_is_no_more_when_the_last_piece_is_just_full(api, run):
    add_points(run, 10)
    assert api.get(f"{url(run, 'metrics')}?limit=10").json()["has_more"] is False
    assert api.get(f"{url(run, 'metrics')}?limit=9").json()["has_more"] is True


def test_points_are_of_one_kind_when_asked(api, run):
    add_points(run, 3)
    add_points(run, 2, kind="epoch")
    kinds = [one["kind"] for one in api.get(f"{url(run, 'metrics')}?kind=epoch").json()["results"]]
    assert kinds == ["epoch", "epoch"]


def test_points_of_another_run_are_not_told_when_followed(api, run, owner):
    other = make_queued_run()
    add_points(other, 3)
    assert api.get(url(run, "metrics")).json()["results"] == []


@pytest.mark.parametrize(
    "query",
    [
        "after=-1",
        "after=x",
        "after=9223372036854775808",
        "limit=0",
        "limit=1001",
        "kind=x",
        "aftr=1",
    ],
)
def test_cursor_is_refused_in_words_when_it_means_nothing(api, run, query):
    problem = check_problem(api.get(f"{url(run, 'metrics')}?{query}"), 422)
    assert query.split("=")[0] in [error["path"] for error in problem["errors"]]


def test_events_come_behind_their_number_when_followed(api, run):
    trial = {"remedy": "lower_rate", "verdict": "helped", "kept": True}
    add_event(run, 1, trials=[trial], outcome="repaired", remedy="lower_rate")
    add_event(run, 2, message="<script>alert(1)</script>")
    told = api.get(url(run, "events")).json()
    assert [event["number"] for event in told["results"]] == [1, 2]
    assert told["results"][0]["trials"] == [trial]
    rest = api.get(f"{url(run, 'events')}?after=1").json()
    assert [event["number"] for event in rest["results"]] == [2]
    assert rest["after"] == 2
    check_problem(api.get(f"{url(run, 'events')}?after=2147483648"), 422)


@pytest.mark.parametrize("what", ["metrics", "events", "progress", "figures/loss"])
def test_queries_do_not_grow_when_there_are_more_rows(
    api, run, what, django_assert_max_num_queries
):
    add_points(run, 2)
    add_event(run, 1)
    api.get(url(run, what))
    with django_assert_max_num_queries(12) as few:
        api.get(url(run, what))
    add_points(run, 200)
    for number in range(2, 40):
        add_event(run, number)
    with django_assert_max_num_queries(len(few)):
        assert api.get(url(run, what)).status_code == 200


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_figure_is_drawn_when_there_is_much_or_nothing(api, run, name):
    empty = api.get(url(run, f"figures/{name}"))
    assert empty.status_code == 200
    add_points(run, 5_000)
    figure = api.get(url(run, f"figures/{name}")).json()
    assert set(figure) == {"name", "title", "summary", "data", "layout"}
    n_points = sum(len(trace.get("x", [])) for trace in figure["data"])
    assert n_points <= 2_000  # interface of the product


def test_spike_is_in_the_figure_when_it_lasted_one_batch(api, run):
    add_points(run, 5_000)
    MetricPoint.objects.filter(run=run, step=3_333).update(
        values={"loss": 1.0, "gradient_norm": 777.0}
    )
    told = api.get(url(run, "figures/gradients")).content.decode()
    assert "777.0" in told


def test_figures_are_named_when_one_is_unknown(api, run):
    problem = check_problem(api.get(url(run, "figures/nothing")), 404)
    assert "loss" in problem["hint"]


@pytest.fixture
def reported(run):
    report = "FINAL <DIAGNOSTICS> REPORT & \u201cverdict\u201d\n<script>alert(1)</script>\n"
    digest = hashlib.sha256(report.encode()).hexdigest()
    TrainingRun.objects.update(state=State.SUCCEEDED, report=report, report_digest=digest)
    run.refresh_from_db()
    return run


def test_report_is_text_with_its_hash_when_asked(api, reported):
    text = api.get(url(reported, "report"), headers={"Accept": "text/plain"})
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert text.content.decode() == reported.report
    told = api.get(url(reported, "report")).json()
    assert told["sha256"] == hashlib.sha256(text.content).hexdigest()


@pytest.mark.parametrize("query", ["?format=html", ""])
def test_report_is_a_page_without_scripts_when_a_browser_asks(api, reported, query):
    accept = "text/html,application/xhtml+xml,*/*;q=0.8"
    page = api.get(url(reported, "report") + query, headers={"Accept": accept})
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"<script" not in page.content
    assert b"&lt;DIAGNOSTICS&gt; REPORT &amp; " in page.content


@pytest.mark.parametrize("accept", ["text/plain", "text/html", "application/json"])
def test_missing_report_is_a_problem_when_asked_in_any_form(api, run, accept):
    problem = check_problem(api.get(url(run, "report"), headers={"Accept": accept}), 404)
    assert "running" in problem["detail"]


def test_figures_hold_no_number_that_json_does_not_know_when_the_loss_is_none(api, run):
    add_points(run, 20)
    MetricPoint.objects.filter(run=run, step__gte=15).update(
        values={"loss": "NaN", "gradient_norm": "Infinity"}
    )
    for name in CHARTS:
        told = api.get(url(run, f"figures/{name}"))
        json.loads(told.content, parse_constant=pytest.fail)
