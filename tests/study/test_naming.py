from ml_training.core.events import FindingMade, PartFailed
from ml_training.study.naming import name_columns, name_in_event, name_in_result
from ml_training.study.run import run_study
from tests.study.builders import change, make_set, quick_settings
from tests.study.engine_words import make_finding

NAMES = ("rsi_14", "atr_14")


def test_every_column_gets_its_name_when_a_message_numbers_them():
    named = name_columns("column 0 around 3, column 1 around 1; columns 0 stay.", NAMES)
    assert named == "feature rsi_14 around 3, feature atr_14 around 1; columns 0 stay."


def test_number_stays_when_there_is_no_such_column():
    assert name_columns("column 7 is large", NAMES) == "column 7 is large"


def test_event_without_a_finding_passes_as_it_is():
    event = PartFailed(part="schedule", message="column 0", epoch=0, step=0)
    assert name_in_event(event, NAMES) is event
    found = FindingMade(finding=make_finding())
    assert name_in_event(found, NAMES) == found


def test_names_reach_listener_findings_and_report_when_a_feature_is_unscaled():
    heard = []
    dataset = make_set(300, edge=0.8)
    X = dataset.X.copy()
    X[:, 3] *= 1e5
    study = run_study(change(dataset, X=X), quick_settings(epochs=2), emit=heard.append)
    told = [event.finding.message for event in heard if isinstance(event, FindingMade)]
    assert any("feature feature_3" in message for message in told)
    again = name_in_result(study.fitted, dataset.feature_names)
    assert again.findings == study.fitted.findings == study.fitted.report.findings
    assert any("feature feature_3" in line for line in study.story)
