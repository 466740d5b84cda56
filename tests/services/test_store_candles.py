"""Every bar is stored once; a corrected bar changes the hash; all or nothing."""

import numpy as np
import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_training.data.candles import Candles
from ml_training.data.instruments import guess_instrument
from ml_training.errors import DataError
from ml_training.models import CandleChunk, Instrument
from ml_training.selectors import digest_candles, load_candles
from ml_training.services.market import StoreCounts, ensure_instrument, store_candles
from tests.data.builders import random_candles

pytestmark = pytest.mark.django_db
DAYS = random_candles(100, step_s=86_400)  # January to April


def make_instrument() -> Instrument:
    return ensure_instrument(guess_instrument("EURUSD"))


def correct(candles: Candles, bar: int) -> Candles:
    """Return candles with another volume in one bar."""
    volume = candles.volume.copy()
    volume[bar] += 1
    return Candles.from_columns(*candles.columns[:5], volume)


def same(one: Candles, other: Candles) -> bool:
    return one.digest() == other.digest()


def test_candles_come_back_when_stored():
    instrument = make_instrument()
    assert store_candles(instrument, "1d", DAYS) == StoreCounts(100, 0, 0)
    assert same(load_candles(instrument, "1d"), DAYS)


def test_chunks_describe_their_months_when_stored():
    store_candles(make_instrument(), "1d", DAYS)
    chunks = list(CandleChunk.objects.order_by("month"))
    assert [str(chunk.month) for chunk in chunks[:2]] == ["2024-01-01", "2024-02-01"]
    assert [chunk.bar_count for chunk in chunks] == [31, 29, 31, 9]
    assert chunks[1].first_at.isoformat() == "2024-02-01T00:00:00+00:00"
    assert chunks[1].last_at.isoformat() == "2024-02-29T00:00:00+00:00"
    assert chunks[0].sha256 == DAYS.slice(0, 31).digest()


def test_nothing_is_written_when_nothing_is_new():
    instrument = make_instrument()
    store_candles(instrument, "1d", DAYS)
    before = list(CandleChunk.objects.values())
    assert store_candles(instrument, "1d", DAYS) == StoreCounts(0, 0, 100)
    assert list(CandleChunk.objects.values()) == before


def test_spelling_of_the_timeframe_does_not_matter_when_stored():
    instrument = make_instrument()
    store_candles(instrument, "D1", DAYS)
    assert store_candles(instrument, "1d", DAYS).n_unchanged == 100


def test_overlap_is_counted_when_files_overlap():
    instrument = make_instrument()
    store_candles(instrument, "1d", DAYS.slice(0, 60))
    assert store_candles(instrument, "1d", DAYS.slice(40, 100)) == StoreCounts(40, 0, 20)
    assert same(load_candles(instrument, "1d"), DAYS)


def test_hash_of_its_month_changes_when_a_bar_is_corrected():
    instrument = make_instrument()
    store_candles(instrument, "1d", DAYS)
    before = dict(CandleChunk.objects.values_list("month", "sha256"))
    digest = digest_candles([instrument])[instrument.pk]["1d"]
    corrected = correct(DAYS, 35)
    assert store_candles(instrument, "1d", corrected) == StoreCounts(0, 1, 99)
    after = dict(CandleChunk.objects.values_list("month", "sha256"))
    changed = [str(month) for month in before if before[month] != after[month]]
    assert changed == ["2024-02-01"]
    assert same(load_candles(instrument, "1d"), corrected)
    assert digest_candles([instrument])[instrument.pk]["1d"] != digest


def test_timeframes_stay_apart_when_stored_for_one_symbol():
    instrument = make_instrument()
    store_candles(instrument, "1d", DAYS)
    store_candles(instrument, "1h", random_candles(50))
    assert len(load_candles(instrument, "1d")) == 100
    assert set(digest_candles([instrument])[instrument.pk]) == {"1d", "1h"}


def test_empty_candles_change_nothing_when_stored():
    assert store_candles(make_instrument(), "1d", Candles.empty()) == StoreCounts()
    assert not CandleChunk.objects.exists()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 60)), min_size=1, max_size=6))
def test_database_holds_the_union_when_pieces_come_in_any_order(pieces):
    instrument = make_instrument()
    CandleChunk.objects.all().delete()
    expected = np.zeros(len(DAYS), dtype=bool)
    n_new = 0
    for start, length in pieces:
        part = DAYS.slice(start, min(start + length, 100))
        n_new += store_candles(instrument, "1d", part).n_new
        expected[start : start + length] = True
    stored = load_candles(instrument, "1d")
    assert np.array_equal(stored.time, DAYS.time[expected])
    assert np.array_equal(stored.close, DAYS.close[expected])
    assert n_new == expected.sum()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_half_written_when_the_database_fails_in_the_middle():
    instrument = make_instrument()
    store_candles(instrument, "1d", DAYS.slice(0, 40))
    before = load_candles(instrument, "1d").digest()
    with connection.cursor() as cursor:
        # January and March both have 31 bars: writing March fails after February.
        cursor.execute("CREATE UNIQUE INDEX fault ON ml_training_candlechunk (bar_count)")
        with pytest.raises(DatabaseError):
            store_candles(instrument, "1d", DAYS)
        cursor.execute("DROP INDEX fault")
    assert load_candles(instrument, "1d").digest() == before


def test_queries_do_not_grow_when_months_do():
    instrument = make_instrument()
    counts = []
    for candles in (DAYS.slice(0, 20), random_candles(2_000, step_s=86_400)):
        with CaptureQueriesContext(connection) as queries:
            store_candles(instrument, "1d", candles)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_instrument_keeps_what_the_user_set_when_more_candles_come():
    instrument = make_instrument()
    Instrument.objects.update(spread_pips=3.5)
    again = ensure_instrument(guess_instrument("EURUSD"))
    assert (again.pk, again.spread_pips) == (instrument.pk, 3.5)


def test_real_and_synthetic_candles_never_mix():
    make_instrument()
    with pytest.raises(DataError, match="never mix"):
        ensure_instrument(guess_instrument("EURUSD"), is_synthetic=True)
