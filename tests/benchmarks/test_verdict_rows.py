"""Rows of the benchmark of verdicts: kept, used again, and summed up."""

import json
import time

import pytest
from scipy.stats import binomtest

from benchmarks import evaluation
from benchmarks.verdicts.intervals import clopper_pearson, share
from benchmarks.verdicts.parts import PARTS, Part
from benchmarks.verdicts.rows import code_digest, fill_rows, mean_of, read_rows

CASES = [{"seed": 0}, {"seed": 1}, {"seed": 2}]


def later():
    return time.monotonic() + 60


def fill(path, run, *, version="a", until=None):
    return list(fill_rows(CASES, run, path, until=until or later(), version=version))


def square(case):
    return {"square": case["seed"] ** 2}


def refuse(case):
    raise AssertionError(f"{case} was run again")


@pytest.mark.parametrize(("k", "n"), [(0, 20), (1, 200), (10, 200), (17, 20), (20, 20)])
def test_interval_agrees_with_scipy_when_a_share_is_given(k, n):
    known = binomtest(k, n).proportion_ci(0.95, method="exact")
    assert clopper_pearson(k, n) == pytest.approx((known.low, known.high), abs=1e-9)


def test_interval_is_refused_when_more_happened_than_was_tried():
    with pytest.raises(ValueError, match="got 3 of 2"):
        clopper_pearson(3, 2)


def test_nothing_is_claimed_when_nothing_was_run():
    assert share(0, 0) == {"k": 0, "n": 0, "share": None, "low": None, "high": None}


def test_rows_are_used_again_when_the_code_is_the_same(tmp_path):
    first = fill(tmp_path / "rows.jsonl", square)
    assert [row["square"] for row in first] == [0, 1, 4]
    assert fill(tmp_path / "rows.jsonl", refuse) == first


def test_rows_are_run_again_when_the_code_changed(tmp_path):
    fill(tmp_path / "rows.jsonl", square)
    again = fill(tmp_path / "rows.jsonl", lambda case: {"square": -1}, version="b")
    assert [row["square"] for row in again] == [-1, -1, -1]


def test_the_rest_is_run_when_the_last_line_was_cut_short(tmp_path):
    path = tmp_path / "rows.jsonl"
    whole = fill(path, square)
    path.write_text(path.read_text()[:-10])
    assert len(read_rows(path, "a")) == 2
    again = fill(path, square)
    assert [row["square"] for row in again] == [row["square"] for row in whole]
    assert len(read_rows(path, "a")) == 3


def test_nothing_new_is_run_when_the_time_is_over(tmp_path):
    assert fill(tmp_path / "rows.jsonl", refuse, until=time.monotonic()) == []


def test_mean_leaves_out_rows_when_they_have_no_value():
    assert mean_of([{"gap": 1.0}, {"gap": None}, {}, {"gap": 3.0}], "gap") == 2.0
    assert mean_of([], "gap") is None


def test_digest_depends_on_the_packages_when_they_differ():
    assert code_digest(("data",)) != code_digest(("data", "evaluation"))
    assert len(code_digest()) == 12


def make_part(n_runs=3):
    return Part(
        options=("runs",),
        list_cases=lambda runs=n_runs, first_seed=0: [
            {"seed": first_seed + i} for i in range(runs)
        ],
        run_case=square,
        summarise=lambda rows: {"total": sum(row["square"] for row in rows)},
        tell=lambda row: str(row["square"]),
        packages=("evaluation",),
    )


def test_figures_carry_date_and_command_when_a_part_is_measured(tmp_path):
    choices = evaluation.read_arguments(
        ["--part", "noise", "--runs", "2", "--first-seed", "1", "--results", str(tmp_path)]
    )
    figures = evaluation.measure("noise", make_part(), choices, later())
    assert figures["total"] == 5
    assert figures["command"] == (
        "python -m benchmarks.evaluation --part noise --runs 2 --first-seed 1"
    )
    assert (figures["planned"], figures["done"]) == (2, 2)
    assert len(figures["date"]) == 10


def test_rows_are_forgotten_when_asked_to_begin_afresh(tmp_path):
    (tmp_path / "evaluation-noise.jsonl").write_text('{"case": {}, "version": "x"}\n')
    words = ["--part", "noise", "--fresh", "--results", str(tmp_path)]
    evaluation.measure("noise", make_part(1), evaluation.read_arguments(words), later())
    [line] = (tmp_path / "evaluation-noise.jsonl").read_text().splitlines()
    assert json.loads(line)["case"] == {"seed": 0}


def test_other_parts_stay_when_one_is_written(tmp_path):
    path = tmp_path / "evaluation.json"
    evaluation.write_figures(path, "real", {"date": "2026-01-02"})
    evaluation.write_figures(path, "noise", {"date": "2026-01-03"})
    evaluation.write_figures(path, "real", {"date": "2026-01-04"})
    assert json.loads(path.read_text()) == {
        "noise": {"date": "2026-01-03"},
        "real": {"date": "2026-01-04"},
    }
    assert list(json.loads(path.read_text())) == ["noise", "real"]


def test_quick_figures_stand_beside_the_others_when_both_are_written(tmp_path, capsys):
    words = ["--part", "noise", "--models", "quick", "--minutes", "0", "--results", str(tmp_path)]
    evaluation.main(words)
    evaluation.write_figures(tmp_path / "evaluation.json", "noise", {"done": 1})
    known = json.loads((tmp_path / "evaluation.json").read_text())
    assert list(known) == ["noise", "noise_quick"]
    assert known["noise_quick"]["command"].endswith("--part noise --models quick")
    assert known["noise_quick"]["done"] == 0
    assert "planned" in capsys.readouterr().out


def test_the_long_part_is_left_out_when_none_is_asked_for():
    assert set(evaluation.read_arguments([]).part) == set(PARTS) - {"scale"}
