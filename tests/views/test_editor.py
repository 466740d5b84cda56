"""The builder says what the grammar says, with every button, without JavaScript."""

import json

import pytest
from django.urls import reverse

from ml_training.data.presets import PRESETS
from ml_training.data.rules import parse_rules
from ml_training.models import Setup, Strategy
from tests.services.builders import RSI_RULES, make_market, make_strategy
from tests.views.forms import read_form
from tests.views.html import find_faults

pytestmark = pytest.mark.django_db
NEW = "/strategies/new/"
EXTRAS = {
    "expression": {"left": {"expr": "-", "of": ["close", "open"]}, "op": ">", "right": 0},
    "earlier bar": {"left": "close", "op": ">", "right": {"price": "high", "shift": 1}},
    "higher timeframe": {"left": {"ind": "ema", "tf": "1d"}, "op": "rising", "bars": 3},
    "change": {"left": "close", "op": "changed_by_pct", "right": -2.5, "bars": 4},
    "outside": {"left": {"ind": "rsi"}, "op": "outside", "right": [30, 70]},
    "not": {"not": {"left": "close", "op": ">", "right": "open"}},
    "count": {
        "at_least": 2,
        "of": [{"left": {"ind": "rsi"}, "op": ">", "right": n} for n in (1, 2)],
    },
}
SETTINGS = {
    "filters": {"sessions": ["london"], "weekdays": [1, 2], "cooldown_bars": 3},
    "costs": {"spread_pips": 1.5},
}


def send(client, url, fields, do):
    return client.post(url, {**fields, "do": do})


def edit_url(strategy):
    return reverse("ml_training:strategy_edit", args=[strategy.pk])


def document_of(answer):
    return json.loads(read_form(answer)["json"][0])


@pytest.mark.parametrize("key", PRESETS)
def test_rules_stay_the_same_when_a_preset_goes_through_the_form(page, key):
    fields = read_form(page.get(f"{NEW}?preset={key}"))
    answer = send(page, NEW, fields | {"symbols": ["EURUSD"]}, "save")
    assert answer.status_code == 302
    saved = Strategy.objects.get(name=PRESETS[key].title)
    assert saved.rules_digest == parse_rules(PRESETS[key].document).digest


@pytest.mark.parametrize("key", EXTRAS)
def test_rules_stay_the_same_when_every_kind_of_row_goes_through_the_form(page, filled, key):
    strategy = make_strategy(owner=filled.owner, rules={**RSI_RULES, "long": EXTRAS[key]})
    answer = send(page, edit_url(strategy), read_form(page.get(edit_url(strategy))), "save")
    assert answer.status_code == 302, answer.content.decode()
    digest = strategy.rules_digest
    strategy.refresh_from_db()
    assert strategy.rules_digest == digest


def test_filters_and_costs_stay_when_they_go_through_the_form(page, filled):
    strategy = make_strategy(owner=filled.owner, rules={**RSI_RULES, **SETTINGS})
    digest = strategy.rules_digest
    send(page, edit_url(strategy), read_form(page.get(edit_url(strategy))), "save")
    strategy.refresh_from_db()
    assert strategy.rules_digest == digest


def test_row_is_added_when_its_button_is_pressed(page):
    fields = read_form(page.get(NEW))
    answer = send(page, NEW, fields, "add_rule:long")
    assert answer.status_code == 200
    assert len(document_of(answer)["long"]["all"]) == 2


def test_group_is_added_inside_a_group_when_its_button_is_pressed(page):
    answer = send(page, NEW, read_form(page.get(NEW)), "add_group:long")
    answer = send(page, NEW, read_form(answer), "add_rule:long.1")
    assert len(document_of(answer)["long"]["all"][1]["any"]) == 2
    assert find_faults(answer.content.decode()) == []


def test_row_is_gone_when_it_was_removed(page):
    answer = send(page, NEW, read_form(page.get(f"{NEW}?preset=adx_trend")), "remove:long.1")
    left = [row["left"] for row in document_of(answer)["long"]["all"]]
    assert [one if isinstance(one, str) else one["ind"] for one in left] == ["adx", "close"]


def test_fields_of_the_new_indicator_appear_when_another_is_chosen(page):
    fields = read_form(page.get(NEW))
    answer = send(page, NEW, fields | {"long.0.left.what": ["ind:macd"]}, "refresh")
    sent = read_form(answer)
    assert sent["long.0.left.p.fast"] == ["12"]
    assert "long.0.left.p.length" not in sent


def test_rules_are_said_in_words_when_the_form_is_refreshed(page):
    fields = read_form(page.get(NEW)) | {"long.0.right.number": ["25"]}
    answer = send(page, NEW, fields, "refresh")
    assert "Buy when RSI 14 crosses above 25" in answer.content.decode()


def test_setups_are_counted_and_not_stored_when_checked(page, filled):
    answer = send(
        page, edit_url(filled.strategy), read_form(page.get(edit_url(filled.strategy))), "check"
    )
    text = " ".join(answer.content.decode().split())
    assert "setups found" in text
    assert not Setup.objects.exists()


def test_missing_candles_are_named_when_checked(page):
    fields = read_form(page.get(NEW)) | {"more_symbols": ["NOWHERE"]}
    answer = send(page, NEW, fields, "check")
    assert "candles are missing: NOWHERE 1h" in answer.content.decode()


def test_other_symbols_are_kept_when_nothing_is_stored_of_them(page):
    fields = read_form(page.get(NEW)) | {"more_symbols": ["xagusd, XPTUSD"], "name": ["Metals"]}
    assert send(page, NEW, fields, "save").status_code == 302
    assert Strategy.objects.get(name="Metals").symbols == ["EURUSD", "XAGUSD", "XPTUSD"]


def test_json_comes_into_the_form_when_its_button_is_pressed(page):
    text = json.dumps({**RSI_RULES, "long": EXTRAS["outside"]})
    answer = send(page, NEW, read_form(page.get(NEW)) | {"json": [text]}, "read_json")
    assert read_form(answer)["long.0.op"] == ["outside"]


BAD_FIELDS = {
    "no name": {"name": [" "]},
    "long name": {"name": ["x" * 300]},
    "no symbol": {"symbols": [], "more_symbols": [""]},
    "no timeframe": {"timeframes": []},
    "unknown timeframe": {"timeframes": ["7x"]},
    "no number": {"long.0.right.number": ["abc"]},
    "script": {"long.0.right.number": ["<script>alert(1)</script>"]},
    "huge number": {"long.0.right.number": ["9" * 5_000]},
    "not a number": {"long.0.right.number": ["nan"]},
    "nul byte": {"long.0.right.number": ["3\0"]},
    "unknown indicator": {"long.0.left.what": ["ind:nothing"]},
    "unknown operand": {"long.0.left.what": ["<b>"]},
    "unknown operator": {"long.0.op": ["=="]},
    "unknown group": {"long.op": ["xor"]},
    "odd count": {"long.n": ["-3"]},
    "huge count": {"long.n": ["999999999999"]},
    "odd bars": {"exit.max_bars": ["0"]},
    "odd target": {"exit.target.kind": ["moon"]},
    "no stop": {"exit.stop.value": [""]},
    "odd session": {"sessions": ["moon"]},
    "odd pause": {"cooldown_bars": ["x"]},
    "odd costs": {"costs.mode": ["own"]},
    "neither side": {"long.mode": ["none"], "short.mode": ["none"]},
    "raw text": {"long.0.kind": ["raw"], "long.0.json": ["]["]},
}


@pytest.mark.parametrize("case", BAD_FIELDS)
def test_form_is_shown_again_with_words_when_a_field_is_wrong(page, case):
    n_before = Strategy.objects.count()
    answer = send(page, NEW, read_form(page.get(NEW)) | BAD_FIELDS[case], "save")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="message error"' in text
    assert "<script>alert" not in text
    assert find_faults(text) == []
    assert Strategy.objects.count() == n_before


BAD_JSON = [
    "",
    "[]",
    "null",
    "3",
    '"<script>alert(1)</script>"',
    '{"long": [[[]]]}',
    '{"long": {"all": {"a": 1}}, "short": 3, "exit": []}',
    '{"long": {"op": ["x"], "left": {}}, "exit": {"take_profit": 3}}',
    '{"long": {"not": null}, "filters": 4, "costs": []}',
    '{"long": {"op": "within_last", "of": 3}}',
    '{"long": {"left": {"ind": ["x"]}, "op": ">", "right": {"price": {}}}}',
    '{"filters": {"weekdays": "x", "sessions": 5}}',
    '{"exit": {"stop_loss": {"level": {"ind": "ema", "length": {}}}}}',
    "[" * 100_000,
    '{"long":' * 900 + "1" + "}" * 900,
    "{" + '"a":1,' * 5_000 + '"b":2}',
]


@pytest.mark.parametrize("text", BAD_JSON, ids=range(len(BAD_JSON)))
@pytest.mark.parametrize("do", ["read_json", "save"])
def test_page_opens_with_words_when_the_json_is_anything(page, text, do):
    fields = {"name": ["x"], "symbols": ["EURUSD"], "timeframes": ["1h"], "json": [text]}
    answer = send(page, NEW, fields, do if do == "read_json" else "read_json")
    assert answer.status_code == 200
    body = answer.content.decode()
    assert 'class="message error"' in body
    assert "<script>alert" not in body
    again = send(page, NEW, read_form(answer), "save")
    assert again.status_code == 422


def test_groups_end_somewhere_when_a_form_nests_them_without_end(page):
    fields = {"long.mode": ["own"], "long.kind": ["group"], "long.n": ["1"]}
    name = "long"
    for _ in range(200):
        name += ".0"
        fields |= {f"{name}.kind": ["group"], f"{name}.n": ["1"]}
    answer = send(page, NEW, fields, "save")
    assert answer.status_code == 422


def test_fields_beyond_the_limit_are_refused_when_sent(page, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
    answer = page.post(NEW, {f"f{n}": "x" for n in range(20)})
    assert answer.status_code == 400
    assert b"too many fields" in answer.content


def test_change_is_stored_when_the_owner_saves(page, filled):
    url = edit_url(filled.strategy)
    fields = read_form(page.get(url)) | {"name": ["Renamed"]}
    assert send(page, url, fields, "save").status_code == 302
    filled.strategy.refresh_from_db()
    assert filled.strategy.name == "Renamed"


def test_coverage_stands_beside_symbols_when_there_are_candles(page):
    make_market("XAUUSD", "4h")
    text = page.get(NEW).content.decode()
    assert "XAUUSD" in text
    assert "4h" in text
