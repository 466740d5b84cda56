"""Pages of trained models."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ml_training.models import Checkpoint, Scoring, TrainingRun
from ml_training.selectors.served import list_models
from ml_training.services.served import plan_of
from tests.services.builders import make_strategy, make_user
from tests.views.builders import JUDGED, RESULTS, make_checkpoint, make_finished_run
from tests.views.html import find_faults
from tests.views.test_runs import text_of, url

pytestmark = pytest.mark.django_db


def card_of(filled):
    return f"/checkpoints/{filled.checkpoint.pk}/card.md"


def test_card_is_a_named_text_when_its_owner_downloads_it(page, filled):
    answer = page.get(card_of(filled))
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    name = f"model-card-{filled.run.pk}.md"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    card = answer.content.decode()
    assert card.startswith("# Strategy of owner: network\n")
    for words in ("A setup is taken from a chance of 0.420 on", "AUC: 0.700 (95 % interval"):
        assert words in card
    assert filled.checkpoint.sha256 in card


def test_card_is_offered_beside_the_model_when_a_run_has_one(page, filled):
    assert f'href="{card_of(filled)}"' in text_of(page.get(url("run", filled.run)))


def test_card_is_not_there_when_another_user_asks(client, filled):
    client.force_login(make_user("other"))
    answer = client.get(card_of(filled))
    assert answer.status_code == 404
    assert filled.checkpoint.sha256 not in answer.content.decode()


def test_card_is_not_there_when_the_state_is_one_to_resume(page, filled):
    state = make_checkpoint(filled.run, kind="resume")
    assert page.get(f"/checkpoints/{state.pk}/card.md").status_code == 404


@pytest.mark.parametrize("gone", ["served_model", "threshold", "metrics"])
def test_way_out_is_told_when_a_run_has_too_little_for_a_card(page, filled, gone):
    results = {name: told for name, told in filled.run.results.items() if name != gone}
    TrainingRun.objects.filter(pk=filled.run.pk).update(results=results)
    answer = page.get(card_of(filled), follow=True)
    assert answer.redirect_chain == [(url("run", filled.run), 302)]
    assert 'class="message error"' in text_of(answer)


def test_card_is_gone_when_the_model_is(page, filled):
    address = card_of(filled)
    Checkpoint.objects.all().delete()
    assert page.get(address).status_code == 404


def test_page_says_which_model_is_in_use_and_what_it_is_worth(page, filled):
    TrainingRun.objects.filter(pk=filled.run.pk).update(results=RESULTS | JUDGED)
    text = text_of(page.get("/models/"))
    for words in (
        ">in use<",
        "edge, stable",
        '<td class="n">0.7</td>',
        "+0.500 R",
        "walk-forward",
    ):
        assert words in text, words
    assert "<td>network</td>" in text
    assert f'action="/strategies/{filled.strategy.pk}/score/"' in text


def test_older_models_are_told_from_the_one_in_use(page, filled):
    newer = make_finished_run(filled.strategy, results={})
    make_checkpoint(newer)
    other = make_finished_run(filled.strategy, rules_digest="0" * 64)
    make_checkpoint(other)
    make_checkpoint(newer, kind="resume")
    ended = {"ended_at": timezone.now()}
    TrainingRun.objects.filter(pk=newer.pk).update(**ended)
    text = text_of(page.get("/models/"))
    for words in (">in use<", ">replaced<", ">for earlier rules<"):
        assert text.count(words) == 1, words
    assert text.count("/score/") == 1


@pytest.mark.parametrize("odd", [None, [], "text", 3, {"pooled": None}, {"pooled": [1]}])
def test_page_opens_when_results_have_another_shape(page, filled, odd):
    results = {"walk_forward": odd, "metrics": odd, "served_model": odd}
    TrainingRun.objects.filter(pk=filled.run.pk).update(results=results)
    answer = page.get("/models/")
    assert answer.status_code == 200
    assert find_faults(answer.content.decode()) == []


def test_models_come_in_pages_with_as_many_queries(page, filled):
    n_before = count_queries(page)
    for _ in range(30):
        make_checkpoint(make_finished_run(filled.strategy))
    assert count_queries(page) == n_before
    text = text_of(page.get("/models/"))
    assert "Page 1 of 2" in text
    assert text.count("card.md") == 25
    assert text_of(page.get("/models/?page=2")).count("card.md") == 6


def count_queries(page):
    page.get("/models/")
    with CaptureQueriesContext(connection) as queries:
        page.get("/models/")
    return len(queries)


def test_big_results_are_not_read_for_the_list(filled):
    (model,) = list_models(filled.owner)
    assert model.run.get_deferred_fields() >= {"results", "report", "progress"}


def test_way_to_a_model_is_shown_when_there_is_none(client):
    client.force_login(make_user())
    assert "No models yet" in text_of(client.get("/models/"))


def test_scoring_is_asked_for_once_when_the_button_is_pressed_twice(page, filled):
    Scoring.objects.all().delete()
    fields = {"feature_digest": plan_of(filled.strategy).digest}
    fields["model_digest"] = filled.checkpoint.sha256
    TrainingRun.objects.filter(pk=filled.run.pk).update(**fields)
    address = f"/strategies/{filled.strategy.pk}/score/"
    for _ in range(2):
        answer = page.post(address, follow=True)
        assert answer.redirect_chain[0][0] == f"/signals/?strategy={filled.strategy.pk}"
    scoring = Scoring.objects.get()
    assert (scoring.state, scoring.requested_by) == ("queued", filled.owner)
    assert "a trainer looks within seconds" in text_of(answer)


def test_way_out_is_told_when_a_strategy_without_model_is_scored(page, filled):
    strategy = make_strategy(owner=filled.owner, name="Untrained")
    answer = page.post(f"/strategies/{strategy.pk}/score/", follow=True)
    assert answer.redirect_chain == [("/models/", 302)]
    assert "has no model yet" in text_of(answer)
    assert "Train it first" in text_of(answer)
