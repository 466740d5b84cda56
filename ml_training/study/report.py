"""The report of a study in 80 columns: the five steps, then the verdict first."""

from collections.abc import Sequence

from ml_training.core.findings import Trial
from ml_training.core.report import describe_trial
from ml_training.evaluation.outcomes import Evaluation
from ml_training.study import page
from ml_training.study.diagnostics import Area
from ml_training.study.pairs import tell_pairs
from ml_training.study.result import Study
from ml_training.study.sections import write_unseen
from ml_training.study.transfer_report import write_transfer

COLUMNS = ("", "AUC", "log-loss", "Brier", "bal.acc", "taken", "R each", "sum of R")
WIDTHS = (21, 6, 9, 8, 8, 8, 8, 10)


def write_report(study: Study, *, model_path: str = "", seconds: float | None = None) -> str:
    """Return the whole report as text.

    Parameters
    ----------
    study : Study
        What was found out.
    model_path : str
        Where the served model was saved.
    seconds : float, optional
        Time from asking to reporting; the only line that differs between equal runs.

    Returns
    -------
    str
        Lines of at most 80 columns; see `page.fit_encoding` for plain terminals.
    """
    lines = [*study.story, *write_ending(study)]
    lines += write_closing(study, model_path=model_path, seconds=seconds)
    return "\n".join(lines) + "\n"


def write_ending(study: Study) -> list[str]:
    """Return the final report, without what is only known once the model is saved."""
    return [
        "",
        *page.head("FINAL DIAGNOSTICS REPORT"),
        *_write_verdict(study),
        *_write_comparison(study),
        *write_transfer(study.transfer),
        *write_unseen(study),
        *_write_areas(study.areas),
        "",
        *page.head("AUTOMATIC FIXES APPLIED DURING TRAINING"),
        *_write_fixes(study.fitted.trials),
        *page.subhead("RECOMMENDATIONS"),
        *_number(list_recommendations(study)),
        "=" * page.WIDTH,
    ]


def write_closing(study: Study, *, model_path: str, seconds: float | None) -> list[str]:
    """Return the last lines: accuracy by name, time, and where the model is."""
    test, validation = study.served_test.metrics, study.served_validation.metrics
    lines = page.mark(
        page.OK,
        f"Accuracy {test.accuracy:.1%} on test, {validation.accuracy:.1%} on validation; always "
        f"saying {_name_majority(test.base_rate)} would score "
        f"{max(test.base_rate, 1 - test.base_rate):.1%} on test",
        indent="",
    )
    if seconds is not None:
        lines += [f"Time: {seconds:.1f} s from the start to this report"]
    if model_path:
        # A path is not wrapped: it must stay fit for copying.
        lines += [f"Model saved ({study.choice.name}): {model_path}"]
    return lines


def list_fixes(trials: Sequence[Trial]) -> list[str]:
    """Return one sentence for each repair that was kept, with its measured effect."""
    return [
        f"{describe_trial(trial)} (epoch {trial.epoch + 1}: {trial.change.what} "
        f"{_value(trial.change.before)} -> {_value(trial.change.after)})"
        for trial in trials
        if trial.kept
    ]


def list_recommendations(study: Study) -> list[str]:
    """Return what to do next: for the verdict, the training, and the data."""
    alarms = {finding.problem for finding in study.fitted.findings if finding.is_alarm}
    told = study.fitted.report.unresolved
    unresolved = [words for problem, words in told.items() if problem in alarms]
    advice = [note.advice for note in study.quality.notes if note.severity != "info"]
    return list(dict.fromkeys([*study.verdict.next_steps, *unresolved, *advice]))


def _write_verdict(study: Study) -> list[str]:
    verdict = study.verdict
    lines = ["", f"VERDICT: {verdict.title}", *page.say(verdict.sentence)]
    lines += [
        "",
        *page.say("Evidence, all from setups on which nothing was fitted or chosen:"),
    ]
    for fact in verdict.evidence:
        lines += page.mark("-", fact)
    lines += ["", *page.pair("Model served", f"{study.choice.name}. {study.choice.reason}")]
    if study.settings.is_synthetic:
        lines += page.mark(page.ALERT, "Synthetic market: none of this is about a real one")
    return lines


def _write_comparison(study: Study) -> list[str]:
    first, last = study.blocks.test.t0[0], study.blocks.test.t1[-1]
    days = (int(last) - int(first)) / 86_400
    lines = page.subhead(
        f"MODELS COMPARED ON TEST ({len(study.blocks.test):,} setups, {days:,.0f} days)"
    )
    lines += page.table([COLUMNS, *(_row(one, study.choice.name) for one in study.test)], WIDTHS)
    lines += page.table([_row_of_every(study.served_test)], WIDTHS)
    lines += ["", "The same on validation, by models that had not seen it yet:"]
    lines += page.table([_row(one, study.choice.name) for one in study.validation], WIDTHS)
    lines += page.say(
        "> is served. R each: mean result of the taken setups after costs", indent=""
    )
    if study.pairs is not None:
        lines += ["", *page.say(tell_pairs(study.pairs), indent="")]
    return lines


def _row(found: Evaluation, served: str) -> tuple[str, ...]:
    metrics = found.metrics
    return (
        f"{'>' if found.name == served else ' '} {found.name}",
        _or_dash(metrics.auc, ".3f"),
        f"{metrics.log_loss:.4f}",
        f"{metrics.brier:.4f}",
        _or_dash(metrics.balanced_accuracy, ".3f"),
        f"{found.taken.n:,}",
        f"{found.taken.expectancy_r:+.3f}",
        f"{found.taken.total_r:+.1f}",
    )


def _row_of_every(found: Evaluation) -> tuple[str, ...]:
    every = found.every
    results = f"{every.n:,}", f"{every.expectancy_r:+.3f}", f"{every.total_r:+.1f}"
    return "  take every setup", "-", "-", "-", "-", *results


def _write_areas(areas: Sequence[Area]) -> list[str]:
    lines: list[str] = []
    for area in areas:
        lines += page.subhead(f"{area.title.upper()}: {area.state}")
        for line in area.lines:
            lines += page.say(line)
    return lines


def _write_fixes(trials: Sequence[Trial]) -> list[str]:
    fixes = list_fixes(trials)
    undone = sum(not trial.kept for trial in trials)
    lines = _number(fixes) if fixes else page.say("None was needed, or none proved to help")
    lines += ["", f"Total fixes applied: {len(fixes)}"]
    if undone:
        lines += page.say(
            f"{undone} more {'was' if undone == 1 else 'were'} tried and undone: no proof of help",
            indent="",
        )
    return lines


def _number(sentences: Sequence[str]) -> list[str]:
    return [
        line
        for number, sentence in enumerate(sentences, start=1)
        for line in page.mark(f"{number}.", sentence, indent="")
    ]


def _name_majority(base_rate: float) -> str:
    return '"win"' if base_rate > 0.5 else '"loss"'


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _value(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
