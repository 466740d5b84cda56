"""What a strategy's version says, and what goes and stays when rows are deleted."""

import copy
import hashlib
import json
from datetime import date

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction

from ml_training.conf import MLTrainingConf, read_conf
from ml_training.data.presets import PRESETS
from ml_training.data.rules import parse_rules
from ml_training.errors import DataError
from ml_training.models import Checkpoint, Instrument, SetupScan, Strategy, TrainingRun
from ml_training.pipeline import MLTrainingPipeline
from ml_training.services.presets import TERMINAL_USER, ensure_local_user, open_preset
from ml_training.services.setups import collect_setups
from tests.services.builders import RSI_RULES, make_market, make_run, make_strategy, make_user

pytestmark = pytest.mark.django_db


def train(reference, *dates, **options):
    return MLTrainingPipeline().train_strategy_model(reference, *dates, **options)


def test_version_is_the_hash_of_rules_and_sorted_markets_when_worked_out_by_hand():
    strategy = make_strategy(symbols=["XAUUSD", "EURUSD"], timeframes=["4h", "1h"])
    told = [parse_rules(RSI_RULES).digest, ["EURUSD", "XAUUSD"], ["1h", "4h"]]
    assert strategy.version == hashlib.sha256(json.dumps(told).encode()).hexdigest()


def test_version_is_shared_when_owners_names_and_spellings_differ():
    one = make_strategy(name="one", symbols=["EURUSD"], timeframes=["4h"])
    other = make_strategy(name="two", symbols=[" eurusd", "EURUSD"], timeframes=["H4", "240m"])
    assert one.version == other.version
    assert one.owner != other.owner


def test_version_stays_when_keys_of_the_rules_change_places():
    turned = dict(reversed(copy.deepcopy(RSI_RULES).items()))
    turned["exit"] = dict(reversed(turned["exit"].items()))
    assert make_strategy(rules=turned).version == make_strategy().version


@pytest.mark.parametrize(
    "change",
    [
        {"exit": {"take_profit": {"atr": 2.5}, "stop_loss": {"atr": 1.0}, "max_bars": 24}},
        {"exit": {"take_profit": {"atr": 2.0}, "stop_loss": {"atr": 1.0}, "max_bars": 25}},
        {"long": {"left": {"ind": "rsi", "length": 14}, "op": "crosses_above", "right": 36}},
        {"long": {"left": {"ind": "rsi", "length": 15}, "op": "crosses_above", "right": 35}},
        {"long": {"left": {"ind": "rsi", "length": 14}, "op": "crosses_below", "right": 35}},
    ],
)
def test_digest_and_version_change_when_any_part_of_the_rules_does(change):
    plain, changed = make_strategy(), make_strategy(rules=RSI_RULES | change)
    assert plain.rules_digest != changed.rules_digest
    assert plain.version != changed.version


def test_version_returns_when_the_change_is_taken_back():
    strategy = make_strategy()
    before = strategy.version
    for timeframes in (["1d"], ["1h"]):
        strategy.timeframes = timeframes
        strategy.save()
    assert strategy.version == before


def test_stored_row_stays_as_it_was_when_a_change_is_refused():
    strategy = make_strategy()
    strategy.timeframes = ["7h"]
    with pytest.raises(DataError):
        strategy.save()
    strategy.refresh_from_db()
    assert strategy.timeframes == ["1h"]


def test_strategies_and_runs_go_when_their_owner_does():
    run = make_run()
    kept = make_strategy()
    run.strategy.owner.delete()
    assert list(Strategy.objects.all()) == [kept]
    assert not TrainingRun.objects.exists()


def test_run_stays_without_a_name_when_the_one_who_asked_is_deleted():
    run, asker = make_run(), make_user()
    TrainingRun.objects.filter(pk=run.pk).update(requested_by=asker)
    asker.delete()
    run.refresh_from_db()
    assert run.requested_by is None


def test_scans_go_and_the_strategy_stays_when_an_instrument_is_deleted():
    make_market("EURUSD")
    strategy = make_strategy()
    assert len(collect_setups(strategy)) > 0
    assert SetupScan.objects.count() == 1
    Instrument.objects.get(symbol="EURUSD").delete()
    assert not SetupScan.objects.exists()
    assert Strategy.objects.filter(pk=strategy.pk).exists()


def test_base_model_stays_when_the_run_beside_it_is_deleted():
    run = make_run()
    fields = {"file": "x.zip", "sha256": "0" * 64, "size": 1}
    Checkpoint.objects.create(run=run, kind="best", **fields)
    base = Checkpoint.objects.create(kind="base", **fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Checkpoint.objects.create(kind="best", **fields)
    run.delete()
    assert list(Checkpoint.objects.all()) == [base]


def test_preset_is_the_same_strategy_when_markets_are_named_in_another_order():
    for symbol in ("EURUSD", "GBPUSD"):
        make_market(symbol)
    first = open_preset("tce", ["EURUSD", "GBPUSD"], ["1h", "4h"])
    assert open_preset("tce", ["GBPUSD", "EURUSD"], ["4h", "1h"]) == first


def test_preset_leaves_the_strategies_of_others_alone_when_they_say_the_same():
    make_market("EURUSD")
    theirs = make_strategy(rules=dict(PRESETS["tce"].document))
    ours = open_preset("tce", ["EURUSD"], ["1h"])
    assert ours != theirs
    assert ours.version == theirs.version
    assert ours.owner.username == TERMINAL_USER


def test_terminal_user_cannot_sign_in_and_a_known_one_keeps_the_password():
    assert not ensure_local_user("new").has_usable_password()
    known = make_user("known")
    known.password = "a hash"
    known.save()
    assert ensure_local_user("known").password == "a hash"


def test_preset_name_is_cut_when_the_markets_fill_more_than_a_line():
    symbols = [f"SYMBOL{number:02d}" for number in range(30)]
    for symbol in symbols:
        Instrument.objects.create(symbol=symbol, asset_class="fx", pip=1e-4, digits=5)
    strategy = open_preset("tce", symbols, ["1h"])
    assert len(strategy.name) == 200
    assert strategy.symbols == symbols


def test_no_user_is_left_behind_when_the_timeframe_of_a_preset_is_unknown():
    make_market("EURUSD")
    with pytest.raises(DataError, match="7h"):
        open_preset("tce", ["EURUSD"], ["7h"])
    assert not Strategy.objects.exists()
    assert not type(make_user()).objects.filter(username=TERMINAL_USER).exists()


@pytest.mark.parametrize("reference", [0, -1, 10**30, "", "no such", "1.5", "٣٣"])
def test_no_run_is_opened_when_the_reference_is_wrong(reference):
    make_strategy()
    with pytest.raises(DataError, match="no strategy is called") as caught:
        train(reference)
    assert "RSI returns" in caught.value.hint
    assert not TrainingRun.objects.exists()


def test_all_options_are_listed_when_none_is_near():
    with pytest.raises(TypeError, match="no option `zzz`; there are batch_size, device, epochs"):
        train(4711, zzz=1)


@pytest.mark.parametrize("dates", [(2, 1), (1, 1)])
def test_run_fails_in_words_when_dates_are_reversed_or_equal(dates):
    make_market("EURUSD")
    strategy = make_strategy()
    with pytest.raises(DataError, match="start must lie before the end"):
        train(strategy.pk, *(date(2024, month, 1) for month in dates), device="cpu")
    run = TrainingRun.objects.get()
    assert run.state == TrainingRun.State.FAILED
    assert "before the end" in run.error


@pytest.mark.parametrize("wrong", ["2024-01-01", 20240101])
def test_no_run_is_opened_when_a_date_is_no_date(wrong):
    with pytest.raises(DataError, match="a date or a time is needed"):
        train(make_strategy().pk, wrong)
    assert not TrainingRun.objects.exists()


def test_setting_may_be_at_its_bounds_and_names_the_first_unknown_when_several(settings):
    settings.ML_TRAINING = {"record_interval_s": 0, "batch_points": 1}
    assert read_conf() == MLTrainingConf(record_interval_s=0, batch_points=1)
    settings.ML_TRAINING = {"zeta": 1, "alpha": 2}
    with pytest.raises(ImproperlyConfigured, match="'alpha'; it knows record_interval_s, batch_p"):
        read_conf()
