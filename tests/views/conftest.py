"""One user's rows, and a browser of that user."""

import pytest
from django.test import Client

from tests.views.builders import Filled, fill


@pytest.fixture
def filled(db) -> Filled:
    return fill()


@pytest.fixture
def page(client, filled):
    """Return a client that the owner of `filled` has signed in with."""
    client.force_login(filled.owner)
    return client


@pytest.fixture
def client_with_csrf():
    """Return a client that is checked for forged forms, as browsers are."""
    return Client(enforce_csrf_checks=True)
