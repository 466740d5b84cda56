"""Candles and instruments are read as they were stored."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ml_training.data.instruments import guess_instrument
from ml_training.errors import DataError
from ml_training.selectors import (
    describe_instrument,
    digest_candles,
    find_instrument,
    list_coverage,
    load_candles,
    select_chunks,
    to_utc,
)
from tests.data.builders import random_candles
from tests.services.builders import make_market

pytestmark = pytest.mark.django_db
HOURS = random_candles(2_000)  # from 2024-01-01 on, three months


def at(day: int, hour: int = 0, month: int = 1) -> datetime:
    return datetime(2024, month, day, hour, tzinfo=UTC)


def test_part_is_loaded_when_times_are_given():
    instrument = make_market(candles=HOURS)
    part = load_candles(instrument, "1h", at(2), at(3))
    assert len(part) == 24
    assert part.time[0] == at(2).timestamp()
    assert part.time[-1] == at(2, 23).timestamp()


@pytest.mark.parametrize(
    ("start", "end", "n_bars"),
    [(None, at(2), 24), (at(1, month=2), None, 2_000 - 31 * 24), (at(5), at(5), 0)],
)
def test_ends_may_be_open_when_loading(start, end, n_bars):
    assert len(load_candles(make_market(candles=HOURS), "1h", start, end)) == n_bars


def test_only_the_months_asked_for_are_read_when_loading():
    instrument = make_market(candles=HOURS)
    (chunk,) = select_chunks(instrument, "1h", at(2, month=2), at(3, month=2))
    assert str(chunk.month) == "2024-02-01"


def test_nothing_comes_back_when_nothing_was_stored():
    assert len(load_candles(make_market(), "1d")) == 0


@pytest.mark.parametrize(
    "moment",
    [
        date(2024, 1, 2),
        datetime(2024, 1, 2),  # noqa: DTZ001 - what users write
        datetime(2024, 1, 2, tzinfo=UTC),
        datetime(2024, 1, 2, 2, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_time_is_utc_when_it_comes_in_any_form(moment):
    assert to_utc(moment) == at(2)
    assert to_utc(None) is None


def test_text_is_refused_in_words_when_a_date_is_needed():
    with pytest.raises(DataError, match=r"got '2024'\. Pass datetime\(2024, 1, 31\)"):
        to_utc("2024")


def test_instrument_is_found_when_spelled_in_lower_case():
    instrument = make_market("GBPUSD")
    assert find_instrument(" gbpusd ") == instrument


def test_known_symbols_are_named_when_one_is_missing():
    make_market("GBPUSD")
    with pytest.raises(DataError, match=r"no candles of EURUSD.*known: GBPUSD"):
        find_instrument("EURUSD")


def test_instrument_is_described_as_it_was_guessed():
    for symbol in ("USDJPY", "XAUUSD"):
        assert describe_instrument(make_market(symbol)) == guess_instrument(symbol)


def test_coverage_is_listed_finest_first_when_there_are_several_timeframes():
    instrument = make_market("EURUSD", "1d", random_candles(50, step_s=86_400))
    make_market("EURUSD", "1h", HOURS)
    day, hour = list_coverage(instrument)[::-1]
    assert (day.timeframe, day.n_bars, hour.timeframe, hour.n_bars) == ("1d", 50, "1h", 2_000)
    assert hour.first_at == at(1)
    assert day.last_at == at(19, month=2)


def test_digests_are_read_at_once_when_there_are_many_instruments():
    instruments = [make_market(symbol) for symbol in ("EURUSD", "GBPUSD", "USDJPY")]
    with CaptureQueriesContext(connection) as queries:
        digests = digest_candles(instruments)
    assert len(queries) == 1
    assert len({digests[one.pk]["1h"] for one in instruments}) == 1  # the same candles
