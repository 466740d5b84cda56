"""Serve plotly.js from the installed package: no copy, no other server."""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

PREFIX = "plotly"
FILE = "plotly.min.js"
NAME = f"{PREFIX}/{FILE}"


def find_folder() -> Path:
    """Return the folder of plotly.js without importing plotly."""
    spec = find_spec(PREFIX)
    if spec is None or spec.origin is None:
        raise ImportError("plotly is not installed; install requirements.txt")
    return Path(spec.origin).parent / "package_data"


class PlotlyFinder(BaseFinder):
    """Find `plotly/plotly.min.js` and nothing else of the package."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.storage = FileSystemStorage(location=find_folder())
        self.storage.prefix = PREFIX  # type: ignore[attr-defined]  # as Django's finders do

    def check(self, **options: Any) -> list[Any]:
        """Find no fault: a missing package shows itself when it is imported."""
        return []

    def find(self, path: str, find_all: bool = False, **options: Any) -> Any:  # noqa: FBT001, FBT002
        """Return the file's path when it is asked for."""
        if path != NAME:
            return []
        found = str(find_folder() / FILE)
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """Return the one file."""
        yield FILE, self.storage
