"""Words with numbers on what would make a set of setups better."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ml_training.data.labelled import LabelledSet
from ml_training.data.timeframes import DAY_S

MOST_CANDIDATES = 3
"""Candidates named in one sentence. Chosen: more is a list nobody reads."""

ON_OVERLAP = (
    "Keep one setup open per symbol (`one_open_per_symbol`) or set `cooldown_bars`: "
    "repeated setups add rows, not knowledge"
)

ON_ONE_CLASS = (
    "Move the take profit or the stop loss until both wins and losses occur, or add history"
)


@dataclass(frozen=True)
class Candidate:
    """Name candles in the database and what they would add.

    Parameters
    ----------
    name : str
        What to add, as a person would say it: "GBPUSD 1h".
    n_setups : int
        Setups the same rules find there, measured by scanning them.
    """

    name: str
    n_setups: int


def on_no_setups(candidates: Sequence[Candidate]) -> str:
    """Say where the same rules find setups, or that they are too strict.

    Parameters
    ----------
    candidates : sequence of Candidate
        May be empty.

    Returns
    -------
    str
        One sentence.
    """
    named = name_candidates(candidates, float("inf"))
    return named or "Loosen the entry rules, or import more history, symbols or timeframes"


def on_few_setups(
    dataset: LabelledSet, n_missing: float, level: str, candidates: Sequence[Candidate]
) -> str:
    """Say what brings the missing setups: candles at hand first, else more history.

    Parameters
    ----------
    dataset : LabelledSet
        At least one setup; gives the rate at which history brings more.
    n_missing : float
        Effective setups that are missing.
    level : str
        Level of quality that they would reach.
    candidates : sequence of Candidate
        May be empty.

    Returns
    -------
    str
        One or two sentences.

    Notes
    -----
    A candidate's count is scaled by this set's share of effective setups before it is
    held against what is missing.
    """
    share = dataset.n_effective / len(dataset)
    named = name_candidates(candidates, n_missing / share)
    days = float(dataset.t1.max() - dataset.t0[0]) / DAY_S
    n_symbols = len(np.unique(dataset.symbol))
    more_days = n_missing * days / dataset.n_effective
    more_symbols = np.ceil(n_missing * n_symbols / dataset.n_effective)
    rate = (
        f"{np.ceil(n_missing):.0f} more would make the data {level}: at the present rate about "
        f"{_count(np.ceil(more_days), 'day')} more of history or "
        f"{_count(more_symbols, 'symbol')} more of this kind"
    )
    return f"{named}. {rate}" if named else rate


def on_win_rate(dataset: LabelledSet, *, is_low: bool) -> str:
    """Say which win rate pays, from the average win and loss.

    Parameters
    ----------
    dataset : LabelledSet
        At least one setup.
    is_low : bool
        Whether the win rate is too low rather than too high.

    Returns
    -------
    str
        One or two sentences.
    """
    way = "closer take profit or a wider stop" if is_low else "farther take profit"
    wins, losses = dataset.r[dataset.y == 1], dataset.r[dataset.y == 0]
    if not len(wins) or not len(losses) or losses.mean() >= 0:
        return f"Try a {way}"
    gain, loss = wins.mean(), -losses.mean()
    break_even = loss / (gain + loss)
    return (
        f"An average win brings {gain:.2f} R and a loss costs {loss:.2f} R, so "
        f"{break_even:.0%} wins break even. To change the share try a {way}"
    )


def on_imbalance(n_wins: int, n_losses: int, n_missing: int) -> str:
    """Say how many setups of the rarer class would help.

    Parameters
    ----------
    n_wins, n_losses : int
        Setups of each class.
    n_missing : int
        Setups of the rarer class that are missing.

    Returns
    -------
    str
        One sentence.
    """
    rarer, other = ("wins", "losses") if n_wins < n_losses else ("losses", "wins")
    return (
        f"{n_missing:,} more {rarer} beside the same {max(n_wins, n_losses):,} {other} would make "
        "them half as many; history brings both alike, so move the take profit or the stop loss"
    )


def on_width(n_missing: float, n_features: int) -> str:
    """Say how many more setups the features need.

    Parameters
    ----------
    n_missing : float
        Effective setups that are missing.
    n_features : int
        Features of the model, those of the market included.

    Returns
    -------
    str
        One sentence.
    """
    return (
        f"About {np.ceil(n_missing):,.0f} more effective setups would bear {n_features} features; "
        "every indicator that the rules do without is one feature less"
    )


def name_candidates(candidates: Sequence[Candidate], n_wanted: float) -> str:
    """Name the fewest candidates that bring what is wanted, largest first.

    Parameters
    ----------
    candidates : sequence of Candidate
        What could be added.
    n_wanted : float
        Setups that would suffice.

    Returns
    -------
    str
        Empty when no candidate brings a setup.

    Examples
    --------
    >>> name_candidates([Candidate("GBPUSD 1h", 106), Candidate("XAUUSD 1h", 40)], 90)
    'Add GBPUSD 1h: about +106 setups'
    """
    chosen = list(_largest_first(candidates, n_wanted))
    if not chosen:
        return ""
    named = ", ".join(f"{one.name}: about +{one.n_setups} setups" for one in chosen)
    return f"Add {named}"


def _largest_first(candidates: Sequence[Candidate], n_wanted: float) -> Iterator[Candidate]:
    n_found = 0
    ranked = sorted(candidates, key=lambda one: (-one.n_setups, one.name))
    for one in ranked[:MOST_CANDIDATES]:
        if n_found >= n_wanted or one.n_setups <= 0:
            return
        n_found += one.n_setups
        yield one


def _count(number: float, noun: str) -> str:
    return f"{number:.0f} {noun}" if number == 1 else f"{number:,.0f} {noun}s"
