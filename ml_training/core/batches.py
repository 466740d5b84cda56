"""Rows in the order of training: one shuffled copy per epoch, cut into batches."""

import itertools
from typing import NamedTuple

import torch

SMALLEST_REST = 2  # batch normalisation has no variance over one row
SMALLEST_SHARE = 0.25  # measured: normalising over 2 of 16 rows gave gradients of 2,000
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

    def take(
        self,
        rows: Rows,
        *,
        epoch: int,
        position: int,
        batch_size: int,
        draws_balanced: bool = False,
    ) -> Batch:
        """Return the batch that starts after `position` rows of this epoch.

        With `draws_balanced` every class comes up equally often, rows more than once.

        A last batch far smaller than the others joins the one before it: its batch
        statistics are noise, and over a single row there are none.
        """
        batch = self._by_position.get(position)
        key = epoch, batch_size, draws_balanced
        if batch is None or self._key != key or self._rows is not rows:
            self._gather(rows, position, key)
            batch = self._by_position[position]
        return batch

    def _gather(self, rows: Rows, position: int, key: tuple[int, int, bool]) -> None:
        epoch, batch_size, draws_balanced = key
        self._generator.manual_seed((self._seed * EPOCHS_APART + epoch) % 2**63)
        if draws_balanced:
            order = torch.multinomial(
                _evening_shares(rows.y), len(rows), replacement=True, generator=self._generator
            )
        else:
            order = torch.randperm(len(rows), generator=self._generator)
        order = order[position:].to(rows.X.device)
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
        self._key, self._rows = key, rows


def _evening_shares(y: torch.Tensor) -> torch.Tensor:
    """Return the chances of rows that make every class come up equally often."""
    classes = (y.argmax(dim=1) if y.ndim > 1 else y.long()).cpu()
    return 1.0 / torch.bincount(classes)[classes].double()


def batch_sizes(n_rows: int, batch_size: int) -> list[int]:
    """Return the sizes of the batches of one epoch; a small rest joins the last batch.

    Examples
    --------
    >>> batch_sizes(9, 4)
    [4, 5]
    >>> batch_sizes(10, 4)
    [4, 4, 2]
    >>> batch_sizes(66, 32)
    [32, 34]
    """
    n_full, rest = divmod(n_rows, batch_size)
    sizes = [batch_size] * n_full
    if sizes and rest < max(SMALLEST_REST, batch_size * SMALLEST_SHARE):
        sizes[-1] += rest
    elif rest:
        sizes.append(rest)
    return sizes
