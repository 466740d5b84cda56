"""Setups are scanned once, stored, and scanned again only when something changed."""

from datetime import UTC, datetime

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ml_training.data.described import scan_labelled
from ml_training.data.frame import Frame
from ml_training.data.labelled import concat_sets
from ml_training.data.resample import resample
from ml_training.data.rules import parse_rules
from ml_training.errors import DataError
from ml_training.models import Instrument, Setup, SetupScan
from ml_training.selectors import describe_instrument
from ml_training.services.market import store_candles
from ml_training.services.scans import run_scan
from ml_training.services.setups import collect_setups, plan_jobs, scan_strategy
from tests.data.builders import random_candles
from tests.services.builders import make_market, make_strategy
from tests.services.test_store_candles import correct

pytestmark = pytest.mark.django_db
HOURS = random_candles(3_000, volatility=0.003)


def scan_in_memory(strategy, timeframe, candles, *, symbol="EURUSD", finer=None):
    """Scan without a database, as the reference."""
    spec = describe_instrument(Instrument.objects.get(symbol=symbol))
    frame = Frame(candles, timeframe)
    return scan_labelled(parse_rules(strategy.rules), frame, spec, finer=finer)


def watch(strategy):
    """Collect and return what was told on the way."""
    told = []
    collect_setups(strategy, progress=told.append)
    return told


def test_same_setups_come_back_when_read_from_rows_as_when_scanned_in_memory():
    make_market(candles=HOURS)
    strategy = make_strategy()
    expected = concat_sets([scan_in_memory(strategy, "1h", HOURS)])
    assert len(expected) > 50
    assert collect_setups(strategy).digest() == expected.digest()


def test_symbols_and_timeframes_are_joined_when_there_are_several():
    make_market("EURUSD", candles=HOURS)
    make_market("GBPUSD", candles=random_candles(2_000, seed=1, volatility=0.003))
    strategy = make_strategy(symbols=["EURUSD", "GBPUSD"], timeframes=["1h", "4h"])
    found = collect_setups(strategy)
    places = set(zip(found.symbol.tolist(), found.timeframe.tolist(), strict=True))
    assert len(places) == 4
    assert np.all(np.diff(found.t0) >= 0)
    assert 0 < found.n_effective < len(found)


def test_missing_timeframe_is_built_and_stated_when_a_finer_one_is_there():
    make_market(candles=HOURS)
    strategy = make_strategy(timeframes=["4h"])
    (progress,) = watch(strategy)
    assert progress.note == "4h bars built from 1h candles"
    assert SetupScan.objects.get().source_timeframe == "1h"
    bars = resample(HOURS, 3600, 4 * 3600)
    expected = concat_sets([scan_in_memory(strategy, "4h", bars, finer=HOURS)])
    assert collect_setups(strategy).digest() == expected.digest()


def test_unfinished_bar_is_left_out_when_built_from_finer_ones():
    make_market(candles=HOURS.slice(0, 2_998))
    scan = scan_strategy(make_strategy(timeframes=["4h"]))[0]
    assert scan.n_bars == 2_998 // 4


def test_coarsest_builder_is_used_when_several_are_there():
    make_market("EURUSD", "1h", HOURS)
    make_market("EURUSD", "4h", resample(HOURS, 3600, 4 * 3600))
    assert watch(make_strategy(timeframes=["1d"]))[0].note == "1d bars built from 4h candles"


def test_second_scan_reads_rows_only_when_nothing_changed():
    make_market(candles=HOURS)
    strategy = make_strategy()
    assert [one.is_new for one in watch(strategy)] == [True]
    rows = list(Setup.objects.values_list("pk", flat=True))
    assert [one.is_new for one in watch(strategy)] == [False]
    assert list(Setup.objects.values_list("pk", flat=True)) == rows


def change_rules(strategy):
    strategy.rules["exit"]["max_bars"] = 12
    strategy.save()


def change_a_candle(strategy):
    store_candles(Instrument.objects.get(symbol="EURUSD"), "1h", correct(HOURS, 500))


def change_the_spread(strategy):
    Instrument.objects.update(spread_pips=3.0)


def add_finer_candles(strategy):
    minutes = random_candles(500, step_s=900)
    store_candles(Instrument.objects.get(symbol="EURUSD"), "15m", minutes)


@pytest.mark.parametrize(
    "change", [change_rules, change_a_candle, change_the_spread, add_finer_candles]
)
def test_scan_is_done_again_when_what_it_follows_from_changed(change):
    make_market(candles=HOURS)
    strategy = make_strategy()
    before = scan_strategy(strategy)[0]
    change(strategy)
    assert [one.is_new for one in watch(strategy)] == [True]
    after = scan_strategy(strategy)[0]
    assert after.digest != before.digest


def test_scan_stands_when_another_instrument_or_coarser_candles_change():
    make_market(candles=HOURS)
    strategy = make_strategy()
    scan_strategy(strategy)
    make_market("GBPUSD", candles=HOURS)
    make_market("EURUSD", "4h", resample(HOURS, 3600, 4 * 3600))
    assert [one.is_new for one in watch(strategy)] == [False]


def test_rows_are_replaced_when_a_scan_is_done_again():
    make_market(candles=HOURS)
    strategy = make_strategy()
    scan_strategy(strategy)
    change_a_candle(strategy)
    scan = scan_strategy(strategy)[0]
    assert SetupScan.objects.count() == 1
    assert Setup.objects.count() == scan.n_setups


def test_earlier_version_keeps_its_rows_when_the_rules_change_and_change_back():
    make_market(candles=HOURS)
    strategy = make_strategy()
    first = scan_strategy(strategy)[0]
    rules = strategy.rules
    strategy.rules = rules | {"exit": rules["exit"] | {"max_bars": 12}}
    strategy.save()
    scan_strategy(strategy)
    strategy.rules = rules
    strategy.save()
    assert [one.is_new for one in watch(strategy)] == [False]
    assert scan_strategy(strategy) == [first]


def test_open_setups_are_stored_but_not_learned_from_when_the_data_end():
    make_market(candles=HOURS)
    scan = scan_strategy(make_strategy())[0]
    still_open = Setup.objects.filter(outcome=Setup.Outcome.OPEN)
    assert scan.n_setups - scan.n_labelled == still_open.count()
    assert all(one.r is None and one.exit_at is None for one in still_open)


def test_only_setups_whose_horizon_lies_within_the_dates_are_returned():
    make_market(candles=HOURS)
    strategy = make_strategy()
    everything = collect_setups(strategy)
    start, end = datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
    part = collect_setups(strategy, start, end)
    stored = Setup.objects.filter(entry_at__gte=start, horizon_at__lte=end)
    inside = sorted(entry.timestamp() for entry in stored.values_list("entry_at", flat=True))
    assert part.t0.tolist() == inside
    assert np.all(part.t1 <= end.timestamp())
    assert 0 < len(part) < len(everything)


def test_dates_without_zone_are_utc_when_given_as_the_first_document_does():
    make_market(candles=HOURS)
    strategy = make_strategy()
    naive = collect_setups(strategy, datetime(2024, 2, 1), datetime(2024, 4, 1))  # noqa: DTZ001
    aware = collect_setups(
        strategy, datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
    )
    assert naive.digest() == aware.digest()


def test_start_after_the_end_is_refused():
    with pytest.raises(DataError, match="start must lie before the end"):
        collect_setups(make_strategy(), datetime(2024, 2, 1), datetime(2024, 1, 1))  # noqa: DTZ001


def test_set_is_empty_when_the_rules_never_fire():
    make_market(candles=HOURS)
    rules = make_strategy().rules
    never = {"left": "close", "op": "<", "right": 0}
    strategy = make_strategy(rules=rules | {"long": never, "short": None})
    found = collect_setups(strategy)
    assert len(found) == 0
    assert found.n_features > 10


def test_everything_missing_is_named_at_once_when_candles_lack():
    make_market("EURUSD", "1h", HOURS)
    strategy = make_strategy(symbols=["EURUSD", "GBPUSD"], timeframes=["15m", "1h"])
    with pytest.raises(DataError) as caught:
        collect_setups(strategy)
    message = str(caught.value)
    assert "EURUSD 15m (finer than the candles in the database: 1h)" in message
    assert "GBPUSD 15m (nothing of GBPUSD was imported)" in message
    assert "EURUSD 1h" not in message
    assert "import_candles" in message
    assert not SetupScan.objects.exists()


def test_timeframe_is_refused_when_stored_candles_do_not_build_it():
    make_market("EURUSD", "2h", random_candles(500, step_s=7200))
    with pytest.raises(DataError, match="not a multiple of the candles in the database: 2h"):
        collect_setups(make_strategy(timeframes=["3h"]))


def test_finished_scans_stay_when_a_later_one_is_interrupted():
    make_market("EURUSD", candles=HOURS)
    make_market("GBPUSD", candles=HOURS)
    strategy = make_strategy(symbols=["EURUSD", "GBPUSD"])

    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan_strategy(strategy, progress=stop)
    scan = SetupScan.objects.get()
    assert scan.setups.count() == scan.n_setups
    assert [one.is_new for one in watch(strategy)] == [False, True]


def test_scan_is_refused_when_candles_change_under_its_hands():
    make_market(candles=HOURS)
    strategy = make_strategy()
    (job,) = plan_jobs(strategy)
    change_a_candle(strategy)
    with pytest.raises(DataError, match="changed while they were scanned"):
        run_scan(job)
    assert not SetupScan.objects.exists()


def test_queries_do_not_grow_with_setups_when_read_back():
    make_market(candles=HOURS)
    few, many = make_strategy(), make_strategy(timeframes=["1h", "4h"])
    counts = []
    for strategy in (few, many):
        collect_setups(strategy)
        with CaptureQueriesContext(connection) as queries:
            collect_setups(strategy)
        counts.append(len(queries))
    assert counts[1] - counts[0] == 1  # one look-up per scan
