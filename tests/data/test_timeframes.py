import numpy as np
import pytest

from ml_training.data.timeframes import (
    ALIASES,
    TIMEFRAMES,
    check_timeframe,
    infer_timeframe,
    parse_timeframe,
    timeframe_name,
    timeframe_seconds,
)
from ml_training.errors import DataError
from tests.data.builders import random_candles


@pytest.mark.parametrize("name", TIMEFRAMES)
def test_name_and_seconds_are_each_others_inverse(name):
    assert timeframe_name(timeframe_seconds(name)) == name


@pytest.mark.parametrize("alias", ALIASES)
def test_alias_stands_for_a_known_timeframe(alias):
    assert ALIASES[alias] in TIMEFRAMES


@pytest.mark.parametrize(
    ("text", "name"),
    [("H1", "1h"), ("m15", "15m"), ("60min", "1h"), ("D1", "1d"), (" 4H ", "4h"), ("240m", "4h"),
     ("Daily", "1d"), ("W", "1w")],
)  # fmt: skip
def test_timeframe_is_understood_when_spelled_as_brokers_do(text, name):
    assert parse_timeframe(text) == name


@pytest.mark.parametrize("text", ["", "1x", "1M", "45m", "hour", "0h"])
def test_timeframe_is_refused_when_nobody_has_it(text):
    with pytest.raises(DataError, match=r"no timeframe is called.*Known: 1m, 2m"):
        parse_timeframe(text)


def test_near_names_are_offered_when_a_timeframe_is_not_known():
    with pytest.raises(DataError, match=r"Did you mean .*15m"):
        parse_timeframe("14m")


def test_seconds_are_refused_when_no_timeframe_lasts_so_long():
    with pytest.raises(DataError, match="no timeframe lasts 2700 s"):
        timeframe_name(2700)


@pytest.mark.parametrize("name", TIMEFRAMES)
def test_timeframe_is_seen_when_bars_are_missing(name):
    candles = random_candles(200, step_s=TIMEFRAMES[name], gap_rate=0.3)
    assert infer_timeframe(candles.time) == name


def test_timeframe_is_not_seen_when_there_is_one_bar():
    with pytest.raises(DataError, match=r"two bars are needed.*got 1"):
        infer_timeframe(np.array([0]))


def test_timeframe_is_not_seen_when_bars_are_months_apart():
    months = np.arange("2000-01", "2020-01", dtype="datetime64[M]").astype("datetime64[s]")
    with pytest.raises(DataError, match="no timeframe lasts"):
        infer_timeframe(months.astype(np.int64))


def test_stated_timeframe_passes_when_it_is_that_of_the_bars():
    check_timeframe(random_candles(50).time, "H1")
    check_timeframe(np.array([0]), "1m")


def test_stated_timeframe_is_refused_when_it_is_finer_than_the_data():
    with pytest.raises(DataError, match=r"15m was stated, but most bars are 1h apart.*finer"):
        check_timeframe(random_candles(50).time, "15m")


def test_stated_timeframe_is_refused_when_it_is_coarser_than_the_data():
    with pytest.raises(DataError, match=r"4h was stated.*Import them as 1h"):
        check_timeframe(random_candles(50).time, "4h")
