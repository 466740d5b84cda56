"""What can be done to a training that works, and what undoes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.faults.bases import Base

Changes = dict[str, Any]
Dose = Any
Outcome = Literal["repairable", "unfixable", "alarm"]
Proof = Literal[
    "score", "loss", "spike", "shift", "leak", "chance", "calibration", "scarce", "prior"
]


def restore(base: Base, dose: Dose, changes: Changes) -> Changes:
    """Return the overrides that put back what the working training had."""
    del dose
    return {name: base.document.get(name, []) for name in changes}


@dataclass(frozen=True, kw_only=True)
class Ill:
    """Describe one fault that can be given to many trainings in several doses.

    Parameters
    ----------
    key : str
        Short name, part of case ids.
    expected : str
        The problem it should be called.
    also : tuple of str
        Names that are equally fair.
    spoil : callable
        ``(base, dose) -> overrides``.
    cure : callable
        ``(base, dose, overrides) -> overrides`` on top of the spoiled training.
    doses : mapping
        Magnitudes per group; those of the holdout stand in `doses_blind`.
    fits : str
        Tags a base must have, ``-tag`` for those it must not have.
    n_bases : int
        How many trainings get each dose.
    outcome : str
        ``"repairable"``; ``"unfixable"`` (alarm and refusal); ``"alarm"`` (an alarm is
        all that is asked for).
    proof : str
        What the screening demands: see `screening`.
    fault : str
        The fault in words, with the dose as ``{dose}``.
    """

    key: str
    expected: str
    also: tuple[str, ...]
    spoil: Callable[[Base, Dose], Changes]
    fault: str
    doses: Mapping[str, tuple[Dose, ...]] = field(default_factory=dict)
    cure: Callable[[Base, Dose, Changes], Changes] = restore
    fits: str = ""
    n_bases: int = 2
    outcome: Outcome = "repairable"
    proof: Proof = "score"

    def suits(self, base: Base) -> bool:
        """Return whether a base can carry this fault."""
        wanted = {tag for tag in self.fits.split() if not tag.startswith("-")}
        barred = {tag[1:] for tag in self.fits.split() if tag.startswith("-")}
        return wanted <= base.tags and not barred & base.tags

    def document(self, base: Base, dose: Dose, key: str) -> dict[str, Any]:
        """Return the case: a base, spoiled."""
        changes = self.spoil(base, dose)
        fix = self.cure(base, dose, changes) if self.outcome == "repairable" else None
        return {
            "id": key,
            **base.with_changes(changes),
            "fault": self.fault.format(dose=dose),
            "expected_symptom": self.expected,
            "also_acceptable": list(self.also),
            "known_good_fix": fix,
            "unfixable": self.outcome == "unfixable",
            "proof": self.proof,
        }


def doses(develop: tuple[Dose, ...], known: tuple[Dose, ...]) -> dict[str, tuple[Dose, ...]]:
    """Return the magnitudes of the groups that are calibrated on."""
    return {"develop": develop, "known": known}


def spoiled(op: str, name: str, **fixed: Any) -> Callable[[Base, Dose], Changes]:
    """Return a fault that is one transform with the dose as one of its options."""

    def spoil(base: Base, dose: Dose) -> Changes:
        return {"dataset": base.with_transforms({"op": op, name: dose, **fixed})}

    return spoil


def repaired_by(*repairs: str) -> Callable[[Base, Dose, Changes], Changes]:
    """Return a cure that leaves the spoiled rows and adds repairs of rows."""

    def cure(base: Base, dose: Dose, changes: Changes) -> Changes:
        del base, dose
        dataset = changes["dataset"]
        added = [{"op": op} for op in repairs]
        return {"dataset": {**dataset, "transforms": [*dataset["transforms"], *added]}}

    return cure


def optimizer(**fields: Any) -> Callable[[Base, Dose], Changes]:
    """Return a fault in the optimizer; ``"dose"`` stands for the dose."""

    def spoil(base: Base, dose: Dose) -> Changes:
        return {"optimizer": base.optimizer(**filled(fields, dose))}

    return spoil


def model(**fields: Any) -> Callable[[Base, Dose], Changes]:
    """Return a fault in the network; ``"dose"`` stands for the dose."""

    def spoil(base: Base, dose: Dose) -> Changes:
        return {"model": base.model(**filled(fields, dose))}

    return spoil


def filled(fields: Mapping[str, Any], dose: Dose) -> dict[str, Any]:
    """Return fields with the dose put where its name stands."""
    return {name: dose if value == "dose" else value for name, value in fields.items()}


def rate_times(base: Base, dose: Dose) -> Changes:
    """Multiply the learning rate."""
    return {"optimizer": base.optimizer(lr=base.document["optimizer"]["lr"] * dose)}


def event_at(share: float, **event: Any) -> Callable[[Base, Dose], Changes]:
    """Return a fault that strikes after a share of the epochs."""

    def spoil(base: Base, dose: Dose) -> Changes:
        epoch = max(1, round(share * base.document["epochs"]))
        return {"events": [{"at_epoch": epoch, **filled(event, dose)}]}

    return spoil
