"""Lines for people can be written whatever the terminal knows."""

import io

import pytest

from ml_training.management.console import ConsoleCommand


@pytest.mark.parametrize(("encoding", "sign"), [("ascii", "*"), ("latin-1", "*"), ("utf-8", "✓")])
def test_signs_are_written_plainly_when_the_encoding_lacks_them(encoding, sign):
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    ConsoleCommand(stdout=out).say({"json": False}, "✓ 847 labelled setups")
    assert raw.getvalue().decode(encoding) == f"{sign} 847 labelled setups\n"
