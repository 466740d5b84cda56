"""Rows in the order of training: one shuffled copy per epoch, cut into batches."""

from typing import NamedTuple

import numpy as np
import torch


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
    The epoch is gathered once and then sliced: gathering batch by batch costs a third
    of a step on small networks (engine.md, speed).
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
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
        generator = np.random.default_rng([self._seed, epoch])
        order = torch.from_numpy(generator.permutation(len(rows))[position:]).to(rows.X.device)
        sizes = batch_sizes(len(order), batch_size)
        columns = [None if column is None else column[order].split(sizes) for column in rows]
        starts = np.cumsum([position, *sizes[:-1]]).tolist()
        self._by_position = {
            start: Batch(*(None if column is None else column[i] for column in columns))
            for i, start in enumerate(starts)
        }
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
