"""The database itself refuses rows that cannot be."""

from datetime import UTC, date, datetime

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import IntegrityError

from ml_training.models import (
    CandleChunk,
    FixEvent,
    Instrument,
    MetricPoint,
    Setup,
    SetupScan,
    Strategy,
    TrainingRun,
)
from tests.services.builders import make_run, make_strategy

pytestmark = pytest.mark.django_db
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def make_instrument(**changes):
    fields = {"symbol": "EURUSD", "asset_class": "fx", "pip": 1e-4, "digits": 5, "calendar": "x"}
    return Instrument.objects.create(**fields | changes)


def make_chunk(instrument, **changes):
    fields = {"timeframe": "1h", "month": date(2024, 1, 1), "bar_count": 1, "sha256": "0" * 64}
    fields |= {"first_at": NOON, "last_at": NOON, "blob": b""}
    return CandleChunk.objects.create(instrument=instrument, **fields | changes)


def make_scan(**changes):
    fields = {"timeframe": "1h", "source_timeframe": "1h", "feature_names": []}
    fields |= dict.fromkeys(("rules_digest", "candles_digest", "feature_digest", "digest"), "0")
    fields |= dict.fromkeys(("n_bars", "n_setups", "n_labelled"), 0)
    return SetupScan.objects.create(**fields | changes)


def make_setup(scan, **changes):
    fields = {"entry_at": NOON, "exit_at": NOON, "horizon_at": NOON, "side": 1, "outcome": 1}
    fields |= dict.fromkeys(("entry", "stop", "target", "r", "mae", "mfe", "risk", "cost"), 1.0)
    fields |= dict.fromkeys(("is_ambiguous", "is_gapped", "is_resolved"), False) | {"bars_held": 1}
    return Setup.objects.create(scan=scan, features=b"", **fields | changes)


@pytest.mark.parametrize("wrong", [{"pip": 0}, {"spread_pips": -1}, {"commission_bps": -1}])
def test_instrument_is_refused_when_its_numbers_make_no_sense(wrong):
    with pytest.raises(IntegrityError):
        make_instrument(**wrong)


def test_instrument_is_refused_when_the_symbol_exists():
    make_instrument()
    with pytest.raises(IntegrityError):
        make_instrument()


@pytest.mark.parametrize("wrong", [{"bar_count": 0}, {"month": date(2024, 1, 2)}])
def test_chunk_is_refused_when_it_is_no_month_of_bars(wrong):
    with pytest.raises(IntegrityError):
        make_chunk(make_instrument(), **wrong)


def test_chunk_is_refused_when_the_month_is_there():
    instrument = make_instrument()
    make_chunk(instrument)
    make_chunk(instrument, timeframe="4h")
    with pytest.raises(IntegrityError):
        make_chunk(instrument)


def test_scan_is_refused_when_the_version_has_one():
    place = {"strategy": make_strategy(), "instrument": make_instrument()}
    make_scan(**place)
    make_scan(**place, rules_digest="1")
    with pytest.raises(IntegrityError):
        make_scan(**place)


@pytest.mark.parametrize("wrong", [{"r": None}, {"exit_at": None}, {"horizon_at": None}])
def test_setup_is_refused_when_it_ended_without_a_result(wrong):
    scan = make_scan(strategy=make_strategy(), instrument=make_instrument())
    with pytest.raises(IntegrityError):
        make_setup(scan, **wrong)


def test_setup_may_lack_a_result_when_it_is_open():
    scan = make_scan(strategy=make_strategy(), instrument=make_instrument())
    setup = make_setup(scan, outcome=Setup.Outcome.OPEN, r=None, exit_at=None)
    assert str(setup) == "long at 2024-01-01 12:00, open"


def test_setup_is_refused_when_the_bar_and_side_have_one():
    scan = make_scan(strategy=make_strategy(), instrument=make_instrument())
    make_setup(scan)
    make_setup(scan, side=-1)
    with pytest.raises(IntegrityError):
        make_setup(scan)


def test_second_active_run_is_refused_when_written_past_the_services():
    strategy = make_strategy()
    TrainingRun.objects.create(strategy=strategy, state="succeeded")
    TrainingRun.objects.create(strategy=strategy, state="queued")
    with pytest.raises(IntegrityError):
        TrainingRun.objects.create(strategy=strategy, state="running")


def test_run_is_refused_when_its_state_is_unknown():
    with pytest.raises(IntegrityError):
        TrainingRun.objects.create(strategy=make_strategy(), state="sleeping")


def test_event_is_refused_when_its_number_is_taken():
    event = {"run": make_run(), "number": 1, "problem": "plateau", "epoch": 1, "step": 9}
    FixEvent.objects.create(**event, severity="warning", message="no gain")
    with pytest.raises(IntegrityError):
        FixEvent.objects.create(**event, severity="warning", message="no gain")


def test_problem_key_needs_no_migration_when_it_is_new():
    event = FixEvent(
        run=make_run(),
        number=1,
        problem="brand_new",
        severity="info",
        epoch=1,
        step=1,
        message="x",
    )
    event.full_clean()
    assert str(event) == "brand_new at epoch 1: nothing kept"


def test_everything_of_a_strategy_goes_when_it_is_deleted():
    run = make_run()
    MetricPoint.objects.create(run=run, kind="epoch", epoch=1, step=1, values={})
    scan = make_scan(strategy=run.strategy, instrument=make_instrument())
    make_setup(scan)
    Strategy.objects.all().delete()
    kept = [Setup, SetupScan, TrainingRun, MetricPoint]
    assert [model.objects.count() for model in kept] == [0, 0, 0, 0]
    assert Instrument.objects.count() == 1


def test_every_row_has_words_for_people_when_shown():
    run = make_run()
    instrument = make_instrument(is_synthetic=True)
    scan = make_scan(strategy=run.strategy, instrument=instrument)
    point = MetricPoint(run=run, kind="epoch", epoch=3, step=30, values={})
    words = [str(row) for row in (instrument, make_chunk(instrument), scan, make_setup(scan), run)]
    assert words[0] == "EURUSD (synthetic)"
    assert words[1] == "EURUSD (synthetic) 1h 2024-01: 1 bars"
    assert words[2] == "RSI returns: EURUSD (synthetic) 1h, 0 setups"
    assert words[3] == "long at 2024-01-01 12:00, +1.00 R"
    assert words[4] == f"run {run.pk} of RSI returns: running"
    assert str(point) == "epoch at epoch 3, step 30"


def test_every_model_is_in_the_admin_when_listed():
    ours = set(apps.get_app_config("ml_training").get_models())
    assert ours <= set(admin.site._registry)
