"""A strategy is valid once saved, and its version follows what it says."""

import copy
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError

from ml_training.data.rules import RuleError, parse_rules
from ml_training.errors import DataError
from ml_training.models import Strategy
from tests.services.builders import RSI_RULES, make_strategy, make_user

pytestmark = pytest.mark.django_db


def changed_rules(**parts):
    return copy.deepcopy(RSI_RULES) | parts


def test_strategy_is_made_as_the_contract_says_when_created():
    strategy = Strategy.objects.create(
        owner=make_user(),
        name="Mine",
        rules=RSI_RULES,
        symbols=["eurusd", "XAUUSD", "EURUSD "],
        timeframes=["1h", "H4"],
    )
    strategy.refresh_from_db()
    assert strategy.symbols == ["EURUSD", "XAUUSD"]
    assert strategy.timeframes == ["1h", "4h"]
    assert strategy.rules_digest == parse_rules(RSI_RULES).digest
    assert str(strategy) == "Mine"


def test_stored_rules_are_canonical_when_saved():
    strategy = make_strategy()
    strategy.refresh_from_db()
    assert strategy.rules == parse_rules(RSI_RULES).document
    assert parse_rules(strategy.rules).digest == strategy.rules_digest


def test_version_stays_when_only_the_name_changes():
    strategy = make_strategy()
    before = strategy.version
    strategy.name = "Other"
    strategy.save()
    assert strategy.version == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rules", changed_rules(short=None)),
        ("symbols", ["EURUSD", "GBPUSD"]),
        ("timeframes", ["4h"]),
    ],
)
def test_version_changes_when_what_is_traded_changes(field, value):
    strategy = make_strategy()
    before = strategy.version
    setattr(strategy, field, value)
    strategy.save()
    assert strategy.version != before


def test_version_stays_when_markets_change_places():
    one, other = (make_strategy(symbols=names) for names in (["A1", "B2"], ["B2", "A1"]))
    assert one.version == other.version


def test_version_is_written_when_only_some_fields_are_saved():
    strategy = make_strategy()
    before = strategy.version
    strategy.timeframes = ["1d"]
    strategy.save(update_fields=["timeframes"])
    strategy.refresh_from_db()
    assert strategy.version != before


def test_other_fields_are_left_alone_when_only_the_name_is_saved():
    strategy = make_strategy()
    strategy.name, strategy.rules = "Other", {"broken": True}
    strategy.save(update_fields=["name"])
    strategy.refresh_from_db()
    assert strategy.name == "Other"
    assert strategy.rules_digest == parse_rules(strategy.rules).digest


def test_nothing_is_stored_when_the_rules_are_wrong():
    with pytest.raises(RuleError):
        make_strategy(rules={"version": 1, "long": {"left": {"ind": "rsy"}}})
    assert not Strategy.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("symbols", [], "at least one name, got \\[\\]"),
        ("symbols", "EURUSD", "must be a list"),
        ("symbols", ["EURUSD", 5], "must be a list"),
        ("symbols", [" "], "at least one name"),
        ("symbols", {"EURUSD": 1}, "must be a list"),
        ("timeframes", [], "at least one name"),
        ("timeframes", ["7h"], "no timeframe is called '7h'"),
        ("timeframes", None, "must be a list"),
    ],
)
def test_markets_are_refused_when_they_are_not_names(field, value, words):
    with pytest.raises(DataError, match=words):
        make_strategy(**{field: value})


def test_form_learns_all_at_once_when_several_fields_are_wrong():
    strategy = Strategy(
        owner=make_user(), name="x", rules={"version": 1}, symbols=[], timeframes=["1x"]
    )
    with pytest.raises(ValidationError) as caught:
        strategy.full_clean()
    assert set(caught.value.message_dict) >= {"rules", "symbols", "timeframes"}


def test_form_is_content_when_the_strategy_is_right():
    strategy = Strategy(
        owner=make_user(), name="x", rules=RSI_RULES, symbols=["eurusd"], timeframes=["D1"]
    )
    strategy.full_clean()
    assert (strategy.symbols, strategy.timeframes) == (["EURUSD"], ["1d"])


def test_strategies_of_before_have_a_first_version_when_migrated():
    strategy = make_strategy()
    strategy.versions.all().delete()
    migration = import_module("ml_training.migrations.0003_strategy_versions")
    migration.keep_present_versions(apps, None)
    kept = strategy.versions.get()
    assert (kept.number, kept.version, kept.rules) == (1, strategy.version, strategy.rules)
    assert kept.created_at == strategy.updated_at
