"""Call columns by their names: the engine knows features by number only."""

import re
from collections.abc import Sequence
from dataclasses import replace

from ml_training.core.events import Event, FindingMade
from ml_training.core.findings import Finding
from ml_training.core.result import FitResult

NUMBERED = re.compile(r"\bcolumn (\d+)\b")


def name_columns(text: str, names: Sequence[str]) -> str:
    """Return the text with every `column 7` replaced by that feature's name.

    Parameters
    ----------
    text : str
        A message of the engine.
    names : sequence of str
        Features in the order of the columns.

    Examples
    --------
    >>> name_columns("Features differ: column 1 is large.", ["rsi", "atr"])
    'Features differ: feature atr is large.'
    """

    def name(found: re.Match[str]) -> str:
        number = int(found[1])
        return f"feature {names[number]}" if number < len(names) else found[0]

    return NUMBERED.sub(name, text)


def name_in_event(event: Event, names: Sequence[str]) -> Event:
    """Return the event with names in its message, if it has one."""
    if isinstance(event, FindingMade):
        return replace(event, finding=_name_in_finding(event.finding, names))
    return event


def name_in_result(fitted: FitResult, names: Sequence[str]) -> FitResult:
    """Return what the engine left behind with names in every finding."""
    findings = tuple(_name_in_finding(finding, names) for finding in fitted.findings)
    return replace(fitted, findings=findings, report=replace(fitted.report, findings=findings))


def _name_in_finding(finding: Finding, names: Sequence[str]) -> Finding:
    return replace(finding, message=name_columns(finding.message, names))
