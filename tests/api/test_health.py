"""What load balancers ask."""

import pytest
from django.db import connection
from rest_framework.test import APIClient

from ml_training.models import TrainingRun
from tests.api.builders import ROOT, check_problem


def test_server_lives_when_nothing_is_looked_at():
    """Without the mark that allows it, the database is out of reach of this test."""
    assert APIClient().get(f"{ROOT}healthz/").json() == {"status": "ok"}


@pytest.mark.django_db
def test_server_is_ready_when_its_tables_are_there():
    assert APIClient().get(f"{ROOT}readyz/").json() == {"status": "ready"}


@pytest.mark.django_db(transaction=True)
def test_server_is_not_ready_when_a_table_is_missing():
    table = TrainingRun._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
    try:
        answer = APIClient().get(f"{ROOT}readyz/")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE elsewhere RENAME TO {table}")
    problem = check_problem(answer, 503)
    assert "migrate" in problem["hint"]
    assert int(answer.headers["Retry-After"]) >= 1
