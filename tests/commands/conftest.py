"""Data folders for commands that run in processes of their own."""

import shutil
from pathlib import Path

import pytest

from tests.commands.builders import manage


@pytest.fixture(scope="session")
def migrated(tmp_path_factory) -> Path:
    """Make the tables once; every test gets a copy."""
    folder = tmp_path_factory.mktemp("migrated")
    assert manage(folder, "migrate", "--verbosity=0") == (0, "", "")
    return folder


@pytest.fixture
def folder(migrated, tmp_path) -> Path:
    """Return a data folder with empty tables."""
    return Path(shutil.copytree(migrated, tmp_path / "var"))
