"""Errors of every origin are problems in words, and none tells what the server is."""

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.test import override_settings
from rest_framework.test import APIClient, APIRequestFactory

from ml_training.api.view import OpenApi
from ml_training.errors import DataError, HintedError, TrainingError
from tests.api.builders import BODY, ROOT, check_problem

pytestmark = pytest.mark.django_db


def answer_to(error: Exception):
    """Return what a view answers that raises this error."""

    class Broken(OpenApi):
        def get(self, request):
            raise error

    answer = Broken.as_view()(APIRequestFactory().get("/"))
    answer.render()
    answer.json = lambda: __import__("json").loads(answer.content)
    return answer


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DataError("a rule", hint="a way out"), 422),
        (TrainingError("a rule", hint="a way out"), 409),
        (HintedError("a rule"), 409),
        (OperationalError("database is locked at /srv/db.sqlite3"), 503),
        (SuspiciousOperation("nul"), 400),
        (ZeroDivisionError("at /srv/secret.py"), 500),
    ],
)
def test_error_is_a_problem_without_secrets_when_raised(error, status):
    problem = check_problem(answer_to(error), status)
    assert "/srv" not in str(problem)
    if getattr(error, "hint", ""):
        assert (problem["detail"], problem["hint"]) == ("a rule", "a way out")


def test_client_is_told_when_to_come_back_when_the_database_is_busy():
    assert int(answer_to(OperationalError("locked")).headers["Retry-After"]) >= 1


def test_failure_is_logged_with_its_place_when_unforeseen(caplog):
    answer_to(ZeroDivisionError("at midnight"))
    assert "at midnight" in caplog.text


def test_request_is_refused_when_a_session_sends_no_csrf_token(owner):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(owner)
    problem = check_problem(client.post(f"{ROOT}strategies/", BODY, format="json"), 403)
    assert "CSRF" in problem["detail"]


def test_request_must_wait_when_there_were_too_many(api):
    rates = {"DEFAULT_THROTTLE_RATES": {"ml_training": "2/min"}}
    with override_settings(REST_FRAMEWORK=rates):
        assert [api.get(f"{ROOT}runs/").status_code for _ in range(2)] == [200, 200]
        answer = api.get(f"{ROOT}runs/")
    check_problem(answer, 429)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_heavy_request_must_wait_before_a_light_one_when_both_are_sent_often(api):
    rates = {"DEFAULT_THROTTLE_RATES": {"ml_training_start": "1/min"}}
    with override_settings(REST_FRAMEWORK=rates):
        urls = [f"{ROOT}strategies/1/runs/"] * 2
        assert [api.post(url, {}, format="json").status_code for url in urls] == [404, 429]
        assert api.get(f"{ROOT}runs/").status_code == 200


def test_answer_of_one_user_is_kept_by_no_cache_when_sent(api):
    assert "private" in api.get(f"{ROOT}runs/").headers["Cache-Control"]
