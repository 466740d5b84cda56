"""Strategies are stored whole and valid, or not at all."""

import pytest

from ml_training.errors import DataError
from ml_training.models import Strategy, TrainingRun
from ml_training.services.runs import RunConflictError
from ml_training.services.strategies import change_strategy, create_strategy, delete_strategy
from tests.services.builders import RSI_RULES, make_run, make_strategy, make_user

pytestmark = pytest.mark.django_db
GOOD = {"name": " Mine ", "rules": RSI_RULES, "symbols": ["eurusd"], "timeframes": ["H1"]}


def test_strategy_is_canonical_when_made():
    strategy = create_strategy(make_user(), **GOOD)
    assert (strategy.name, strategy.symbols, strategy.timeframes) == ("Mine", ["EURUSD"], ["1h"])
    assert strategy.version


def test_other_fields_stay_when_one_is_changed():
    strategy = create_strategy(make_user(), **GOOD)
    version = strategy.version
    change_strategy(strategy, name="Yours")
    strategy.refresh_from_db()
    assert (strategy.name, strategy.version) == ("Yours", version)
    change_strategy(strategy, symbols=["XAUUSD"])
    assert strategy.version != version


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "  "},
        {"name": "x" * 201},
        {"name": "two\nlines"},
        {"name": "nul\0"},
        {"rules": {"long": 3}},
        {"rules": "<script>"},
        {"symbols": []},
        {"timeframes": ["7x"]},
    ],
)
def test_nothing_is_stored_when_a_field_is_wrong(bad):
    with pytest.raises(DataError):
        create_strategy(make_user(), **{**GOOD, **bad})
    assert not Strategy.objects.exists()


def test_strategy_goes_with_its_runs_when_none_is_active():
    run = make_run()
    TrainingRun.objects.filter(pk=run.pk).update(state="failed")
    delete_strategy(run.strategy)
    assert not TrainingRun.objects.exists()


def test_strategy_stays_when_it_is_being_trained():
    run = make_run(make_strategy())
    with pytest.raises(RunConflictError) as caught:
        delete_strategy(run.strategy)
    assert caught.value.run == run
    assert Strategy.objects.count() == 1
