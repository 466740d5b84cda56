"""Our plain loop is held against what a document measured."""

import json

import pytest

from benchmarks.faults.reproduction import Comparison, compare, comparison_table, main
from benchmarks.faults.schema import as_document
from tests.benchmarks.builders import make_case, make_faulty


def test_measurements_agree_when_seeds_explain_the_difference():
    assert Comparison("a", "as_given", (0.8, 0.9, 0.7), (0.85, 0.75, 0.9)).agrees
    assert not Comparison("a", "as_given", (0.8, 0.8, 0.8), (0.7, 0.7, 0.71)).agrees


def test_every_measured_version_is_compared_when_a_case_has_a_fix():
    measured = {
        "as_given": {"val_balanced_accuracy": [0.5] * 3},
        "with_known_good_fix": {"val_balanced_accuracy": [1.0] * 3},
    }
    found = list(compare(make_faulty(measured=measured, epochs=12)))
    assert [one.version for one in found] == ["as_given", "with_known_good_fix"]
    assert found[0].agrees


def test_disagreement_is_counted_when_the_document_says_otherwise(tmp_path, capsys):
    wrong = make_case(measured={"as_given": {"val_balanced_accuracy": [0.1] * 3}})
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(as_document([wrong], title="wrong")), encoding="utf-8")
    assert main([str(path)]) == 1
    assert "| quick | as_given | 0.100 0.100 0.100 |" in capsys.readouterr().out


@pytest.mark.parametrize(("ours", "word"), [((0.5, 0.5, 0.5), "yes"), ((0.9, 0.9, 0.9), "no")])
def test_table_says_whether_they_agree_when_written(ours, word):
    text = comparison_table([Comparison("a", "as_given", (0.5, 0.5, 0.5), ours)])
    assert text.splitlines()[-1].endswith(f"| {word} |")
