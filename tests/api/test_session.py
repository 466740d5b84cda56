"""Tokens: given for the right password, slow to guess, gone when revoked."""

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
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
