"""What every test can count on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from hypothesis import settings

from ml_training.models import Checkpoint
from ml_training.services import bases_pool

# A busy machine must not fail a property test: the time of one example proves nothing.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def checkpoint_folder(tmp_path_factory) -> Iterator[Path]:
    """Keep the models that tests store out of the installation's own folder."""
    folder = tmp_path_factory.mktemp("checkpoints")
    with pytest.MonkeyPatch.context() as patch:
        storage = FileSystemStorage(location=folder)
        patch.setattr(Checkpoint._meta.get_field("file"), "storage", storage)
        yield folder


@pytest.fixture(scope="session", autouse=True)
def small_bases() -> Iterator[None]:
    """Let the base models that runs start from learn from few setups: it is quicker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bases_pool, "MOST_SETUPS", 800)
        yield
