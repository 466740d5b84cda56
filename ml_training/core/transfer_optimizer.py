"""Two rates in one optimizer, and a pull back to where the weights came from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


class AnchoredAdamW(torch.optim.AdamW):
    """Pull weights towards where they began instead of towards zero.

    Parameters
    ----------
    groups : sequence of mapping
        Parameter groups with rates of their own; `weight_decay` is the strength.
    anchors : mapping
        Where each parameter began, by its id.

    References
    ----------
    Li, Grandvalet, Davoine (2018), Explicit inductive bias for transfer learning with
    convolutional networks, ICML: the starting point as the mean of a normal prior.
    """

    def __init__(self, groups: list[dict[str, Any]], anchors: Mapping[int, torch.Tensor]) -> None:
        super().__init__(groups)
        self._anchors = anchors

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Pull, then take a step of Adam."""
        del closure
        decays = [group["weight_decay"] for group in self.param_groups]
        for group in self.param_groups:
            share = min(float(group["lr"]) * group["weight_decay"], 1.0)
            for parameter in group["params"]:
                anchor = self._anchors[id(parameter)]
                parameter.lerp_(anchor.to(parameter.device, parameter.dtype), share)
            group["weight_decay"] = 0.0
        try:
            super().step()
        finally:
            for group, decay in zip(self.param_groups, decays, strict=True):
                group["weight_decay"] = decay


@dataclass(frozen=True, eq=False)
class TwoPaces:
    """Build an optimizer that moves what came from a base model more slowly.

    Parameters
    ----------
    rate, slow_rate : float
        Of the other parameters, and of those that came from the base model.
    carried : frozenset of int
        Ids of the latter.
    anchors : mapping
        Where each parameter began, by its id.
    pull : float
        Strength of the pull back to there.

    References
    ----------
    Howard, Ruder (2018), Universal language model fine-tuning, section 3.2:
    discriminative rates.
    """

    rate: float
    slow_rate: float
    carried: frozenset[int]
    anchors: Mapping[int, torch.Tensor]
    pull: float

    def __call__(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Return the optimizer of these parameters."""
        fast: list[nn.Parameter] = []
        slow: list[nn.Parameter] = []
        for one in parameters:
            (slow if id(one) in self.carried else fast).append(one)
        groups = [
            {"params": some, "lr": rate, "weight_decay": self.pull}
            for some, rate in ((fast, self.rate), (slow, self.slow_rate))
            if some
        ]
        return AnchoredAdamW(groups, self.anchors)
