"""Installations for tests that kill: made once, copied for each test."""

import shutil
import sys
import uuid
from pathlib import Path

import psycopg
import pytest

from tests.runs.site import PREPARE, STEPS, Site, server_url

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Site:
    """Make a market and a strategy once, in SQLite."""
    site = Site(tmp_path_factory.mktemp("prepared"))
    assert site.call("migrate", "--verbosity=0") == 0
    site.python(PREPARE)
    return site


@pytest.fixture(scope="session")
def undisturbed(prepared, tmp_path_factory) -> tuple[str, list]:
    """Train once in peace; return the hash of the weights and the points."""
    site = Site(Path(shutil.copytree(prepared.folder, tmp_path_factory.mktemp("peace") / "var")))
    words = [f"--{name.replace('_', '-')}={value}" for name, value in STEPS.items()]
    done = site.do("train_strategy", "1", "--local", *words)
    return done["model_sha256"], site.points(done["run_id"])


@pytest.fixture(scope="session")
def server() -> str:
    """Return the URL of a PostgreSQL server."""
    return server_url()


@pytest.fixture(scope="session")
def prepared_server(server, tmp_path_factory) -> Site:
    """Make a market and a strategy once, in PostgreSQL."""
    site = Site(tmp_path_factory.mktemp("prepared_server"), make_database(server))
    assert site.call("migrate", "--verbosity=0") == 0
    site.python(PREPARE)
    return site


@pytest.fixture
def sqlite_site(prepared, tmp_path) -> Site:
    """Return an installation with a market and a strategy in SQLite."""
    return Site(Path(shutil.copytree(prepared.folder, tmp_path / "var")))


@pytest.fixture
def server_site(server, prepared_server, tmp_path) -> Site:
    """Return an installation with a market and a strategy in PostgreSQL."""
    template = prepared_server.database_url.rpartition("/")[2]
    shutil.copytree(prepared_server.folder / "checkpoints", tmp_path / "checkpoints")
    return Site(tmp_path, make_database(server, template))


@pytest.fixture(params=["sqlite_site", "server_site"], ids=["sqlite", "postgresql"])
def site(request) -> Site:
    """Return an installation with a market and a strategy, in either database."""
    return request.getfixturevalue(request.param)


def make_database(server: str, template: str = "template1") -> str:
    """Make a database on a server and return its URL; it goes with the server."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return f"{server.rpartition('/')[0]}/{name}"
