"""The page of signals: one's own, newest first, with what is new about them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ml_training.models import Scoring, Signal
from tests.services.builders import make_signal, make_user
from tests.views.builders import SCRIPT, fill
from tests.views.test_runs import text_of

pytestmark = pytest.mark.django_db
START = datetime(2024, 1, 1, tzinfo=UTC)


def add_signals(filled, n, **changes):
    for number in range(n):
        at = START - timedelta(hours=number)
        make_signal(filled.checkpoint, filled.instrument, signal_at=at, **changes)


def test_signal_tells_chance_advice_and_what_is_new(page, filled):
    text = text_of(page.get("/signals/"))
    for words in (
        '40.0% <span class="hint">taken from 35.0%</span>',
        ">take<",
        "1 feature",
        "rsi_14",
        "EURUSD 1h",
        "2024-01-01 12:00",
        f"/runs/{filled.run.pk}/",
    ):
        assert words in text, words


def test_plain_signal_is_skipped_and_nothing_new(page, filled):
    Signal.objects.update(is_taken=False, novel=[], is_awaiting=True)
    text = text_of(page.get("/signals/"))
    assert ">skip<" in text
    assert "<td> nothing </td>" in text
    assert "enters with the next bar" in text


def test_signals_of_others_are_not_there(client, filled):
    other = fill("other", symbol="XAUUSD")
    client.force_login(other.owner)
    text = text_of(client.get("/signals/"))
    assert "XAUUSD 1h" in text
    assert "EURUSD 1h" not in text
    assert "Strategy of owner" not in text
    narrowed = text_of(client.get(f"/signals/?strategy={filled.strategy.pk}"))
    assert "No signal matches" in narrowed


def test_list_is_narrowed_when_asked(page, filled):
    add_signals(filled, 2, is_taken=False)
    assert text_of(page.get("/signals/?advice=skip")).count(">skip</span>") == 2
    assert text_of(page.get("/signals/?advice=take")).count(">take</span>") == 1
    mine = f"/signals/?strategy={filled.strategy.pk}"
    assert text_of(page.get(mine)).count("EURUSD 1h") == 3


@pytest.mark.parametrize("odd", ["advice=buy", "strategy=x", "strategy=-1", "page=zzz", "page=99"])
def test_page_opens_when_the_address_means_nothing(page, filled, odd):
    answer = page.get(f"/signals/?{odd}")
    assert answer.status_code == 200
    assert "EURUSD 1h" in text_of(answer)


def test_signals_come_in_pages_with_as_many_queries(page, filled):
    n_before = count_queries(page)
    add_signals(filled, 30)
    assert count_queries(page) == n_before
    assert "Page 1 of 2" in text_of(page.get("/signals/"))
    assert text_of(page.get("/signals/?page=2&advice=take")).count("EURUSD 1h") == 6


def count_queries(page):
    page.get("/signals/")
    with CaptureQueriesContext(connection) as queries:
        page.get("/signals/")
    return len(queries)


def test_last_look_tells_how_far_the_market_has_moved(page, filled):
    column = {"name": "atr_14", "psi": 0.31, "gap": 0.22, "level": "large", "shift": 1.0}
    Scoring.objects.update(
        n_fresh=3,
        n_taken=1,
        notes=["The market has moved away from the training in atr_14."],
        drift={"level": "large", "columns": [column]},
    )
    text = text_of(page.get("/signals/"))
    for words in ("3 fresh setups, 1 worth taking", "has moved away", "training: large", "0.31"):
        assert words in text, words


def test_last_look_tells_why_when_it_failed(page, filled):
    later = Scoring.objects.get()
    later.pk = None
    later.state, later.error, later.hint = "failed", SCRIPT, "Ask again."
    later.save()
    answer = page.get("/signals/")
    assert SCRIPT not in answer.content.decode()
    text = text_of(answer)
    assert "Ask again." in text
    assert "0 fresh setups" not in text  # the newest look counts


def test_way_to_signals_is_shown_when_there_are_none(client):
    client.force_login(make_user())
    text = text_of(client.get("/signals/"))
    assert "No signals yet" in text
    assert 'href="/models/"' in text
