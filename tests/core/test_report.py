import json
from dataclasses import replace

import pytest

from ml_training.core.findings import Change, Effect, Trial
from ml_training.core.report import HEADLINES, REASONS, Report, describe_trial
from tests.core.builders import make_finding

NAN = float("nan")


def make_trial(**changes):
    trial = Trial(
        problem="nan_inf_loss",
        remedy="lower_rate",
        change=Change(what="learning_rate", before=1.0, after=0.1, sentence="lowered the rate"),
        epoch=0,
        step=3,
        from_step=0,
        to_step=100,
        verdict="helped",
        effect=Effect(
            loss_without=NAN,
            loss_with=0.5,
            score_without=NAN,
            score_with=0.7,
            tolerance=0.01,
            n_rows=80,
            is_independent=True,
        ),
        kept=True,
        attempt=1,
        attempt_without=0,
        seconds=0.1,
    )
    return replace(trial, **changes)


def make_report(**changes):
    report = Report(
        status="repaired",
        stopped_because="early_stopping",
        summary={
            "n_epochs": 9,
            "n_steps": 90,
            "best_epoch": 4,
            "best_loss": 0.5,
            "best_score": 0.7,
            "naive_loss": NAN,
        },
        findings=(make_finding(loss=NAN),),
        trials=(make_trial(),),
        unresolved={},
        titles={"nan_inf_loss": "Loss is not a number"},
        notes=("few <rows>",),
    )
    return replace(report, **changes)


def test_text_tells_status_findings_trials_and_notes():
    text = make_report().text()
    assert text.startswith(HEADLINES["repaired"])
    assert "best epoch was 5" in text
    assert "[critical] Loss is not a number (epoch 1)" in text
    assert "lowered the rate: it helped" in text
    assert "few <rows>" in text


@pytest.mark.parametrize("status", HEADLINES)
@pytest.mark.parametrize("because", REASONS)
def test_every_ending_has_words(status, because):
    text = make_report(status=status, stopped_because=because).text()
    assert HEADLINES[status] in text
    assert REASONS[because] in " ".join(text.split())


def test_lines_fit_a_terminal():
    wordy = make_report(notes=("word " * 100,), unresolved={"a": "long " * 60})
    assert max(map(len, wordy.text().splitlines())) <= 80


def test_a_run_that_never_started_says_so():
    assert "did not start" in make_report(summary={}, status="refused").text()


def test_html_is_escaped():
    page = make_report().html()
    assert "few &lt;rows&gt;" in page
    assert "<script" not in page


def test_a_healthy_report_has_no_sections():
    report = make_report(status="healthy", findings=(), trials=(), notes=())
    assert "<h3>" not in report.html()
    assert "Repairs" not in report.text()


def test_the_report_survives_json():
    report = make_report()
    document = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    again = Report.from_dict(document)
    assert again.text() == report.text()
    assert again.as_dict() == report.as_dict()


@pytest.mark.parametrize(
    ("verdict", "kept", "words"),
    [
        ("helped", True, "it helped"),
        ("no_effect", False, "no difference beyond noise"),
        ("harmed", False, "it harmed"),
    ],
)
def test_a_trial_is_told_in_one_sentence(verdict, kept, words):
    sentence = describe_trial(make_trial(verdict=verdict, kept=kept))
    assert words in sentence
    assert sentence.endswith("kept" if kept else "undone")
    assert "none without, 0.5 with" in sentence
