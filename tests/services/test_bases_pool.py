"""Setups for base models: all or an even sample, and none from after the cut."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ml_training.data.presets import PRESETS
from ml_training.models import Instrument, SetupScan
from ml_training.services import bases_pool
from ml_training.services.bases_pool import (
    MARKET,
    Series,
    count_bars,
    digest_before,
    draw_keys,
    gather_setups,
    list_series,
    share_before,
)
from ml_training.services.market import store_candles, to_datetime
from ml_training.services.setups import collect_setups
from tests.data.builders import MONDAY, random_candles
from tests.services.builders import make_market, make_strategy

pytestmark = pytest.mark.django_db
N_BARS = 4_000
HOUR = timedelta(hours=1)
START = datetime.fromtimestamp(MONDAY, UTC)
CUT = START + 2_000 * HOUR
KEYS = ("rsi_return", "engulfing")


@pytest.fixture
def series():
    for seed, symbol in enumerate(("EURUSD", "GBPUSD")):
        make_market(symbol, candles=random_candles(N_BARS, seed=seed, volatility=0.003))
    return list_series(list(Instrument.objects.all()))


def gather(series, until=None, most=100_000, presets=KEYS):
    return gather_setups(series, presets, until, most=most)


def rows_of(dataset):
    """Name every setup by what it is and when."""
    columns = (dataset.symbol, dataset.timeframe, dataset.t0, dataset.t1, dataset.side)
    return set(zip(*(column.tolist() for column in columns), strict=True))


def test_every_stored_series_is_listed_by_symbol_and_from_fine_to_coarse(series):
    store_candles(Instrument.objects.get(symbol="GBPUSD"), "15m", random_candles(100, step_s=900))
    instruments = list(Instrument.objects.order_by("-symbol"))
    names = [(one.instrument.symbol, one.timeframe) for one in list_series(instruments)]
    assert names == [("EURUSD", "1h"), ("GBPUSD", "15m"), ("GBPUSD", "1h")]
    only = list_series(instruments, ("15m",))
    assert [(one.instrument.symbol, one.timeframe) for one in only] == [("GBPUSD", "15m")]


def test_same_setups_and_market_state_are_gathered_as_a_strategy_has(series):
    dataset, pool = gather(series, presets=("engulfing",))
    rules = dict(PRESETS["engulfing"].document)
    strategy = make_strategy(rules=rules, symbols=["EURUSD", "GBPUSD"])
    theirs = collect_setups(strategy)
    assert len(dataset) == pool.n_found == len(theirs) > 50
    assert dataset.feature_names == theirs.feature_names[: len(MARKET.names)]
    assert np.array_equal(dataset.X, theirs.X[:, : len(MARKET.names)], equal_nan=True)
    for name in ("y", "r", "t0", "t1", "weight", "side", "symbol", "timeframe"):
        assert np.array_equal(getattr(dataset, name), getattr(theirs, name)), name


def test_nothing_is_stored_when_setups_are_gathered(series):
    gather(series)
    assert not SetupScan.objects.exists()


def test_setups_of_several_presets_are_pooled_and_weighed_together(series):
    both, _ = gather(series)
    apart = [gather(series, presets=(key,))[0] for key in KEYS]
    assert len(both) == sum(len(one) for one in apart)
    assert both.n_effective < sum(one.n_effective for one in apart)


def test_no_setup_ends_after_the_cut_when_there_is_one(series):
    dataset, pool = gather(series, until=CUT)
    assert dataset.t1.max() <= CUT.timestamp()
    assert pool.n_bars == 2 * 2_000


def test_setups_are_the_same_when_candles_after_the_cut_are_others(series):
    before, _ = gather(series, until=CUT)
    later = random_candles(N_BARS, seed=99, price=9.0, volatility=0.02)
    for one in series:
        store_candles(one.instrument, "1h", later.between(int(CUT.timestamp()), None))
    after, _ = gather(series, until=CUT)
    assert after.digest() == before.digest()


def test_setup_whose_horizon_ends_after_the_cut_is_left_out_though_it_was_quick(series):
    """Keeping only the quick outcomes near the cut would favour them."""
    cut, _ = gather(series, until=CUT)
    whole, _ = gather(series)
    ended = {row for row in rows_of(whole) if row[3] <= CUT.timestamp()}
    assert rows_of(cut) < ended
    horizon = max(one.document["exit"]["max_bars"] for one in map(PRESETS.get, KEYS)) + 1
    safe = {row for row in ended if row[2] + horizon * 3600 <= CUT.timestamp()}
    assert rows_of(cut) >= safe


@pytest.mark.parametrize("most", [1, 50, 137])
def test_sample_has_the_size_asked_for_and_is_part_of_all(series, most):
    sample, pool = gather(series, most=most)
    everything, _ = gather(series)
    assert len(sample) == most
    assert pool.n_found == len(everything)
    assert rows_of(sample) <= rows_of(everything)


def test_sample_does_not_depend_on_the_order_of_the_series(series):
    forth, _ = gather(series, most=100)
    back, _ = gather(series[::-1], most=100)
    assert forth.digest() == back.digest()


def test_sample_is_even_when_series_differ_in_length(series):
    make_market("USDJPY", candles=random_candles(400, seed=3, volatility=0.003))
    wide = list_series(list(Instrument.objects.all()))
    everything, _ = gather(wide)
    sample, _ = gather(wide, most=200)
    for symbol in ("EURUSD", "GBPUSD", "USDJPY"):
        share = np.mean(everything.symbol == symbol)
        spread = np.sqrt(share * (1 - share) / len(sample))
        assert abs(np.mean(sample.symbol == symbol) - share) < 4 * spread + 0.01


def test_larger_sample_holds_the_smaller_one(series):
    assert rows_of(gather(series, most=60)[0]) < rows_of(gather(series, most=120)[0])


def test_none_is_returned_when_there_is_no_setup(series):
    dataset, pool = gather(series, until=START + HOUR)
    assert dataset is None
    assert pool.n_found == 0
    assert gather([], until=None)[0] is None


def test_only_the_newest_bars_are_scanned_when_there_are_very_many(series, monkeypatch):
    monkeypatch.setattr(bases_pool, "MOST_BARS", 1_000)
    dataset, pool = gather(series)
    assert pool.n_bars == 2 * 1_000
    assert dataset.t0.min() >= MONDAY + (N_BARS - 1_000) * 3_600
    assert count_bars(series, None) == 2 * 1_000


def test_every_series_is_told_when_it_is_done(series):
    told = []
    _, pool = gather_setups(series, KEYS, None, tell=told.append)
    assert [(one.number, one.n_series, one.symbol) for one in told] == [
        (1, 2, "EURUSD"),
        (2, 2, "GBPUSD"),
    ]
    assert sum(one.n_setups for one in told) == pool.n_found
    assert [one.n_bars for one in told] == [N_BARS, N_BARS]


def test_keys_are_the_same_for_a_name_and_others_for_another():
    assert draw_keys("EURUSD 1h tce", 5).tolist() == draw_keys("EURUSD 1h tce", 9)[:5].tolist()
    assert draw_keys("EURUSD 1h tce", 5).tolist() != draw_keys("GBPUSD 1h tce", 5).tolist()
    assert 0 <= draw_keys("x", 1_000).min() < draw_keys("x", 1_000).max() < 1


def test_bars_before_a_moment_are_counted_about_right_within_a_month(series):
    for n in (0, 500, 1_234, N_BARS):
        counted = count_bars(series, START + n * HOUR)
        assert counted == pytest.approx(2 * n, abs=4)
    assert count_bars(series, None) == 2 * N_BARS


@pytest.mark.parametrize(("until", "share"), [(0, 0.0), (1, 0.0), (2, 0.5), (3, 1.0), (9, 1.0)])
def test_share_of_a_month_grows_from_its_first_to_its_last_bar(until, share):
    first, last = to_datetime(1), to_datetime(3)
    assert share_before(first, last, to_datetime(until)) == share
    assert share_before(first, last, None) == 1.0


def test_hash_changes_only_with_candles_that_end_before_the_moment(series):
    first = digest_before(series, CUT)
    later = random_candles(N_BARS, seed=42).between(int(CUT.timestamp()) + 31 * 86_400, None)
    store_candles(series[0].instrument, "1h", later)
    assert digest_before(series, CUT) == first
    store_candles(series[0].instrument, "1h", random_candles(30, seed=7))
    assert digest_before(series, CUT) != first
    assert digest_before([Series(series[0].instrument, "4h")], CUT) == digest_before([], CUT)
