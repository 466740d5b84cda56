"""Case documents are read as they are, and refused with words."""

import json

import pytest

from benchmarks.faults.errors import CaseError
from benchmarks.faults.schema import as_document, parse_case, parse_document, read_cases
from tests.benchmarks.builders import make_case, make_document, make_faulty


def test_case_returns_to_its_document_when_written():
    document = make_document(fault="none", source="nowhere")
    assert parse_case(document).to_document() == document


def test_unknown_fields_are_kept_when_read():
    assert make_case(why_healthy="calm").notes == {"why_healthy": "calm"}


def test_missing_field_is_named_when_case_is_read():
    document = make_document()
    del document["loss"]
    with pytest.raises(CaseError, match="lacks loss"):
        parse_case(document)


def test_fix_replaces_whole_fields_when_case_is_cured():
    case = make_faulty()
    cured = case.cured()
    assert [t["op"] for t in cured.dataset["transforms"]] == ["inject_nan", "impute_median"]
    assert cured.epochs == case.epochs


def test_cure_is_refused_when_none_is_known():
    with pytest.raises(CaseError, match="no known good fix"):
        make_case().cured()


def test_override_is_refused_when_the_field_does_not_train():
    with pytest.raises(CaseError, match="cannot override"):
        make_case().overridden({"expected_symptom": "outliers"})


def test_fair_labels_hold_expected_and_accepted_when_faulty():
    assert make_faulty().fair_labels == {"nan_inf_input", "nan_inf_loss"}
    assert make_case().fair_labels == frozenset()


def test_unfixable_case_is_not_repairable_when_a_fix_is_absent():
    assert make_faulty().is_repairable
    assert not make_faulty(known_good_fix=None, unfixable=True).is_repairable


def test_digest_changes_only_when_the_training_changes():
    case = make_case()
    assert make_case(why_healthy="other words").digest == case.digest
    assert make_case(epochs=7).digest != case.digest
    assert make_faulty(known_good_fix={"epochs": 3}).digest != make_faulty().digest


def test_document_is_refused_when_its_version_is_unknown():
    with pytest.raises(CaseError, match="schema_version must be 1, got 2"):
        parse_document({"schema_version": 2})


def test_document_is_refused_when_ids_repeat():
    document = as_document([make_case(), make_case()], title="twice")
    with pytest.raises(CaseError, match="quick"):
        parse_document(document)


def test_document_is_read_back_when_written(tmp_path):
    path = tmp_path / "cases.json"
    cases = [make_faulty(), make_case()]
    path.write_text(json.dumps(as_document(cases, title="two")), encoding="utf-8")
    assert [case.id for case in read_cases(path)] == ["broken", "quick"]


def test_way_out_is_given_when_the_file_is_absent(tmp_path):
    with pytest.raises(CaseError, match=r"no case file at .*nothing.json.*--cases FILE"):
        read_cases(tmp_path / "nothing.json")


def test_file_is_refused_when_it_is_not_json(tmp_path):
    path = tmp_path / "cases.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(CaseError, match="is not JSON"):
        read_cases(path)
