"""Which stored base model may be used is told from its row, before a file is opened."""

from datetime import UTC, datetime

import pytest

from ml_training.models import Checkpoint, Instrument
from ml_training.services.bases_pool import count_bars, digest_before, list_series
from ml_training.services.bases_stored import (
    FEATURES,
    LEAST_KNOWN,
    base_models,
    find_same,
    judge_stored,
    read_until,
)
from tests.data.builders import random_candles
from tests.services.builders import make_market, make_run

pytestmark = pytest.mark.django_db
MOMENT = datetime(2024, 4, 1, tzinfo=UTC)
UNTIL = int(datetime(2024, 3, 25, tzinfo=UTC).timestamp())


@pytest.fixture(autouse=True)
def series():
    make_market("EURUSD", candles=random_candles(4_000))
    return list_series(list(Instrument.objects.all()))


def make_base(stored, **changes) -> Checkpoint:
    """Store the row of a base model that fits; its file is never looked at here."""
    moment = datetime.fromtimestamp(UNTIL, UTC)
    meta = {
        "name": "TCE base",
        "trained_until": UNTIL,
        "feature_digest": FEATURES,
        "is_synthetic": False,
        "n_bars": count_bars(stored, moment),
        "series": [[one.instrument.symbol, one.timeframe] for one in stored],
        "candles_digest": digest_before(stored, moment),
        **changes,
    }
    fields = {"kind": "base", "file": "base/none", "sha256": "5" * 64, "size": 1}
    return Checkpoint.objects.create(meta=meta, **fields)


def judge(is_synthetic=False):
    return [(one.pk, reason) for one, reason in judge_stored(MOMENT, is_synthetic=is_synthetic)]


def test_nothing_stands_against_a_base_that_fits(series):
    base = make_base(series)
    assert judge() == [(base.pk, "")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trained_until": int(MOMENT.timestamp()) + 1}, "knows what comes later"),
        ({"trained_until": None}, "knows what comes later"),
        ({"trained_until": "soon"}, "knows what comes later"),
        ({"feature_digest": "0" * 64}, "reads other features"),
        ({"feature_digest": None}, "reads other features"),
        ({"n_bars": 10}, "knows 0% of the candles before"),
        ({"n_bars": 0}, "knows 0% of the candles before"),
        ({"candles_digest": "0" * 64}, "have changed since"),
        ({"candles_digest": None}, "have changed since"),
        ({"series": [["GONE", "1h"]]}, "have changed since"),
    ],
)
def test_reason_is_told_when_a_base_may_not_be_used(series, changes, words):
    base = make_base(series, **changes)
    ((pk, reason),) = judge()
    assert pk == base.pk
    assert words in reason


def test_base_is_used_up_to_the_very_moment_it_learned_from(series):
    make_base(series, trained_until=int(MOMENT.timestamp()), candles_digest="")
    ((_, reason),) = judge()
    assert "comes later" not in reason


def test_half_of_the_bars_are_enough_to_know(series):
    n_bars = count_bars(series, MOMENT)
    for share, is_fit in ((LEAST_KNOWN + 0.01, True), (LEAST_KNOWN - 0.01, False)):
        Checkpoint.objects.all().delete()
        make_base(series, n_bars=round(share * n_bars))
        assert (judge()[0][1] == "") is is_fit


def test_market_of_another_kind_is_not_even_judged(series):
    make_base(series, is_synthetic=True)
    make_base(series, is_synthetic=None)
    assert judge() == []
    assert len(judge(is_synthetic=True)) == 1


def test_those_that_know_most_come_first_and_newer_ones_before_older(series):
    old = make_base(series, trained_until=UNTIL - 5)
    first, second = make_base(series), make_base(series)
    unknown = make_base(series, trained_until=None)
    order = [unknown.pk, second.pk, first.pk, old.pk]
    assert [one.pk for one in base_models()] == order


def test_models_of_runs_are_no_base_models(series):
    fields = {"file": "x", "sha256": "5" * 64, "size": 1}
    Checkpoint.objects.create(run=make_run(), kind="best", **fields)
    assert base_models() == []


def test_base_without_a_file_is_not_taken_for_the_same(series):
    base = make_base(series)
    assert find_same(base.meta) is None


@pytest.mark.parametrize(("told", "until"), [(5, 5.0), (5.5, 5.5), (None, None), ("x", None)])
def test_moment_that_is_not_known_lies_after_all(told, until):
    expected = float("inf") if until is None else until
    assert read_until({"trained_until": told}) == expected
    assert read_until({}) == float("inf")


def test_base_model_is_called_by_its_number(series):
    base = make_base(series)
    assert str(base) == f"base model {base.pk}"
