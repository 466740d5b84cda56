"""The page of a strategy says before any training whether there are enough data."""

import pytest
from django.urls import reverse

from ml_training.models import DataReview
from ml_training.services.reviews import review_data
from tests.data.builders import random_candles
from tests.services.builders import make_market
from tests.views.html import find_faults

pytestmark = pytest.mark.django_db


def read(page, filled):
    answer = page.get(reverse("ml_training:strategy", args=[filled.strategy.pk]))
    text = answer.content.decode()
    assert find_faults(text) == []
    return " ".join(text.split())


def test_page_says_what_to_do_when_nobody_has_looked(page, filled):
    text = read(page, filled)
    assert "Nobody has looked yet" in text
    assert "Look at the data" in text


def test_level_and_numbers_are_shown_when_a_worker_has_looked(page, filled):
    make_market("GBPUSD", candles=random_candles(3_000, seed=1, volatility=0.003))
    review = review_data(filled.strategy)
    text = read(page, filled)
    level = review.quality["level"]
    assert f'<span class="chip {level}">{level}</span>' in text
    assert "Add GBPUSD: about +" in text or "Add 15m: about +" in text
    assert "have changed since" not in text


def test_page_says_so_when_the_candles_are_others_by_now(page, filled):
    review_data(filled.strategy)
    make_market("GBPUSD")
    assert "have changed since this was counted" in read(page, filled)


def test_button_asks_a_worker_and_the_page_says_so(page, filled):
    address = reverse("ml_training:strategy_review", args=[filled.strategy.pk])
    answer = page.post(address)
    assert answer.url == reverse("ml_training:strategy", args=[filled.strategy.pk])
    assert DataReview.objects.get().asked_at is not None
    assert "A trainer counts within seconds" in read(page, filled)


def test_error_and_way_out_are_shown_when_the_data_cannot_be_judged(page, filled):
    filled.strategy.symbols = ["NOWHERE"]
    filled.strategy.save()
    review_data(filled.strategy)
    text = read(page, filled)
    assert "candles are missing: NOWHERE" in text
    assert "import_candles" in text
