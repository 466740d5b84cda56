"""The end of a run in one object: plain numbers, text, and HTML."""

import html
import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_training.core.findings import Change, Effect, Finding, Trial

WIDTH = 80
HEADLINES = {
    "healthy": "No issues: training went well.",
    "repaired": "Problems were found, repaired, and the repairs proven.",
    "unresolved": "Problems remain that no remedy could cure.",
    "refused": "The data cannot be learned from as they are.",
}
REASONS = {
    "all_epochs_trained": "all planned epochs were trained",
    "early_stopping": "the validation loss had stopped improving",
    "budget_spent": "the budget of steps was spent",
    "cancelled": "it was cancelled",
    "beyond_repair": "training could not go on, and nothing tried helped",
    "refused": "the data cannot be learned from as they are",
    "nothing_to_learn": "there was nothing to learn",
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """Tell how a run went.

    Parameters
    ----------
    status, stopped_because : str
        As in the result.
    summary : mapping
        Numbers of the run: rows, epochs, steps, best loss and score, ...
    findings : tuple of Finding
        In the order they were made.
    trials : tuple of Trial
        Every remedy tried, kept or not.
    unresolved : mapping of str to str
        Problem keys and what to do about them.
    titles : mapping of str to str
        Names of problems for people.
    notes : tuple of str
        What was done to the arguments, failures of parts, and the like.
    """

    status: str
    stopped_because: str
    summary: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()
    trials: tuple[Trial, ...] = ()
    unresolved: Mapping[str, str]
    titles: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; NaN and Inf become None."""
        document = {
            "status": self.status,
            "stopped_because": self.stopped_because,
            "summary": dict(self.summary),
            "findings": [finding.as_dict() for finding in self.findings],
            "trials": [trial.as_dict() for trial in self.trials],
            "unresolved": dict(self.unresolved),
            "titles": dict(self.titles),
            "notes": list(self.notes),
        }
        plain: dict[str, Any] = _plain(document)
        return plain

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> "Report":
        """Return the report that `as_dict` wrote down."""
        return cls(
            status=saved["status"],
            stopped_because=saved["stopped_because"],
            summary=_numbers(saved["summary"]),
            findings=tuple(
                Finding(**{**f, "evidence": _numbers(f["evidence"])}) for f in saved["findings"]
            ),
            trials=tuple(_load_trial(trial) for trial in saved["trials"]),
            unresolved=saved["unresolved"],
            titles=saved["titles"],
            notes=tuple(saved["notes"]),
        )

    def text(self) -> str:
        """Return the report for a terminal of 80 columns, without colour."""
        blocks = [_wrap(HEADLINES[self.status]), _wrap(self._ending())]
        blocks += [self._finding_text(finding) for finding in self.findings]
        if self.trials:
            blocks.append("Repairs tried\n" + "\n".join(_trial_text(t) for t in self.trials))
        blocks += [_wrap(message) for message in self.unresolved.values()]
        blocks += [_wrap(f"Note: {note}") for note in self.notes]
        return "\n\n".join(blocks) + "\n"

    def html(self) -> str:
        """Return the report as an HTML fragment without scripts or styles."""
        parts = [f"<h2>{html.escape(HEADLINES[self.status])}</h2>", _paragraph(self._ending())]
        if self.findings:
            items = "".join(
                f"<li><strong>{html.escape(self._title(f))}</strong> "
                f"({f.severity}, epoch {f.epoch + 1}): {html.escape(f.message)}</li>"
                for f in self.findings
            )
            parts.append(f"<h3>Findings</h3><ul>{items}</ul>")
        if self.trials:
            items = "".join(f"<li>{html.escape(describe_trial(t))}</li>" for t in self.trials)
            parts.append(f"<h3>Repairs tried</h3><ol>{items}</ol>")
        parts += [_paragraph(message) for message in self.unresolved.values()]
        parts += [_paragraph(f"Note: {note}") for note in self.notes]
        return "\n".join(parts) + "\n"

    def _ending(self) -> str:
        reason = REASONS.get(self.stopped_because, self.stopped_because)
        numbers = self.summary
        if not numbers.get("n_epochs"):
            return f"Training did not start: {reason}."
        return (
            f"Training ended after {numbers['n_epochs']} epochs and {numbers['n_steps']} steps "
            f"because {reason}. The best epoch was {numbers['best_epoch'] + 1} with a "
            f"validation loss of {numbers['best_loss']:.4g}."
        )

    def _title(self, finding: Finding) -> str:
        return self.titles.get(finding.problem, finding.problem)

    def _finding_text(self, finding: Finding) -> str:
        head = f"[{finding.severity}] {self._title(finding)} (epoch {finding.epoch + 1})"
        return head + "\n" + _wrap(finding.message, indent="  ")


def describe_trial(trial: Trial) -> str:
    """Return one sentence on a trial: what was done, and what it did.

    The effect is measured against not repairing, at equal steps.
    """
    effect = trial.effect
    verdict = {
        "helped": "it helped",
        "no_effect": "no difference beyond noise",
        "harmed": "it harmed",
    }
    outcome = "kept" if trial.kept else "undone"
    return (
        f"{trial.change.sentence}: {verdict[trial.verdict]} (judging loss "
        f"{_number(effect.loss_without)} without, {_number(effect.loss_with)} with) - {outcome}"
    )


def _load_trial(saved: Mapping[str, Any]) -> Trial:
    change, effect = Change(**saved["change"]), Effect(**_numbers(saved["effect"]))
    return Trial(**{**saved, "change": change, "effect": effect})


def _numbers(saved: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping with NaN where JSON had to say null."""
    return {key: math.nan if value is None else value for key, value in saved.items()}


def _trial_text(trial: Trial) -> str:
    return textwrap.fill(
        describe_trial(trial), WIDTH, initial_indent="  - ", subsequent_indent="    "
    )


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "none"


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent)


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _plain(value: Any) -> Any:
    """Return a value JSON can carry, all the way down."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
