"""Bodies that nobody should send: each is refused in words, and nothing is stored."""

import json

import pytest

from ml_training.api.bodies import MOST_JSON_BYTES, MOST_JSON_DEPTH
from ml_training.models import Strategy
from tests.api.builders import BODY, ROOT, check_problem

URL = f"{ROOT}strategies/"
pytestmark = pytest.mark.django_db


def send(api, raw, kind="application/json"):
    answer = api.post(URL, raw, content_type=kind)
    assert not Strategy.objects.exists()
    return answer


def nest(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{", "not JSON"),
        (b'{"name": "x",}', "not JSON"),
        (b"\x00", "not JSON"),
        (b'{"name": "\xff"}', "UTF-8"),
        ('{"name": "x"}'.encode("utf-16"), "UTF-8"),
        (b'{"name": NaN}', "finite"),
        (b'{"name": -Infinity}', "finite"),
        (b'{"name": 1e999}', "finite"),
        (b'{"name": ' + b"9" * 5_000 + b"}", "not JSON"),
        (rb'{"name": "a\u0000b"}', "NUL"),
        (rb'{"a\u0000b": 1}', "NUL"),
        (rb'{"name": "\ud800"}', "surrogate"),
        (nest(21).encode(), "levels"),
        (nest(100_000).encode(), "levels"),
        (b'{"a":' * 100_000, "levels"),
    ],
)
def test_body_is_refused_in_words_when_it_cannot_be_read(api, raw, words):
    assert words in check_problem(send(api, raw), 400)["detail"]


def test_missing_fields_are_named_when_the_body_is_empty(api):
    problem = check_problem(send(api, b""), 422)
    assert {error["path"] for error in problem["errors"]} == set(BODY)


def test_body_is_refused_when_it_is_one_byte_too_large(api):
    fitting = json.dumps(BODY | {"name": ""})
    room = MOST_JSON_BYTES - len(fitting)
    check_problem(send(api, json.dumps(BODY | {"name": "x" * room}).encode()), 422)
    problem = check_problem(send(api, json.dumps(BODY | {"name": "x" * (room + 1)}).encode()), 413)
    assert "1 MB" in problem["detail"]


def test_depth_is_counted_in_levels_when_at_the_limit(api):
    check_problem(send(api, nest(MOST_JSON_DEPTH).encode()), 422)
    check_problem(send(api, nest(MOST_JSON_DEPTH + 1).encode()), 400)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", "x"])
def test_body_is_refused_in_words_when_it_is_of_another_kind(api, kind):
    problem = check_problem(send(api, json.dumps(BODY), kind), 415)
    assert "application/json" in problem["hint"]


def test_gzip_is_refused_in_words_when_sent_as_json(api):
    check_problem(send(api, b"\x1f\x8b\x08\x00" + b"\x00" * 20), 400)


def test_answer_is_json_when_something_else_was_asked_for(api):
    check_problem(api.get(URL, headers={"Accept": "application/xml"}), 406)
    check_problem(api.get(f"{URL}?format=xml"), 404)


def test_many_values_are_read_quickly_when_they_fit(api):
    """A megabyte of brackets must not cost more than one of text."""
    body = b"[" + b"[]," * 340_000 + b"[]]"
    assert len(body) < MOST_JSON_BYTES
    check_problem(send(api, body), 422)
