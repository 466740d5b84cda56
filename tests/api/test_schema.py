"""The OpenAPI schema is valid, complete and tells of errors; its page needs no CDN."""

import re
from io import StringIO

import pytest
from django.contrib.staticfiles.finders import find
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.api.builders import ROOT, check_problem, list_addresses, list_methods

HIDDEN = {"schema", "docs", "nowhere"}


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def test_schema_has_no_warning_when_it_is_made():
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


@pytest.mark.django_db
def test_schema_is_openapi_3_1_when_served(client):
    served = client.get(f"{ROOT}schema/").json()
    assert served["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(served).iter_errors()) == []


def test_every_address_and_method_is_described_when_compared_with_the_urls(schema):
    described = {
        (re.sub(r"{\w+}", "<>", path), method)
        for path, methods in schema["paths"].items()
        for method in methods
    }
    ours = {
        (ROOT + re.sub(r"<[\w:]+>", "<>", str(one.pattern)), method)
        for one in list_addresses()
        if one.name not in HIDDEN
        for method in list_methods(one)
    }
    assert described == ours


def test_every_operation_has_words_and_problems_when_listed(schema):
    for methods in schema["paths"].values():
        for operation in methods.values():
            assert operation["description"].strip()
            assert all(answer["description"] for answer in operation["responses"].values())
            problems = [code for code in operation["responses"] if code >= "400"]
            assert "429" in problems
            for code in problems:
                content = operation["responses"][code]["content"]
                assert list(content) == ["application/problem+json"]


def test_state_lease_and_paths_cannot_be_written_when_bodies_are_listed(schema):
    asked = {
        name: part
        for name, part in schema["components"]["schemas"].items()
        if name.endswith("Request")
    }
    assert asked
    for part in asked.values():
        names = " ".join(part["properties"])
        assert part["additionalProperties"] is False
        assert not re.search(r"state|lease|path|file_|worker|digest|owner", names), names


@pytest.mark.django_db
def test_page_loads_only_files_of_this_server_when_opened(client):
    page = client.get(f"{ROOT}docs/")
    text = page.content.decode()
    sources = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(sources) >= 4
    assert all(source.startswith("/") for source in sources)
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    script = client.get(f"{ROOT}docs/?script=")
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert f"{ROOT}schema/" in script.content.decode()


def test_page_finds_its_scripts_among_the_static_files_when_looked_for():
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js"):
        assert find(f"drf_spectacular_sidecar/swagger-ui-dist/{name}")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "nothing/", "runs", "runs/not-a-number/", "admin/x/y/z"])
def test_answer_is_a_problem_when_an_address_leads_nowhere(client, path):
    check_problem(client.get(ROOT + path), 404)
    check_problem(client.post(ROOT + path), 404)
