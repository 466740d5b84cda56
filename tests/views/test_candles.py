"""The page of a strategy shows where it enters, on the market that is chosen."""

import csv
import io

import pytest

from ml_training.models import Strategy
from tests.services.builders import make_market
from tests.views.test_runs import text_of

pytestmark = pytest.mark.django_db


def test_first_market_is_shown_when_none_is_chosen(page, filled):
    text = text_of(page.get(f"/strategies/{filled.strategy.pk}/"))
    assert "on the newest 300 bars of EURUSD 1h" in text
    assert "market=EURUSD+1h" in text
    assert "candles.csv" in text


def test_chosen_market_is_shown_when_there_are_several(page, filled):
    make_market("GBPUSD", "15m")
    changes = {"symbols": ["EURUSD", "GBPUSD"], "timeframes": ["1h", "15m"]}
    Strategy.objects.filter(pk=filled.strategy.pk).update(**changes)
    text = text_of(page.get(f"/strategies/{filled.strategy.pk}/?market=GBPUSD+15m"))
    assert "bars of GBPUSD 15m" in text
    assert '<option value="GBPUSD 15m" selected>' in text
    figure = page.get(f"/strategies/{filled.strategy.pk}/candles.json?market=GBPUSD+15m").json()
    assert figure["data"][0]["type"] == "candlestick"
    assert "GBPUSD 15m" in figure["title"]


@pytest.mark.parametrize("market", ["XAUUSD 1h", "<script>", "EURUSD", "EURUSD 1m", "\0 1h"])
def test_first_market_is_shown_when_another_is_not_the_strategys(page, filled, market):
    address = f"/strategies/{filled.strategy.pk}/candles.json"
    assert "EURUSD 1h" in page.get(address, {"market": market}).json()["title"]


def test_bars_come_as_a_table_when_downloaded(page, filled):
    answer = page.get(f"/strategies/{filled.strategy.pk}/candles.csv")
    head, *rows = csv.reader(io.StringIO(answer.content.decode()))
    assert head[:2] == ["opens, UTC", "open"]
    assert len(rows) == 300
    assert "attachment" in answer["Content-Disposition"]
    figure = page.get(f"/strategies/{filled.strategy.pk}/candles.json?download")
    assert "candles" in figure["Content-Disposition"]


def test_page_says_what_is_missing_when_there_are_no_candles(page, filled):
    Strategy.objects.filter(pk=filled.strategy.pk).update(symbols=["NOPE"])
    text = text_of(page.get(f"/strategies/{filled.strategy.pk}/"))
    assert "No candles of NOPE 1h can be drawn" in text
    assert "no candles of NOPE are in the database" in text
