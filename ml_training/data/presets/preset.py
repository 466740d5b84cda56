"""A ready-made strategy: a rules document with a name and a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """Hold a strategy that a user can start from.

    Parameters
    ----------
    key : str
        Short name in commands and addresses.
    title : str
        Name for people.
    summary : str
        What it looks for, in a sentence or two.
    document : mapping
        The rules, in the same grammar as everybody's.
    """

    key: str
    title: str
    summary: str
    document: Mapping[str, Any]
