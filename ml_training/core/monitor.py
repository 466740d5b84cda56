"""Ask the problems whether they see themselves in what was read."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ml_training.core.events import Emit, FindingMade, PartFailed
from ml_training.core.findings import SEVERITIES, Finding, Problem, Stage
from ml_training.core.history import Observations, Reading

NO_LINE = sys.float_info.max  # everything finite is below it, NaN and Inf are not
T = TypeVar("T")
STEPS_BETWEEN_LINES = 25  # chosen: lines follow the run, at a fraction of their cost
MOST_FINDINGS = 3  # of one problem in one run; chosen: more tell a reader nothing new


class Monitor:
    """Watch a run: cheap lines at every batch, full detectors when they are due.

    Parameters
    ----------
    problems : iterable of Problem
        Those to look for.
    observe : callable
        Returns what detectors may look at now.
    emit : callable
        Hears of findings, and of detectors that raised.
    """

    def __init__(
        self, problems: Iterable[Problem], observe: Callable[[], Observations], emit: Emit
    ) -> None:
        self.problems = {problem.key: problem for problem in problems}
        self.needs = frozenset[str]().union(*(p.needs for p in self.problems.values()))
        self.findings: list[Finding] = []
        self._observe = observe
        self._emit = emit
        self._quiet_until: dict[str, int] = {}
        self._broken: set[str] = set()
        self._largest_loss = self._largest_norm = NO_LINE
        self._drawn_at = -STEPS_BETWEEN_LINES

    def crosses_line(self, reading: Reading) -> bool:
        """Tell whether a batch deserves a second look; asked at every batch."""
        return not (
            reading.loss <= self._largest_loss and reading.gradient_norm <= self._largest_norm
        )

    def keep_lines_fresh(self) -> None:
        """Draw the lines again when they are some steps old, or from another branch."""
        step = self._observe().step
        if not 0 <= step - self._drawn_at < STEPS_BETWEEN_LINES:
            self._drawn_at = step
            self.draw_lines()

    def draw_lines(self) -> None:
        """Ask the problems again above which values a batch deserves a second look."""
        lines = {"loss": NO_LINE, "gradient_norm": NO_LINE}
        for problem in self._due("batch"):
            if problem.alarm_lines is None:
                continue
            asked = self._guarded(problem, problem.alarm_lines) or {}
            lines = {
                signal: min(limit, asked.get(signal, limit)) for signal, limit in lines.items()
            }
        self._largest_loss, self._largest_norm = lines["loss"], lines["gradient_norm"]

    def look(self, stage: Stage, only: str = "") -> list[Finding]:
        """Ask the problems of a stage, or one of them; return findings, worst first."""
        seen = self._observe()
        found = [
            finding
            for problem in self._due(stage)
            if only in ("", problem.key)
            and (finding := self._guarded(problem, problem.detect, seen)) is not None
        ]
        found.sort(key=lambda finding: -SEVERITIES.index(finding.severity))
        for finding in found:
            self.findings.append(finding)
            self._emit(FindingMade(finding=finding))
        return found

    def asked_before(self) -> list[str]:
        """Return the keys of the problems before training, in the order to ask them."""
        asked = [p for p in self.problems.values() if "before" in p.stages]
        return [problem.key for problem in sorted(asked, key=lambda problem: problem.rank)]

    def is_cured(self, problem: Problem) -> bool:
        """Ask again on the branch shown now; only signs of epochs can persist."""
        if problem.is_cured is not None:
            return bool(self._guarded(problem, problem.is_cured))
        return "epoch" not in problem.stages or self._guarded(problem, problem.detect) is None

    def memory(self) -> dict[str, Any]:
        """Return all it goes by, in plain values: see `remember`."""
        return {
            "findings": [finding.as_dict() for finding in self.findings],
            "quiet_until": dict(self._quiet_until),
            "broken": sorted(self._broken),
            "lines": (self._largest_loss, self._largest_norm, self._drawn_at),
        }

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Go on from what `memory` returned."""
        self.findings[:] = [Finding(**finding) for finding in memory["findings"]]
        self._quiet_until, self._broken = dict(memory["quiet_until"]), set(memory["broken"])
        self._largest_loss, self._largest_norm, self._drawn_at = memory["lines"]

    def rest(self, problem: str, until_step: int) -> None:
        """Leave a problem alone for a while: it was just reported or treated."""
        self._quiet_until[problem] = until_step

    def _due(self, stage: Stage) -> list[Problem]:
        step = self._observe().step
        n_found = Counter(finding.problem for finding in self.findings)
        return [
            problem
            for key, problem in self.problems.items()
            if stage in problem.stages
            and key not in self._broken
            and step >= self._quiet_until.get(key, 0)
            and n_found[key] < MOST_FINDINGS
        ]

    def _guarded(
        self,
        problem: Problem,
        ask: Callable[[Observations], T],
        seen: Observations | None = None,
    ) -> T | None:
        """Ask, and leave out for good a detector that raises."""
        seen = seen or self._observe()
        try:
            return ask(seen)
        except Exception as error:
            self._broken.add(problem.key)
            message = f"{type(error).__name__}: {error}"
            self._emit(
                PartFailed(
                    part=f"problem {problem.key}",
                    message=message,
                    epoch=seen.epoch,
                    step=seen.step,
                )
            )
            return None
