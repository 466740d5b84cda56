import numpy as np
import pytest

from benchmarks.verdicts import pvalues
from benchmarks.verdicts.page import write_pvalues
from tests.study.builders import make_set


def test_most_cases_have_no_edge_and_the_others_one_a_line_can_learn():
    cases = pvalues.list_cases(runs=20, first_seed=3)
    assert [case["kind"] for case in cases].count(pvalues.EDGE) == 4
    assert {case["shape"] for case in cases if case["kind"] == pvalues.EDGE} == set(pvalues.SHAPES)
    assert {case["auc"] for case in cases if case["kind"] == pvalues.NOTHING} == {0.5}


@pytest.mark.parametrize(("edge", "is_small"), [(0.8, True), (0.0, False)])
def test_both_p_values_are_small_when_there_is_an_edge_only(edge, is_small):
    y = None if edge else (np.random.default_rng(0).random(600) < 0.4).astype(int)
    dataset = make_set(600, edge=edge) if y is None else make_set(600, edge=0.0, y=y)
    row = pvalues.judge(dataset)
    assert (pvalues.worst(row, ("rotation", "blocks")) < 0.01) == is_small
    assert (pvalues.worst(row, ("rotation",)) < 0.01) == is_small


def test_page_tells_how_many_passed_and_unknown_counts_as_no():
    row = {"case": {"kind": pvalues.NOTHING}, "n": 900, "rotation": 0.01, "blocks": None}
    page = write_pvalues(pvalues.summarise([row]))
    assert f"| {pvalues.NOTHING} | rotations in time | 1 of 1 (100.0%)" in page
    assert f"| {pvalues.NOTHING} | the larger of both | 0 of 1 (0.0%)" in page
    assert pvalues.EDGE not in page
    assert "900 setups: 1.0" in pvalues.tell(row)
