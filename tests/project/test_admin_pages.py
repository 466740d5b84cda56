"""Every page that staff can open of every kind of row opens, and strangers see none."""

from datetime import UTC, date, datetime

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.urls import reverse

from ml_training.models import (
    CandleChunk,
    Checkpoint,
    DataReview,
    FixEvent,
    Instrument,
    MetricPoint,
    Scoring,
    Setup,
    SetupScan,
    Signal,
    Strategy,
    StrategyVersion,
    TrainingRun,
)
from tests.models.test_constraints import make_chunk, make_instrument, make_scan, make_setup
from tests.services.builders import make_run, make_signal, make_strategy

pytestmark = pytest.mark.django_db
MODELS = {
    model._meta.model_name: model for model in apps.get_app_config("ml_training").models.values()
}
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("staff"))
    return client


@pytest.fixture
def rows():
    """Store one row of every kind."""
    instrument = make_instrument(symbol="XAUUSD")
    run = make_run(make_strategy(name="Rows of all kinds"))
    scan = make_scan(strategy=run.strategy, instrument=instrument, feature_names=["slope"])
    checkpoint = Checkpoint.objects.create(
        run=run, kind="best", file="runs/model.zip", sha256="0" * 64, size=1
    )
    signal = make_signal(checkpoint, instrument)
    return {
        CandleChunk: make_chunk(instrument),
        Checkpoint: checkpoint,
        DataReview: DataReview.objects.create(strategy=run.strategy, quality={"level": "poor"}),
        FixEvent: FixEvent.objects.create(
            run=run, number=1, problem="plateau", severity="info", epoch=1, step=1, message="flat"
        ),
        Instrument: instrument,
        MetricPoint: MetricPoint.objects.create(
            run=run, kind="epoch", epoch=1, step=1, values={"loss": 0.5}
        ),
        Scoring: signal.scoring,
        Setup: make_setup(scan),
        SetupScan: scan,
        Signal: signal,
        Strategy: run.strategy,
        StrategyVersion: run.strategy.versions.get(),
        TrainingRun: run,
    }


def url_of(page, row_or_model, *args):
    return reverse(f"admin:ml_training_{row_or_model._meta.model_name}_{page}", args=args)


def test_every_kind_of_row_is_tried_when_pages_are_opened(rows):
    assert set(rows) == set(MODELS.values())


@pytest.mark.parametrize("name", sorted(MODELS))
def test_row_opens_and_says_what_it_is_when_staff_look_at_it(staff, rows, name):
    row = rows[MODELS[name]]
    page = staff.get(url_of("change", row, row.pk))
    assert page.status_code == 200
    assert str(row).split(":")[0] in page.content.decode()


@pytest.mark.parametrize("name", ["instrument", "strategy"])
def test_empty_form_opens_when_staff_want_to_add_a_row(staff, name):
    assert staff.get(url_of("add", MODELS[name])).status_code == 200


@pytest.mark.parametrize("name", sorted(MODELS))
def test_row_is_gone_when_staff_delete_it(staff, rows, name):
    row = rows[MODELS[name]]
    url = url_of("delete", row, row.pk)
    assert staff.get(url).status_code == 200
    assert staff.post(url, {"post": "yes"}).status_code == 302
    assert not MODELS[name].objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("name", sorted(MODELS))
def test_stranger_and_plain_user_see_nothing_when_they_know_the_address(client, rows, name):
    row = rows[MODELS[name]]
    for user in (None, User.objects.create(username="plain")):
        if user is not None:
            client.force_login(user)
        for url in (url_of("changelist", row), url_of("change", row, row.pk)):
            answer = client.get(url)
            assert answer.status_code == 302
            assert "login" in answer.url


def test_strategy_is_stored_in_canonical_form_when_staff_save_it(staff):
    strategy = make_strategy()
    before = strategy.version
    form = {
        "owner": strategy.owner.pk,
        "name": "By staff",
        "rules": '{"version": 1, "long": {"left": "close", "op": ">", "right": "open"}, '
        '"exit": {"take_profit": {"atr": 2}, "stop_loss": {"atr": 1}, "max_bars": 5}}',
        "symbols": '["eurusd ", "EURUSD"]',
        "timeframes": '["H4"]',
    }
    answer = staff.post(url_of("change", strategy, strategy.pk), form)
    assert answer.status_code == 302
    strategy.refresh_from_db()
    assert (strategy.symbols, strategy.timeframes) == (["EURUSD"], ["4h"])
    assert strategy.version != before
    assert strategy.name == "By staff"


@pytest.mark.parametrize("rules", ["[]", "null", "3", '"text"', '{"long": [[[]]]}', "not json"])
def test_form_is_shown_again_when_rules_are_anything_else(staff, rules):
    strategy = make_strategy()
    form = {"owner": strategy.owner.pk, "name": "x", "rules": rules}
    form |= {"symbols": '["EURUSD"]', "timeframes": '["1h"]'}
    answer = staff.post(url_of("change", strategy, strategy.pk), form)
    assert answer.status_code == 200
    assert b"errorlist" in answer.content
    strategy.refresh_from_db()
    assert strategy.name != "x"


@pytest.mark.parametrize("symbols", ["{}", "[]", "[1]", '[""]', '"EURUSD"', "[null]", "[[]]"])
def test_form_is_shown_again_when_symbols_are_no_names(staff, symbols):
    strategy = make_strategy()
    form = {"owner": strategy.owner.pk, "name": "x", "rules": "{}", "symbols": symbols}
    answer = staff.post(url_of("change", strategy, strategy.pk), form | {"timeframes": "[]"})
    assert answer.status_code == 200
    assert (
        b"must be a list of at least one name" in answer.content or b"required" in answer.content
    )


def test_month_is_that_of_the_chunk_when_listed(staff):
    make_chunk(make_instrument(), month=date(2024, 3, 1), first_at=NOON, last_at=NOON)
    page = staff.get(url_of("changelist", CandleChunk))
    assert b"2024-03" in page.content
