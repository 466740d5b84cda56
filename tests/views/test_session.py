"""Signing in: with the right password, and not by guessing."""

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache

from ml_training.views.session import MOST_FAILURES

pytestmark = pytest.mark.django_db
GOOD = {"username": "trader", "password": "correct horse battery"}
BAD = {**GOOD, "password": "guess"}


@pytest.fixture(autouse=True)
def trader():
    cache.clear()
    yield User.objects.create_user(**GOOD)
    cache.clear()


def test_page_asked_for_is_shown_when_signed_in(client):
    answer = client.get("/runs/", follow=True)
    assert "Sign in" in answer.content.decode()
    answer = client.post("/sign-in/", {**GOOD, "next": "/runs/"}, follow=True)
    assert answer.request["PATH_INFO"] == "/runs/"


def test_other_sites_are_not_gone_to_when_the_address_names_one(client):
    answer = client.post("/sign-in/", {**GOOD, "next": "https://evil.example/"})
    assert answer.url == "/"


def test_words_say_so_when_the_password_is_wrong(client):
    answer = client.post("/sign-in/", BAD)
    assert b'role="alert"' in answer.content
    assert b"correct username and password" in answer.content


def test_guessing_is_stopped_when_it_failed_too_often(client):
    for _ in range(MOST_FAILURES):
        assert client.post("/sign-in/", BAD).status_code == 200
    answer = client.post("/sign-in/", GOOD)
    assert answer.status_code == 429
    assert b"Try again in five minutes" in answer.content
    assert client.post("/sign-in/", {**GOOD, "username": "other"}).status_code == 200


def test_failures_are_forgotten_when_the_password_was_right(client):
    for _ in range(MOST_FAILURES - 1):
        client.post("/sign-in/", BAD)
    assert client.post("/sign-in/", GOOD).status_code == 302
    client.post("/sign-out/")
    assert client.post("/sign-in/", BAD).status_code == 200


def test_session_ends_when_signed_out(client):
    client.post("/sign-in/", GOOD)
    assert client.get("/").status_code == 200
    assert client.post("/sign-out/").url == "/sign-in/"
    assert client.get("/").status_code == 302


def test_odd_names_are_refused_when_sent(client):
    for name in ("", "\0", "x" * 10_000, "<script>alert(1)</script>", "☃"):
        answer = client.post("/sign-in/", {"username": name, "password": "x"})
        assert answer.status_code == 200
        assert b"<script>alert" not in answer.content
