"""The frame serves prices and indicators, aligned, once, and never from the future."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.candles import Candles
from ml_training.data.frame import Frame
from ml_training.data.indicators import compute_use, make_use
from ml_training.data.resample import resample
from ml_training.errors import DataError
from tests.data.builders import MONDAY, candles_from_closes, random_candles

HOUR = 3600
MARKET = random_candles(600)


@pytest.fixture
def frame():
    return Frame(MARKET, "1h")


@pytest.mark.parametrize("name", ["open", "high", "low", "close", "volume"])
def test_price_is_the_candles_own_column_when_it_has_one(frame, name):
    assert np.shares_memory(frame.price(name), getattr(MARKET, name))


def test_price_is_an_average_of_columns_when_named_so(frame):
    np.testing.assert_allclose(frame.price("hl2"), (MARKET.high + MARKET.low) / 2)
    total = MARKET.high + MARKET.low + MARKET.close
    np.testing.assert_allclose(frame.price("hlc3"), total / 3)
    np.testing.assert_allclose(frame.price("ohlc4"), (total + MARKET.open) / 4)


def test_known_prices_are_offered_when_the_name_is_unknown(frame):
    with pytest.raises(DataError, match=r'no price "last".*Known: close, open'):
        frame.price("last")


def test_past_bar_is_read_when_shifted(frame):
    shifted = frame.price("close", shift=3)
    assert np.isnan(shifted[:3]).all()
    np.testing.assert_array_equal(shifted[3:], MARKET.close[:-3])


def test_everything_is_unknown_when_shifted_past_the_start(frame):
    assert np.isnan(frame.price("close", shift=1000)).all()


def test_future_is_refused_when_the_shift_is_negative(frame):
    with pytest.raises(ValueError, match="`shift` must be 0 or more, got -1"):
        frame.price("close", shift=-1)


def test_indicator_is_the_one_computed_on_the_candles_when_asked(frame):
    use = make_use("bbands", output="lower")
    np.testing.assert_array_equal(frame.indicator(use), compute_use(use, MARKET)["lower"])


def test_indicator_is_computed_once_when_asked_twice(frame):
    use = make_use("rsi")
    assert np.shares_memory(frame.indicator(use), frame.indicator(use))


def test_other_outputs_are_there_when_one_was_asked(frame):
    upper = frame.indicator(make_use("bbands", output="upper"))
    lower = frame.indicator(make_use("bbands", output="lower"))
    assert (upper[19:] >= lower[19:]).all()


def test_arrays_are_read_only_when_handed_out(frame):
    for values in (frame.indicator(make_use("rsi")), frame.price("hl2"), frame.price("close")):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1.0


def test_frame_computes_anew_when_cleared(frame):
    use = make_use("rsi", timeframe="4h")
    before = frame.indicator(use)
    frame.clear()
    after = frame.indicator(use)
    assert not np.shares_memory(before, after)
    np.testing.assert_array_equal(before, after)


def test_oldest_arrays_go_when_memory_is_short():
    array_bytes = 8 * len(MARKET)
    frame = Frame(MARKET, "1h", memo_bytes=2 * array_bytes)
    first = frame.indicator(make_use("rsi", length=5))
    frame.indicator(make_use("rsi", length=6))
    frame.indicator(make_use("rsi", length=7))
    assert len(frame._memo) == 2
    assert not np.shares_memory(first, frame.indicator(make_use("rsi", length=5)))


def test_wanted_output_is_served_when_memory_holds_only_one_array():
    frame = Frame(MARKET, "1h", memo_bytes=1)
    for output in ("upper", "middle", "lower"):
        use = make_use("bbands", output=output)
        np.testing.assert_array_equal(frame.indicator(use), compute_use(use, MARKET)[output])
    assert len(frame._memo) == 1


def closed_by_hand(higher, at):
    """Find the newest higher bar that is closed when base bar `at` closes."""
    now = MARKET.time[at] + HOUR
    closed = np.flatnonzero(higher.time + 4 * HOUR <= now)
    return closed[-1] if len(closed) else None


def test_higher_price_is_the_last_closed_bars_when_asked(frame):
    higher = resample(MARKET, HOUR, 4 * HOUR)
    values = frame.price("close", "4h")
    for at in range(0, 600, 7):
        closed = closed_by_hand(higher, at)
        assert np.isnan(values[at]) if closed is None else values[at] == higher.close[closed]


def test_higher_indicator_is_computed_on_higher_bars_when_asked(frame):
    higher = resample(MARKET, HOUR, 4 * HOUR)
    wanted = compute_use(make_use("rsi"), higher)["value"]
    values = frame.indicator(make_use("rsi", timeframe="4h", shift=2))
    for at in range(100, 600, 7):
        assert values[at] == wanted[closed_by_hand(higher, at) - 2]


def test_shift_counts_higher_bars_when_the_timeframe_is_higher(frame):
    now, before = frame.price("open", "4h"), frame.price("open", "4h", 1)
    changes = np.flatnonzero(np.diff(now)) + 1
    np.testing.assert_array_equal(before[changes][1:], now[changes - 1][1:])


def test_own_timeframe_is_read_directly_when_named(frame):
    assert np.shares_memory(frame.price("close", "1h"), MARKET.close)
    use = make_use("rsi", timeframe="1h")
    np.testing.assert_array_equal(frame.indicator(use), frame.indicator(make_use("rsi")))


@pytest.mark.parametrize("timeframe", ["15m", "1h30m", "4 hours"])
def test_timeframe_is_refused_when_bars_cannot_be_built(frame, timeframe):
    with pytest.raises(DataError):
        frame.price("close", timeframe)


def test_nothing_is_known_of_the_week_when_none_has_closed():
    frame = Frame(random_candles(100), "1h")
    assert np.isnan(frame.price("close", "1w")).all()


def test_empty_frame_serves_empty_arrays_when_there_are_no_candles():
    frame = Frame(Candles.empty(), "1h")
    assert len(frame) == 0
    assert len(frame.price("hl2")) == 0
    assert len(frame.indicator(make_use("rsi", timeframe="4h", shift=1))) == 0


USES = [
    make_use("rsi"),
    make_use("sma", length=5, shift=2),
    make_use("rsi", length=5, timeframe="4h"),
    make_use("bbands", output="upper", length=3, timeframe="1d", shift=1),
]


@pytest.mark.parametrize("use", USES, ids=lambda use: use.label)
def test_sample_is_the_series_at_those_bars_when_taken(frame, use):
    index = np.array([0, 1, 13, 50, 51, 599])
    np.testing.assert_array_equal(frame.sample(use, index), frame.indicator(use)[index])


@settings(max_examples=40, deadline=None)
@given(
    cut=st.integers(1, 299),
    seed=st.integers(0, 999),
    use=st.sampled_from(USES),
    gap_rate=st.sampled_from([0.0, 0.3]),
)
def test_value_stays_when_later_bars_are_removed_or_altered(cut, seed, use, gap_rate):
    market = random_candles(300, seed, gap_rate=gap_rate, start=MONDAY + 7 * HOUR)
    other = random_candles(300, seed + 1)
    columns = zip(market.columns[1:], other.columns[1:], strict=True)
    altered = Candles.from_columns(market.time, *(np.r_[a[:cut], b[cut:]] for a, b in columns))
    values = Frame(market, "1h").indicator(use)[:cut]
    np.testing.assert_array_equal(Frame(altered, "1h").indicator(use)[:cut], values)
    np.testing.assert_array_equal(Frame(market.slice(0, cut), "1h").indicator(use), values)


def test_unclosed_day_stays_hidden_when_the_base_bar_lies_inside_it():
    market = candles_from_closes(np.arange(1.0, 49.0))  # two days of hours
    values = Frame(market, "1h").price("close", "1d")
    assert np.isnan(values[:23]).all()
    assert (values[23:47] == 24.0).all()  # the first day closes with its 24th hour
    assert values[47] == 48.0
