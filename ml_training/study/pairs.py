"""Say which columns tell more together than alone, and when setups win there."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ml_training.evaluation.pairwise import PairwiseBaseline
from ml_training.study.models import PAIRWISE, Model


@dataclass(frozen=True)
class FoundPair:
    """Two columns by name, the same twice for one that tells by its middle.

    Attributes
    ----------
    first, second : str
        Names of the features.
    log_odds : float
        What one standard deviation of both adds to the log-odds of a win.
    """

    first: str
    second: str
    log_odds: float

    @property
    def words(self) -> str:
        """Return where setups win more often, for a trader."""
        if self.first == self.second:
            where = "far from its usual values" if self.log_odds > 0 else "near its usual values"
            return f"{self.first} (setups win more often where it is {where})"
        where = "both are high or both low" if self.log_odds > 0 else "one is high, the other low"
        return f"{self.first} with {self.second} (setups win more often where {where})"


def list_pairs(models: Mapping[str, Model], names: Sequence[str]) -> tuple[FoundPair, ...] | None:
    """Return the products that a pairwise regression rests on, the most telling first.

    Parameters
    ----------
    models : mapping of Model by name
        Those that were fitted.
    names : sequence of str
        Of the features.

    Returns
    -------
    tuple of FoundPair or None
        Empty where no product tells anything; None where none was looked for.
    """
    model = models.get(PAIRWISE)
    if not isinstance(model, PairwiseBaseline):
        return None
    return tuple(
        FoundPair(names[pair.first.column], names[pair.second.column], pair.coef)
        for pair in model.pairs
    )


def tell_pairs(found: Sequence[FoundPair]) -> str:
    """Return one sentence about them.

    Examples
    --------
    >>> tell_pairs(())
    'The pairwise regression found no two columns that tell more together than alone.'
    """
    if not found:
        return f"The {PAIRWISE} found no two columns that tell more together than alone."
    listed = "; ".join(pair.words for pair in found)
    return f"Beside single columns the {PAIRWISE} rests on {listed}."


def describe_pairs(found: Sequence[FoundPair]) -> dict[str, Any]:
    """Return them as JSON can hold them, with the words."""
    return {"words": tell_pairs(found), "found": [asdict(pair) for pair in found]}
