"""People who ask the API, and what one of them owns."""

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from ml_training.services.reconciler import READ_INTERVAL_S, reconcile_on_read
from tests.api.builders import make_person
from tests.services.builders import make_strategy


@pytest.fixture(autouse=True)
def fresh_rates():
    """Forget how often, and when, earlier tests asked."""
    cache.clear()
    reconcile_on_read.done_at = -READ_INTERVAL_S
    yield
    cache.clear()


@pytest.fixture
def owner(db):
    return make_person("owner")


@pytest.fixture
def api(owner):
    """Ask as the owner."""
    return ask_as(owner)


@pytest.fixture
def stranger(db):
    """Ask as somebody who owns nothing."""
    return ask_as(make_person("stranger"))


@pytest.fixture
def strategy(owner):
    return make_strategy(owner=owner, name="Secret of the owner")


def ask_as(user) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client
