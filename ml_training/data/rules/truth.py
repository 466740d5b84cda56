"""Three-valued truth per bar: true, false, or undefined while a value is missing."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Truth:
    """Hold what is known of a condition on every bar.

    Parameters
    ----------
    is_true : ndarray of bool, shape (n_bars,)
        Where it holds.
    is_false : ndarray of bool, shape (n_bars,)
        Where it fails; undefined where neither is set.

    Notes
    -----
    Kleene's strong logic (1952, Introduction to Metamathematics, section 64). With
    plain booleans `not` would turn a warm-up bar into a signal.
    """

    is_true: BoolArray
    is_false: BoolArray

    @classmethod
    def where(cls, holds: BoolArray, known: BoolArray) -> "Truth":
        """Return a truth that is undefined where not `known`."""
        return cls(holds & known, ~holds & known)


@dataclass(frozen=True, eq=False)
class PackedTruth:
    """Hold a truth in an eighth of the memory, while many of them wait.

    Parameters
    ----------
    true_bits, false_bits : ndarray of uint8
        One bit per bar.
    n_bars : int
        Number of bars.
    """

    true_bits: npt.NDArray[np.uint8]
    false_bits: npt.NDArray[np.uint8]
    n_bars: int

    @classmethod
    def of(cls, truth: Truth) -> "PackedTruth":
        """Pack a truth."""
        bits = np.packbits(truth.is_true), np.packbits(truth.is_false)
        return cls(*bits, len(truth.is_true))

    def unpack(self) -> Truth:
        """Return the truth again."""
        is_true, is_false = (
            np.unpackbits(bits, count=self.n_bars).view(np.bool_)
            for bits in (self.true_bits, self.false_bits)
        )
        return Truth(is_true, is_false)


def negate(truth: Truth) -> Truth:
    """Swap true and false; undefined stays undefined."""
    return Truth(truth.is_false, truth.is_true)


def at_least(count: int, members: Iterable[Truth]) -> Truth:
    """Say where `count` or more members hold.

    Parameters
    ----------
    count : int
        1 is "any", the number of members is "all".
    members : iterable of Truth
        One or more; each may be forgotten before the next is made.

    Returns
    -------
    Truth
        False where too few members are left that might still hold.
    """
    n_true = n_false = np.zeros(1, np.uint8)
    n_members = 0
    for member in members:
        n_true = n_true + member.is_true
        n_false = n_false + member.is_false
        n_members += 1
    return Truth(n_true >= count, n_false > n_members - count)


def within_last(truth: Truth, bars: int) -> Truth:
    """Say where a condition held on any of the last `bars` bars, this one included.

    Parameters
    ----------
    truth : Truth
        The condition.
    bars : int
        Length of the window.

    Returns
    -------
    Truth
        Bars before the first count as undefined.
    """
    return Truth(
        rolling_count(truth.is_true, bars) > 0, rolling_count(truth.is_false, bars) == bars
    )


def rolling_count(flags: BoolArray, bars: int) -> npt.NDArray[np.int32]:
    """Count the flags set in the last `bars` bars, this one included.

    Parameters
    ----------
    flags : ndarray of bool, shape (n_bars,)
        What to count.
    bars : int
        Length of the window; shorter at the start.

    Returns
    -------
    ndarray of int32, shape (n_bars,)
    """
    total = np.cumsum(flags, dtype=np.int32)
    counted = total.copy()
    counted[bars:] -= total[:-bars]
    return counted
