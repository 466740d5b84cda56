"""Data are looked at by a worker, kept, and known to be of yesterday when they are."""

import pytest
from django_q.models import OrmQ

from ml_training import tasks
from ml_training.models import DataReview, Setup
from ml_training.selectors.reviews import find_review
from ml_training.services.reviews import find_candidates, request_review, review_data
from ml_training.services.setups import collect_setups
from tests.data.builders import random_candles
from tests.services.builders import make_market, make_strategy

pytestmark = pytest.mark.django_db


@pytest.fixture
def strategy():
    make_market("EURUSD")
    make_market("GBPUSD", candles=random_candles(3_000, seed=1, volatility=0.003))
    return make_strategy()


def notes_of(review):
    return {note["code"]: note for note in review.quality["notes"]}


def test_level_and_advice_are_stored_when_the_data_were_looked_at(strategy):
    review = review_data(strategy)
    assert review.quality["n"] == len(collect_setups(strategy))
    assert review.quality["level"] in {"poor", "good"}
    found = find_review(strategy)
    assert found.is_current
    (gbpusd,) = [one for one in found.candidates if one.name == "GBPUSD"]
    assert f"+{gbpusd.n_setups} setups" in notes_of(review)["few_setups"]["advice"]


@pytest.mark.parametrize("what", ["candles", "rules"])
def test_review_is_of_yesterday_when_something_changed(strategy, what):
    review_data(strategy)
    if what == "candles":
        make_market("XAUUSD")
    else:
        strategy.rules["exit"]["max_bars"] = 12
        strategy.save()
    assert not find_review(strategy).is_current
    review_data(strategy)
    assert find_review(strategy).is_current


def test_nothing_is_known_when_nobody_looked(strategy):
    assert find_review(strategy) is None


def test_error_is_stored_with_its_way_out_when_candles_are_missing():
    strategy = make_strategy(symbols=["NOWHERE"])
    review = review_data(strategy)
    assert "candles are missing: NOWHERE 1h" in review.error
    assert "import_candles" in review.hint
    assert review.quality == {}
    assert not find_review(strategy).is_current


def test_worker_is_asked_once_when_somebody_asks_twice(
    strategy, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        request_review(strategy)
        assert request_review(strategy).asked_at is not None
    assert OrmQ.objects.count() == 1
    assert tasks.review_data(strategy.pk) in {"poor", "good"}
    assert DataReview.objects.get().asked_at is None


def test_task_is_left_alone_when_the_strategy_is_gone():
    assert tasks.review_data(12345) == "left alone"


def test_training_leaves_its_review_when_it_takes_all_candles(strategy):
    dataset = collect_setups(strategy)
    candidates = find_candidates(strategy, dataset)
    assert "GBPUSD" in {one.name for one in candidates}
    assert find_review(strategy).is_current


def test_training_names_what_its_dates_leave_out_and_leaves_no_review(strategy):
    everything = collect_setups(strategy)
    start = Setup.objects.order_by("entry_at")[len(everything) // 2].entry_at
    (left_out,) = find_candidates(strategy, collect_setups(strategy, start), start)
    assert left_out.name.endswith("that the dates leave out")
    assert not DataReview.objects.exists()


def test_nothing_is_offered_when_there_is_plenty(strategy):
    make_market("EURUSD", candles=random_candles(20_000, volatility=0.003))
    dataset = collect_setups(strategy)
    assert dataset.n_effective > 300
    assert find_candidates(strategy, dataset) == ()
    assert find_review(strategy).quality["level"] == "excellent"
