"""Healthy trainings that look odd: whoever raises an alarm here cries wolf."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.faults.bases import Base
from benchmarks.faults.ills import Changes, Dose

Change = Callable[[Base, Dose], Changes]


@dataclass(frozen=True, kw_only=True)
class Trap:
    """Describe one odd but healthy way to train.

    Parameters
    ----------
    key : str
        Short name, part of case ids.
    why : str
        Why it is healthy.
    trap_for : tuple of str
        The alarms it provokes.
    change : callable
        ``(base, dose) -> overrides``.
    doses : mapping
        Per group.
    fits : str
        Tags a base must have, ``-tag`` for those it must not have.
    n_bases : int
        How many trainings get each dose.
    is_base_rate : bool
        The best answer is nearly always the same class: scored by its loss.
    """

    key: str
    why: str
    trap_for: tuple[str, ...]
    change: Change
    doses: Mapping[str, tuple[Dose, ...]]
    fits: str = ""
    n_bases: int = 1
    is_base_rate: bool = False

    def suits(self, base: Base) -> bool:
        """Return whether a base can be changed like this and stay healthy."""
        wanted = {tag for tag in self.fits.split() if not tag.startswith("-")}
        barred = {tag[1:] for tag in self.fits.split() if tag.startswith("-")}
        return wanted <= base.tags and not barred & base.tags

    def document(self, base: Base, dose: Dose, key: str) -> dict[str, Any]:
        """Return the healthy case."""
        return {
            "id": key,
            **base.with_changes(self.change(base, dose)),
            "why_healthy": self.why.format(dose=dose),
            "trap_for": list(self.trap_for),
            "expected_symptom": None,
            "proof": "base_rate" if self.is_base_rate else "healthy",
        }


def schedule(**fields: Any) -> Change:
    """Return a change that adds a schedule; ``"dose"`` stands for the dose."""

    def change(base: Base, dose: Dose) -> Changes:
        del base
        return {"scheduler": {k: dose if v == "dose" else v for k, v in fields.items()}}

    return change


def restarts(base: Base, dose: Dose) -> Changes:
    """Restart a cosine every few epochs under SGD."""
    return {
        "scheduler": {"name": "cosine_warm_restarts", "T_0": dose},
        "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9},
        "epochs": max(3 * dose, base.document["epochs"]),
    }


def field_of(name: str) -> Change:
    """Return a change of one field to the dose."""

    def change(base: Base, dose: Dose) -> Changes:
        del base
        return {name: dose}

    return change


def full_batch(base: Base, dose: Dose) -> Changes:
    """Descend on all rows at once, at a rate of the dose."""
    return {"batch_size": 2048, "epochs": 80, "optimizer": base.optimizer(name="adam", lr=dose)}


def small_batches(base: Base, dose: Dose) -> Changes:
    """Step on very few rows, at a rate to match."""
    del base
    return {"batch_size": dose, "optimizer": {"name": "sgd", "lr": 0.02}, "epochs": 12}


def optimizer_dose(base: Base, dose: Dose) -> Changes:
    """Train with another optimizer: (its fields, epochs)."""
    fields, epochs = dose
    return {"optimizer": fields, "epochs": max(epochs, base.document["epochs"])}


def rows_added(*transforms: Mapping[str, Any]) -> Change:
    """Return a change that adds fixed transforms; ``"dose"`` stands for the dose."""

    def change(base: Base, dose: Dose) -> Changes:
        filled = [{k: dose if v == "dose" else v for k, v in t.items()} for t in transforms]
        return {"dataset": base.with_transforms(*filled)}

    return change


def few_rows(base: Base, dose: Dose) -> Changes:
    """Keep few rows and a network to match."""
    return {
        "dataset": base.with_transforms({"op": "keep_rows", "n_rows": dose}),
        "model": base.model(hidden=[8]),
        "batch_size": 16,
        "optimizer": {"name": "adamw", "lr": 0.01, "weight_decay": 0.05},
        "epochs": 30,
    }


def imbalanced(base: Base, dose: Dose) -> Changes:
    """Let one class be the rarer one, within reason."""
    return {"dataset": base.with_transforms({"op": "minority_fraction", "fraction": dose})}


def own_outputs(base: Base, dose: Dose) -> Changes:
    """Pair an output activation with the loss it belongs to."""
    output, loss = dose
    return {"model": base.model(output_activation=output), "loss": loss}


def norm_stack(base: Base, dose: Dose) -> Changes:
    """Stack many layers, each with its normalisation: (depth, kind)."""
    depth, kind = dose
    return {
        "model": base.model(hidden=[32] * depth, normalisation=kind),
        "optimizer": {"name": "adamw", "lr": 0.003, "weight_decay": 0.05},
        "batch_size": 64,
        "epochs": 12,
    }


def replaced(base: Base, dose: Dose) -> Changes:
    """Train on other data altogether: (data set, model, plan)."""
    del base
    dataset, network, how = dose
    return {"dataset": dataset, "model": network, **how}


def rate_and_epochs(base: Base, dose: Dose) -> Changes:
    """Go slowly, but long enough: (rate, epochs)."""
    rate, epochs = dose
    return {"optimizer": base.optimizer(name="adam", lr=rate), "epochs": epochs}


def converged(base: Base, dose: Dose) -> Changes:
    """Go on long after the optimum, gently."""
    return {
        "epochs": dose,
        "model": base.model(hidden=[8]),
        "optimizer": {"name": "adamw", "lr": 0.005, "weight_decay": 0.1},
    }


def patient(base: Base, dose: Dose) -> Changes:
    """Stop early as the user asks."""
    stopping = {"monitor": "val_loss", "patience": dose, "restore_best": True}
    return {"early_stopping": stopping, "epochs": 2 * base.document["epochs"]}
