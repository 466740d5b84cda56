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
        What to add, as a person would say it: "GBPUSD".
    n_setups : int
        Labelled setups that the same rules find there, counted by scanning them.
    n_effective : float or None
        What they add once overlaps with the strategy's own count once; None where only
        the share of the strategy's own setups tells.
    n_bars, n_scanned : int
        Bars there are, and those that were scanned: fewer make the counts estimates.
    """

    name: str
    n_setups: int
    n_effective: float | None = None
    n_bars: int = 0
    n_scanned: int = 0

    @property
    def is_estimated(self) -> bool:
        """Tell whether the counts were drawn up from a part of the bars."""
        return self.n_scanned < self.n_bars

    def brings(self, share: float) -> float:
        """Return the effective setups that it adds.

        Parameters
        ----------
        share : float, 0-1
            Effective over counted setups of the strategy, for what was not measured.

        Returns
        -------
        float
        """
        return self.n_setups * share if self.n_effective is None else self.n_effective


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
    A candidate counts with the effective setups that it adds; where those were not
    measured, with its setups times this set's share of effective ones.
    """
    share = dataset.n_effective / len(dataset)
    named = name_candidates(candidates, n_missing, share)
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


def name_candidates(candidates: Sequence[Candidate], n_wanted: float, share: float = 1.0) -> str:
    """Name the fewest candidates that bring what is wanted, largest first.

    Parameters
    ----------
    candidates : sequence of Candidate
        What could be added.
    n_wanted : float
        Effective setups that would suffice.
    share : float, 0-1
        Effective over counted setups, for candidates whose overlaps are not known.

    Returns
    -------
    str
        Empty when no candidate brings a setup.

    Examples
    --------
    >>> name_candidates([Candidate("GBPUSD", 106), Candidate("XAUUSD", 40)], 90)
    'Add GBPUSD: about +106 setups'
    """
    chosen = list(_largest_first(candidates, n_wanted, share))
    if not chosen:
        return ""
    return f"Add {', '.join(_say(one) for one in chosen)}"


def _say(one: Candidate) -> str:
    words = f"{one.name}: about +{_count(one.n_setups, 'setup')}"
    notes = []
    if one.n_effective is not None and round(one.n_effective) < one.n_setups:
        notes.append(f"{one.n_effective:,.0f} effective")
    if one.is_estimated:
        notes.append(f"estimated from {one.n_scanned:,} of {one.n_bars:,} bars")
    return f"{words} ({', '.join(notes)})" if notes else words


def _largest_first(
    candidates: Sequence[Candidate], n_wanted: float, share: float
) -> Iterator[Candidate]:
    n_found = 0.0
    ranked = sorted(candidates, key=lambda one: (-one.brings(share), one.name))
    for one in ranked[:MOST_CANDIDATES]:
        if n_found >= n_wanted or one.n_setups <= 0 or one.brings(share) <= 0:
            return
        n_found += one.brings(share)
        yield one


def _count(number: float, noun: str) -> str:
    return f"{number:.0f} {noun}" if number == 1 else f"{number:,.0f} {noun}s"
