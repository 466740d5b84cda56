"""Which rows each member of an ensemble learns from, and which judge it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_training.core.arrays import Floats
from ml_training.core.errors import DataError

N_BLOCKS = 10  # chosen: two of them held out leave each member four fifths of the rows
N_HELD = 2  # blocks held out by a member
FEWEST_ROWS = 60  # chosen: two blocks of ten then hold a dozen rows
FEWEST_OF_CLASS = 2  # in both parts of a split; chosen: one row may be a mistake

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class MemberSplits:
    """Say for every row and member whether it is learned from, held out, or neither.

    Parameters
    ----------
    trained, held : array of bool, shape (n_rows, n_members)
        Rows in neither overlap with those held out.
    """

    trained: Mask
    held: Mask

    @property
    def n_members(self) -> int:
        """Return how many members there are."""
        return int(self.trained.shape[1])


def split_members(
    y: npt.NDArray[Any],
    n_members: int,
    *,
    seed: int,
    groups: Any = None,
    times: tuple[Any, Any] | None = None,
    is_classes: bool = True,
) -> MemberSplits:
    """Hold out some blocks of rows for each member, every block about equally often.

    Parameters
    ----------
    y : array of shape (n_rows,)
        Class indices or values.
    n_members : int
        How many splits.
    seed : int
        Decides who holds out what.
    groups : array-like of shape (n_rows,) or None
        Rows of one group are held out together. None cuts blocks along time.
    times : tuple of two array-like of shape (n_rows,) or None
        Where the label of each row begins and ends: rows that overlap with a held block
        are not learned from by that member. None takes the order of the rows for time,
        and no overlap.
    is_classes : bool
        True sees to it that every class occurs on both sides.

    Returns
    -------
    MemberSplits
        With nothing held out when there are too few rows.
    """
    n_rows = len(y)
    if n_rows < FEWEST_ROWS:
        return MemberSplits(
            np.ones((n_rows, n_members), bool), np.zeros((n_rows, n_members), bool)
        )
    start, end = _read_times(times, n_rows)
    block = _cut(start, n_rows) if groups is None else _gather(groups, n_rows)
    held = _hold_out(block, n_members, np.random.default_rng(seed))
    trained = ~held if times is None else _purged(held, block, start, end)
    if is_classes:
        for member in range(n_members):
            if not _sees_all(y, trained[:, member], held[:, member]):
                held[:, member] = _every_nth(y, member)
                trained[:, member] = ~held[:, member]
    return MemberSplits(trained, held)


def _read_times(times: tuple[Any, Any] | None, n_rows: int) -> tuple[Floats, Floats]:
    if times is None:
        order = np.arange(n_rows, dtype=np.float64)
        return order, order
    start, end = (np.asarray(part, dtype=np.float64) for part in times)
    if start.shape != (n_rows,) or end.shape != (n_rows,):
        raise DataError(
            f"`times` must hold a begin and an end for each of {n_rows} rows, got shapes "
            f"{start.shape} and {end.shape}",
            hint="pass (t0, t1) of the training rows",
        )
    if not (start <= end).all():
        raise DataError(
            "`times` must not end before they begin", hint="pass (t0, t1), in this order"
        )
    return start, end


def _cut(start: Floats, n_rows: int) -> npt.NDArray[np.int64]:
    """Return the block in time of every row; rows that begin together stay together."""
    rank = np.searchsorted(np.sort(start), start, side="left")
    return np.minimum(rank * N_BLOCKS // n_rows, N_BLOCKS - 1)


def _gather(groups: Any, n_rows: int) -> npt.NDArray[np.int64]:
    """Return the block of every row: groups are dealt out, the largest first."""
    names = np.asarray(groups)
    if names.shape != (n_rows,):
        raise DataError(
            f"`groups` must hold one value for each of {n_rows} rows, got shape {names.shape}",
            hint="pass the group of every training row",
        )
    known, place, counts = np.unique(names, return_inverse=True, return_counts=True)
    if len(known) < 2:
        raise DataError(
            f"`groups` must hold 2 groups at least, got {len(known)}",
            hint="leave it out to hold out blocks of time",
        )
    sizes, block = np.zeros(min(N_BLOCKS, len(known))), np.empty(len(known), dtype=np.int64)
    for group in np.argsort(-counts, kind="stable"):
        block[group] = sizes.argmin()
        sizes[block[group]] += counts[group]
    return block[place]


def _hold_out(
    block: npt.NDArray[np.int64], n_members: int, generator: np.random.Generator
) -> Mask:
    """Deal blocks out like cards: none a second time before all had their turn."""
    n_blocks = int(block.max()) + 1
    n_held = min(N_HELD, n_blocks - 1)
    held = np.zeros((len(block), n_members), dtype=bool)
    pile: list[int] = []
    for member in range(n_members):
        while len(set(pile)) < n_held:
            pile += generator.permutation(n_blocks).tolist()
        taken = list(dict.fromkeys(pile))[:n_held]
        for one in taken:
            pile.remove(one)
        held[:, member] = np.isin(block, taken)
    return held


def _purged(held: Mask, block: npt.NDArray[np.int64], start: Floats, end: Floats) -> Mask:
    """Return the rows each member learns from: those that touch no held block."""
    trained = ~held
    for one in range(int(block.max()) + 1):
        inside = block == one
        if not inside.any():
            continue
        first, last = start[inside].min(), end[inside].max()
        touches = (end >= first) & (start <= last)
        trained[np.ix_(touches, held[np.argmax(inside)])] = False
    return trained


def _sees_all(y: npt.NDArray[Any], trained: Mask, held: Mask) -> bool:
    n_classes = int(y.max()) + 1
    counts = (np.bincount(y[part], minlength=n_classes) for part in (trained, held))
    return all(bool((count >= FEWEST_OF_CLASS).all()) for count in counts)


def _every_nth(y: npt.NDArray[Any], member: int) -> Mask:
    """Hold out a fifth of every class, another fifth for every member."""
    order = np.argsort(y, kind="stable")
    held = np.zeros(len(y), dtype=bool)
    step = N_BLOCKS // N_HELD
    held[order[member % step :: step]] = True
    return held
