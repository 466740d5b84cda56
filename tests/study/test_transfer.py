import json

import numpy as np
import pytest

from ml_training.data.advice import Candidate
from ml_training.errors import DataError
from ml_training.study.transfer import ask_for_enough, check_trainable, plan_transfer
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
