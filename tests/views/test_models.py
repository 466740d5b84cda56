"""Pages of trained models."""

import pytest

from ml_training.models import Checkpoint, TrainingRun
from tests.services.builders import make_user
from tests.views.builders import make_checkpoint
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
