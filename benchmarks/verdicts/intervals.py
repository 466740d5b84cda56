"""How sure a share of runs is."""

from math import exp, lgamma, log
from typing import Any

CONFIDENCE = 0.95
HALVINGS = 60  # chosen: beyond the digits of a float


def clopper_pearson(k: int, n: int) -> tuple[float, float]:
    """Return the exact interval of a share of k in n (Clopper and Pearson 1934).

    Examples
    --------
    >>> low, high = clopper_pearson(0, 200)
    >>> low, round(high, 4)
    (0.0, 0.0183)
    """
    if not 0 <= k <= n or n < 1:
        raise ValueError(f"k of n needs 0 <= k <= n and n >= 1, got {k} of {n}")
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if k == 0 else 1.0 - _solve(n - k, n, tail)
    high = 1.0 if k == n else _solve(k, n, tail)
    return low, high


def share(k: int, n: int) -> dict[str, Any]:
    """Return k of n with its share and its interval; nothing is known of 0 runs."""
    if not n:
        return {"k": k, "n": n, "share": None, "low": None, "high": None}
    low, high = clopper_pearson(k, n)
    return {"k": k, "n": n, "share": k / n, "low": round(low, 4), "high": round(high, 4)}


def _solve(k: int, n: int, tail: float) -> float:
    """Return the chance at which k or fewer of n happen as rarely as `tail`."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(k, n, middle) > tail else (low, middle)
    return (low + high) / 2


def _at_most(k: int, n: int, p: float) -> float:
    if not 0 < p < 1:
        return 1.0 if p <= 0 else float(k >= n)
    return sum(
        exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log(1 - p))
        for i in range(k + 1)
    )
