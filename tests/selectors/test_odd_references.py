"""Whatever is asked for, the answer is a row or an error in words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from ml_training.errors import DataError
from ml_training.selectors import find_instrument, find_strategy
from tests.services.builders import make_market, make_strategy

pytestmark = pytest.mark.django_db
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)


@pytest.mark.parametrize(
    "reference", ["9" * 19, "9" * 20, "9" * 5_000, "-1", "1.0", "1e3", "", "%"]
)
def test_reference_is_refused_in_words_when_it_is_no_id(reference):
    make_strategy(name="Mine")
    with pytest.raises(DataError, match="no strategy is called"):
        find_strategy(reference)


def test_id_is_meant_when_another_strategy_bears_it_as_its_name():
    strategy = make_strategy(name="Mine")
    make_strategy(name=str(strategy.pk))
    assert find_strategy(str(strategy.pk)) == strategy


def test_name_has_to_be_the_whole_one_when_a_strategy_is_sought():
    make_strategy(name="Mine")
    for part in ("Min", "mine", "Mine too", "M%"):
        with pytest.raises(DataError, match="Mine"):
            find_strategy(part)


def test_few_of_many_are_named_when_nothing_is_found():
    for number in range(12):
        make_strategy(name=f"Strategy {number:02}")
    with pytest.raises(DataError) as caught:
        find_strategy("Mine")
    assert caught.value.hint.count("Strategy") == 9


@pytest.mark.parametrize("symbol", ["", " ", "EURUSD;", "EUR USD", "EURUSD%", "' OR 1=1"])
def test_symbol_is_refused_in_words_when_it_is_not_the_one(symbol):
    make_market("EURUSD")
    with pytest.raises(DataError, match="are in the database"):
        find_instrument(symbol)


class AnyText(TestCase):
    """Any text at all, as it comes from a command line."""

    @settings(max_examples=40, deadline=None)
    @given(TEXT)
    def test_strategy_is_found_by_any_name_it_can_bear(self, name):
        if not name.strip() or name.strip().isdecimal():
            return
        strategy = make_strategy(name=name.strip())
        assert find_strategy(f" {name} ") == strategy

    @settings(max_examples=40, deadline=None)
    @given(TEXT)
    def test_any_text_is_answered_in_words_when_there_is_nothing(self, text):
        for find in (find_strategy, find_instrument):
            with pytest.raises(DataError) as caught:
                find(text)
            assert "none" in caught.value.hint
