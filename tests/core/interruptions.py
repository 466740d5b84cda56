"""Runs that are killed after a state was saved, and go on from it in a fresh one."""

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from ml_training.core.events import BatchesRead, Event, Place, TrialJudged
from ml_training.core.fit import fit
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from tests.core.builders import weights_of


class Killed(BaseException):
    """End a run from inside, as a kill would: no `except Exception` holds it."""


@dataclass
class Story:
    """Keep all that a run told and saved, and what came of it."""

    events: list[Event] = field(default_factory=list)
    states: list[bytes] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    result: FitResult | None = None

    def hear(self, event: Event) -> None:
        self.events.append(event)

    def told(self) -> list[str]:
        """Return what was told, reading by reading; only times may differ."""
        return [line for event in self.events for line in in_words(event)]


def in_words(event: Event) -> list[str]:
    if isinstance(event, BatchesRead):
        return [f"{event.attempt} {event.is_trial} {reading}" for reading in event.readings]
    if isinstance(event, TrialJudged):
        return [repr(replace(event.trial, seconds=0.0))]
    return [repr(event)]


@dataclass(frozen=True)
class Case:
    """Hold the arguments of a run; the network is made anew for each process."""

    make_model: Any
    parts: tuple
    settings: dict[str, Any]
    weight: Any = None
    kept: frozenset[str] = frozenset()


def run_case(case: Case, *, seed=0, kill_at=None, resume=None, saves=True) -> Story:
    """Train in a process state that `seed` makes another one; die after some saves.

    `kill_at` counts saves from 1; None trains to the end.
    """
    torch.manual_seed(1_000 + seed)
    np.random.seed(seed)  # noqa: NPY002 - the one a caller's network may draw from
    model = None if case.make_model is None else case.make_model(seed)
    story = Story()

    def save(state: bytes, place: Place) -> None:
        story.states.append(state)
        story.places.append(place)
        if len(story.states) == kill_at:
            raise Killed

    with suppress(Killed):
        story.result = fit(
            model,
            *case.parts,
            settings=TrainSettings(**case.settings),
            sample_weight=case.weight,
            emit=story.hear,
            save_state=save if saves else None,
            resume=resume,
        )
    return story


def outcome(result: FitResult) -> str:
    """Return findings, trials, history, status and notes; only times are left out."""
    report = result.report.as_dict()
    for trial in report["trials"]:
        trial.pop("seconds")
    return json.dumps([report, result.history.as_dict()], default=float)


def answers(result: FitResult, X) -> bytes:
    told = result.predict(X) if result.predictor.task == "regression" else result.predict_proba(X)
    return np.asarray(told).tobytes()


def assert_same_end(undisturbed: FitResult, resumed: FitResult, X) -> None:
    """Fail unless two runs came to the same end, to the bit."""
    assert outcome(resumed) == outcome(undisturbed)
    assert answers(resumed, X) == answers(undisturbed, X)
    assert (resumed.model is None) == (undisturbed.model is None)
    if undisturbed.model is not None:
        for mine, others in zip(
            weights_of(undisturbed.model), weights_of(resumed.model), strict=True
        ):
            assert mine.tobytes() == others.tobytes()


def find_differences(some: Any, others: Any, where: str = "") -> list[str]:
    """Return the places where two documents differ; only times may."""
    if isinstance(some, dict) and isinstance(others, dict) and some.keys() == others.keys():
        return [
            place
            for key in some.keys() - {"seconds"}
            for place in find_differences(some[key], others[key], f"{where}.{key}")
        ]
    if isinstance(some, list | tuple) and len(some) == len(others):
        return [
            place
            for number, pair in enumerate(zip(some, others, strict=True))
            for place in find_differences(*pair, f"{where}.{number}")
        ]
    if isinstance(some, torch.Tensor | np.ndarray):
        return [] if np.asarray(some).tobytes() == np.asarray(others).tobytes() else [where]
    return [] if repr(some) == repr(others) else [where]
