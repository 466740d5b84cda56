"""Every page of the URLconf: who sees it, how fast, and that it is sound HTML."""

import subprocess
import sys
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ml_training.models import Strategy, TrainingRun
from tests.services.builders import make_market, make_strategy, make_user
from tests.views.builders import SCRIPT, add_event, fill, make_finished_run
from tests.views.html import find_faults
from tests.views.walk import (
    OPEN,
    POST_ONLY,
    STAFF,
    address_of,
    own_names,
    page_names,
    read_pages,
)

pytestmark = pytest.mark.django_db
READ = [name for name in page_names() if name not in POST_ONLY]
SIGNED_IN = [name for name in page_names() if name not in OPEN]
MOST_SECONDS = 0.3  # server time of a page, from the issue


def ask(client, name, filled):
    address = address_of(name, filled)
    return client.post(address) if name in POST_ONLY else client.get(address)


@pytest.mark.parametrize("name", SIGNED_IN)
def test_strangers_are_sent_to_sign_in_when_not_signed_in(client, filled, name):
    answer = ask(client, name, filled)
    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in/")
    assert b"Strategy of owner" not in answer.content


@pytest.mark.parametrize("name", READ)
def test_page_opens_when_its_owner_asks(page, filled, name):
    expected = 302 if name in OPEN else 404 if name in STAFF else 200
    assert ask(page, name, filled).status_code == expected


@pytest.mark.parametrize("name", own_names())
def test_row_does_not_exist_when_another_user_asks(client, filled, name):
    client.force_login(fill("other").owner)
    before = list(TrainingRun.objects.order_by("pk").values())
    answer = ask(client, name, filled)
    assert answer.status_code == 404
    assert b"Strategy of owner" not in answer.content
    assert list(TrainingRun.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("name", READ)
def test_nothing_of_another_user_shows_when_a_page_is_shared(client, filled, name):
    client.force_login(make_user("other"))
    answer = ask(client, name, filled)
    assert b"Strategy of owner" not in answer.content
    assert str(filled.run.pk).encode() not in answer.content


@pytest.mark.parametrize("name", READ)
def test_page_opens_when_staff_asks(client, filled, name):
    staff = make_user("staff")
    staff.is_staff = True
    staff.save()
    client.force_login(staff)
    assert ask(client, name, filled).status_code in {200, 302}


@pytest.mark.parametrize("name", sorted(POST_ONLY - {"logout"}))
def test_nothing_happens_when_a_link_is_followed_instead_of_a_button(page, filled, name):
    assert page.get(address_of(name, filled)).status_code == 405


@pytest.mark.parametrize("name", sorted(POST_ONLY))
def test_nothing_happens_when_the_form_has_no_token(filled, name, client_with_csrf):
    client_with_csrf.force_login(filled.owner)
    assert ask(client_with_csrf, name, filled).status_code == 403


@pytest.mark.parametrize("name", READ)
def test_html_is_sound_when_a_page_is_full(page, filled, name):
    answer = ask(page, name, filled)
    if answer["Content-Type"].startswith("text/html"):
        assert find_faults(answer.content.decode()) == []


@pytest.mark.parametrize("name", READ)
def test_html_is_sound_when_a_page_is_empty(client, filled, name):
    client.force_login(make_user("newcomer"))
    answer = ask(client, name, filled)
    if answer["Content-Type"].startswith("text/html"):
        assert find_faults(answer.content.decode()) == []


@pytest.mark.parametrize("name", READ)
def test_markup_is_shown_as_text_when_rows_hold_it(page, filled, name):
    Strategy.objects.filter(pk=filled.strategy.pk).update(name=SCRIPT)
    TrainingRun.objects.filter(pk=filled.run.pk).update(report=SCRIPT, error=SCRIPT, hint=SCRIPT)
    add_event(filled.run, message=SCRIPT, conclusion=SCRIPT, evidence={SCRIPT: SCRIPT})
    answer = ask(page, name, filled)
    if answer["Content-Type"].startswith("text/html"):
        assert SCRIPT not in answer.content.decode()


@pytest.mark.parametrize("name", READ)
def test_number_of_queries_stays_when_rows_are_added(page, filled, name):
    n_before = count_queries(page, name, filled)
    for number in range(5):
        add_event(filled.run)
        make_market(f"SYM{number}")
        strategy = make_strategy(owner=filled.owner, name=f"More {number}")
        add_event(make_finished_run(strategy))
        make_finished_run(strategy, state="running", verdict="", results={})
        make_finished_run(filled.strategy)
    assert count_queries(page, name, filled) == n_before


def count_queries(client, name, filled):
    ask(client, name, filled)  # fills caches such as that of content types
    with CaptureQueriesContext(
        connection,
    ) as queries:
        ask(client, name, filled)
    return len(queries)


def test_every_page_is_fast_when_the_database_is_filled(page, filled):
    for _ in range(20):
        make_finished_run(filled.strategy)
    slow = {}
    for name, address in read_pages(filled):
        times = [measure(page, address) for _ in range(3)]
        if min(times) > MOST_SECONDS:
            slow[name] = min(times)
    assert slow == {}


def measure(client, address):
    started = time.process_time()
    client.get(address)
    return time.process_time() - started


def test_torch_stays_out_when_every_page_was_imported():
    code = (
        "import django, os, sys; os.environ['DJANGO_SETTINGS_MODULE']='strategy_builder.settings';"
        "django.setup(); from django.urls import get_resolver; get_resolver().url_patterns;"
        "import ml_training.admin, ml_training.charts; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_policy_forbids_foreign_scripts_when_any_page_answers(page, filled):
    for _, address in read_pages(filled):
        policy = page.get(address)["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "default-src 'none'" in policy
