"""A preset over the same markets is the same strategy every time."""

import pytest
from django.contrib.auth import get_user_model

from ml_training.data.presets import PRESETS
from ml_training.errors import DataError
from ml_training.models import Strategy
from ml_training.services.presets import open_preset
from tests.services.builders import make_market

pytestmark = pytest.mark.django_db


def test_strategy_is_the_same_when_the_preset_is_opened_twice():
    make_market("EURUSD")
    first = open_preset("tce", ["EURUSD"], ["1h"])
    assert open_preset("tce", ["eurusd"], ["1h"]) == first
    assert first.name.endswith(": EURUSD at 1h")
    assert Strategy.objects.count() == 1


def test_strategies_stand_side_by_side_when_markets_differ():
    make_market("EURUSD")
    hourly, daily = (open_preset("tce", ["EURUSD"], [timeframe]) for timeframe in ("1h", "1d"))
    assert hourly != daily
    assert hourly.name != daily.name


def test_nothing_is_stored_when_a_symbol_is_unknown():
    make_market("EURUSD")
    with pytest.raises(DataError, match=r"no candles of EURUSDD .*known: EURUSD"):
        open_preset("rsi_return", ["EURUSD", "EURUSDD"], ["1h"])
    assert not Strategy.objects.exists()
    assert not get_user_model().objects.exists()


@pytest.mark.parametrize("key", PRESETS)
def test_every_preset_makes_a_valid_strategy(key):
    make_market("EURUSD")
    assert open_preset(key, ["EURUSD"], ["1h"]).rules["version"] == 1
