"""Rows in the order of training: one shuffled copy per epoch, cut into batches."""

import itertools
from typing import NamedTuple

import torch

EPOCHS_APART = 1_000_003  # a prime above any number of epochs: seeds never share an order


class Batch(NamedTuple):
    """Hold the rows of one step; ``weight`` is None when all rows count the same."""

    X: torch.Tensor
    y: torch.Tensor
    weight: torch.Tensor | None


class Rows(NamedTuple):
    """Hold all rows of one part of the data, treated and on the device."""

    X: torch.Tensor
    y: torch.Tensor
    weight: torch.Tensor | None

    def __len__(self) -> int:
        """Return the number of rows, not of fields."""
        return int(self.X.shape[0])


class Batches:
    """Cut the training rows into batches; the order depends on seed and epoch only.

    Because nothing else decides the order, the position in an epoch (rows consumed so
    far) is all a snapshot must keep to go on with the same rows.

    Parameters
    ----------
    seed : int
        Together with the epoch it seeds the shuffle.

    Notes
    -----
    The epoch is gathered once and then sliced; `index_select` takes a quarter of the
    time of indexing with brackets (measured: benchmarks/engine_speed.py).
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._generator = torch.Generator()
        self._key: tuple[object, ...] = ()
        self._rows: Rows | None = None
        self._by_position: dict[int, Batch] = {}

    def take(self, rows: Rows, *, epoch: int, position: int, batch_size: int) -> Batch:
        """Return the batch that starts after `position` rows of this epoch.

        A last batch of a single row joins the one before it: batch normalisation has
        no variance over one row.
        """
        batch = self._by_position.get(position)
        if batch is None or self._key != (epoch, batch_size) or self._rows is not rows:
            self._gather(rows, epoch, position, batch_size)
            batch = self._by_position[position]
        return batch

    def _gather(self, rows: Rows, epoch: int, position: int, batch_size: int) -> None:
        self._generator.manual_seed((self._seed * EPOCHS_APART + epoch) % 2**63)
        order = torch.randperm(len(rows), generator=self._generator)[position:].to(rows.X.device)
        sizes = batch_sizes(len(order), batch_size)
        starts = itertools.accumulate(sizes[:-1], initial=position)
        X, y = (
            rows.X.index_select(0, order).split(sizes),
            rows.y.index_select(0, order).split(sizes),
        )
        weight = (
            [None] * len(sizes)
            if rows.weight is None
            else rows.weight.index_select(0, order).split(sizes)
        )
        self._by_position = dict(zip(starts, map(Batch, X, y, weight), strict=True))
        self._key, self._rows = (epoch, batch_size), rows


def batch_sizes(n_rows: int, batch_size: int) -> list[int]:
    """Return the sizes of the batches of one epoch; a lone last row is not left alone.

    Examples
    --------
    >>> batch_sizes(9, 4)
    [4, 5]
    >>> batch_sizes(10, 4)
    [4, 4, 2]
    """
    n_full, rest = divmod(n_rows, batch_size)
    sizes = [batch_size] * n_full
    if rest == 1 and sizes:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes
