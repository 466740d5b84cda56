"""Studies that start from a base model; base and networks are trained for real."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ml_training.core.transfer import start_from
from ml_training.core.transfer_network import count_layers, count_parameters
from ml_training.errors import DataError
from ml_training.evaluation.metrics import log_losses, measure_auc
from ml_training.services.jsonable import to_jsonable
from ml_training.study.models import BASE_RATE, LOGISTIC, NETWORK, TRANSFER, predict_wins
from ml_training.study.page import WIDTH
from ml_training.study.report import write_report
from ml_training.study.results import describe_study
from ml_training.study.run import run_study
from ml_training.study.serving import ServedModel, load_served
from ml_training.study.transfer_report import describe_gain
from ml_training.study.transferred import Gain
from tests.study.base_builders import make_base, make_market
from tests.study.builders import quick_settings

NOTE = "refitted up to 2019-12-30, because the stored one knows what comes later"


def find_base(moment):
    return replace(make_base(), id=7, is_refitted=True, note=NOTE)


def study_of(n, *, hours_apart=36, bases=find_base, rows=None, **options):
    rows = make_market(n, seed=5, hours_apart=hours_apart) if rows is None else rows
    return run_study(rows, quick_settings(bases=bases, **options))


@pytest.fixture(scope="module")
def study():
    return study_of(90)


@pytest.fixture(scope="module")
def told(study):
    return json.loads(json.dumps(to_jsonable(describe_study(study)), allow_nan=False))


def flat(study):
    return " ".join(write_report(study).split())


def test_transferred_network_is_compared_with_that_from_scratch_when_there_is_a_base(study):
    names = [one.name for one in study.test]
    assert names[:2] == [NETWORK, TRANSFER]
    assert [one.name for one in study.validation] == names


def test_counts_are_those_of_the_network_itself_when_told(study, told):
    base = study.transfer.plan.base
    network, _ = start_from(base.fitted, study.blocks.train.X)
    network.freeze(3)
    assert told["transfer"]["layers"] == count_layers(network).as_dict()
    assert told["transfer"]["parameters"] == count_parameters(network).as_dict()
    frozen = sum(p.numel() for p in network.parameters() if not p.requires_grad)
    assert told["transfer"]["parameters"]["frozen"] == frozen
    assert study.transfer.fitted.layers == study.transfer.plan.layers
    assert f"{frozen:,} frozen at first" in flat(study)


def test_base_is_named_with_its_origin_when_it_was_used(study, told):
    base = told["transfer"]["base_model"]
    assert (base["name"], base["id"], base["n_setups"]) == (make_base().name, 7, 600)
    assert told["transfer"]["strategy"] == "use_transfer_learning"
    assert told["transfer"]["refitted"] is True
    assert told["transfer"]["level"] == "moderate"
    assert NOTE[1:] in flat(study)
    assert f"Base model: {make_base().name} (600 setups of 3 symbols)" in flat(study)


def test_gain_is_measured_on_the_test_block_when_both_networks_stand(study, told):
    test, gain = study.blocks.test, told["transfer"]["gain"]
    found = {one.name: one.metrics.log_loss for one in study.test}
    assert gain["on"] == "test"
    assert gain["n"] == len(test)
    assert gain["log_loss"] == pytest.approx(found[NETWORK] - found[TRANSFER])
    assert gain["low"] <= gain["log_loss"] <= gain["high"]
    aucs = {one.name: one.metrics.auc for one in study.test}
    assert gain["auc"] == pytest.approx(aucs[TRANSFER] - aucs[NETWORK])
    assert "Gain against the network from scratch on" in flat(study)


def test_stages_are_told_as_they_went_when_there_were_two(study, told):
    names = [one["name"] for one in told["transfer"]["stages"]]
    assert names == ["line", "frozen", "unfrozen"]
    assert told["transfer"]["stages"][0]["layers"] == told["transfer"]["layers"]
    assert "TRANSFER LEARNING" in write_report(study)
    assert max(len(line) for line in write_report(study).splitlines()) <= WIDTH


def test_base_is_asked_for_the_time_before_validation_and_its_embargo():
    asked = []
    study = study_of(90, bases=asked.append)
    split = study.blocks.split
    assert asked == [split.cuts.validation_start - split.embargo_s - 1]
    assert asked[0] < study.blocks.validation.t0.min()
    assert study.blocks.train.t1.max() <= asked[0]


def test_study_is_the_same_when_run_again_with_the_same_seed(study):
    assert write_report(study_of(90)) == write_report(study)


def test_network_from_scratch_is_the_same_with_and_without_a_base(study):
    alone = study_of(90, bases=None)
    X = study.blocks.test.X
    np.testing.assert_array_equal(alone.fitted.predict_proba(X), study.fitted.predict_proba(X))
    assert TRANSFER not in [one.name for one in alone.test]


def test_transferred_network_beats_scratch_when_the_base_shares_the_edge():
    study = study_of(120)
    unseen = make_market(2000, seed=99)
    ours, theirs = (
        log_losses(unseen.y, predict_wins(one, unseen.X)).mean()
        for one in (study.transfer.fitted, study.fitted)
    )
    assert ours < theirs
    assert measure_auc(unseen.y, predict_wins(study.transfer.fitted, unseen.X)) > 0.65


def test_transferred_network_gives_the_same_numbers_when_saved_and_read_back(study, tmp_path):
    fitted, X = study.transfer.fitted, study.blocks.test.X
    served = ServedModel(**{**vars(study.served), "name": TRANSFER, "model": fitted})
    served.save(tmp_path / "model.zip")
    again = load_served(tmp_path / "model.zip")
    np.testing.assert_array_equal(again.predict_proba(X), served.predict_proba(X))
    again.save(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "model.zip").read_bytes()


@pytest.mark.parametrize("n", [30, 45])
def test_fewer_than_fifty_setups_are_trained_when_there_is_a_base(n):
    study = study_of(n, hours_apart=48, is_synthetic=True)
    assert study.transfer.plan.level == "aggressive"
    assert [one.name for one in study.transfer.fitted.stages] == ["line", "frozen"]
    assert study.verdict.key == "not_enough_data"
    assert "too few to train on their own" in flat(study)
    names = [one.name for one in study.test]
    assert names == [NETWORK, TRANSFER, LOGISTIC, BASE_RATE]


def test_fewer_than_fifty_setups_are_refused_when_no_base_is_found():
    with pytest.raises(DataError, match="At least 50 effective setups") as caught:
        study_of(49, hours_apart=48, bases=lambda moment: None)
    assert "more days of candles" in caught.value.hint


def test_fewer_than_fifty_setups_are_refused_with_the_reason_when_the_base_is_too_recent():
    late = replace(make_base(), trained_until=2_000_000_000)
    with pytest.raises(DataError, match=r"At least 50 effective setups.*up to 2033-05-18, which"):
        study_of(49, hours_apart=48, bases=lambda moment: late)


def test_a_dozen_setups_are_refused_whatever_base_there_is():
    asked = []
    with pytest.raises(DataError, match="At least 50 effective setups"):
        study_of(12, hours_apart=48, bases=asked.append)
    assert asked == []


def test_too_recent_base_is_refused_in_words_when_there_are_enough_setups():
    late = replace(make_base(), trained_until=2_000_000_000)
    study = study_of(90, bases=lambda moment: late)
    assert study.transfer.fitted is None
    assert "No base model could be used" in study.transfer.plan.reason
    assert "which lies after the first setup" in flat(study)


def test_base_that_cannot_be_found_does_not_stop_the_study():
    def fail(moment):
        raise DataError("There are no candles before 2019", hint="Import some")

    study = study_of(90, bases=fail)
    assert "There are no candles before 2019" in study.transfer.plan.reason


def test_other_columns_are_refused_in_words_when_a_base_is_there():
    rows = make_market(90, seed=5, hours_apart=36)
    other = replace(rows, feature_names=tuple(f"feature_{i}" for i in range(rows.n_features)))
    study = study_of(90, rows=other)
    assert "'return_1' is not where it belongs" in study.transfer.plan.reason


def test_base_is_not_asked_for_when_transfer_learning_is_switched_off():
    asked = []
    study = study_of(90, bases=asked.append, use_transfer_learning=False)
    assert asked == []
    assert "switched off" in study.transfer.plan.reason
    assert describe_study(study)["transfer"]["base_model"] is None


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.05, "better by more than luck"),
        (-0.05, -0.01, "worse by more than luck"),
        (-0.02, 0.03, "no more than luck"),
        (None, None, "too few setups to say"),
    ],
)
def test_gain_is_told_honestly_whatever_it_is(low, high, words):
    gain = Gain(
        on="test", n=50, log_loss=0.02, low=low, high=high, auc=None, log_losses={}, aucs={}
    )
    assert words in describe_gain(gain)


@pytest.mark.parametrize(("presets", "is_first"), [(("tce",), False), (("a", "b", "c"), True)])
def test_base_comes_first_when_it_knows_setups_of_many_kinds(presets, is_first):
    base = replace(make_base(), presets=presets)
    study = study_of(60, bases=lambda moment: base, models=frozenset())
    assert study.transfer.plan.is_pooled is is_first
    losses = {one.name: one.metrics.log_loss for one in study.validation}
    if is_first:
        assert study.choice.name == TRANSFER
    else:
        assert study.choice.name == min(losses, key=losses.__getitem__)


def test_base_is_believed_less_when_it_ranks_these_setups_backwards():
    study = study_of(90, rows=make_market(90, seed=5, hours_apart=36, edge=-1.0))
    assert study.transfer.fitted.stages[0].slope < 0.5
