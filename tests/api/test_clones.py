"""A run is cloned over HTTP, and a strategy tells what it was."""

import pytest

from ml_training.models import StrategyVersion, TrainingRun
from ml_training.services.strategies import change_strategy
from tests.api.builders import ROOT, check_problem, make_queued_run
from tests.services.builders import RSI_RULES, make_strategy

URL = f"{ROOT}runs/"
State = TrainingRun.State
CHOSEN = {"epochs": 3, "learning_rate": 0.01, "seed": 7, "start_date": "2024-01-01T00:00:00Z"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def run(api, strategy):
    """Return a run that ended, with settings of its own."""
    url = f"{ROOT}strategies/{strategy.pk}/runs/"
    made = TrainingRun.objects.get(pk=api.post(url, CHOSEN, format="json").json()["id"])
    TrainingRun.objects.update(state=State.SUCCEEDED, results={"metrics": {"auc": 0.6}})
    made.refresh_from_db()
    return made


def clone(api, run, body=None, **headers):
    return api.post(f"{URL}{run.pk}/clone/", body or {}, format="json", headers=headers)


def test_run_with_the_same_settings_is_queued_when_one_is_cloned(api, owner, run):
    answer = clone(api, run)
    told = answer.json()
    made = TrainingRun.objects.get(pk=told["id"])
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"{URL}{made.pk}/")
    assert made.pk != run.pk
    assert (made.settings, made.seed, made.strategy) == (run.settings, 7, run.strategy)
    assert (made.state, made.requested_by, made.results) == (State.QUEUED, owner, {})


def test_what_is_sent_replaces_its_own_when_a_run_is_cloned(api, run):
    made = TrainingRun.objects.get(pk=clone(api, run, {"seed": 8, "epochs": 5}).json()["id"])
    assert made.settings == run.settings | {"seed": 8, "epochs": 5}
    assert made.seed == 8


def test_conflict_names_the_run_when_one_is_active(api, run):
    first = clone(api, run).json()["id"]
    assert check_problem(clone(api, run), 409)["run"] == first


def test_same_key_is_the_same_run_when_sent_again(api, run):
    first, again = (clone(api, run, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    check_problem(clone(api, run, {"seed": 9}, **{"Idempotency-Key": "k"}), 422)


@pytest.mark.parametrize("body", [{"epochs": 0}, {"state": "succeeded"}, {"seed": -1}])
def test_nothing_is_made_when_what_is_sent_is_not_valid(api, run, body):
    check_problem(clone(api, run, body), 422)
    assert TrainingRun.objects.count() == 1


def test_present_rules_are_trained_when_the_strategy_was_changed(api, run):
    change_strategy(run.strategy, rules=RSI_RULES | {"short": None})
    made = TrainingRun.objects.get(pk=clone(api, run).json()["id"])
    assert made.rules_digest == run.strategy.rules_digest != run.rules_digest


def versions(api, strategy, **query):
    answer = api.get(f"{ROOT}strategies/{strategy.pk}/versions/", query)
    assert answer.status_code == 200
    return answer.json()["results"]


def test_strategy_has_its_first_version_when_it_is_made(api, strategy):
    (first,) = versions(api, strategy)
    assert (first["number"], first["version"]) == (1, strategy.version)
    assert first["rules"] == strategy.rules
    assert (first["symbols"], first["timeframes"]) == (["EURUSD"], ["1h"])


def test_earlier_rules_are_told_when_a_strategy_was_changed(api, strategy):
    before = strategy.rules
    change_strategy(strategy, rules=RSI_RULES | {"short": None})
    change_strategy(strategy, symbols=["XAUUSD"])
    newest, middle, first = versions(api, strategy)
    assert [one["number"] for one in (newest, middle, first)] == [3, 2, 1]
    assert (newest["symbols"], middle["symbols"]) == (["XAUUSD"], ["EURUSD"])
    assert first["rules"] == before != middle["rules"] == newest["rules"]
    assert newest["version"] == strategy.version


@pytest.mark.parametrize("change", [{"name": "Another"}, {"symbols": ["eurusd"]}, {}])
def test_no_version_is_made_when_nothing_that_trains_changed(api, strategy, change):
    change_strategy(strategy, **change)
    assert len(versions(api, strategy)) == 1


def test_version_comes_again_under_a_new_number_when_a_change_is_taken_back(api, strategy):
    for symbols in (["XAUUSD"], ["EURUSD"]):
        change_strategy(strategy, symbols=symbols)
    third, _, first = versions(api, strategy)
    assert (third["number"], third["version"]) == (3, first["version"])


def test_versions_come_in_pages_and_of_one_strategy_when_there_are_many(api, owner, strategy):
    make_strategy(owner=owner)
    for number in range(4):
        change_strategy(strategy, symbols=[f"S{number}"])
    url = f"{ROOT}strategies/{strategy.pk}/versions/?page_size=2"
    numbers = []
    while url:
        page = api.get(url).json()
        numbers += [one["number"] for one in page["results"]]
        url = page["next"]
    assert numbers == [5, 4, 3, 2, 1]


def test_versions_go_with_their_strategy_when_it_is_deleted(api, strategy):
    assert api.delete(f"{ROOT}strategies/{strategy.pk}/").status_code == 204
    assert not StrategyVersion.objects.exists()


def test_filter_that_means_nothing_is_refused_when_versions_are_listed(api, strategy):
    run = make_queued_run(strategy)
    check_problem(api.get(f"{ROOT}strategies/{strategy.pk}/versions/?run={run.pk}"), 422)
