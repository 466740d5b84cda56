import json
from dataclasses import replace

import numpy as np
import pytest

from ml_training.core.transfer import POOLED, WIDE
from ml_training.data.advice import Candidate
from ml_training.errors import DataError
from ml_training.study.transfer import ask_for_enough, check_trainable, plan_transfer
from tests.study.base_builders import make_base
from tests.study.builders import make_set


@pytest.mark.parametrize(
    ("n_effective", "level"),
    [(49.9, "aggressive"), (50, "moderate"), (149, "moderate"), (150, "light"), (300, "optional")],
)
def test_plan_names_the_level_when_a_base_model_would_be_used(n_effective, level):
    plan = plan_transfer(n_effective, is_wanted=True)
    assert plan.level == level
    assert plan.strategy == "from_scratch"
    assert "No base model is stored" in plan.reason
    assert json.loads(json.dumps(plan.as_dict()))["base_model"] is None


def test_plan_says_so_when_transfer_learning_is_switched_off():
    assert "switched off" in plan_transfer(1000, is_wanted=False).reason


def test_set_is_accepted_when_it_has_fifty_effective_setups_of_both_outcomes():
    check_trainable(make_set(60, hours_apart=48))


def test_empty_set_is_refused_in_words_that_help():
    with pytest.raises(DataError, match="no labelled setup") as caught:
        check_trainable(make_set(60).take(np.arange(0)))
    assert "Loosen the entry conditions" in caught.value.hint


@pytest.mark.parametrize(("outcome", "word"), [(0, "losses"), (1, "wins")])
def test_one_class_is_refused_in_words_that_help(outcome, word):
    with pytest.raises(DataError, match=f"All 100 setups are {word}") as caught:
        check_trainable(make_set(100, y=np.full(100, outcome), hours_apart=48))
    assert "take-profit" in caught.value.hint


def test_few_setups_are_refused_with_what_would_bring_enough():
    few = make_set(25, hours_apart=48)
    with pytest.raises(DataError, match="At least 50 effective setups") as caught:
        check_trainable(few)
    assert "got 25 (25 setups" in str(caught.value)
    assert "about 49 more days" in caught.value.hint
    assert "3 more symbols" in caught.value.hint
    assert "2 more timeframes" in caught.value.hint


def test_candles_at_hand_are_named_first_when_they_bring_enough():
    found = (Candidate("GBPUSD", 106, n_effective=101.0), Candidate("4h", 9, n_effective=5.0))
    with pytest.raises(DataError) as caught:
        check_trainable(make_set(25, hours_apart=48), found)
    assert caught.value.hint.startswith("Add GBPUSD: about +106 setups (101 effective). At the")
    assert "4h" not in caught.value.hint


def test_candles_at_hand_are_named_when_there_are_no_setups_at_all():
    with pytest.raises(DataError) as caught:
        check_trainable(make_set(60).take(np.arange(0)), (Candidate("GBPUSD", 106),))
    assert caught.value.hint == "Add GBPUSD: about +106 setups"


def test_overlapping_setups_are_refused_when_they_count_for_fewer_than_fifty():
    crowded = make_set(90, hours_apart=1)
    assert crowded.n_effective < 50 < len(crowded)
    with pytest.raises(DataError, match="90 setups, overlaps counted once"):
        check_trainable(crowded)


def test_need_is_in_the_singular_when_one_more_suffices():
    assert "1 more timeframe" in ask_for_enough(make_set(45, hours_apart=48))
    assert "1 more timeframes" not in ask_for_enough(make_set(45, hours_apart=48))


@pytest.mark.parametrize(
    ("n_effective", "words"),
    [
        (30, "too few to train on their own"),
        (120, "kept at first, then all of it learns slowly"),
        (200, "kept at first, then all of it learns slowly"),
        (900, "where the weights begin"),
    ],
)
def test_plan_says_what_becomes_of_the_base_when_there_is_one(n_effective, words):
    plan = plan_transfer(n_effective, is_wanted=True, base=make_base())
    assert plan.strategy == "use_transfer_learning"
    assert f"{n_effective} effective setups" in plan.reason
    assert words in plan.reason


def test_note_of_the_base_stands_in_the_reason_as_a_sentence():
    base = replace(make_base(), note="refitted up to 2021-03-04")
    assert plan_transfer(90, is_wanted=True, base=base).reason.endswith(
        ". Refitted up to 2021-03-04"
    )


def test_obstacle_takes_the_place_of_the_usual_words_when_there_is_one():
    plan = plan_transfer(90, is_wanted=True, obstacle="It was too late")
    assert plan.reason.startswith("It was too late; 90 effective setups")
    assert plan.obstacle == "It was too late"


def test_base_of_many_presets_is_kept_nearer_than_that_of_one():
    alone = plan_transfer(90, is_wanted=True, base=make_base())
    many = replace(make_base(), presets=("tce", "ema_cross", "rsi_return"))
    pooled = plan_transfer(90, is_wanted=True, base=many)
    assert (alone.prior, pooled.prior) == (WIDE, POOLED)
    assert pooled.prior.slope < alone.prior.slope


def test_depth_is_that_of_the_level():
    assert plan_transfer(90, is_wanted=True).depth.learning_rate == 5e-4
    assert plan_transfer(30, is_wanted=True).depth.stages == ("frozen",)


def test_plan_is_plain_values_when_there_is_a_base():
    base = replace(make_base(), id=3, is_refitted=True)
    told = json.loads(json.dumps(plan_transfer(90, is_wanted=True, base=base).as_dict()))
    assert told["base_model"]["id"] == 3
    assert told["base_model"]["trained_until"] == base.trained_until
    assert told["refitted"] is True
    assert told["layers"] is None


def test_old_names_are_there_without_a_base():
    told = plan_transfer(90, is_wanted=True).as_dict()
    assert (told["base_model"], told["refitted"], told["strategy"]) == (
        None,
        False,
        "from_scratch",
    )


@pytest.mark.parametrize(("n", "is_enough"), [(24, False), (26, True), (49, True)])
def test_half_as_many_setups_are_enough_to_look_for_a_base(n, is_enough):
    rows = make_set(n, hours_apart=48)
    if is_enough:
        check_trainable(rows, may_have_base=True)
    else:
        with pytest.raises(DataError, match="At least 50 effective setups"):
            check_trainable(rows, may_have_base=True)


def test_refusal_says_why_no_base_could_be_used_when_that_is_known():
    with pytest.raises(DataError, match=r"overlaps counted once\). There is no history"):
        check_trainable(make_set(25, hours_apart=48), obstacle="There is no history")
