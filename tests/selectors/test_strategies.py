"""A strategy is found by its id or its name."""

import pytest

from ml_training.errors import DataError
from ml_training.selectors import find_strategy
from tests.services.builders import make_strategy

pytestmark = pytest.mark.django_db


def test_strategy_is_found_by_id_or_name():
    strategy = make_strategy(name="Mine")
    assert find_strategy(strategy.pk) == find_strategy(f" {strategy.pk} ") == strategy
    assert find_strategy("Mine") == strategy


def test_name_is_tried_when_a_number_is_no_id():
    strategy = make_strategy(name="20240101")
    assert find_strategy("20240101") == strategy


def test_id_is_asked_for_when_a_name_is_there_twice():
    make_strategy(name="Mine")
    make_strategy(name="Mine")
    with pytest.raises(DataError, match=r"more than one.*id instead"):
        find_strategy("Mine")


def test_what_exists_is_named_when_nothing_is_found():
    with pytest.raises(DataError, match="none yet"):
        find_strategy("Mine")
    other = make_strategy(name="Other")
    with pytest.raises(DataError, match=f"{other.pk} Other"):
        find_strategy("Mine")
