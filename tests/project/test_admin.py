"""Staff can look at every kind of row."""

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.urls import reverse

from ml_training.services.setups import scan_strategy
from tests.services.builders import make_market, make_run, make_strategy

pytestmark = pytest.mark.django_db
MODELS = [model._meta.model_name for model in apps.get_app_config("ml_training").get_models()]


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("staff"))
    return client


@pytest.mark.parametrize("model", MODELS)
def test_list_opens_when_there_are_rows(staff, model):
    make_market()
    strategy = make_strategy()
    scan_strategy(strategy)
    make_run(strategy)
    page = staff.get(reverse(f"admin:ml_training_{model}_changelist"))
    assert page.status_code == 200


def test_strategy_is_refused_in_words_when_its_rules_are_wrong(staff):
    strategy = make_strategy()
    url = reverse("admin:ml_training_strategy_change", args=[strategy.pk])
    form = {"owner": strategy.owner.pk, "name": "x", "rules": "{}", "symbols": "[]"}
    page = staff.post(url, form | {"timeframes": '["7x"]'})
    assert page.status_code == 200
    assert b"no timeframe is called" in page.content
    strategy.refresh_from_db()
    assert strategy.name != "x"


def test_strangers_are_sent_to_sign_in(client):
    assert client.get(reverse("admin:index")).status_code == 302
