"""One run: a stored row joined with its case, and what can be asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.faults.cases import n_unseen_of
from benchmarks.faults.events import BATCH_OPS, RATE_OPS
from benchmarks.faults.rows import Row
from benchmarks.faults.schema import Case

REPAIRED_SHARE = 0.95  # engine.md: at least 95 % of the score of the known good configuration


@dataclass(frozen=True, eq=False)
class Run:
    """Join a row with its case.

    Parameters
    ----------
    case : Case
        What was trained.
    row : dict
        What came of it.
    """

    case: Case
    row: Row

    @property
    def has_crashed(self) -> bool:
        """Return whether it raised or hung."""
        return "crashed" in self.row

    @property
    def alarms(self) -> list[Mapping[str, Any]]:
        """Return findings of warning level or above."""
        return [found for found in self.row.get("findings", []) if found["severity"] != "info"]

    @property
    def fair_alarms(self) -> list[Mapping[str, Any]]:
        """Return alarms that name the ill fairly."""
        return [found for found in self.alarms if found["problem"] in self.case.fair_labels]

    @property
    def good_score(self) -> float | None:
        """Return the validation score to reach: the fix's, or a healthy case's own."""
        which = "as_given" if self.case.is_healthy else "with_known_good_fix"
        measured = self.case.measured.get(which)
        if not measured:
            return None
        scores = measured.get("val_balanced_accuracy") or measured.get("val_r2") or []
        known = [value for value in scores if value is not None]
        return float(np.mean(known)) if known else None

    @property
    def reaches_good_score(self) -> bool:
        """Return whether it ends at 95 % of the known good score or above."""
        good, score = self.good_score, self.row.get("val_score")
        if self.has_crashed or good is None or score is None:
            return False
        return bool(score >= REPAIRED_SHARE * good)

    @property
    def kept_trials(self) -> list[Mapping[str, Any]]:
        """Return the repairs that were accepted."""
        return [trial for trial in self.row.get("trials", []) if trial["kept"]]

    @property
    def is_refused_in_words(self) -> bool:
        """Return whether it was refused or left unresolved, and why was said."""
        has_words = any(found["message"] for found in self.alarms)
        return self.row.get("status") in {"refused", "unresolved"} and has_words

    @property
    def time_ratio(self) -> float | None:
        """Return its time over that of the plain loop beside it."""
        plain = self.row.get("plain_seconds")
        return self.row["seconds"] / plain if plain and "seconds" in self.row else None

    @property
    def time_to_best(self) -> float | None:
        """Return its time until the weights it handed over, over the plain loop's."""
        plain, spent = self.row.get("plain_seconds"), self.row.get("seconds_to_best")
        return spent / plain if plain and spent is not None else None

    @property
    def needs_nobody(self) -> bool:
        """Return whether it ends at the good score, or says that it cannot."""
        case = self.case
        if case.is_healthy or case.is_repairable:
            return self.reaches_good_score
        return self.is_refused_in_words if case.unfixable else bool(self.alarms)

    def has_score(self, name: str) -> bool:
        """Return whether a score is due: on unseen rows, only where some were drawn."""
        return name != "test_score" or n_unseen_of(self.case.dataset) > 0

    @property
    def strikes_a_batch(self) -> bool:
        """Return whether the fault is one poisoned batch."""
        return self.row.get("fault_kind") in BATCH_OPS

    @property
    def strikes_later(self) -> bool:
        """Return whether the rate jumps, or the plain loop breaks at some step."""
        return self.row.get("fault_kind") in {*RATE_OPS, "not_finite"}

    @property
    def is_caught(self) -> bool:
        """Return whether a fair alarm came within one batch; the rest, one epoch."""
        slack = 0 if self.strikes_a_batch else self.row["steps_per_epoch"]
        limit = self.row["fault_step"] + slack + 1
        return any(found["step"] <= limit for found in self.fair_alarms)
