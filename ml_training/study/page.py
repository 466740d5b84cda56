"""Lay out text in 80 columns that any terminal can show."""

import textwrap
from collections.abc import Iterable, Sequence

from ml_training.study.progress import STEP_TITLES

WIDTH = 80
INDENT = "  "
OK, ALERT = "✓", "!"

PLAIN = str.maketrans({OK: "*"})
"""One character for one, so that no line grows."""


def open_report(title: str) -> list[str]:
    """Return the headline of a report and the line that opens its first step."""
    return [*head(f"ML TRAINING PIPELINE - {title}"), *announce(1)]


def announce(step: int) -> list[str]:
    """Return the line that opens a step."""
    return ["", f"STEP {step}: {STEP_TITLES[step]}..."]


def head(title: str) -> list[str]:
    """Return a title between two double rules."""
    return ["=" * WIDTH, *_fill(title, ""), "=" * WIDTH]


def subhead(title: str) -> list[str]:
    """Return a title above a single rule, after an empty line."""
    return ["", title, "-" * WIDTH]


def say(text: str, *, indent: str = INDENT) -> list[str]:
    """Return a sentence or paragraph, wrapped."""
    return _fill(text, indent)


def mark(sign: str, text: str, *, indent: str = INDENT) -> list[str]:
    """Return a paragraph that hangs behind a sign such as a tick or a number."""
    first = f"{indent}{sign} "
    return _fill(text, first, " " * len(first))


def pair(label: str, value: str) -> list[str]:
    """Return `label: value`, the value hanging."""
    return mark(f"{label}:", value)


def table(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """Return rows of cells: the first column to the left, the others to the right."""
    lines = []
    for row in rows:
        first, *rest = row
        cells = [first[: widths[0]].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append((INDENT + "".join(cells)).rstrip())
    return lines


def fit_encoding(text: str, encoding: str | None) -> str:
    """Return the text in characters that an encoding has.

    Parameters
    ----------
    text : str
        Any text.
    encoding : str or None
        Of the terminal or file; None counts as ASCII.

    Examples
    --------
    >>> fit_encoding("✓ 5 symbols x 3", "ascii")
    '* 5 symbols x 3'
    >>> fit_encoding("✓ 5 symbols x 3", "utf-8")
    '✓ 5 symbols x 3'
    """
    encoding = encoding or "ascii"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate(PLAIN).encode("ascii", "replace").decode()
    return text


def _fill(text: str, first: str, following: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if following is None else following,
        break_on_hyphens=False,
    )
