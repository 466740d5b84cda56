"""A review is read as it was stored, and is of today only while nothing has changed."""

import pytest

from ml_training.data.advice import Candidate
from ml_training.models import DataReview, Instrument
from ml_training.selectors.reviews import digest_data, find_review, read_candidates
from tests.services.builders import RSI_RULES, make_market, make_strategy

pytestmark = pytest.mark.django_db
TOLD = [
    {"digest": "a", "name": "4h", "n_setups": 9, "n_effective": 5.0, "n_bars": 7, "n_scanned": 7},
    {
        "digest": "b",
        "name": "GBPUSD",
        "n_setups": 7,
        "n_effective": 7.0,
        "n_bars": 9,
        "n_scanned": 3,
    },
]


@pytest.fixture
def strategy():
    make_market("EURUSD")
    return make_strategy()


def test_candidates_come_back_largest_first(strategy):
    review = DataReview(strategy=strategy, candidates=TOLD)
    first, second = read_candidates(review)
    assert first == Candidate("GBPUSD", 7, 7.0, 9, 3)
    assert first.is_estimated
    assert (second.name, second.is_estimated) == ("4h", False)


def test_review_without_a_hash_is_never_of_today(strategy):
    DataReview.objects.create(strategy=strategy, error="it went wrong")
    found = find_review(strategy)
    assert not found.is_current
    assert (found.quality, found.candidates) == ({}, ())


@pytest.mark.parametrize(
    "change",
    [
        lambda strategy: make_market("GBPUSD"),
        lambda strategy: make_market("EURUSD", "1d"),
        lambda strategy: Instrument.objects.update(spread_pips=3.0),
        lambda strategy: strategy.delete(),
    ],
)
def test_hash_changes_with_whatever_the_review_follows_from(strategy, change):
    before = digest_data(strategy)
    assert digest_data(strategy) == before
    change(strategy)
    if strategy.pk is None:
        assert not DataReview.objects.exists()
    else:
        assert digest_data(strategy) != before


def test_hash_is_that_of_the_strategy_version(strategy):
    other = make_strategy(rules={**RSI_RULES, "short": None})
    assert digest_data(other) != digest_data(strategy)
    assert digest_data(make_strategy()) == digest_data(strategy)


def test_review_says_what_it_is_of(strategy):
    assert "none yet" in str(DataReview(strategy=strategy))
    assert "poor" in str(DataReview(strategy=strategy, quality={"level": "poor"}))
