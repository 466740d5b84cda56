"""Trained models over HTTP: only one's own, and only with the bytes that were saved."""

import base64
import hashlib

import pytest

from ml_training.models import Checkpoint, TrainingRun
from ml_training.services.checkpoints import store_checkpoint
from tests.api.builders import ROOT, check_problem, make_queued_run
from tests.views.builders import RESULTS

pytestmark = pytest.mark.django_db
URL = f"{ROOT}checkpoints/"
CONTENT = b"PK the bytes of a model"


@pytest.fixture
def checkpoint(strategy, tmp_path):
    path = tmp_path / "model.zip"
    path.write_bytes(CONTENT)
    return store_checkpoint(make_queued_run(strategy), "best", path, epoch=3)


def test_bytes_prove_themselves_when_downloaded(api, checkpoint):
    answer = api.get(f"{URL}{checkpoint.pk}/download/")
    digest = hashlib.sha256(CONTENT)
    assert answer.content == CONTENT
    assert answer.headers["X-Content-SHA256"] == digest.hexdigest()
    told = base64.b64encode(digest.digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{told}:"
    assert answer.headers["Content-Type"] == "application/zip"
    assert "attachment" in answer.headers["Content-Disposition"]


def test_model_is_handed_out_when_asked_for_by_its_kind(api, checkpoint):
    accept = {"Accept": "application/zip"}
    assert api.get(f"{URL}{checkpoint.pk}/download/", headers=accept).status_code == 200


def test_nothing_is_sent_when_the_client_has_the_model(api, checkpoint):
    etag = api.get(f"{URL}{checkpoint.pk}/download/").headers["ETag"]
    again = api.get(f"{URL}{checkpoint.pk}/download/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_damaged_model_is_not_handed_out_when_one_bit_is_flipped(api, checkpoint):
    storage = checkpoint.file.storage
    with storage.open(checkpoint.file.name, "wb") as file:
        file.write(bytes([CONTENT[0] ^ 1]) + CONTENT[1:])
    problem = check_problem(api.get(f"{URL}{checkpoint.pk}/download/"), 410)
    assert "train again" in problem["hint"]


def test_missing_file_is_told_without_its_folder_when_downloaded(api, checkpoint):
    checkpoint.file.storage.delete(checkpoint.file.name)
    problem = check_problem(api.get(f"{URL}{checkpoint.pk}/download/"), 410)
    assert str(checkpoint.file.storage.location) not in str(problem)


@pytest.mark.parametrize("kind", ["resume", "base"])
def test_place_to_resume_is_not_there_when_asked_for(api, checkpoint, kind):
    Checkpoint.objects.update(kind=kind)
    check_problem(api.get(f"{URL}{checkpoint.pk}/download/"), 404)
    assert api.get(URL).json()["results"] == []


def test_list_tells_hash_and_address_and_no_path_when_read(api, checkpoint):
    answer = api.get(URL)
    (told,) = answer.json()["results"]
    assert told["sha256"] == checkpoint.sha256
    assert told["size"] == len(CONTENT)
    assert api.get(told["download_url"]).content == CONTENT
    assert checkpoint.file.name not in answer.content.decode()


def test_list_is_of_one_run_when_asked(api, checkpoint):
    found = api.get(f"{URL}?run={checkpoint.run_id}").json()["results"]
    assert [one["id"] for one in found] == [checkpoint.pk]
    nothing = api.get(f"{URL}?run=00000000-0000-4000-8000-000000000000").json()
    assert nothing["results"] == []
    check_problem(api.get(f"{URL}?run=1"), 422)


def test_queries_do_not_grow_when_there_are_more_models(
    api, checkpoint, django_assert_max_num_queries
):
    api.get(URL)
    with django_assert_max_num_queries(8) as few:
        api.get(URL)
    for _ in range(12):
        Checkpoint.objects.create(
            run=checkpoint.run, kind="best", file="x.zip", sha256="0" * 64, size=1
        )
    with django_assert_max_num_queries(len(few)):
        assert len(api.get(URL).json()["results"]) == 13


@pytest.fixture
def carded(checkpoint):
    fields = {"state": "succeeded", "results": RESULTS}
    TrainingRun.objects.filter(pk=checkpoint.run_id).update(**fields)
    return f"{URL}{checkpoint.pk}/card/"


def test_card_tells_what_the_model_is_when_read(api, carded, checkpoint):
    answer = api.get(carded)
    card = answer.json()
    assert answer.headers["Content-Type"] == "application/json"
    assert card["run"] == str(checkpoint.run_id)
    assert card["threshold"] == RESULTS["threshold"]
    assert card["digests"]["model"] == checkpoint.sha256
    assert card["measured"]["the test block"]["auc"] == 0.7
    assert card["not_for"]


@pytest.mark.parametrize(
    "how", [{"data": {"format": "markdown"}}, {"HTTP_ACCEPT": "text/markdown"}]
)
def test_card_is_markdown_with_a_name_when_asked_for(api, carded, checkpoint, how):
    answer = api.get(carded, **how)
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    name = f'filename="model-card-{checkpoint.run_id}.md"'
    assert name in answer.headers["Content-Disposition"]
    assert answer.content.decode().startswith("# ")


def test_card_is_not_there_when_somebody_else_asks(stranger, carded):
    check_problem(stranger.get(carded), 404)


def test_card_is_refused_with_a_way_out_when_the_run_has_no_results(api, checkpoint):
    problem = check_problem(api.get(f"{URL}{checkpoint.pk}/card/"), 422)
    assert "has no model" in problem["detail"]
