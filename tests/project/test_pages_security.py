"""Scripts come from this server only; static files work from a fresh checkout."""

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.test import RequestFactory

from strategy_builder.finders import NAME, PlotlyFinder
from strategy_builder.security import CONTENT_SECURITY_POLICY, ContentSecurityPolicy
from strategy_builder.uploads import SizeLimit


def test_policy_is_sent_when_a_page_has_none_of_its_own():
    middleware = ContentSecurityPolicy(lambda request: HttpResponse("x"))
    answer = middleware(RequestFactory().get("/"))
    assert answer["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_inline_scripts_and_other_servers_are_forbidden_when_the_policy_is_read():
    rules = dict(rule.split(" ", 1) for rule in CONTENT_SECURITY_POLICY.split("; "))
    assert rules["script-src"] == "'self'"
    assert rules["default-src"] == "'none'"
    assert rules["frame-ancestors"] == "'none'"
    assert "http" not in CONTENT_SECURITY_POLICY


def test_plotly_is_found_in_its_package_when_asked_for():
    path = finders.find(NAME)
    assert str(path).endswith("plotly/package_data/plotly.min.js")


@pytest.mark.parametrize(
    "name", ["plotly/datasets/iris.csv.gz", "plotly/../plotly.min.js", "plotly/", "plotly.min.js"]
)
def test_nothing_else_of_the_package_is_found_when_asked_for(name):
    assert PlotlyFinder().find(name) == []


def test_one_file_is_collected_when_static_files_are_gathered():
    ((name, storage),) = PlotlyFinder().list(None)
    assert (storage.prefix, name) == ("plotly", "plotly.min.js")
    assert storage.exists(name)


@pytest.mark.parametrize(
    "path",
    ["plotly/plotly.min.js", "ml_training/site.css", "ml_training/run.js", "admin/css/base.css"],
)
def test_file_is_served_when_debug_is_off(client, settings, path):
    assert settings.DEBUG is False
    answer = client.get(f"/static/{path}")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content)


def test_icon_is_found_when_a_browser_asks_for_the_usual_one(client):
    assert client.get("/favicon.ico").url == "/static/ml_training/icon.svg"


def test_files_are_let_through_when_small():
    limit = SizeLimit(RequestFactory().get("/"))
    limit.new_file("file", "a.csv", "text/csv", 3)
    assert limit.receive_data_chunk(b"abc", 0) == b"abc"
    assert limit.file_complete(3) is None
