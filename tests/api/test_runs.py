"""Runs over HTTP: one at a time, found again by their key, canceled and resumed."""

import base64
from urllib.parse import quote

import pytest

from ml_training.models import TrainingRun
from ml_training.services.limits import MOST_ACTIVE_RUNS
from tests.api.builders import ROOT, check_problem, make_person, make_queued_run
from tests.api.conftest import ask_as
from tests.services.builders import make_strategy

URL = f"{ROOT}runs/"
State = TrainingRun.State
pytestmark = pytest.mark.django_db


def start(api, strategy, body=None, **headers):
    return api.post(
        f"{ROOT}strategies/{strategy.pk}/runs/", body or {}, format="json", headers=headers
    )


def test_run_is_queued_with_what_was_chosen_when_started(api, owner, strategy):
    body = {"epochs": 3, "learning_rate": 0.01, "start_date": "2024-01-01T00:00:00Z", "seed": 7}
    answer = start(api, strategy, body)
    assert answer.status_code == 201
    run = TrainingRun.objects.get()
    assert (run.state, run.requested_by, run.seed) == (State.QUEUED, owner, 7)
    assert run.settings["epochs"] == 3
    assert run.settings["start_date"].startswith("2024-01-01T00:00:00")
    assert answer.json()["id"] == str(run.pk)
    assert answer.headers["Location"].endswith(f"{URL}{run.pk}/")


def test_conflict_names_the_run_when_one_is_active(api, strategy):
    first = start(api, strategy).json()
    problem = check_problem(start(api, strategy), 409)
    assert problem["run"] == first["id"]
    assert problem["run_url"] == f"{URL}{first['id']}/"
    assert TrainingRun.objects.count() == 1


def test_same_key_is_the_same_run_when_sent_again(api, strategy):
    first = start(api, strategy, **{"Idempotency-Key": "once"})
    again = start(api, strategy, **{"Idempotency-Key": "once"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    TrainingRun.objects.update(state=State.SUCCEEDED)
    assert start(api, strategy, **{"Idempotency-Key": "once"}).status_code == 200
    assert TrainingRun.objects.count() == 1


def test_key_is_refused_when_it_comes_with_other_settings(api, strategy):
    body = {"epochs": 3, "start_date": "2024-01-01T00:00:00Z", "learning_rate": 0.01}
    first = start(api, strategy, body, **{"Idempotency-Key": "once"})
    assert start(api, strategy, body, **{"Idempotency-Key": "once"}).status_code == 200
    problem = check_problem(start(api, strategy, {}, **{"Idempotency-Key": "once"}), 422)
    assert first.json()["id"] in problem["detail"]
    assert TrainingRun.objects.count() == 1


def test_key_belongs_to_one_strategy_when_sent_for_another(api, owner, strategy):
    start(api, strategy, **{"Idempotency-Key": "once"})
    other = make_strategy(owner=owner)
    problem = check_problem(start(api, other, **{"Idempotency-Key": "once"}), 422)
    assert "key" in problem["detail"]


def test_key_of_another_user_is_free_when_staff_sends_it(api, strategy):
    start(api, strategy, **{"Idempotency-Key": "once"})
    TrainingRun.objects.update(state=State.SUCCEEDED)
    staff = ask_as(make_person("staff", is_staff=True))
    assert start(staff, strategy, **{"Idempotency-Key": "once"}).status_code == 201


@pytest.mark.parametrize("key", ["k" * 65, "two words", "\u00fc"])
def test_key_is_refused_when_it_is_no_key(api, strategy, key):
    problem = check_problem(start(api, strategy, **{"Idempotency-Key": key}), 422)
    assert "UUID" in problem["hint"]
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"epochs": 0}, "epochs"),
        ({"epochs": "many"}, "epochs"),
        ({"batch_size": 1}, "batch_size"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"learning_rate": 1e300}, "learning_rate"),
        ({"seed": 2**63}, "seed"),
        ({"device": "/dev/sda"}, "device"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": "2024-02-01T00:00", "end_date": "2024-01-01T00:00"}, "end_date"),
        ({"state": "succeeded"}, "state"),
        ({"lease_token": "x"}, "lease_token"),
        ({"model_path": "/etc/passwd"}, "model_path"),
    ],
)
def test_setting_is_named_when_it_is_not_valid(api, strategy, body, path):
    problem = check_problem(start(api, strategy, body), 422)
    assert [error["path"] for error in problem["errors"]] == [path]
    assert not TrainingRun.objects.exists()


def test_user_must_wait_when_many_runs_are_active(api, owner, strategy):
    for _ in range(MOST_ACTIVE_RUNS):
        make_queued_run(make_strategy(owner=owner), requested_by=owner)
    answer = start(api, strategy)
    problem = check_problem(answer, 429)
    assert str(MOST_ACTIVE_RUNS) in problem["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    TrainingRun.objects.first().delete()
    assert start(api, strategy).status_code == 201


def test_running_run_is_named_when_many_are_active_and_this_strategy_has_one(api, owner):
    runs = [
        make_queued_run(make_strategy(owner=owner), requested_by=owner)
        for _ in range(MOST_ACTIVE_RUNS)
    ]
    check_problem(start(api, runs[0].strategy), 409)


def test_detail_shows_what_was_measured_and_no_path_when_read(api, strategy):
    results = {"metrics": {"auc": 0.5}, "model_path": "/srv/secret/model.zip", "history": [1]}
    run = make_queued_run(strategy, results=results, worker="host:1")
    told = api.get(f"{URL}{run.pk}/")
    assert told.json()["results"] == {"metrics": {"auc": 0.5}}
    assert b"/srv/" not in told.content
    assert not {"lease_token", "lease_until", "worker", "progress"} & set(told.json())


def test_list_is_narrowed_when_asked(api, owner, strategy):
    failed = make_queued_run(strategy, state=State.FAILED, verdict="no_edge")
    other = make_queued_run(make_strategy(owner=owner, name="Breakout"))
    for query, found in {
        "": {failed, other},
        "state=failed": {failed},
        "verdict=no_edge": {failed},
        f"strategy={other.strategy.pk}": {other},
        "q=breako": {other},
        "state=running": set(),
    }.items():
        told = api.get(f"{URL}?{query}").json()["results"]
        assert {one["id"] for one in told} == {str(run.pk) for run in found}, query


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("state=done", "state"),
        ("strategy=x", "strategy"),
        ("strategy=99999999999999999999", "strategy"),
        ("page_size=0", "page_size"),
        ("q=%00", "q"),
        ("cursor=%00", "cursor"),
        ("stat=failed", "stat"),
    ],
)
def test_query_is_refused_in_words_when_it_means_nothing(api, query, path):
    problem = check_problem(api.get(f"{URL}?{query}"), 422)
    assert [error["path"] for error in problem["errors"]] == [path]


def encode(position: str) -> str:
    return quote(base64.b64encode(position.encode()).decode())


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "%ffnonsense",
        encode("p=yesterday"),
        encode("p=\x00"),
        encode("p=99999-01-01"),
        encode("o=-1&p=x"),
        encode("o=1e9"),
        encode("\ud7ff"),
        encode("p=" + "9" * 10_000),
    ],
)
def test_cursor_is_refused_in_words_when_it_was_made_up(api, strategy, cursor):
    make_queued_run(strategy)
    for name in ("runs", "checkpoints"):
        problem = check_problem(api.get(f"{ROOT}{name}/?cursor={cursor}"), 422)
        assert "cursor" in problem["detail"]


def test_cursor_of_a_name_may_be_any_text_when_names_are_the_order(api, strategy):
    for position in ("p=%C3%BC", "p=0", "r=1&p=zzz", "o=999999999999"):
        assert api.get(f"{ROOT}strategies/?cursor={encode(position)}").status_code == 200


def test_list_takes_as_many_queries_when_there_are_more_rows(
    api, owner, django_assert_max_num_queries
):
    for _ in range(3):
        make_queued_run(make_strategy(owner=owner))
    api.get(URL)
    with django_assert_max_num_queries(20) as few:
        api.get(URL)
    for _ in range(15):
        make_queued_run(make_strategy(owner=owner))
    with django_assert_max_num_queries(len(few)):
        assert len(api.get(URL).json()["results"]) == 18


def test_waiting_run_is_canceled_at_once_when_asked(api, strategy):
    run = make_queued_run(strategy)
    answer = api.post(f"{URL}{run.pk}/cancel/")
    assert (answer.status_code, answer.json()["state"]) == (200, "canceled")
    assert api.post(f"{URL}{run.pk}/cancel/").status_code == 200


def test_running_run_is_asked_to_stop_when_canceled(api, strategy):
    run = make_queued_run(strategy, state=State.RUNNING)
    answer = api.post(f"{URL}{run.pk}/cancel/")
    assert (answer.status_code, answer.json()["state"]) == (202, "running")
    run.refresh_from_db()
    assert run.cancel_requested_at is not None


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED])
def test_ended_run_stays_as_it_is_when_canceled(api, strategy, state):
    run = make_queued_run(strategy, state=state)
    problem = check_problem(api.post(f"{URL}{run.pk}/cancel/"), 409)
    assert state in problem["detail"]
    run.refresh_from_db()
    assert (run.state, run.cancel_requested_at) == (state, None)


@pytest.mark.parametrize("state", [State.CANCELED, State.FAILED])
def test_run_is_queued_again_when_resumed(api, strategy, state):
    run = make_queued_run(strategy, state=state)
    answer = api.post(f"{URL}{run.pk}/resume/")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")


def test_run_stays_as_it_is_when_it_cannot_be_resumed(api, strategy):
    done = make_queued_run(strategy, state=State.SUCCEEDED)
    check_problem(api.post(f"{URL}{done.pk}/resume/"), 409)
    failed = make_queued_run(strategy, state=State.FAILED)
    active = make_queued_run(strategy)
    problem = check_problem(api.post(f"{URL}{failed.pk}/resume/"), 409)
    assert problem["run"] == str(active.pk)


def test_run_stays_as_it_is_when_resumed_beside_as_many_as_a_user_may_have(api, owner, strategy):
    failed = make_queued_run(strategy, state=State.FAILED, requested_by=owner)
    for _ in range(MOST_ACTIVE_RUNS):
        make_queued_run(make_strategy(owner=owner), requested_by=owner)
    check_problem(api.post(f"{URL}{failed.pk}/resume/"), 429)
    failed.refresh_from_db()
    assert failed.state == State.FAILED
