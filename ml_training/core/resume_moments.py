"""Moments of training in plain values and tensors, and built up again from them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler

from ml_training.core.buffers import FlatParameters
from ml_training.core.errors import TrainingError
from ml_training.core.objective import Objective
from ml_training.core.resume_parts import (
    Maker,
    Names,
    Origin,
    Pool,
    build_model,
    build_modules,
    build_objective,
    build_table,
    build_tensors,
    describe_objective,
    describe_table,
    find_maker,
    name_maker,
)
from ml_training.core.state import Knobs, Progress, Snapshot
from ml_training.core.structure import ModelSnapshot
from ml_training.core.table import TableData

COUNTS = ("epoch", "batch", "step", "position")
NUMBERS = ("best_loss", "best_score", "best_epoch", "best_step", "n_epochs_since")


class Packing:
    """Describe moments; what several of them share is described once.

    Parameters
    ----------
    origin : Origin
        Of the run.
    """

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._names = Names(origin)
        self._models = Pool(self._names.describe_model)
        self._flats = Pool(self._describe_flat)
        self._objectives = Pool(self._describe_objective)
        self._tables = Pool(self._describe_table)
        self._progress = Pool(self._describe_progress)
        self._moments = Pool(self._describe_moment)

    def number(self, moment: Snapshot) -> int:
        """Return the place of a moment among those in `document`."""
        return self._moments.number(moment)

    def document(self) -> dict[str, Any]:
        """Return all that was described, in plain values and tensors."""
        return {
            "modules": self._names.modules.described,
            "tensors": self._names.tensors.described,
            "models": self._models.described,
            "flats": self._flats.described,
            "objectives": self._objectives.described,
            "tables": self._tables.described,
            "progress": self._progress.described,
            "moments": self._moments.described,
        }

    def _describe_flat(self, flat: FlatParameters) -> dict[str, Any]:
        return {
            "names": flat.names,
            "parameters": [self._names.tensors.number(each) for each in flat.parameters],
            "has_strays": flat.has_strays,
        }

    def _describe_objective(self, objective: Objective) -> dict[str, Any] | None:
        return describe_objective(objective, self._origin)

    def _describe_table(self, table: TableData) -> dict[str, Any]:
        maker: Any = table.targets
        return describe_table(table, self._origin, self._objectives.number(maker.__self__))

    def _describe_progress(self, progress: Progress) -> dict[str, Any]:
        return {
            **{name: getattr(progress, name) for name in NUMBERS},
            "best": self._models.number_or_none(progress.best),
        }

    def _describe_moment(self, moment: Snapshot) -> dict[str, Any]:
        plain, origin = moment.plain, self._origin
        return {
            "model": self._models.number(moment.model),
            "flat": self._flats.number(moment.flat),
            "optimizer": _describe_optimizer(moment),
            "make_optimizer": name_maker(plain["make_optimizer"], origin.make_optimizer),
            "schedule": _kind(moment.schedule),
            "schedule_state": moment.schedule_state,
            "make_schedule": name_maker(plain["make_schedule"], origin.make_schedule),
            "data": self._tables.number(plain["data"]),
            "objective": self._objectives.number(plain["objective"]),
            "progress": self._progress.number(plain["progress"]),
            "knobs": asdict(plain["knobs"]),
            "counts": {name: plain[name] for name in COUNTS},
            "milestone": plain["milestone"],
            "generators": moment.generators,
        }


def _describe_optimizer(moment: Snapshot) -> dict[str, Any]:
    flat = moment.flat
    numbers = {id(each): number for number, each in enumerate([flat.vector, *flat.parameters])}
    trained = {id(each) for group in moment.groups for each in group["params"]}
    if not {*trained, *map(id, moment.moments)} <= numbers.keys():
        raise TrainingError("the optimizer trains tensors outside of the network")
    return {
        "kind": _kind(moment.optimizer),
        "groups": [
            {**group, "params": [numbers[id(each)] for each in group["params"]]}
            for group in moment.groups
        ],
        "moments": [(numbers[id(each)], v) for each, v in moment.moments.items()],
    }


def _kind(thing: Any) -> str:
    return "" if thing is None else f"{type(thing).__module__}.{type(thing).__qualname__}"


class Unpacking:
    """Build moments from what `Packing` described, over what was handed in again.

    Of what was handed in only the place in memory of trained parameters changes;
    `TrainingState.restore` brings a moment back.

    Parameters
    ----------
    document : mapping
        From `Packing.document`.
    origin : Origin
        Of the run that goes on.
    """

    def __init__(self, document: Mapping[str, Any], origin: Origin) -> None:
        self._origin = origin
        self._tensors = build_tensors(document["tensors"], origin)
        modules = build_modules(document["modules"], origin)
        self._models = [build_model(each, modules, self._tensors) for each in document["models"]]
        self._flats = [self._build_flat(each) for each in document["flats"]]
        self._objectives = [build_objective(each, origin) for each in document["objectives"]]
        self._tables = [build_table(t, origin, self._objectives) for t in document["tables"]]
        self._progress = [_build_progress(each, self._models) for each in document["progress"]]
        self.moments = [self._build_moment(each) for each in document["moments"]]

    def _build_flat(self, described: Mapping[str, Any]) -> FlatParameters:
        parameters = [self._tensors[number] for number in described["parameters"]]
        named = list(zip(described["names"], parameters, strict=True))
        flat = FlatParameters(self._origin.modules[""], named)
        flat.has_strays = described["has_strays"]
        return flat

    def _build_moment(self, described: Mapping[str, Any]) -> Snapshot:
        flat, origin = self._flats[described["flat"]], self._origin
        make_optimizer = find_maker(described["make_optimizer"], origin.make_optimizer)
        make_schedule = find_maker(described["make_schedule"], origin.make_schedule)
        optimizer = _check_kind(make_optimizer(flat), described["optimizer"]["kind"])
        live = [flat.vector, *flat.parameters]
        return Snapshot(
            model=self._models[described["model"]],
            flat=flat,
            optimizer=optimizer,
            moments={live[n]: v for n, v in described["optimizer"]["moments"]},
            groups=tuple(
                {**group, "params": [live[number] for number in group["params"]]}
                for group in described["optimizer"]["groups"]
            ),
            schedule=_build_schedule(described["schedule"], make_schedule, optimizer),
            schedule_state=described["schedule_state"],
            plain={
                "data": self._tables[described["data"]],
                "objective": self._objectives[described["objective"]],
                "progress": self._progress[described["progress"]],
                "knobs": Knobs(**described["knobs"]),
                "make_optimizer": make_optimizer,
                "make_schedule": make_schedule,
                "milestone": described["milestone"],
                **{name: described["counts"][name] for name in COUNTS},
            },
            generators=described["generators"],
        )


def _build_progress(described: Mapping[str, Any], models: Sequence[ModelSnapshot]) -> Progress:
    best = described["best"]
    return Progress(
        **{name: described[name] for name in NUMBERS}, best=None if best is None else models[best]
    )


def _build_schedule(
    kind: str, make_schedule: Maker, optimizer: torch.optim.Optimizer
) -> LRScheduler | None:
    """Return a schedule of the kind there was; its state comes with the moment."""
    if not kind:
        return None  # there was none, or it was left out since
    schedule: LRScheduler = _check_kind(make_schedule(optimizer), kind)
    return schedule


def _check_kind(thing: Any, kind: str) -> Any:
    if _kind(thing) != kind:
        raise ValueError(f"{kind} came back as {_kind(thing)}")
    return thing
