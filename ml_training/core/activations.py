"""What the activations of a network are doing: their size, and the silent units."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

RECTIFIERS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU)
SQUASHERS = (nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardsigmoid)
SATURATED = 0.95  # of the distance from middle to limit; tanh then passes 10 % of a gradient

MOST_ROWS = 32  # of a batch; chosen: who fires once in ten rows is silent on 32 once in 30


class ActivationTap:
    """Listen to the activation modules of a network during its forward passes.

    What listens is in place only inside `listening`; nothing stays on a caller's model.
    """

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self._sizes: list[float] = []
        self._quiet: list[float] = []

    @property
    def heard(self) -> tuple[list[float], list[float]]:
        """Return sizes and silent shares heard since last measured; they stay."""
        return self._sizes, self._quiet

    @heard.setter
    def heard(self, heard: tuple[list[float], list[float]]) -> None:
        self._sizes, self._quiet = heard

    @contextmanager
    def listening(self, model: nn.Module) -> Iterator[None]:
        """Stand in for the forward passes of all activations, and step back again.

        Notes
        -----
        Not by hooks: a module with a hook takes a slower way through torch, which costs
        as much as the measurement.
        """
        kinds = RECTIFIERS + SQUASHERS
        found = {name: m for name, m in model.named_modules() if isinstance(m, kinds)}
        self.names = tuple(found)
        kept = [(vars(module), vars(module).get("forward")) for module in found.values()]
        for module in found.values():
            vars(module)["forward"] = self._listen_to(module)
        try:
            yield
        finally:
            for attributes, own in kept:
                del attributes["forward"]
                if own is not None:
                    attributes["forward"] = own
            self.measure()

    def _listen_to(self, module: nn.Module) -> Callable[..., Tensor]:
        """Return a forward pass that measures at once, while the cache has the numbers.

        Keeping the tensor until the step has ended costs far more, in memory that the
        step cannot use again (measured: benchmarks/engine_speed.py).
        """
        forward, measure_quiet = module.forward, _choose_quiet(module)

        def forward_and_measure(*inputs: Any) -> Tensor:
            output: Tensor = forward(*inputs)
            still = output.detach()
            rows = (still if still.is_cpu else still.cpu()).numpy()[:MOST_ROWS]
            if rows.ndim != 2:
                rows = rows.reshape(len(rows), -1)
            flat = rows.ravel()
            self._sizes.append(math.sqrt(flat.dot(flat) / flat.size) if flat.size else 0.0)
            self._quiet.append(measure_quiet(rows))
            return output

        return forward_and_measure

    def measure(self) -> tuple[list[float], list[float]]:
        """Return size and share of silent units of each activation heard since last.

        Returns
        -------
        tuple of two lists of float
            Root mean square of the outputs; share that passes (almost) no gradient: of
            rectifiers the units at zero for every row, of squashers all outputs near a
            limit.
        """
        sizes, quiet = self._sizes, self._quiet
        self._sizes, self._quiet = [], []
        return sizes, quiet


def _choose_quiet(module: nn.Module) -> Callable[[npt.NDArray[Any]], float]:
    """Return the function that measures the share of silent units of a module."""
    if isinstance(module, RECTIFIERS):
        return _share_at_zero
    is_sigmoid = isinstance(module, nn.Sigmoid | nn.Hardsigmoid)
    middle, reach = (0.5, 0.5 * SATURATED) if is_sigmoid else (0.0, SATURATED)
    return lambda rows: _share_at_limits(rows, middle, reach)


def _share_at_zero(rows: npt.NDArray[Any]) -> float:
    share: float = np.count_nonzero(rows.max(axis=0) <= 0) / rows.shape[1]
    return share


def _share_at_limits(rows: npt.NDArray[Any], middle: float, reach: float) -> float:
    share: float = np.count_nonzero(np.abs(rows - middle) >= reach) / max(rows.size, 1)
    return share
