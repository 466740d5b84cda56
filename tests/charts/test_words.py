"""Keys, numbers and times as people read them."""

import pytest

from ml_training.charts import words


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("lr_too_high", "learning rate too high"),
        ("dying_relu", "dying ReLU"),
        ("nan_inf_input", "missing or infinite input"),
        ("edge_stable", "edge, stable"),
        ("take_every_setup", "take every setup"),
    ],
)
def test_keys_are_said_in_words_when_shown(key, said):
    assert words.words(key) == said


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        ("", "-"),
        ("NaN", "NaN"),
        (float("nan"), "not a number"),
        (1_234_567, "1,234,567"),
        (0.123456, "0.1235"),
        (True, "True"),
    ],
)
def test_numbers_are_short_when_shown(value, shown):
    assert words.number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5 s"), (65, "1 min 5 s"), (7_260, "2 h 1 min"), (None, "-"), (float("inf"), "-")],
)
def test_times_are_said_as_people_do_when_shown(seconds, said):
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ([1, 2], "1, 2"),
        ([1, 2, 3, 4, 5, 6], "1, 2, 3, 4 and 2 more"),
        ({"batch_size": 32}, "batch size 32"),
        (True, "yes"),
        ("text", "text"),
    ],
)
def test_values_of_any_shape_are_short_when_shown(value, shown):
    assert words.short(value) == shown


def test_units_stand_behind_when_shown():
    assert words.percent(0.5403) == "54.0%"
    assert words.r_multiple(-0.25) == "-0.250 R"
    assert words.file_size(2_000) == "2 KiB"
    assert words.file_size(3 * 1024**2) == "3.0 MiB"
    assert words.percent(None) == words.r_multiple("x") == words.file_size(None) == "-"


def test_json_stays_on_one_line_when_nesting_would_blow_it_up():
    nested: object = 1
    for _ in range(400):
        nested = [nested]
    assert "\n" not in words.pretty_json(nested)
    assert "\n" in words.pretty_json({"a": 1})


def test_nothing_is_found_when_there_is_no_mapping():
    assert words.at({"a": 1}, "a") == 1
    assert words.at(None, "a") is None
