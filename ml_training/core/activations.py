"""What the activations of a network are doing: their size, and the silent units."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

RECTIFIERS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU)
SQUASHERS = (nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardsigmoid)
SATURATED = 0.95  # of the distance from middle to limit; tanh then passes 10 % of a gradient


class ActivationTap:
    """Listen to the activation modules of a network during its forward passes.

    Hooks are in place only inside `listening`; nothing stays on a caller's model.
    """

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self._outputs: list[tuple[nn.Module, Tensor]] = []

    @contextmanager
    def listening(self, model: nn.Module) -> Iterator[None]:
        """Put hooks on all activation modules, and take them off again."""
        kinds = RECTIFIERS + SQUASHERS
        found = [(name, m) for name, m in model.named_modules() if isinstance(m, kinds)]
        self.names = tuple(name for name, _ in found)
        handles = [module.register_forward_hook(self._hear) for _, module in found]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
            self._outputs.clear()

    def _hear(self, module: nn.Module, _: Any, output: Tensor) -> None:
        self._outputs.append((module, output.detach()))

    def measure(self) -> tuple[list[float], list[float]]:
        """Return size and share of silent units of each activation heard since last.

        Returns
        -------
        tuple of two lists of float
            Root mean square of the outputs; share of units that passed (almost) no
            gradient for any row of the batch: rectifiers at zero, squashers at a limit.
        """
        heard, self._outputs = self._outputs, []
        seen = [(module, output.cpu().numpy()) for module, output in heard]
        return [_size(values) for _, values in seen], [_quiet(m, values) for m, values in seen]


def _size(values: npt.NDArray[np.float32]) -> float:
    flat = values.reshape(-1)
    return float(np.sqrt(flat.dot(flat) / max(flat.size, 1)))


def _quiet(module: nn.Module, values: npt.NDArray[np.float32]) -> float:
    rows = values.reshape(len(values), -1)
    if isinstance(module, RECTIFIERS):
        return float((rows.max(axis=0) <= 0).mean())
    low, high = _limits(module)
    reach = SATURATED * (high - low) / 2
    nearest = np.abs(rows - (low + high) / 2).min(axis=0)
    return float((nearest >= reach).mean())


def _limits(module: nn.Module) -> tuple[float, float]:
    return (0.0, 1.0) if isinstance(module, nn.Sigmoid | nn.Hardsigmoid) else (-1.0, 1.0)
