"""Our own cases: many, of every kind, screened, and the same every time."""

import itertools
import json

import pytest

from benchmarks.faults.bases import GROUPS
from benchmarks.faults.cases import DATASETS, build_workload
from benchmarks.faults.datasets import GIVEN
from benchmarks.faults.errors import CaseError
from benchmarks.faults.generator import (
    BASES,
    ILLS,
    SCREENED,
    TRAPS,
    choose_bases,
    doses_of,
    generate_candidates,
    generate_cases,
)
from benchmarks.faults.screening import JUDGES

CASES = {group: generate_cases(group) for group in GROUPS}
EVERY = [case for group in GROUPS for case in CASES[group]]
# The vocabulary of the case document, and the problems of engine.md that it leaves out.
PROBLEMS = {
    "class_imbalance", "distribution_shift", "diverging_loss", "dying_relu",
    "exploding_activation", "exploding_gradient", "high_dropout", "label_noise", "loss_spike",
    "lr_too_high", "lr_too_low", "missing_nonlinearity", "mode_collapse", "nan_inf_input",
    "nan_inf_loss", "no_signal", "oscillating_loss", "outliers", "overfitting", "plateau",
    "poor_init", "saturated_activation", "underfitting", "unscaled_features",
    "vanishing_gradient", "wrong_output_activation",
} | {
    "constant_feature", "duplicate_rows", "insufficient_data", "leaking_feature",
    "miscalibrated", "unstable_gradient",
}  # fmt: skip


def test_holdout_is_large_enough_when_counted_alone():
    assert sum(not case.is_healthy for case in CASES["holdout"]) >= 100
    assert sum(case.is_healthy for case in CASES["holdout"]) >= 50


def test_there_are_enough_cases_when_all_groups_are_counted():
    assert sum(not case.is_healthy for case in EVERY) >= 200
    assert sum(case.is_healthy for case in EVERY) >= 100


@pytest.mark.parametrize("group", GROUPS)
def test_every_problem_is_expected_somewhere_when_a_group_is_listed(group):
    assert {case.expected_symptom for case in CASES[group] if not case.is_healthy} == PROBLEMS


@pytest.mark.parametrize("group", GROUPS)
def test_every_trap_is_set_when_a_group_is_listed(group):
    found = {case.id.split("_", 1)[1] for case in CASES[group] if case.is_healthy}
    set_here = [trap.key for trap in TRAPS if doses_of(trap, group)]
    assert [name for name in set_here if not any(key.startswith(name) for key in found)] == []


def test_accepted_labels_are_known_problems_when_listed():
    assert {label for case in EVERY for label in case.fair_labels} <= PROBLEMS


def test_ids_and_trainings_are_unique_when_all_groups_are_listed():
    assert len({case.id for case in EVERY}) == len(EVERY)
    assert len({case.digest for case in EVERY}) == len(EVERY)


def test_no_training_is_shared_when_groups_are_compared():
    names = {g: {base.document["dataset"]["name"] for base in BASES[g]} for g in GROUPS}
    for first, second in itertools.combinations(GROUPS, 2):
        assert not names[first] & names[second]


def test_no_rows_of_the_holdout_are_seen_elsewhere_when_every_case_is_compared():
    names = {group: {case.dataset["name"] for case in CASES[group]} for group in GROUPS}
    assert not names["holdout"] & {*names["develop"], *names["known"], *GIVEN}


def test_no_magnitude_is_shared_when_it_can_be_chosen():
    for recipe in ILLS:
        doses = {group: set(map(str, doses_of(recipe, group))) for group in GROUPS}
        for first, second in itertools.combinations(GROUPS, 2):
            assert doses[first] & doses[second] <= {"0", "1", "1.0", "True"}, recipe.key


def test_list_is_the_same_when_generated_again():
    again = [case.digest for case in generate_candidates("develop")]
    assert again == [case.digest for case in generate_candidates("develop")]


def test_bases_carry_only_what_suits_them_when_chosen():
    for recipe in (*ILLS, *TRAPS):
        for group in GROUPS:
            for number in range(len(doses_of(recipe, group))):
                chosen = choose_bases(recipe, group, number)
                assert chosen, recipe.key
                assert all(recipe.suits(base) for base in chosen)


def test_every_candidate_was_screened_when_compared_with_the_file():
    known = json.loads(SCREENED.read_text(encoding="utf-8"))
    digests = {case.id: case.digest for group in GROUPS for case in generate_candidates(group)}
    assert {key: known[key]["digest"] for key in known} == digests


def test_file_stays_small_when_stored():
    assert SCREENED.stat().st_size < 500_000


def test_every_fault_names_its_proof_when_listed():
    assert {ill.proof for ill in ILLS} <= set(JUDGES)


def test_cures_change_the_training_when_there_are_some():
    for case in EVERY:
        if case.is_repairable:
            assert case.cured().digest != case.digest


def test_scores_to_reach_are_measured_when_a_case_is_repairable():
    for case in EVERY:
        which = "with_known_good_fix" if case.is_repairable else "as_given"
        scores = case.measured[which]
        assert len(scores.get("val_balanced_accuracy") or scores["val_r2"]) == 3


def test_unseen_rows_exist_when_the_data_set_allows():
    for case in EVERY:
        if case.dataset["name"] != "wine":
            assert case.dataset["unseen"] > 0
    assert DATASETS["wine"].source == "table"


@pytest.mark.parametrize("case", EVERY[::17], ids=lambda case: case.id)
def test_workload_is_complete_when_a_case_is_built(case):
    workload = build_workload(case, 0)
    assert workload.settings().max_epochs == case.epochs
    assert workload.model() is not None


def test_groups_are_listed_when_one_is_unknown():
    with pytest.raises(CaseError, match=r"no group 'secret'.*develop, known, holdout"):
        generate_candidates("secret")


def test_screening_is_asked_for_when_a_case_is_new(tmp_path):
    path = tmp_path / "screened.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(CaseError, match=r"never screened.*faults\.screening"):
        generate_cases("develop", path)


def test_screening_is_asked_for_when_a_case_changed(tmp_path):
    known = json.loads(SCREENED.read_text(encoding="utf-8"))
    known[generate_candidates("develop")[0].id]["digest"] = "older"
    path = tmp_path / "screened.json"
    path.write_text(json.dumps(known), encoding="utf-8")
    with pytest.raises(CaseError, match="changed after its screening"):
        generate_cases("develop", path)
