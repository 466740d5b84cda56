"""Every address x method x person: nobody sees or changes what belongs to another."""

from collections.abc import Iterator

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from ml_training.models import Checkpoint, Strategy, TrainingRun
from tests.api.builders import (
    check_problem,
    list_addresses,
    list_methods,
    make_person,
    make_queued_run,
)
from tests.api.conftest import ask_as
from tests.services.builders import make_market, make_signal

pytestmark = pytest.mark.django_db

OPEN = {"schema", "docs", "healthz", "readyz", "token", "nowhere"}
"""Addresses that anybody may ask."""

SHARED = {"instrument"}
"""Addresses of single rows that all users share."""

ALL = [(one.name, method) for one in list_addresses() for method in list_methods(one)]
SIGNED = [pair for pair in ALL if pair[0] not in OPEN]
NAMES = {one.name: set(one.pattern.converters) for one in list_addresses()}
OWNED = [pair for pair in SIGNED if NAMES[pair[0]] and pair[0] not in SHARED]


@pytest.fixture
def rows(strategy):
    """Own one row of every kind that has an owner."""
    run = make_queued_run(strategy, report="5" * 64)
    fields = {"file": "secret.zip", "sha256": "5" * 64, "size": 1}
    checkpoint = Checkpoint.objects.create(run=run, kind="best", **fields)
    market = make_market()
    make_signal(checkpoint, market)
    return {
        "strategy_id": strategy.pk,
        "run_id": run.pk,
        "checkpoint_id": checkpoint.pk,
        "instrument_id": market.pk,
        "name": "loss",
    }


def address(name, rows):
    return reverse(
        f"ml_training:api:{name}", kwargs={key: rows[key] for key in NAMES[name] if key != "path"}
    )


def ask(client, name, method, rows):
    return getattr(client, method)(address(name, rows), {}, format="json")


def list_secrets(rows) -> Iterator[str]:
    yield "Secret of the owner"
    yield str(rows["run_id"])
    yield "5" * 64


def test_every_address_is_open_or_asks_for_a_person_when_listed():
    assert {name for name, _ in ALL} >= OPEN - {"token", "healthz", "readyz"}
    assert all(
        NAMES[name] <= {"strategy_id", "run_id", "checkpoint_id", "instrument_id", "name"}
        for name, _ in SIGNED
    )


@pytest.mark.parametrize(("name", "method"), SIGNED)
def test_nobody_is_let_in_when_not_signed_in(rows, name, method):
    answer = ask(APIClient(), name, method, rows)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    check_problem(answer, 401)


@pytest.mark.parametrize(("name", "method"), OWNED)
def test_row_is_not_there_when_it_belongs_to_somebody_else(stranger, rows, name, method):
    before = list(TrainingRun.objects.values()), list(Strategy.objects.values())
    answer = ask(stranger, name, method, rows)
    check_problem(answer, 404)
    assert (list(TrainingRun.objects.values()), list(Strategy.objects.values())) == before


@pytest.mark.parametrize(("name", "method"), SIGNED)
def test_answer_tells_nothing_of_others_when_a_stranger_asks(stranger, rows, name, method):
    told = ask(stranger, name, method, rows).content.decode()
    assert not [secret for secret in list_secrets(rows) if secret in told]


@pytest.mark.parametrize(("name", "method"), SIGNED)
def test_row_is_there_when_its_owner_asks(api, rows, name, method):
    answer = ask(api, name, method, rows)
    assert answer.status_code not in (401, 403, 404, 405)
    assert answer.status_code < 500


@pytest.mark.parametrize(("name", "method"), SIGNED)
def test_row_is_there_when_staff_ask(rows, name, method):
    answer = ask(ask_as(make_person("staff", is_staff=True)), name, method, rows)
    assert answer.status_code not in (401, 403, 404, 405)
    assert answer.status_code < 500


@pytest.mark.parametrize(("name", "method"), SIGNED)
def test_request_is_refused_when_the_user_is_switched_off(owner, rows, name, method):
    client = ask_as(owner)
    owner.is_active = False
    owner.save()
    check_problem(ask(client, name, method, rows), 401)


@pytest.mark.parametrize("name", [name for name, method in OWNED if method == "get"])
def test_row_is_not_there_when_the_number_is_no_number(api, rows, name):
    url = address(
        name,
        {**rows, "strategy_id": 2**70, "run_id": "0" * 8, "checkpoint_id": 2**70}
        if "run_id" not in NAMES[name]
        else rows | {"run_id": "f" * 8 + "-0000-4000-8000-" + "0" * 12},
    )
    check_problem(api.get(url), 404)


def test_method_is_refused_in_words_when_the_address_has_none(api, rows):
    for name in ("runs", "run", "strategy"):
        problem = check_problem(api.options(address(name, rows)), 405)
        assert "OPTIONS" in problem["detail"]
