"""Strategies over HTTP: what is stored is valid, canonical and the sender's own."""

import copy

import pytest

from ml_training.models import Strategy
from tests.api.builders import BODY, ROOT, check_problem, make_person, make_queued_run
from tests.services.builders import RSI_RULES, make_market, make_strategy

URL = f"{ROOT}strategies/"
pytestmark = pytest.mark.django_db


def post(api, path="", **changes):
    return api.post(URL + path, BODY | changes, format="json")


def test_strategy_is_stored_in_canonical_form_when_sent(api, owner):
    answer = post(api)
    assert answer.status_code == 201
    stored = Strategy.objects.get()
    assert stored.owner == owner
    told = answer.json()
    assert (told["symbols"], told["timeframes"]) == (["EURUSD"], ["1h"])
    assert told["words"][0].startswith("Buy when RSI 14 crosses above 35")
    assert told["version"] == stored.version
    assert answer.headers["Location"].endswith(f"{URL}{stored.pk}/")


def test_what_was_read_can_be_sent_back_when_nothing_changed(api, strategy):
    url = f"{URL}{strategy.pk}/"
    told = api.get(url).json()
    again = api.put(url, told, format="json")
    assert again.status_code == 200
    assert again.json()["version"] == told["version"]


def test_read_only_fields_stay_when_sent(api, strategy):
    make_person("heir")
    sent = {"owner": "heir", "version": "0" * 64, "rules_digest": "0" * 64, "id": 4711}
    assert api.patch(f"{URL}{strategy.pk}/", sent, format="json").status_code == 200
    after = Strategy.objects.get()
    assert (after.pk, after.owner.username) == (strategy.pk, "owner")
    assert (after.version, after.rules_digest) == (strategy.version, strategy.rules_digest)


def test_part_is_changed_and_the_rest_kept_when_patched(api, strategy):
    answer = api.patch(f"{URL}{strategy.pk}/", {"timeframes": ["4h"]}, format="json")
    assert answer.json()["timeframes"] == ["4h"]
    assert answer.json()["name"] == strategy.name
    assert answer.json()["version"] != strategy.version


def test_name_alone_changes_no_version_when_patched(api, strategy):
    answer = api.patch(f"{URL}{strategy.pk}/", {"name": "Another"}, format="json")
    assert answer.json()["version"] == strategy.version
    strategy.refresh_from_db()
    assert strategy.name == "Another"


def test_strategy_goes_when_deleted_and_stays_when_a_run_is_active(api, strategy):
    run = make_queued_run(strategy)
    problem = check_problem(api.delete(f"{URL}{strategy.pk}/"), 409)
    assert problem["run"] == str(run.pk)
    assert api.get(problem["run_url"]).status_code == 200
    run.delete()
    assert api.delete(f"{URL}{strategy.pk}/").status_code == 204
    assert not Strategy.objects.exists()


def test_every_wrong_rule_is_named_with_its_place_when_sent(api):
    rules = copy.deepcopy(RSI_RULES)
    rules["long"]["left"]["ind"] = "rsj"
    rules["exit"]["max_bars"] = 0
    problem = check_problem(post(api, rules=rules), 422)
    told = {error["path"]: error for error in problem["errors"]}
    assert set(told) == {"rules.long.left.ind", "rules.exit.max_bars"}
    assert "rsi" in told["rules.long.left.ind"]["hint"]
    assert not Strategy.objects.exists()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"name": ["a", "list"]}, "name"),
        ({"symbols": []}, "symbols"),
        ({"symbols": "EURUSD"}, "symbols"),
        ({"symbols": ["S" * 33]}, "symbols.0"),
        ({"symbols": [f"S{n}" for n in range(51)]}, "symbols"),
        ({"symbols": [None]}, "symbols.0"),
        ({"timeframes": {}}, "timeframes"),
        ({"nmae": "x"}, "nmae"),
    ],
)
def test_field_is_named_when_it_is_not_valid(api, changes, path):
    problem = check_problem(post(api, **changes), 422)
    assert path in [error["path"] for error in problem["errors"]]
    assert problem["detail"].startswith(path.split(".", maxsplit=1)[0])
    assert not Strategy.objects.exists()


def test_known_timeframes_are_named_when_one_is_unknown(api):
    problem = check_problem(post(api, timeframes=["7h"]), 422)
    assert "7h" in problem["detail"]
    assert not Strategy.objects.exists()


@pytest.mark.parametrize("rules", [None, [], "text", 3, {}, {"long": [[[]]]}])
def test_rules_are_refused_in_words_when_they_are_anything_else(api, rules):
    check_problem(post(api, rules=rules), 422)
    assert not Strategy.objects.exists()


@pytest.mark.parametrize("body", [None, [], "text", 3])
def test_body_is_refused_in_words_when_it_is_no_object(api, body):
    check_problem(api.post(URL, body, format="json"), 422)


def test_row_stays_as_it_was_when_a_change_is_refused(api, strategy):
    sent = {"name": "changed", "timeframes": ["7h"]}
    check_problem(api.patch(f"{URL}{strategy.pk}/", sent, format="json"), 422)
    strategy.refresh_from_db()
    assert (strategy.name, strategy.timeframes) == ("Secret of the owner", ["1h"])


def test_rules_are_told_in_words_and_stored_nowhere_when_validated(api):
    answer = api.post(f"{URL}validate/", {"rules": RSI_RULES}, format="json")
    assert answer.status_code == 200
    assert answer.json()["words"][0].startswith("Buy when")
    assert len(answer.json()["digest"]) == 64
    check_problem(api.post(f"{URL}validate/", {"rules": {"long": 1}}, format="json"), 422)
    assert not Strategy.objects.exists()


def test_setups_are_counted_and_stored_nowhere_when_previewed(api, owner):
    make_market()
    body = {name: BODY[name] for name in ("rules", "symbols", "timeframes")}
    told = api.post(f"{URL}preview/", body, format="json").json()
    assert told["n_setups"] > 0
    assert told["markets"][0] | {"n_setups": 0, "n_labelled": 0} == {
        "symbol": "EURUSD",
        "timeframe": "1h",
        "n_bars": 3_000,
        "n_setups": 0,
        "n_labelled": 0,
        "is_cut": False,
    }
    assert not Strategy.objects.exists()
    stored = make_strategy(owner=owner)
    assert api.post(f"{URL}{stored.pk}/preview/").json() == told


def test_missing_candles_are_told_when_previewed(api, strategy):
    problem = check_problem(api.post(f"{URL}{strategy.pk}/preview/"), 422)
    assert "EURUSD" in problem["detail"]


def test_list_is_cut_and_goes_on_without_gap_when_followed(api, owner):
    for number in range(7):
        make_strategy(owner=owner, name=f"{number}: \u00fc, \u2013 & +")
    names, url = [], f"{URL}?page_size=3"
    while url:
        page = api.get(url).json()
        assert len(page["results"]) <= 3
        names += [one["name"] for one in page["results"]]
        url = page["next"]
    assert [name[0] for name in names] == list("0123456")


def test_script_tag_is_data_when_it_stands_in_a_name(api):
    told = post(api, name="<script>alert(1)</script>")
    assert told.headers["Content-Type"] == "application/json"
    page = api.get(URL)
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.json()["results"][0]["name"] == "<script>alert(1)</script>"
