"""A base is used only where it may be, else refitted; damage is named and refused."""

import errno
from datetime import UTC, datetime

import pytest

from ml_training.data.presets import PRESETS as PRESETS_OF_ALL
from ml_training.errors import DataError
from ml_training.models import Checkpoint, Instrument
from ml_training.services import bases_pool
from ml_training.services.bases import (
    BaseRequest,
    find_base,
    last_monday,
    name_base,
    train_base_model,
)
from ml_training.services.bases_stored import judge_stored
from ml_training.services.checkpoints import models_storage
from ml_training.services.market import store_candles, to_datetime
from ml_training.study import base
from tests.data.builders import random_candles
from tests.services.builders import make_market
from tests.services.failing_disk import FailingDisk

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY")
MIDDLE = datetime(2024, 5, 1, tzinfo=UTC)
PRESETS = ("rsi_return", "ema_cross", "donchian_break")


@pytest.fixture(autouse=True)
def market(monkeypatch):
    monkeypatch.setattr(bases_pool, "MOST_SETUPS", 800)  # quick to learn from
    monkeypatch.setattr(base, "MAX_EPOCHS", 2)
    for seed, symbol in enumerate(SYMBOLS):
        make_market(symbol, candles=random_candles(5_000, seed=seed, volatility=0.003))


def train(**changes) -> Checkpoint:
    return train_base_model(BaseRequest(**{"presets": PRESETS} | changes))


def find(moment=MIDDLE):
    return find_base(int(moment.timestamp()), is_synthetic=False)


def overwrite(checkpoint, content):
    with models_storage().open(checkpoint.file.name, "wb") as file:
        file.write(content)


def read(checkpoint) -> bytes:
    with checkpoint.file.open("rb") as file:
        return file.read()


def test_base_is_stored_with_what_people_want_to_know():
    checkpoint = train()
    meta = checkpoint.meta
    assert (checkpoint.kind, checkpoint.run) == ("base", None)
    assert meta["symbols"] == list(SYMBOLS)
    assert meta["timeframes"] == ["1h"]
    assert meta["presets"] == list(PRESETS)
    assert meta["n_bars"] == 15_000
    assert 300 < meta["n_setups"] <= 800 < meta["n_found"]
    assert set(meta["scores"]) >= {"auc", "log_loss", "base_rate_log_loss"}
    assert meta["is_synthetic"] is False


def test_stored_base_is_used_when_all_that_is_judged_lies_after_it():
    checkpoint = train(until=MIDDLE)
    found = find()
    assert (found.id, found.is_refitted, found.note) == (checkpoint.pk, False, "")
    assert found.trained_until <= MIDDLE.timestamp()
    assert Checkpoint.objects.count() == 1


def test_base_is_refitted_up_to_the_cut_when_the_stored_one_knows_the_future():
    train()
    found = find()
    assert found.is_refitted
    assert found.trained_until <= last_monday(MIDDLE).timestamp()
    assert found.note == (
        f"Refitted up to {found.day}, because the stored one knows what comes later"
    )
    assert Checkpoint.objects.count() == 2


def test_refitted_base_is_found_again_when_the_next_run_asks():
    refitted = find()
    assert "none was stored" in refitted.note
    again = find()
    assert (again.id, again.is_refitted, again.note) == (refitted.id, True, refitted.note)
    assert Checkpoint.objects.count() == 1


def test_refitted_base_is_the_same_when_candles_after_the_cut_change():
    first = find()
    Checkpoint.objects.all().delete()
    for symbol in SYMBOLS:
        instrument = Instrument.objects.get(symbol=symbol)
        later = random_candles(9_000, seed=77, volatility=0.003)
        store_candles(instrument, "1h", later.between(int(MIDDLE.timestamp()), None))
    second = find()
    stored = Checkpoint.objects.get(pk=second.id)
    assert stored.meta["n_setups"] == first.n_setups
    assert second.scores == first.scores


def test_base_is_refitted_when_the_stored_one_knows_too_little():
    train(symbols=("EURUSD",), presets=tuple(PRESETS_OF_ALL), until=MIDDLE)
    found = find()
    assert found.is_refitted
    assert "knows 33% of the candles before" in found.note


def test_stored_base_is_used_when_it_knows_most_of_what_lies_before():
    checkpoint = train(symbols=("EURUSD", "GBPUSD"), presets=tuple(PRESETS_OF_ALL), until=MIDDLE)
    assert find().id == checkpoint.pk


def test_base_is_refitted_when_candles_it_learned_from_were_corrected():
    train(until=MIDDLE)
    instrument = Instrument.objects.get(symbol="EURUSD")
    part = random_candles(5_000, seed=5, volatility=0.003).slice(100, 200)
    store_candles(instrument, "1h", part)
    assert "have changed since" in find().note


def test_base_of_synthetic_candles_is_never_used_for_real_ones():
    checkpoint = train(until=MIDDLE)
    Checkpoint.objects.filter(pk=checkpoint.pk).update(
        meta=checkpoint.meta | {"is_synthetic": True}
    )
    assert "none was stored" in find().note


@pytest.mark.parametrize("damage", ["cut off", "altered", "gone"])
def test_damaged_file_is_named_and_replaced_when_it_is_met(damage):
    checkpoint = train(until=MIDDLE)
    content = read(checkpoint)
    if damage == "cut off":
        overwrite(checkpoint, content[: len(content) // 2])
    elif damage == "altered":
        overwrite(checkpoint, content[:-9] + b"X" + content[-8:])
    else:
        models_storage().delete(checkpoint.file.name)
    found = find()
    assert found.is_refitted
    assert f"base model {checkpoint.pk} was refused" in found.note
    words = "is missing" if damage == "gone" else "must have SHA-256"
    assert f"the file of base model {checkpoint.pk} {words}" in found.note
    assert find().id == found.id


@pytest.mark.parametrize(
    ("field", "words"),
    [("feature_digest", "reads other features"), ("trained_until", "knows what comes later")],
)
def test_base_is_not_even_opened_when_its_row_tells_that_it_does_not_fit(field, words):
    checkpoint = train(until=MIDDLE)
    value = "0" * 64 if field == "feature_digest" else int(MIDDLE.timestamp()) + 1
    Checkpoint.objects.filter(pk=checkpoint.pk).update(meta=checkpoint.meta | {field: value})
    assert [reason for _, reason in judge_stored(MIDDLE, is_synthetic=False)] != [""]
    assert words in find().note


def test_file_from_the_future_is_refused_when_its_row_lies():
    checkpoint = train()
    meta = checkpoint.meta | {"trained_until": int(MIDDLE.timestamp()) - 1}
    meta["candles_digest"] = ""
    Checkpoint.objects.filter(pk=checkpoint.pk).update(meta=meta)
    row = Checkpoint.objects.get()
    meta["candles_digest"] = digest_now(meta)
    Checkpoint.objects.filter(pk=row.pk).update(meta=meta)
    found = find()
    assert found.is_refitted
    assert f"base model {checkpoint.pk} was refused" in found.note
    assert "which lies after" in found.note


def digest_now(meta) -> str:
    instruments = {one.symbol: one for one in Instrument.objects.all()}
    series = [bases_pool.Series(instruments[symbol], tf) for symbol, tf in meta["series"]]
    return bases_pool.digest_before(series, to_datetime(meta["trained_until"]))


def test_same_base_is_stored_once_when_it_is_trained_twice():
    assert train(until=MIDDLE) == train(until=MIDDLE)
    assert Checkpoint.objects.count() == 1


def test_two_workers_do_no_harm_when_they_refit_the_same_base_at_once():
    others = []

    def another_worker(progress):
        if not others:  # while this one still gathers its setups
            others.append(None)
            others.append(find_base(int(MIDDLE.timestamp()), is_synthetic=False))

    found = find_base(int(MIDDLE.timestamp()), is_synthetic=False, beat=lambda: another_worker(0))
    assert found.id == others[1].id == Checkpoint.objects.get().pk
    assert found.scores == others[1].scores


def test_half_stored_base_is_not_there_when_the_disk_is_full():
    with FailingDisk(1, errno.ENOSPC, is_lasting=True).at_work():
        found = find()
    assert found.id is None
    assert "It was not kept: a base checkpoint of" in found.note
    assert not Checkpoint.objects.exists()
    assert find().id is not None


def test_error_says_how_many_are_missing_when_there_is_little_before_the_cut():
    with pytest.raises(DataError, match="at least 300 effective setups"):
        find(datetime(2024, 1, 10, tzinfo=UTC))
    with pytest.raises(DataError, match="found no setup that ended by 2023-01-01"):
        train(until=datetime(2023, 1, 1, tzinfo=UTC))


def test_mixture_of_real_and_synthetic_candles_is_refused():
    Instrument.objects.filter(symbol="GBPUSD").update(is_synthetic=True)
    with pytest.raises(DataError, match="never from both"):
        train(symbols=("EURUSD", "GBPUSD"))
    assert train().meta["symbols"] == ["EURUSD", "USDJPY"]


def test_synthetic_candles_are_learned_from_when_there_are_no_others():
    Instrument.objects.update(is_synthetic=True)
    assert train().meta["is_synthetic"] is True


def test_error_names_the_way_out_when_there_is_nothing_to_learn_from():
    with pytest.raises(DataError, match="no candles at 4h"):
        train(timeframes=("4h",))
    with pytest.raises(DataError, match="no candles of NOWHERE"):
        train(symbols=("NOWHERE",))
    Instrument.objects.all().delete()
    with pytest.raises(DataError, match="import_candles"):
        train()


@pytest.mark.parametrize(
    ("presets", "name"),
    [
        (("tce",), "TCE base up to 2021-03-04"),
        (("tce", "macd_cross"), "TCE + MACD_CROSS base up to 2021-03-04"),
        (("tce", "a", "b"), "TCE + 2 presets base up to 2021-03-04"),
        (("a", "b", "c"), "3 presets base up to 2021-03-04"),
    ],
)
def test_name_tells_what_it_learned_from(presets, name):
    assert name_base(presets, "2021-03-04") == name


def test_neighbours_share_the_monday_before_their_cuts():
    days = [datetime(2026, 11, day, 13, tzinfo=UTC) for day in (23, 26, 29)]
    assert {last_monday(day) for day in days} == {datetime(2026, 11, 23, tzinfo=UTC)}


def test_first_base_is_not_made_for_a_run_that_has_enough_setups():
    moment = int(MIDDLE.timestamp())
    with pytest.raises(DataError, match="none is stored") as caught:
        find_base(moment, is_synthetic=False, makes_first=False)
    assert "train_base_model" in str(caught.value)
    assert not Checkpoint.objects.filter(kind="base").exists()
    train()  # knows too much for that moment
    assert find_base(moment, is_synthetic=False, makes_first=False).is_refitted
