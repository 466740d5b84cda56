"""Tokens: given for the right password, slow to guess, gone when revoked."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.api.builders import ROOT, check_problem

pytestmark = pytest.mark.django_db
URL = f"{ROOT}token/"
FAST = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])


@pytest.fixture
def person():
    with FAST:
        yield User.objects.create_user("person", password=" spaces matter ")


def ask(**changes):
    body = {"username": "person", "password": " spaces matter "} | changes
    return APIClient().post(URL, body, format="json")


def test_token_opens_the_api_when_the_password_is_right(person):
    answer = ask()
    assert answer.headers["Cache-Control"] == "no-store"
    client = APIClient(headers={"Authorization": f"Bearer {answer.json()['token']}"})
    assert client.get(f"{ROOT}runs/").status_code == 200
    assert ask().json() == answer.json()


def test_token_needs_no_csrf_when_it_changes_something(person):
    token = ask().json()["token"]
    client = APIClient(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})
    assert client.post(f"{URL}revoke/").status_code == 204
    check_problem(client.get(f"{ROOT}runs/"), 401)
    assert not Token.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"password": "spaces matter"}, {"username": "nobody"}, {"username": "PERSON"}]
)
def test_no_token_is_given_when_name_or_password_is_wrong(person, changes):
    problem = check_problem(ask(**changes), 401)
    assert "password" in problem["detail"]
    assert not Token.objects.exists()


def test_no_token_is_given_when_the_user_is_switched_off(person):
    User.objects.update(is_active=False)
    check_problem(ask(), 401)


@pytest.mark.parametrize(
    "changes",
    [
        {"username": ""},
        {"username": "a\x00b"},
        {"username": "n" * 151},
        {"username": ["person"]},
        {"password": ""},
        {"password": "p" * 4_097},
        {"password": None},
        {"is_staff": True},
    ],
)
def test_credentials_are_refused_in_words_when_they_are_none(person, changes):
    answer = ask(**changes)
    assert answer.status_code in (400, 422)
    assert next(iter(changes)) in answer.json()["detail"] or answer.status_code == 400
    assert " spaces matter " not in answer.content.decode()


def test_guessing_must_wait_when_ten_failed(person):
    answers = [ask(password=f"guess {number}") for number in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    check_problem(ask(), 429)


@pytest.mark.parametrize("token", ["", "x", "x y", "\u00fc", "0" * 40, "0" * 5_000])
def test_nobody_is_let_in_when_the_token_is_made_up(person, token):
    client = APIClient(headers={"Authorization": f"Bearer {token}"})
    answer = client.get(f"{ROOT}runs/")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    check_problem(answer, 401)


def bearer(token):
    return APIClient(headers={"Authorization": f"Bearer {token}"})


def grow_old(days):
    Token.objects.update(created=timezone.now() - timedelta(days=days))


def test_token_is_not_taken_when_it_has_expired(person):
    token = ask().json()["token"]
    grow_old(89.9)
    assert bearer(token).get(f"{ROOT}runs/").status_code == 200
    grow_old(90.0)
    problem = check_problem(bearer(token).get(f"{ROOT}runs/"), 401)
    assert "expired" in problem["detail"]
    assert "token/" in problem["hint"]
    assert ask().json()["token"] != token


@pytest.mark.parametrize(("days", "status"), [(0, 200), (1, 401), (1_000, 200)])
def test_age_is_as_set_when_a_token_is_old(person, settings, days, status):
    token = ask().json()["token"]
    grow_old(400)
    settings.ML_TRAINING = {"token_days": days}
    assert bearer(token).get(f"{ROOT}runs/").status_code == status


def test_age_and_end_are_told_without_the_token_when_asked(person):
    given = ask().json()
    answer = bearer(given["token"]).get(f"{URL}current/")
    assert answer.json() == {name: given[name] for name in ("created_at", "expires_at")}
    lives = datetime.fromisoformat(given["expires_at"]) - datetime.fromisoformat(
        given["created_at"]
    )
    assert lives == timedelta(days=90)


def test_nothing_is_told_when_there_is_no_token_or_an_expired_one(person):
    client = APIClient()
    client.force_login(person)
    nothing = {"created_at": None, "expires_at": None}
    assert client.get(f"{URL}current/").json() == nothing
    ask()
    grow_old(91)
    assert client.get(f"{URL}current/").json() == nothing


def test_no_end_is_told_when_tokens_are_for_ever(person, settings):
    settings.ML_TRAINING = {"token_days": 0}
    assert ask().json()["expires_at"] is None


def test_only_the_new_token_is_taken_when_it_was_rotated(person):
    old = ask().json()["token"]
    answer = bearer(old).post(f"{URL}rotate/")
    new = answer.json()["token"]
    assert answer.headers["Cache-Control"] == "no-store"
    check_problem(bearer(old).get(f"{ROOT}runs/"), 401)
    assert bearer(new).get(f"{ROOT}runs/").status_code == 200
    assert Token.objects.count() == 1


def test_token_of_another_stays_when_one_is_rotated_or_revoked(person):
    other = Token.objects.create(user=User.objects.create(username="other"))
    token = bearer(ask().json()["token"]).post(f"{URL}rotate/").json()["token"]
    bearer(token).post(f"{URL}revoke/")
    assert list(Token.objects.all()) == [other]
