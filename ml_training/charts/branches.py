"""Which points count, and which belong to branches that were left.

The engine tries a repair by going back and running the same steps again under a new
attempt number. Each attempt stands on the one that it left at the step it went back to.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Stretch = tuple[int, float, float]
"""Attempt, first step, and the step it was left at."""

Points = list[dict[str, Any]]


@dataclass(frozen=True)
class Paths:
    """Say of every attempt which stretches of which attempts it consists of.

    Attributes
    ----------
    by_attempt : dict of int to tuple of stretches
        The way from step 0 to the end of each attempt.
    current : int
        The attempt that counts now.
    rewinds : tuple of dict
        Every announced turn back.
    """

    by_attempt: dict[int, tuple[Stretch, ...]] = field(default_factory=dict)
    current: int = 0
    rewinds: tuple[Mapping[str, Any], ...] = ()

    def does_count(self, point: Mapping[str, Any], *, is_epoch: bool = False) -> bool:
        """Tell whether a point lies on the way that counts now.

        The score of an epoch stands at the step that follows its last batch, so it
        still counts when a turn went back to that very step.
        """
        attempt, step = point["attempt"], point["step"]
        return any(
            attempt == number and start <= step and (step < end or (is_epoch and step == end))
            for number, start, end in self.by_attempt[self.current]
        )


def follow_branches(branches: Iterable[Mapping[str, Any]]) -> Paths:
    """Return the ways that the announced turns make."""
    ways: dict[int, tuple[Stretch, ...]] = {0: ((0, 0.0, math.inf),)}
    current, rewinds = 0, []
    for turn in branches:
        attempt = turn["attempt"]
        if turn["kind"] == "HistoryRewound":
            ways[attempt] = (*_cut(ways[current], turn["to_step"]), _own(turn))
            rewinds.append(turn)
        elif attempt not in ways:
            ways[attempt] = ((attempt, 0.0, math.inf),)
        current = attempt
    return Paths(ways, current, tuple(rewinds))


def _own(turn: Mapping[str, Any]) -> Stretch:
    return turn["attempt"], turn["to_step"], math.inf


def _cut(way: Sequence[Stretch], step: int) -> tuple[Stretch, ...]:
    return tuple((attempt, start, min(end, step)) for attempt, start, end in way if start <= step)


def split_points(points: Iterable[dict[str, Any]], paths: Paths, *, is_epoch: bool) -> "Split":
    """Part the points that count from those of branches that were left."""
    counted: dict[int, dict[str, Any]] = {}
    left: dict[int, Points] = {}
    for point in points:
        if paths.does_count(point, is_epoch=is_epoch):
            counted[point["step"]] = point  # a stretch that ran again replaces the first run
        else:
            left.setdefault(point["attempt"], []).append(point)
    return Split([counted[step] for step in sorted(counted)], left)


@dataclass(frozen=True)
class Split:
    """Points that count, and by attempt those that do not."""

    counted: Points
    left: dict[int, Points]


def name_branches(events: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Say of attempts that were left what they were: not repaired, or tried in vain."""
    names: dict[int, str] = {}
    for event in events:
        for trial in event["trials"]:
            if trial.get("kept"):
                names[trial["attempt_without"]] = "without the fix"
            else:
                names.setdefault(trial["attempt"], "a fix that was undone")
    return names
