"""A ready-made strategy: a rules document with a name and a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TWO_TO_ONE: Mapping[str, Any] = {
    "take_profit": {"atr": 2.0},
    "stop_loss": {"atr": 1.0},
    "max_bars": 48,
}
"""Exit of most presets; chosen: one loss in three trades is still made good."""


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


def both_ways(long: Mapping[str, Any], **others: Any) -> Mapping[str, Any]:
    """Return a document that trades a rule and its mirror image.

    Parameters
    ----------
    long : mapping
        The entry of long setups.
    **others : object
        Further keys of the document, or another exit.

    Returns
    -------
    mapping
    """
    return {"version": 1, "long": long, "short": "mirror", "exit": TWO_TO_ONE, **others}
