"""Any span of candles comes back as a loop over all of them would pick it."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from ml_training.models import CandleChunk
from ml_training.selectors import digest_candles, list_coverage, load_candles, select_chunks
from ml_training.services.market import store_candles
from tests.data.builders import MONDAY, random_candles
from tests.services.builders import make_market

DAY = 86_400
SIX_HOURS = random_candles(400, seed=4, step_s=6 * 3600)  # 100 days, over three ends of months
MOMENTS = st.none() | st.integers(-5 * 24, 105 * 24).map(lambda hours: MONDAY + hours * 3600)
EDGES = [MONDAY, MONDAY + 31 * DAY, MONDAY + 60 * DAY, MONDAY + 91 * DAY]
pytestmark = pytest.mark.django_db


def as_time(second, zone_h=0):
    zone = timezone(timedelta(hours=zone_h))
    return None if second is None else datetime.fromtimestamp(second, tz=UTC).astimezone(zone)


class AnySpan(TestCase):
    """One instrument with candles, asked for many spans."""

    @settings(max_examples=60, deadline=None)
    @given(MOMENTS, MOMENTS, st.integers(-12, 14))
    def test_span_equals_a_loop_in_any_time_zone(self, start, end, zone_h):
        instrument = make_market("EURUSD", "6h", SIX_HOURS)
        found = load_candles(instrument, "6h", as_time(start, zone_h), as_time(end, zone_h))
        expected = [
            second
            for second in SIX_HOURS.time.tolist()
            if (start is None or second >= start) and (end is None or second < end)
        ]
        assert found.time.tolist() == expected
        at = np.searchsorted(SIX_HOURS.time, found.time)
        np.testing.assert_array_equal(found.close, SIX_HOURS.close[at])


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("step_s", [-1, 0, 1])
def test_bar_at_the_first_second_of_a_month_belongs_to_the_later_span(edge, step_s):
    instrument = make_market("EURUSD", "6h", SIX_HOURS)
    moment = as_time(edge + step_s)
    before = load_candles(instrument, "6h", None, moment)
    after = load_candles(instrument, "6h", moment, None)
    assert len(before) + len(after) == len(SIX_HOURS)
    assert (before.time < edge + step_s).all()
    assert (after.time >= edge + step_s).all()


def test_span_is_empty_when_it_ends_before_it_starts():
    instrument = make_market("EURUSD", "6h", SIX_HOURS)
    assert len(load_candles(instrument, "6h", as_time(EDGES[2]), as_time(EDGES[1]))) == 0


def test_month_is_read_when_only_its_last_bar_is_wanted():
    instrument = make_market("EURUSD", "6h", SIX_HOURS)
    last = EDGES[1] - 6 * 3600
    months = [chunk.month.month for chunk in select_chunks(instrument, "6h", as_time(last))]
    assert months == [1, 2, 3, 4]
    months = [chunk.month.month for chunk in select_chunks(instrument, "6h", as_time(last + 1))]
    assert months == [2, 3, 4]
    upto = select_chunks(instrument, "6h", None, as_time(EDGES[1]))
    assert [chunk.month.month for chunk in upto] == [1]
    upto = select_chunks(instrument, "6h", None, as_time(EDGES[1] + 1))
    assert [chunk.month.month for chunk in upto] == [1, 2]


def test_digest_tells_candles_and_their_months_apart():
    instrument = make_market("EURUSD", "6h", SIX_HOURS)
    before = digest_candles([instrument])[instrument.pk]["6h"]
    assert before == digest_candles([instrument])[instrument.pk]["6h"]
    CandleChunk.objects.filter(instrument=instrument, month="2024-02-01").delete()
    without = digest_candles([instrument])[instrument.pk]["6h"]
    store_candles(instrument, "6h", SIX_HOURS)
    assert without != before == digest_candles([instrument])[instrument.pk]["6h"]


def test_digest_and_coverage_are_empty_when_nothing_is_stored():
    instrument = make_market("EURUSD", "6h", SIX_HOURS.slice(0, 0))
    assert digest_candles([instrument]) == {}
    assert list_coverage(instrument) == []
    assert digest_candles([]) == {}


def test_markets_do_not_see_each_other_when_they_share_a_month():
    euro = make_market("EURUSD", "6h", SIX_HOURS)
    pound = make_market("GBPUSD", "6h", SIX_HOURS.slice(0, 10))
    assert len(load_candles(euro, "6h")) == 400
    assert len(load_candles(pound, "6h")) == 10
    assert len(load_candles(pound, "1h")) == 0
    found = digest_candles([euro, pound])
    assert found[euro.pk] != found[pound.pk]
