"""Requests that a machine made up from the schema: no failure, no answer it hides."""

import re
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from rest_framework.authtoken.models import Token
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ml_training.api.access import RATES
from ml_training.models import Checkpoint, Strategy, TrainingRun
from tests.api.builders import ROOT, list_addresses, list_methods, make_person, make_queued_run
from tests.services.builders import make_market, make_strategy

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
N_EXAMPLES = 20  # of each operation, as the security plan of the product asks for
HIDDEN = {"schema", "docs", "nowhere"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
OPERATIONS = [
    (method.upper(), ROOT + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(one.pattern)))
    for one in list_addresses()
    if one.name not in HIDDEN
    for method in list_methods(one)
]


@pytest.fixture(autouse=True)
def one_connection():
    """Keep the connection that holds the transaction, as Django's client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def described(one_connection):
    """Read the schema from where clients do."""
    return schemathesis.openapi.from_wsgi(f"{ROOT}schema/", get_wsgi_application())


@pytest.fixture
def fuzzer():
    """Be somebody with candles and no limit of requests."""
    make_market()
    with override_settings(
        REST_FRAMEWORK={"DEFAULT_THROTTLE_RATES": dict.fromkeys(RATES, "1000000/min")}
    ):
        yield make_person("fuzzer")


def name_rows(person) -> dict[str, Any]:
    """Return rows of the person, made again when a request has deleted them."""
    strategy = Strategy.objects.filter(owner=person).first() or make_strategy(owner=person)
    run = TrainingRun.objects.filter(strategy=strategy).first() or make_queued_run(strategy)
    fields = {"file": "gone.zip", "sha256": "5" * 64, "size": 1}
    checkpoint, _ = Checkpoint.objects.get_or_create(run=run, kind="best", defaults=fields)
    return {"strategy_id": strategy.pk, "run_id": str(run.pk), "checkpoint_id": checkpoint.pk}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answer_is_one_of_the_schema_when_the_request_was_made_up(described, fuzzer, method, path):
    @given(case=described[path][method].as_strategy())
    @settings(max_examples=N_EXAMPLES, suppress_health_check=list(HealthCheck), derandomize=True)
    def ask(case):
        rows = name_rows(fuzzer)
        known = {name: rows[name] for name in rows if name in case.path_parameters}
        case.path_parameters.update(known)
        token, _ = Token.objects.get_or_create(user=fuzzer)
        answer = case.call(headers={"Authorization": f"Bearer {token.key}"})
        case.validate_response(answer, checks=CHECKS)

    ask()
