"""A disk that fails at a chosen moment: below Django, at the calls of `os`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class FailingDisk:
    """Let the n-th call that writes to the disk fail, or all from the n-th on."""

    def __init__(self, n_good: int, number: int, *, is_lasting: bool = False) -> None:
        self.n_good, self.number, self.is_lasting = n_good, number, is_lasting
        self.n_calls = 0

    @property
    def has_failed(self) -> bool:
        return self.n_calls > self.n_good

    def tick(self) -> None:
        """Count a call, and fail when it is its turn."""
        self.n_calls += 1
        if self.n_calls == self.n_good + 1 or (self.is_lasting and self.has_failed):
            raise OSError(self.number, os.strerror(self.number))

    @contextmanager
    def at_work(self) -> Iterator["FailingDisk"]:
        """Stand below everything while the block lasts."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ("open", "fsync", "chmod", "remove"):
                patch.setattr(os, name, self.wrap(getattr(os, name)))
            fdopen = os.fdopen
            patch.setattr(os, "fdopen", lambda *args: Written(self, fdopen(*args)))
            yield self

    def wrap(self, call: Any) -> Any:
        def count(*args: Any, **options: Any) -> Any:
            self.tick()
            return call(*args, **options)

        return count


class Written:
    """A file whose writes and whose end may fail."""

    def __init__(self, disk: FailingDisk, file: Any) -> None:
        self.disk, self.file = disk, file

    def write(self, content: bytes) -> int:
        self.disk.tick()
        return int(self.file.write(content))

    def close(self) -> None:
        self.file.close()
        self.disk.tick()
