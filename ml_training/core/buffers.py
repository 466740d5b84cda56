"""All trainable parameters, and all their gradients, as two flat vectors."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

ALIGNMENT = 16  # floats; 64 bytes keep every tensor on a cache line of its own


class FlatParameters:
    """Re-home the parameters of a model in one vector, their gradients in another.

    The parameters stay what they were for the model and for autograd; norms, clipping,
    finiteness and snapshots become one or two vector operations, seen from numpy
    without a copy.

    Parameters
    ----------
    model : torch.nn.Module
        Its trainable parameters must share one floating type and one device.
    named : sequence of (str, parameter), optional
        Those to take, when the tree of the model is another one at present.

    Notes
    -----
    The way everyone does it, a loop over the parameters with ``.item()`` on each,
    costs as much as the training step itself on small networks (engine.md, speed).
    """

    def __init__(
        self, model: nn.Module, named: Sequence[tuple[str, nn.Parameter]] | None = None
    ) -> None:
        if named is None:
            named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        self.names = tuple(name for name, _ in named)
        self.parameters = [parameter for _, parameter in named]
        spans, layers, total = _lay_out(named)
        self.layer_names = tuple(layers)
        sample = self.parameters[0]
        self.values = torch.zeros(total, dtype=sample.dtype, device=sample.device)
        self.gradients = torch.zeros_like(self.values)
        self.n_parameters = sum(p.numel() for p in self.parameters)
        self._spans = spans
        with torch.no_grad():
            for parameter, (start, stop) in zip(self.parameters, spans, strict=True):
                self.values[start:stop] = parameter.reshape(-1)
        self.reclaim()
        self.has_strays = False
        self.vector = nn.Parameter(self.values, requires_grad=False)
        self.vector.grad = self.gradients
        self._see(list(layers.values()))

    def reclaim(self) -> None:
        """Point the parameters at these vectors (again, after surgery was undone)."""
        for parameter, (start, stop) in zip(self.parameters, self._spans, strict=True):
            parameter.data = self.values[start:stop].view(parameter.shape)
            parameter.grad = self.gradients[start:stop].view(parameter.shape)

    def _see(self, layers: list[tuple[int, int]]) -> None:
        self._layer_spans = layers
        self._on_cpu = self.values.device.type == "cpu"
        source = self.values if self._on_cpu else self.values.cpu()
        self._values = source.numpy()
        gradients = self.gradients if self._on_cpu else self.gradients.cpu()
        self._gradients = gradients.numpy()
        self._gradient_layers = [self._gradients[a:b] for a, b in layers]
        self._before = self._values.copy()
        self._delta = np.empty_like(self._values)
        self._delta_layers = [self._delta[a:b] for a, b in layers]
        self._value_layers = [self._values[a:b] for a, b in layers]

    def gather_strays(self) -> None:
        """Bring home gradients that were replaced instead of added to.

        Sparse gradients and ``zero_grad`` of a user's own do that.
        """
        for parameter, (start, stop) in zip(self.parameters, self._spans, strict=True):
            home = self.gradients[start:stop].view(parameter.shape)
            grad = parameter.grad
            if grad is None or grad.data_ptr() != home.data_ptr():
                home.copy_(torch.zeros_like(home) if grad is None else grad.to_dense())
                parameter.grad = home
                self.has_strays = True

    def zero_gradients(self) -> None:
        """Set all gradients to zero, in place."""
        if self._on_cpu:
            self._gradients.fill(0.0)
        else:
            self.gradients.zero_()

    def measure_gradients(self) -> tuple[float, list[float]]:
        """Return the norm of the whole gradient and the norm of each layer's.

        Returns
        -------
        tuple of float and list of float
            NaN or Inf anywhere in the gradient makes the first one NaN or Inf.
        """
        if not self._on_cpu:
            np.copyto(self._gradients, self.gradients.cpu().numpy())
        squares = [float(layer.dot(layer)) for layer in self._gradient_layers]
        total = sum(squares)
        if not math.isfinite(total):
            return self._measure_wide(self._gradient_layers)
        return math.sqrt(total), [math.sqrt(square) for square in squares]

    @staticmethod
    def _measure_wide(layers: list[np.ndarray]) -> tuple[float, list[float]]:
        """Measure again in double precision: squares of 1e20 overflow single floats."""
        wide = [layer.astype(np.float64) for layer in layers]
        squares = [float(layer.dot(layer)) for layer in wide]
        return math.sqrt(sum(squares)), [math.sqrt(square) for square in squares]

    def scale_gradients(self, factor: float) -> None:
        """Multiply all gradients by one number, in place."""
        if self._on_cpu:
            np.multiply(self._gradients, self._gradients.dtype.type(factor), out=self._gradients)
        else:
            self.gradients.mul_(factor)

    def remember(self) -> None:
        """Keep a copy of the parameters, to measure the next update against."""
        np.copyto(self._before, self._current())

    def measure_update(self) -> tuple[float, list[float]]:
        """Return the norm of the last update, and update over weight for each layer."""
        np.subtract(self._current(), self._before, out=self._delta)
        squares = [float(layer.dot(layer)) for layer in self._delta_layers]
        weights = [float(layer.dot(layer)) for layer in self._value_layers]
        ratios = [
            math.sqrt(s / w) if w > 0 else 0.0 for s, w in zip(squares, weights, strict=True)
        ]
        return math.sqrt(sum(squares)), ratios

    def _current(self) -> np.ndarray:
        if not self._on_cpu:
            np.copyto(self._values, self.values.cpu().numpy())
        return self._values

    def copy_values(self) -> np.ndarray:
        """Return all weights in a vector of its own."""
        return self._current().copy()

    def is_finite(self) -> bool:
        """Tell whether every parameter is a finite number."""
        return bool(np.isfinite(self._current()).all())

    def still_holds(self, model: nn.Module) -> bool:
        """Tell whether the model's trainable parameters are still exactly these."""
        present = [p for p in model.parameters() if p.requires_grad]
        return len(present) == len(self.parameters) and all(
            a is b for a, b in zip(present, self.parameters, strict=True)
        )

    def release(self) -> None:
        """Give every parameter memory of its own again."""
        for parameter in self.parameters:
            parameter.data = parameter.data.clone()
            parameter.grad = None


def _lay_out(
    named: Sequence[tuple[str, nn.Parameter]],
) -> tuple[list[tuple[int, int]], dict[str, tuple[int, int]], int]:
    """Place each parameter on an aligned offset; a layer is a run of one owner's."""
    spans: list[tuple[int, int]] = []
    layers: dict[str, tuple[int, int]] = {}
    position = 0
    for name, parameter in named:
        stop = position + parameter.numel()
        spans.append((position, stop))
        owner = name.rpartition(".")[0] or "model"
        layers[owner] = (layers.get(owner, (position, stop))[0], stop)
        position = -(-stop // ALIGNMENT) * ALIGNMENT
    return spans, layers, position
