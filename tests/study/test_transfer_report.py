"""What a reader is told of base models, stages and gains."""

from dataclasses import replace

import pytest

from ml_training.core.transfer_network import Counts
from ml_training.core.transfer_stages import Stage
from ml_training.study.models import NETWORK, TRANSFER
from ml_training.study.page import WIDTH
from ml_training.study.transfer import plan_transfer
from ml_training.study.transfer_report import (
    STAGES,
    describe_gain,
    tell_base,
    tell_counts,
    write_transfer,
)
from ml_training.study.transferred import Gain, Transferred
from tests.study.base_builders import make_base

COUNTS = Counts(transferred=7, frozen=6, trainable=3, total=9)
PARAMETERS = Counts(transferred=15_809, frozen=15_776, trainable=329, total=16_105)
LINE = Stage(
    name="line",
    learning_rate=0.0,
    slow_rate=0.0,
    layers=COUNTS,
    parameters=PARAMETERS,
    epochs=0,
    before=0.7,
    after=0.65,
    is_kept=True,
    status="healthy",
    slope=0.81,
    level=-0.12,
)
FROZEN = replace(LINE, name="frozen", learning_rate=5e-4, epochs=12, before=0.65, after=0.64)
UNDONE = replace(FROZEN, name="unfrozen", before=0.64, after=0.66, is_kept=False)
GAIN = Gain(
    on="test",
    n=1_200,
    log_loss=0.031,
    low=0.012,
    high=0.048,
    auc=0.07,
    log_losses={NETWORK: 0.66, TRANSFER: 0.629},
    aucs={NETWORK: 0.51, TRANSFER: 0.58},
)


class Fitted:
    """Hold stages as a result does; nothing else is read."""

    def __init__(self, *stages):
        self.stages = stages


def transferred(*stages, gain=GAIN) -> Transferred:
    plan = plan_transfer(90, is_wanted=True, base=make_base())
    return Transferred(plan=plan, fitted=Fitted(*stages), gain=gain)


def flat(lines):
    return " ".join(" ".join(lines).split())


def test_base_is_told_with_its_setups_and_symbols():
    assert flat(tell_base(make_base())) == (
        f"Base model: {make_base().name} (600 setups of 3 symbols)"
    )


def test_one_symbol_is_told_in_the_singular():
    alone = replace(make_base(), symbols=("EURUSD",))
    assert flat(tell_base(alone)).endswith("(600 setups of 1 symbol)")


def test_no_base_is_told_as_none():
    assert flat(tell_base(None)) == "Base model: none"


def test_counts_are_told_as_they_were_counted():
    text = flat(tell_counts(COUNTS, PARAMETERS))
    assert "Layers: 7 transferred, 6 frozen at first, 3 trainable, 9 in all" in text
    assert "Parameters: 15,809 transferred, 15,776 frozen at first, 329 trainable" in text


def test_every_stage_is_told_in_order_with_what_came_of_it():
    text = flat(write_transfer(transferred(LINE, FROZEN, UNDONE)))
    assert "1. Slope, level and a line were fitted" in text
    assert "(slope 0.81, level -0.12): log-loss on validation 0.7000 -> 0.6500, kept" in text
    assert "2. What came from the base model stood still (329 parameters" in text
    assert "12 epochs): log-loss on validation 0.6500 -> 0.6400, kept" in text
    assert "0.6400 -> 0.6600, undone, it was not clearly better" in text


def test_line_that_was_undone_is_told_with_its_reason():
    undone = replace(LINE, before=0.6, after=0.65, is_kept=False)
    text = flat(write_transfer(transferred(undone)))
    assert "0.6000 -> 0.6500, undone, the base model alone was clearly better" in text


def test_repairs_of_a_stage_are_told_behind_it():
    healed = replace(FROZEN, fixes=("Clipped the gradient to 1: helped",))
    assert "kept; Clipped the gradient to 1: helped" in flat(write_transfer(transferred(healed)))


def test_stage_without_a_loss_is_told_as_such():
    lost = replace(FROZEN, after=float("nan"), is_kept=False)
    assert "0.6500 -> none, undone" in flat(write_transfer(transferred(lost)))


def test_every_kind_of_stage_has_its_words():
    assert set(STAGES) == {"line", "frozen", "unfrozen", "initialised"}


def test_both_networks_stand_in_a_table_with_the_gain():
    text = flat(write_transfer(transferred(LINE)))
    assert "transferred network 0.580 0.6290" in text
    assert "network 0.510 0.6600" in text
    assert "Gain against the network from scratch on 1,200 test setups: +0.0310" in text


def test_reader_is_told_that_the_walk_forward_knows_no_base():
    assert "It is in no step of the walk-forward" in flat(write_transfer(transferred(LINE)))


def test_section_is_empty_when_the_study_was_from_scratch():
    plan = plan_transfer(400, is_wanted=True)
    assert write_transfer(Transferred(plan=plan)) == []


def test_gain_is_left_out_when_there_is_nothing_to_compare():
    text = flat(write_transfer(transferred(LINE, gain=None)))
    assert "Gain against" not in text


@pytest.mark.parametrize("auc", [None, 0.58])
def test_lines_fit_the_page_whatever_is_known(auc):
    gain = replace(GAIN, aucs={NETWORK: auc, TRANSFER: auc}, auc=None if auc is None else 0.0)
    lines = write_transfer(transferred(LINE, FROZEN, UNDONE, gain=gain))
    assert max(len(line) for line in lines) <= WIDTH


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.012, 0.048, "better by more than luck explains"),
        (-0.048, -0.012, "worse by more than luck explains"),
        (-0.01, 0.02, "no more than luck explains"),
        (0.0, 0.02, "no more than luck explains"),
    ],
)
def test_gain_is_judged_by_its_interval(low, high, words):
    told = describe_gain(replace(GAIN, low=low, high=high))
    assert told.endswith(words)
    assert f"(95 % interval {low:+.4f} to {high:+.4f}), +0.070 of AUC" in told


def test_gain_without_an_interval_claims_nothing():
    assert "too few setups to say" in describe_gain(replace(GAIN, low=None, high=None))


def test_auc_is_left_out_when_only_one_class_occurs():
    assert "AUC" not in describe_gain(replace(GAIN, auc=None))
