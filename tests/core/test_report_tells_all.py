"""Nothing a run found is missing from its report, in any of its forms."""

import json
from dataclasses import replace

import pytest

from ml_training.core.problems import PROBLEMS
from ml_training.core.report import HEADLINES, WIDTH, Report
from tests.core.builders import make_finding

TITLES = {problem.key: problem.title for problem in PROBLEMS.values()}


def make_full_report():
    """Return a report with one finding of every problem there is."""
    findings = tuple(
        replace(
            make_finding(key, severity=severity, loss=float("inf"), share=0.25),
            message=f"Seen number {number} in what is a rather long sentence " * 2,
        )
        for number, (key, severity) in enumerate(
            (key, severity) for key in TITLES for severity in ("info", "critical")
        )
    )
    return Report(
        status="unresolved",
        stopped_because="budget_spent",
        summary={"n_epochs": 3, "n_steps": 30, "best_epoch": 1, "best_loss": float("nan")},
        findings=findings,
        unresolved={"label_noise": "Look at the <labels> & ask."},
        titles=TITLES,
        notes=("first note", "second note"),
    )


def flatten(text):
    """Return the words without regard to where lines break."""
    return " ".join(text.split())


@pytest.mark.parametrize("key", sorted(TITLES))
def test_every_problem_is_named_in_the_text_when_found(key):
    assert f"[critical] {TITLES[key]} (epoch 1)" in make_full_report().text()


def test_every_message_is_told_when_there_are_many():
    report = make_full_report()
    text, markup = flatten(report.text()), flatten(report.html())
    for finding in report.findings:
        assert flatten(finding.message) in text
        assert flatten(finding.message) in markup
    for note in report.notes:
        assert f"Note: {note}" in text


def test_findings_come_in_the_order_they_were_made():
    text = flatten(make_full_report().text())
    places = [text.index(f"Seen number {i} ") for i in range(2 * len(TITLES))]
    assert places == sorted(places)


def test_no_line_of_the_text_is_wider_than_a_terminal_when_messages_are_long():
    assert max(map(len, make_full_report().text().splitlines())) <= WIDTH


def test_the_document_is_strict_json_when_numbers_are_not_finite():
    written = json.dumps(make_full_report().as_dict(), allow_nan=False)
    assert len(json.loads(written)["findings"]) == 2 * len(TITLES)


def test_a_report_says_the_same_when_written_and_read_twice():
    report = make_full_report()
    document = json.loads(json.dumps(report.as_dict()))
    again = Report.from_dict(document)
    assert again.as_dict() == document
    assert again.text() == report.text()
    assert again.html() == report.html()


def test_advice_is_escaped_in_html_and_plain_in_text():
    report = make_full_report()
    assert "Look at the &lt;labels&gt; &amp; ask." in report.html()
    assert "Look at the <labels> & ask." in report.text()


def test_an_unknown_problem_is_named_by_its_key():
    report = replace(make_full_report(), titles={}, findings=(make_finding("gone"),))
    assert "[critical] gone (epoch 1)" in report.text()


@pytest.mark.parametrize("status", HEADLINES)
def test_the_text_begins_with_the_headline_of_its_status(status):
    report = replace(make_full_report(), status=status)
    assert report.text().startswith(HEADLINES[status])
