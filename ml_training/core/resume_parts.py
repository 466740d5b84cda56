"""Networks, vectors, tables and factories by name, in plain values, and built up again.

What the caller hands in again (the network's own modules and tensors, rows, loss,
optimizer and schedule) is referred to by its name; what repairs made is described, and
made again. Values of tensors belong to the moments: see `resume_moments`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from ml_training.core.checkpoints import to_plain
from ml_training.core.errors import TrainingError
from ml_training.core.network import HouseNetwork, build_layer, describe_layer
from ml_training.core.objective import Objective
from ml_training.core.optimizers import build_adamw
from ml_training.core.remedies.cosine_decay import fall
from ml_training.core.remedies.reduce_on_plateau import watch_plateau
from ml_training.core.remedies.sound_optimizer import SoundFactory
from ml_training.core.remedies.warm_up import grow
from ml_training.core.state import TrainingState, no_schedule
from ml_training.core.structure import PLAIN_TYPES, ModelSnapshot, ModuleParts
from ml_training.core.surgery import tree_of
from ml_training.core.table import RawRows, TableData
from ml_training.core.treatments import load_treatment

T = TypeVar("T")
Maker = Callable[..., Any]
MAKERS: dict[str, Maker] = {
    maker.__name__: maker
    for maker in (build_adamw, SoundFactory, LambdaLR, fall, grow, watch_plateau, no_schedule)
}  # all that remedies set optimizers and schedules up with
TURNED = ("output_kind", "target_scale", "temperature", "smoothing")  # of an objective
PARTS = ("raw_train", "raw_stopping", "raw_judging")


@dataclass(frozen=True, eq=False)
class Origin:
    """Hold what a run began with and a caller hands in again: known by name.

    Parameters
    ----------
    modules, tensors : dict
        Of the network, by path.
    data, objective : TableData, Objective
        Before any repair.
    make_optimizer, make_schedule : callable
        As the settings ask for.
    """

    modules: dict[str, nn.Module]
    tensors: dict[str, Tensor]
    data: TableData
    objective: Objective
    make_optimizer: Maker
    make_schedule: Maker

    @classmethod
    def of(cls, state: TrainingState) -> "Origin":
        """Return what a state holds that nothing was done to yet."""
        model = state.model
        named = [*model.named_parameters(), *model.named_buffers()]
        return cls(
            modules=tree_of(model),
            tensors=dict(named),
            data=state.data,
            objective=state.objective,
            make_optimizer=state.make_optimizer,
            make_schedule=state.make_schedule,
        )

    def describe(self) -> str:
        """Return kinds of modules and shapes of tensors, a line for each."""
        lines = [f"{name}: {type(module).__qualname__}" for name, module in self.modules.items()]
        lines += [f"{n}: {tuple(t.shape)} {t.dtype}" for n, t in self.tensors.items()]
        return "\n".join(lines)


class Pool(Generic[T]):
    """Describe every object once, however often it is met.

    Parameters
    ----------
    describe : callable
        ``object -> plain values``.
    """

    def __init__(self, describe: Callable[[T], Any]) -> None:
        self.described: list[Any] = []
        self._describe = describe
        self._numbers: dict[int, int] = {}
        self._met: list[T] = []  # kept alive, so that no other object gets its address

    def number(self, thing: T) -> int:
        """Return the place of an object among the described ones."""
        if id(thing) not in self._numbers:
            described = self._describe(thing)
            self._numbers[id(thing)] = len(self.described)
            self.described.append(described)
            self._met.append(thing)
        return self._numbers[id(thing)]

    def number_or_none(self, thing: T | None) -> int | None:
        """Return the place of an object; None for none."""
        return None if thing is None else self.number(thing)


class Names:
    """Describe modules and tensors: by name those of the caller, by kind the others.

    Parameters
    ----------
    origin : Origin
        Of the run.
    """

    def __init__(self, origin: Origin) -> None:
        self._modules = {id(module): name for name, module in reversed(origin.modules.items())}
        self._tensors = {id(tensor): name for name, tensor in origin.tensors.items()}
        self.modules = Pool(self._describe_module)
        self.tensors = Pool(self._describe_tensor)

    def _describe_module(self, module: nn.Module) -> dict[str, Any]:
        if id(module) in self._modules:
            return {"name": self._modules[id(module)]}
        if isinstance(module, HouseNetwork):
            return {"kind": "HouseNetwork"}
        if type(module) is nn.Sequential:
            return {"kind": "Sequential", "layers": []}  # which ones, the moments know
        try:
            return describe_layer(module)
        except KeyError as error:
            raise TrainingError(f"a layer of kind {error} cannot be described") from error

    def _describe_tensor(self, tensor: Tensor) -> dict[str, Any]:
        if id(tensor) in self._tensors:
            return {"name": self._tensors[id(tensor)]}
        return {
            "shape": tuple(tensor.shape),
            "type": str(tensor.dtype).removeprefix("torch."),
            "is_parameter": isinstance(tensor, nn.Parameter),
        }

    def describe_model(self, model: ModelSnapshot) -> dict[str, Any]:
        """Return tree, attributes and values of a network at one moment."""
        return {
            "root": self.modules.number(model.root),
            "parts": [self._describe_parts(parts) for parts in model.parts],
            "tensors": [self.tensors.number(tensor) for tensor, _ in model.tensors],
            "values": [values for _, values in model.tensors],
            "trainable": model.trainable,
        }

    def _describe_parts(self, parts: ModuleParts) -> dict[str, Any]:
        module, tensor = self.modules.number_or_none, self.tensors.number_or_none
        return {
            "module": self.modules.number(parts.module),
            "children": {name: module(child) for name, child in parts.children.items()},
            "parameters": {name: tensor(each) for name, each in parts.parameters.items()},
            "buffers": {name: tensor(each) for name, each in parts.buffers.items()},
            "attributes": {name: v for name, v in parts.attributes.items() if _is_plain(v)},
        }


def _is_plain(value: Any) -> bool:
    if type(value) is tuple:
        return all(type(each) in PLAIN_TYPES and _is_plain(each) for each in value)
    return True  # `structure` takes no others


def build_modules(described: Sequence[Mapping[str, Any]], origin: Origin) -> list[nn.Module]:
    """Return the modules `Names` described: the caller's own, and new ones."""
    return [_build_module(each, origin) for each in described]


def _build_module(described: Mapping[str, Any], origin: Origin) -> nn.Module:
    if "name" in described:
        return origin.modules[described["name"]]
    if described["kind"] == "HouseNetwork":
        return HouseNetwork(1, 1, widths=())
    return build_layer(described)


def build_tensors(described: Sequence[Mapping[str, Any]], origin: Origin) -> list[Tensor]:
    """Return the tensors `Names` described: the caller's own, and new ones of zeros."""
    return [_build_tensor(each, origin) for each in described]


def _build_tensor(described: Mapping[str, Any], origin: Origin) -> Tensor:
    if "name" in described:
        return origin.tensors[described["name"]]
    dtype = getattr(torch, described["type"])
    values = torch.zeros(described["shape"], dtype=dtype, device=origin.data.device)
    is_parameter = described["is_parameter"]
    return nn.Parameter(values, requires_grad=False) if is_parameter else values


def build_model(
    described: Mapping[str, Any], modules: Sequence[nn.Module], tensors: Sequence[Tensor]
) -> ModelSnapshot:
    """Return a network at one moment, over these modules and tensors."""
    parts = tuple(_build_parts(each, modules, tensors) for each in described["parts"])
    live = [tensors[number] for number in described["tensors"]]
    values = [v.to(t.device) for v, t in zip(described["values"], live, strict=True)]
    if any(a.shape != b.shape or a.dtype != b.dtype for a, b in zip(live, values, strict=True)):
        raise ValueError("values do not fit their tensors")
    return ModelSnapshot(
        root=modules[described["root"]],
        parts=parts,
        tensors=tuple(zip(live, values, strict=True)),
        trainable=tuple(described["trainable"]),
    )


def _build_parts(
    described: Mapping[str, Any], modules: Sequence[nn.Module], tensors: Sequence[Tensor]
) -> ModuleParts:
    def pick(things: Sequence[Any], kind: str) -> dict[str, Any]:
        return {k: None if n is None else things[n] for k, n in described[kind].items()}

    return ModuleParts(
        module=modules[described["module"]],
        children=pick(modules, "children"),
        parameters=pick(tensors, "parameters"),
        buffers=pick(tensors, "buffers"),
        attributes=dict(described["attributes"]),
    )


def name_maker(maker: Any, own: Maker) -> Any:
    """Return by its name what makes an optimizer or a schedule; plain values as are.

    Parameters
    ----------
    maker : callable or plain value
        What repairs use, or the run's own.
    own : callable
        The one that the settings ask for.
    """
    if maker is own:
        return {"kind": "own"}
    if isinstance(maker, partial) and not maker.args:
        kept = {name: name_maker(value, own) for name, value in maker.keywords.items()}
        return {"kind": "partial", "name": _name(maker.func), "with": kept}
    if isinstance(maker, SoundFactory):
        return {"kind": "made", "name": _name(SoundFactory), "with": {"rate": maker.rate}}
    return {"kind": "plain", "name": _name(maker)} if callable(maker) else to_plain(maker)


def _name(maker: Maker) -> str:
    name = getattr(maker, "__name__", type(maker).__name__)
    if MAKERS.get(name) is not maker:
        raise TrainingError(f"{name}, which the run was set up with, stands not in `MAKERS`")
    return name


def find_maker(named: Any, own: Maker) -> Any:
    """Return what `name_maker` named."""
    if not isinstance(named, Mapping):
        return named
    if named["kind"] == "own":
        return own
    maker = MAKERS[named["name"]]
    if named["kind"] == "plain":
        return maker
    kept = {name: find_maker(value, own) for name, value in named["with"].items()}
    return partial(maker, **kept) if named["kind"] == "partial" else maker(**kept)


def describe_objective(objective: Objective, origin: Origin) -> dict[str, Any] | None:
    """Return what repairs turned about an objective; None for the first one."""
    if objective is origin.objective:
        return None
    return {name: getattr(objective, name) for name in TURNED}


def build_objective(described: Mapping[str, Any] | None, origin: Origin) -> Objective:
    """Return the objective that `describe_objective` described."""
    return origin.objective if described is None else origin.objective.changed(**described)


def describe_table(table: TableData, origin: Origin, objective: int) -> dict[str, Any]:
    """Return which rows are left of the table handed in, and what is done to them.

    Parameters
    ----------
    table : TableData
        Now.
    origin : Origin
        Of the run.
    objective : int
        Number of the one that makes its targets.
    """
    return {
        "is_first": table is origin.data,
        "rows": {
            name: _places(getattr(table, name), getattr(origin.data, name)) for name in PARTS
        },
        "treatments": [treatment.as_dict() for treatment in table.treatments],
        "objective": objective,
    }


def _places(rows: RawRows, first: RawRows) -> np.ndarray | None:
    """Return where rows stand among the first ones; None when they are those."""
    if rows is first:
        return None
    all_places = np.arange(len(first)) if first.places is None else first.places
    if rows.places is None or not np.isin(rows.places, all_places).all():
        raise TrainingError("the rows were made, not chosen: they cannot be found again")
    return np.searchsorted(all_places, rows.places)


def build_table(
    described: Mapping[str, Any], origin: Origin, objectives: Sequence[Objective]
) -> TableData:
    """Return the table that `describe_table` described."""
    if described["is_first"]:
        return origin.data
    rows = {
        name: getattr(origin.data, name).at(places)
        for name, places in described["rows"].items()
        if places is not None
    }
    treatments = tuple(load_treatment(treatment) for treatment in described["treatments"])
    targets = objectives[described["objective"]].targets
    return replace(origin.data, **rows, treatments=treatments, targets=targets)
