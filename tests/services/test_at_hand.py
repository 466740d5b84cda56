"""What other candles would add is what they do add, once they are added."""

import numpy as np
import pytest

from ml_training.models import Instrument, SetupScan
from ml_training.services import at_hand
from ml_training.services.at_hand import count_additions, count_left_out
from ml_training.services.market import store_candles, to_datetime
from ml_training.services.setups import collect_setups
from tests.data.builders import random_candles
from tests.services.builders import make_market, make_strategy

pytestmark = pytest.mark.django_db
N_BARS = 6_000


@pytest.fixture
def strategy():
    for seed, symbol in enumerate(("EURUSD", "GBPUSD", "USDJPY")):
        make_market(symbol, candles=random_candles(N_BARS, seed=seed, volatility=0.003))
    return make_strategy()


def count(strategy, *known):
    return {one.candidate.name: one.candidate for one in count_additions(strategy, *known)}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("GBPUSD", {"symbols": ["EURUSD", "GBPUSD"]}),
        ("4h", {"timeframes": ["1h", "4h"]}),
    ],
)
def test_promise_is_kept_when_the_candles_are_added(strategy, name, changes):
    promised = count(strategy)[name]
    before = collect_setups(strategy)
    after = collect_setups(make_strategy(name="wider", **changes))
    assert promised.n_setups == len(after) - len(before) > 20
    assert promised.n_effective == pytest.approx(after.n_effective - before.n_effective, abs=0.1)
    assert not promised.is_estimated


def test_promise_is_an_estimate_near_the_truth_when_only_the_newest_bars_are_scanned(
    strategy, monkeypatch
):
    whole = count(strategy)["GBPUSD"]
    monkeypatch.setattr(at_hand, "MOST_BARS", N_BARS // 2)
    part = count(strategy)["GBPUSD"]
    assert part.is_estimated
    assert part.n_scanned == pytest.approx(N_BARS / 2, rel=0.01)
    assert part.n_bars == N_BARS
    # four standard deviations of a count of half as many, doubled
    assert abs(part.n_setups - whole.n_setups) < 4 * np.sqrt(2 * whole.n_setups)


def test_estimate_of_a_coarse_timeframe_is_scaled_by_time_when_the_fine_one_is_cut(
    strategy, monkeypatch
):
    whole = count(strategy)["4h"]
    monkeypatch.setattr(at_hand, "MOST_BARS", N_BARS // 2)  # cuts 1h, not 4h
    part = count(strategy)["4h"]
    assert part.is_estimated
    assert abs(part.n_setups - whole.n_setups) < 4 * np.sqrt(2 * whole.n_setups)


def test_nothing_is_stored_when_counting(strategy):
    count(strategy)
    assert not SetupScan.objects.exists()


def test_symbol_is_not_offered_when_it_lacks_a_timeframe_of_the_strategy(strategy):
    make_market("XAUUSD", "1d", random_candles(500, step_s=86_400))
    assert "XAUUSD" not in count(strategy)


def test_timeframe_is_not_offered_when_a_symbol_of_the_strategy_lacks_it(strategy):
    store_candles(Instrument.objects.get(symbol="EURUSD"), "15m", random_candles(900, step_s=900))
    wide = make_strategy(name="wide", symbols=["EURUSD", "GBPUSD"])
    assert "15m" in count(strategy)
    assert "15m" not in count(wide)


def test_synthetic_candles_are_not_offered_when_the_strategy_has_real_ones(strategy):
    Instrument.objects.filter(symbol="GBPUSD").update(is_synthetic=True)
    assert {"GBPUSD", "USDJPY"} & set(count(strategy)) == {"USDJPY"}


def test_count_is_not_made_again_when_nothing_changed(strategy, monkeypatch):
    first = count_additions(strategy)
    known = {one.digest: one.candidate for one in first}
    series = []
    assert count_additions(strategy, known, beat=lambda: series.append(1)) == first
    assert series == []
    make_market("GBPUSD", candles=random_candles(N_BARS, seed=9, volatility=0.003))
    count_additions(strategy, known, beat=lambda: series.append(1))
    assert len(series) == 2  # GBPUSD, and EURUSD beside it


def test_rest_is_left_out_when_there_are_very_many_bars(strategy, monkeypatch):
    monkeypatch.setattr(at_hand, "MOST_BARS_IN_ALL", N_BARS)
    assert list(count(strategy)) == ["GBPUSD"]


def test_setups_that_the_dates_leave_out_are_named_with_their_range(strategy):
    everything = collect_setups(strategy)
    middle = middle_of(everything)
    part = collect_setups(strategy, middle)
    left_out = count_left_out(strategy, len(part), middle, None)
    assert left_out.n_setups == len(everything) - len(part) > 20
    assert left_out.name == "the candles from 2024-01-01 to 2024-09-06 that the dates leave out"
    assert count_left_out(strategy, len(everything), None, None) is None
    assert count_left_out(strategy, len(everything), middle, None) is None


def middle_of(dataset):
    return to_datetime(int(np.median(dataset.t0)))
