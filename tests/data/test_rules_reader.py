"""The small checks every document goes through, and the words they use."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_training.data.rules import limits
from ml_training.data.rules.problems import RuleProblem, show, show_number, suggest
from ml_training.data.rules.reader import Reader, at
from tests.data.rule_builders import SCALARS


@pytest.fixture
def reader():
    return Reader()


def told(reader):
    """Return message and hint of the only problem."""
    (problem,) = reader.problems
    return problem.message, problem.hint


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (-2.50, "-2.5"),
        (30.0, "30"),
        (1e300, "1e+300"),
        (math.inf, "inf"),
        (10**30, "a whole number of 100 bits"),
        ("ema", "'ema'"),
        ("x" * 61, "'" + "x" * 60 + "'..."),
        ([1, [2]], "a list"),
        ((), "a list"),
        ({"a": 1}, "an object"),
        ({1}, "a set"),
        (b"x", "a bytes"),
    ],
)
def test_received_value_is_shown_short(value, text):
    assert show(value) == text


@given(SCALARS)
def test_received_value_is_always_shown_in_one_short_line(value):
    text = show(value)
    assert 0 < len(text) <= 130
    assert text.isprintable()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_shown_number_reads_back_as_itself(value):
    assert float(show_number(value)) == value


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("rsii", "did you mean 'rsi'?"),
        ("RSI", "did you mean 'rsi'?"),
        ("zzz", "choose one of rsi, ema, crosses_above"),
        ("cross_above", "did you mean 'crosses_above'?"),
        (7, "choose one of rsi, ema, crosses_above"),
        (None, "choose one of rsi, ema, crosses_above"),
    ],
)
def test_nearest_option_is_suggested_when_there_is_one(word, hint):
    assert suggest(word, ["rsi", "ema", "crosses_above"]) == hint


def test_problem_of_the_whole_document_has_a_name_too():
    assert str(RuleProblem("", "is empty", "write some")) == "rules: is empty; write some"


@pytest.mark.parametrize(
    ("path", "key", "expected"),
    [
        ("", "long", "long"),
        ("long", "left", "long.left"),
        ("long.all[1]", "of", "long.all[1].of"),
        ("long", "two words", "long.'two words'"),
        ("long", 7, "long.7"),
        ("long", "x" * 200, "long." + "x" * 70),
    ],
)
def test_path_grows_by_a_key(path, key, expected):
    assert at(path, key) == expected


@pytest.mark.parametrize(("value", "expected"), [(1, 1.0), (2.5, 2.5), (-0.0, 0.0), (10, 10.0)])
def test_number_is_taken_when_inside(reader, value, expected):
    number = reader.number(value, "p", -1, 10)
    assert number == expected
    assert math.copysign(1, number) == 1
    assert isinstance(number, float)
    assert not reader.problems


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        (11, "must be from -1 to 10, got 11", "the nearest allowed is 10"),
        (-1.5, "must be from -1 to 10, got -1.5", "the nearest allowed is -1"),
        (math.nan, "must be from -1 to 10, got nan", "write a number"),
        (-math.inf, "must be from -1 to 10, got -inf", "the nearest allowed is -1"),
        ("5", "must be a number, got '5'", "write one from -1 to 10, without quotes"),
        (True, "must be a number, got true", "write one from -1 to 10, without quotes"),
        (None, "must be a number, got null", "write one from -1 to 10, without quotes"),
    ],
)
def test_number_is_refused_when_it_is_none_or_outside(reader, value, message, hint):
    assert reader.number(value, "p", -1, 10) is None
    assert told(reader) == (message, hint)


@pytest.mark.parametrize(("value", "expected"), [(3, 3), (3.0, 3), (1, 1), (9, 9)])
def test_whole_number_is_taken_even_with_an_idle_point(reader, value, expected):
    assert reader.integer(value, "p", 1, 9) == expected
    assert not reader.problems


@pytest.mark.parametrize("value", [0, 10, 2.5, "3", True, None, math.inf, math.nan, 10**400, [3]])
def test_whole_number_is_refused_when_it_is_none_or_outside(reader, value):
    assert reader.integer(value, "p", 1, 9) is None
    assert len(reader.problems) == 1


def test_choice_is_one_of_the_options_or_refused(reader):
    assert reader.choice("b", "p", ("a", "b"), "letter") == "b"
    assert reader.choice("c", "p", ("a", "b"), "letter") is None
    assert told(reader) == ("unknown letter 'c'", "choose one of a, b")


@pytest.mark.parametrize("value", [[1], (1, 2)])
def test_list_is_taken_when_its_length_fits(reader, value):
    assert reader.items(value, "p", 1, 2) is value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "must hold 1 to 2, got 0"),
        ([1, 2, 3], "must hold 1 to 2, got 3"),
        ("ab", "must be a list, got 'ab'"),
        ({}, "must be a list, got an object"),
    ],
)
def test_list_is_refused_when_it_is_none_or_does_not_fit(reader, value, message):
    assert reader.items(value, "p", 1, 2) is None
    assert told(reader)[0] == message


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_flag_is_true_or_false_and_nothing_like_it(reader, value):
    assert reader.flag(True, "p") is True
    assert reader.flag(value, "p") is None
    assert told(reader)[1] == "write it without quotes"


def test_fields_return_what_is_known_and_note_the_rest(reader):
    fields = reader.fields({"a": 1, "bb": 2}, "p", ("a", "b", "c"), required=("a", "c"))
    assert fields == {"a": 1}
    assert [str(problem) for problem in reader.problems] == [
        "p.bb: unknown key 'bb'; did you mean 'b'?",
        "p.c: is missing; add 'c'",
    ]


def test_reading_stops_when_there_are_too_many_parts(reader):
    entered = [reader.enter("p") for _ in range(limits.MOST_NODES + 10)]
    assert sum(entered) == limits.MOST_NODES
    assert told(reader)[0] == "rules hold at most 2000 parts"
