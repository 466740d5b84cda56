"""The pages on problems and repairs say what code and figures say."""

import pytest

from benchmarks import documents
from ml_training.core.problems import PROBLEMS

FIGURES = {
    "given": {
        "seeds": [0],
        "cases": 1,
        "date": "2026-01-02",
        "contestants": {},
        "problems": {
            "loss_spike": {
                "n_runs": 7,
                "alarm_rate": 0.5,
                "fair_label_rate": 1.0,
                "repaired_rate": None,
                "n_cases": 2,
                "score_without": 0.25,
                "score_with": 0.875,
                "score_known_good": None,
            }
        },
        "examples": {
            "loss_spike": {
                "case": "spiky",
                "seed": 4,
                "fault": "a batch a million times too large",
                "message": "The loss jumped.",
                "told": ["skipped the batch: it helped"],
                "before": 0.25,
                "after": 0.875,
            }
        },
    }
}


def test_pages_are_up_to_date_when_the_tree_is_clean():
    stale = [
        path.name
        for path, text in documents.write_pages().items()
        if path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `python -m benchmarks.documents`"


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS.keys())
def test_every_problem_has_its_section_when_the_page_is_written(problem):
    page = documents.write_auto_fixes({})
    assert page.count(f"(`{problem.key}`)") == 1
    assert problem.advice in page
    assert all(threshold.source in page for threshold in problem.thresholds)
    assert all(remedy.title in page for remedy in problem.remedies)


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS.keys())
def test_every_problem_has_its_line_when_the_table_is_written(problem):
    page = documents.write_quick_reference()
    assert page.count(f"| `{problem.key}` |") == 1


def test_measured_figures_stand_in_the_section_when_there_are_some():
    section = documents.problem_section(PROBLEMS["loss_spike"], FIGURES)
    assert "| given | 2 | 7 | 50.0 % | 100.0 % | - | 0.25 | 0.88 | - |" in section
    assert "0.250 without repairs, 0.875 with them, none with the known good" in section
    assert "skipped the batch: it helped" in section


def test_no_figure_is_claimed_when_none_was_measured():
    section = documents.problem_section(PROBLEMS["loss_spike"], {})
    assert "**Measured:** not measured yet." in section
    assert "Example" not in section


def test_check_fails_and_writes_nothing_when_a_page_is_stale(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    assert documents.main(["--check"]) == 1
    assert list((tmp_path / "docs").iterdir()) == []
    assert "out of date: auto_fixes.md" in capsys.readouterr().out
    assert documents.main([]) == 0
    assert documents.main(["--check"]) == 0
