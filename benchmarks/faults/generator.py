"""Our own faulty and healthy cases, drawn from a seed.

A case is a training that works (`bases`), spoiled in one way (`ills`) or made to look
odd (`traps`). Which training gets which fault is drawn from a seed that depends on
nothing but the fault, so adding one leaves the others as they are. Only cases that the
screening found to be what they claim are handed out.
"""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from benchmarks.faults.bases import DEVELOP, GROUPS, KNOWN, Base
from benchmarks.faults.bases_blind import BLIND_BASES
from benchmarks.faults.doses_blind import BLIND_ILL_DOSES, BLIND_TRAP_DOSES
from benchmarks.faults.errors import CaseError
from benchmarks.faults.ills import Dose
from benchmarks.faults.ills_blind import BLIND_ILLS
from benchmarks.faults.ills_data import DATA_ILLS
from benchmarks.faults.ills_network import NETWORK_ILLS
from benchmarks.faults.ills_training import TRAINING_ILLS
from benchmarks.faults.schema import Case, parse_case
from benchmarks.faults.traps_blind import BLIND_TRAPS
from benchmarks.faults.traps_rows import ROW_TRAPS
from benchmarks.faults.traps_training import TRAINING_TRAPS

BASES = {"develop": DEVELOP, "known": KNOWN, "holdout": BLIND_BASES}
DRAWN_AS = {"known": "holdout", "holdout": "blind"}  # what their draws are seeded with
ILLS = (*DATA_ILLS, *TRAINING_ILLS, *NETWORK_ILLS, *BLIND_ILLS)
TRAPS = (*TRAINING_TRAPS, *ROW_TRAPS, *BLIND_TRAPS)
SCREENED = Path(__file__).with_name("screened.json")


class Recipe(Protocol):
    """Turn bases into cases: an `Ill` or a `Trap`."""

    @property
    def key(self) -> str:
        """Return the short name."""

    @property
    def n_bases(self) -> int:
        """Return how many bases get each dose."""

    @property
    def doses(self) -> Any:
        """Return the doses per group."""

    def suits(self, base: Base) -> bool:
        """Return whether a base can be used."""

    def document(self, base: Base, dose: Dose, key: str) -> dict[str, Any]:
        """Return a case."""


def doses_of(recipe: Recipe, group: str) -> tuple[Dose, ...]:
    """Return the magnitudes of a fault or trap in a group, possibly none."""
    own: tuple[Dose, ...] = recipe.doses.get(group, ())
    if group != "holdout":
        return own
    listed = {**BLIND_ILL_DOSES, **BLIND_TRAP_DOSES}
    return (*own, *listed.get(recipe.key, ()))


def choose_bases(recipe: Recipe, group: str, number: int) -> list[Base]:
    """Return the bases that get one dose, drawn from a seed of the recipe's own.

    Parameters
    ----------
    recipe : Ill or Trap
        What is done to them.
    group : str
        One of `GROUPS`.
    number : int
        Of the dose; doses of one recipe fall on different bases while there are some.

    Returns
    -------
    list of Base
        At most ``recipe.n_bases``.
    """
    suited = [base for base in BASES[group] if recipe.suits(base)]
    seed = f"{DRAWN_AS.get(group, group)} {recipe.key}"
    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    order = rng.permutation(len(suited))
    start = number * recipe.n_bases
    chosen = [
        suited[order[(start + k) % len(order)]] for k in range(min(recipe.n_bases, len(order)))
    ]
    return sorted(chosen, key=lambda base: base.key)


def candidates(group: str, recipes: Sequence[Recipe]) -> Iterator[Case]:
    """Yield the cases of some recipes, screened or not."""
    for recipe in recipes:
        for number, dose in enumerate(doses_of(recipe, group)):
            for base in choose_bases(recipe, group, number):
                document = recipe.document(base, dose, "")
                where = base.key if recipe.n_bases > 1 else rows_name(base, document)
                document["id"] = f"{group[0]}_{recipe.key}{number or ''}_{where}"
                yield parse_case(document)


def rows_name(base: Base, document: Mapping[str, Any]) -> str:
    """Return the name of the base, or of the data set that took its place."""
    name = document["dataset"]["name"]
    return base.key if name == base.document["dataset"]["name"] else str(name)


def generate_candidates(group: str) -> list[Case]:
    """Return all cases of a group before screening.

    Parameters
    ----------
    group : str
        One of `GROUPS`.

    Returns
    -------
    list of Case
        The faulty before the healthy; the same list every time.

    Raises
    ------
    CaseError
        If there is no such group.
    """
    if group not in GROUPS:
        raise CaseError(f"there is no group {group!r}", hint=f"groups: {', '.join(GROUPS)}")
    return [*candidates(group, ILLS), *candidates(group, TRAPS)]


def generate_cases(group: str, screened: Path = SCREENED) -> list[Case]:
    """Return the cases of a group that were found to be what they claim.

    Parameters
    ----------
    group : str
        One of `GROUPS`.
    screened : Path
        What the screening measured: case id to digest and scores.

    Returns
    -------
    list of Case
        With their measurements.

    Raises
    ------
    CaseError
        If a case was changed since it was screened.
    """
    known = json.loads(screened.read_text(encoding="utf-8"))
    cases = []
    for case in generate_candidates(group):
        entry = known.get(case.id)
        if entry is None:
            raise CaseError(f"case {case.id!r} was never screened", hint=SCREEN_AGAIN)
        if entry["digest"] != case.digest:
            raise CaseError(f"case {case.id!r} changed after its screening", hint=SCREEN_AGAIN)
        if entry["verified"]:
            cases.append(parse_case({**case.to_document(), "measured": entry["measured"]}))
    return cases


SCREEN_AGAIN = "run: python -m benchmarks.faults.screening"
