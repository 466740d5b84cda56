"""Trainings that work: what our own faults are made from.

Groups that share no data set: thresholds are calibrated on *develop* and *known*; the
*holdout* (`bases_blind`) is only run to report. All are screened: see `screening`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.faults.schema import Case, parse_case

GROUPS = ("develop", "known", "holdout")


@dataclass(frozen=True, kw_only=True)
class Base:
    """Hold one training that works.

    Parameters
    ----------
    key : str
        Short name, part of case ids.
    document : mapping
        The training fields of a case.
    tags : frozenset of str
        What kinds of faults it can carry: ``binary``, ``many`` (classes),
        ``regression``, ``curved`` (no line solves it), ``wide`` (six features or more),
        ``weak`` (little signal), ``numeric`` (no indicator columns), ``plain`` (no
        normalisation).
    """

    key: str
    document: Mapping[str, Any]
    tags: frozenset[str] = field(default_factory=frozenset)

    def with_changes(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the training fields with some of them replaced."""
        return {**self.document, **changes}

    def with_transforms(self, *transforms: Mapping[str, Any]) -> dict[str, Any]:
        """Return the data set with transforms added at the end."""
        dataset = self.document["dataset"]
        return {**dataset, "transforms": [*dataset["transforms"], *transforms]}

    def model(self, **changes: Any) -> dict[str, Any]:
        """Return the network with some fields replaced."""
        return {**self.document["model"], **changes}

    def optimizer(self, **changes: Any) -> dict[str, Any]:
        """Return the optimizer with some fields replaced.

        Another optimizer takes over the weight decay and nothing else.
        """
        known = self.document["optimizer"]
        if changes.get("name", known["name"]) != known["name"]:
            known = {key: value for key, value in known.items() if key == "weight_decay"}
        return {**known, **changes}

    def case(self, key: str) -> Case:
        """Return the base as a case of its own."""
        return parse_case({"id": key, **self.document})


def data(
    name: str, preprocess: str = "standardize", unseen: int = 600, **args: Any
) -> dict[str, Any]:
    """Return the ``dataset`` field of a case."""
    return {
        "name": name,
        "args": args,
        "preprocess": preprocess,
        "transforms": [],
        "unseen": unseen,
    }


def net(
    *hidden: int, activation: str = "relu", init: str = "default", **more: Any
) -> dict[str, Any]:
    """Return the ``model`` field of a case."""
    return {
        "hidden": list(hidden),
        "activation": activation,
        "output_activation": "none",
        "init": init,
        **more,
    }


def plan(
    loss: str, optimizer: str, lr: float, batch_size: int, epochs: int, **options: Any
) -> dict[str, Any]:
    """Return loss, optimizer, batch size and epochs of a case."""
    return {
        "loss": loss,
        "optimizer": {"name": optimizer, "lr": lr, **options},
        "batch_size": batch_size,
        "epochs": epochs,
    }


def base(
    key: str,
    tags: str,
    dataset: Mapping[str, Any],
    model: Mapping[str, Any],
    how: Mapping[str, Any],
) -> Base:
    """Return a base with its tags written as words."""
    return Base(
        key=key,
        document={"dataset": dataset, "model": model, **how},
        tags=frozenset(tags.split()),
    )


BCE, CE, MSE = "bce_with_logits", "cross_entropy", "mse"
DEVELOP = (
    base(
        "classes", "binary wide numeric plain",
        data("classes", n=1200, n_features=12, n_informative=6, n_redundant=2, class_sep=1.2,
          seed=11),
        net(32), plan(BCE, "adam", 0.005, 32, 25),
    ),
    base(
        "classes4", "many wide numeric plain",
        data("classes", n=1500, n_features=16, n_informative=8, n_classes=4, class_sep=1.5,
          seed=12),
        net(48), plan(CE, "adam", 0.005, 32, 25),
    ),
    base(
        "hastie", "binary wide curved numeric plain",
        data("hastie", n=1800, seed=13), net(48), plan(BCE, "adam", 0.01, 64, 30,
          weight_decay=1e-3),
    ),
    base(
        "friedman1", "regression wide curved numeric plain",
        data("friedman1", "standardize_xy", n=900, seed=14), net(32),
        plan(MSE, "adam", 0.005, 32, 40),
    ),
    base(
        "market", "binary wide weak numeric plain",
        data("market", n=3000, edge=2.5, seed=15), net(12),
        plan(BCE, "adam", 0.002, 64, 12, weight_decay=1e-3),
    ),
    base(
        "categories", "binary wide curved plain",
        data("categories", n=1400, levels=8, seed=16), net(32), plan(BCE, "adam", 0.003, 32, 15),
    ),
    base(
        "tails", "binary wide numeric plain",
        data("tails", n=1500, degrees=4, seed=17), net(24, activation="tanh"),
        plan(BCE, "adam", 0.003, 32, 20),
    ),
    base(
        "ring", "binary curved numeric plain",
        data("ring", n=1200, clouds=8, seed=18), net(32, 32),
        plan(BCE, "sgd", 0.1, 32, 40, momentum=0.9),
    ),
    base(
        "prices", "regression wide numeric plain",
        data("prices", "standardize_xy", n=700, seed=19), net(16), plan(MSE, "sgd", 0.05, 32, 30),
    ),
    base(
        "digits", "many wide numeric plain",
        data("digits", "minmax", 400, n=1000, seed=20), net(48), plan(CE, "adam", 0.005, 32, 20),
    ),
    base(
        "rings", "binary curved numeric plain",
        data("rings", n=1000, seed=21), net(24, activation="tanh"),
        plan(BCE, "adam", 0.02, 32, 35),
    ),
    base(
        "deep", "binary wide numeric",
        data("classes", n=1400, n_features=10, n_informative=7, class_sep=1.3, seed=22),
        net(32, 32, 32, activation="gelu", normalisation="layer"),
        plan(BCE, "adamw", 0.003, 64, 20),
    ),
)  # fmt: skip
KNOWN = (
    base(
        "quantiles", "many curved numeric plain",
        data("quantiles", n=1500, n_features=5, n_classes=3, seed=31), net(48),
        plan(CE, "adam", 0.01, 32, 30),
    ),
    base(
        "spirals", "binary curved numeric plain",
        data("spirals", n=1200, turns=0.9, seed=32), net(40, 40, activation="tanh"),
        plan(BCE, "adam", 0.01, 32, 40),
    ),
    base(
        "friedman2", "regression curved numeric plain",
        data("friedman2", "standardize_xy", n=900, seed=33), net(32),
        plan(MSE, "adam", 0.01, 32, 30),
    ),
    base(
        "friedman3", "regression curved numeric plain",
        data("friedman3", "standardize_xy", n=1000, seed=34), net(32, 16, activation="elu"),
        plan(MSE, "adam", 0.005, 32, 30),
    ),
    base(
        "pixels", "many wide numeric plain",
        data("pixels", "minmax", n=1200, n_classes=5, noise=5.0, seed=35), net(48),
        plan(CE, "adam", 0.003, 32, 15),
    ),
    base(
        "checker", "binary curved numeric plain",
        data("checker", n=1500, cells=3, seed=36), net(48, 32), plan(BCE, "adam", 0.01, 32, 40),
    ),
    base(
        "wine", "many wide numeric plain",
        data("wine", unseen=0, seed=37), net(16), plan(CE, "adam", 0.01, 16, 30),
    ),
    base(
        "polynomial", "regression curved numeric plain",
        data("polynomial", "standardize_xy", n=800, seed=38), net(32, 32, activation="selu"),
        plan(MSE, "adam", 0.003, 32, 40),
    ),
    base(
        "mixed", "binary wide plain",
        data("mixed", n=1500, seed=39), net(32, activation="leaky_relu"),
        plan(BCE, "sgd", 0.1, 32, 30, momentum=0.9),
    ),
    base(
        "regimes", "binary wide weak numeric plain",
        data("regimes", n=3500, edge=2.0, seed=40), net(16), plan(BCE, "adamw", 0.002, 64, 12),
    ),
    base(
        "moons", "binary curved numeric plain",
        data("moons", n=900, noise=0.15, seed=41), net(24, activation="gelu"),
        plan(BCE, "rmsprop", 0.01, 32, 40),
    ),
    base(
        "plane", "binary wide numeric plain",
        data("plane", n=900, margin=0.1, n_features=8, seed=42), net(24),
        plan(BCE, "sgd", 0.05, 32, 25),
    ),
)  # fmt: skip
