"""Naming indicators: parameters, outputs, errors that show the way out."""

import pytest

from ml_training.data.indicators import (
    INDICATORS,
    IndicatorUse,
    ParamError,
    compute_use,
    find_indicator,
    make_use,
)
from ml_training.errors import DataError
from tests.data.builders import candles_from_closes


def test_use_is_complete_and_sorted_when_parameters_are_left_out():
    use = make_use("macd", slow=30)
    assert use.params == (("fast", 12), ("signal", 9), ("slow", 30))
    assert use.output == "macd"
    assert use.timeframe is None
    assert use.shift == 0


def test_uses_are_equal_when_written_in_another_order():
    one = make_use("macd", slow=30, fast=10)
    other = make_use("macd", fast=10, slow=30, signal=9)
    assert one == other
    assert len({one, other}) == 1


def test_label_tells_uses_apart_when_anything_differs():
    uses = [
        make_use("rsi"),
        make_use("rsi", length=7),
        make_use("rsi", timeframe="4h"),
        make_use("rsi", shift=1),
        make_use("bbands"),
        make_use("bbands", output="lower"),
    ]
    assert len({use.label for use in uses}) == len(uses)
    assert make_use("rsi", timeframe="4h", shift=1).label == "rsi(length=14).value@4h[1]"


def test_whole_number_is_accepted_when_written_with_a_point():
    assert make_use("rsi", length=14.0) == make_use("rsi", length=14)
    assert isinstance(dict(make_use("rsi", length=14.0).params)["length"], int)


def test_decimals_become_floats_when_written_without_a_point():
    assert make_use("bbands", deviations=2) == make_use("bbands", deviations=2.0)


@pytest.mark.parametrize(
    ("params", "param", "words"),
    [
        ({"length": 1}, "length", ["from 2 to 2000", "got 1"]),
        ({"length": 5001}, "length", ["from 2 to 2000", "got 5001"]),
        ({"length": 14.5}, "length", ["a whole number", "got 14.5"]),
        ({"length": "14"}, "length", ["a whole number", "got '14'"]),
        ({"length": True}, "length", ["got True"]),
        ({"length": None}, "length", ["got None", "The default is 14"]),
        ({"length": float("nan")}, "length", ["got nan"]),
        ({"length": float("inf")}, "length", ["got inf"]),
        ({"lenght": 14}, "lenght", ["no parameter", 'Did you mean "length"?']),
    ],
)
def test_parameter_is_refused_with_the_rule_when_it_is_wrong(params, param, words):
    with pytest.raises(ParamError) as caught:
        make_use("rsi", **params)
    assert caught.value.param == param
    assert isinstance(caught.value, DataError)
    for word in words:
        assert word in str(caught.value)


def test_near_name_is_offered_when_the_indicator_is_unknown():
    with pytest.raises(ParamError, match=r'Did you mean "supertrend"\?') as caught:
        find_indicator("super_trend")
    assert caught.value.param == "ind"


def test_near_name_is_offered_when_the_output_is_unknown():
    with pytest.raises(ParamError, match=r"no output `uper`.*upper") as caught:
        make_use("bbands", output="uper")
    assert caught.value.param == "output"


def test_all_names_are_offered_when_none_is_near():
    with pytest.raises(ParamError, match="Known: plus_di, minus_di, difference"):
        make_use("dmi", output="xyz")


def test_near_choice_is_offered_when_a_choice_is_unknown():
    with pytest.raises(ParamError, match=r'Did you mean "engulfing"\?') as caught:
        make_use("pattern", name="engulfin")
    assert caught.value.param == "name"


@pytest.mark.parametrize(
    ("key", "params", "words"),
    [
        ("macd", {"fast": 26, "slow": 12}, "`fast` must be below `slow`, got 26 and 12"),
        ("tsi", {"fast": 25, "slow": 25}, "`fast` must be below `slow`"),
        ("ichimoku", {"fast": 30}, "`fast` < `slow` < `span` is needed, got 30, 26 and 52"),
        ("ultosc", {"middle": 30}, "`fast` < `middle` < `slow` is needed, got 7, 30 and 28"),
        ("retest", {"min_gap_bars": 60}, "must not exceed `max_gap_bars`, got 60 and 50"),
    ],
)
def test_parameters_are_refused_when_they_conflict(key, params, words):
    with pytest.raises(ParamError, match=words.replace("|", r"\|")):
        make_use(key, **params)


def test_registry_cannot_be_changed_when_imported():
    with pytest.raises(TypeError):
        INDICATORS["mine"] = INDICATORS["rsi"]  # type: ignore[index]


def test_use_cannot_be_changed_when_made():
    with pytest.raises(AttributeError):
        make_use("rsi").output = "other"  # type: ignore[misc]


def test_values_are_all_nan_when_there_are_fewer_bars_than_the_warmup():
    lines = compute_use(make_use("macd"), candles_from_closes([1.0] * 33))
    assert set(lines) == {"macd", "signal", "hist"}
    assert all(line.shape == (33,) and (line != line).all() for line in lines.values())


def test_no_value_comes_back_when_there_are_no_bars():
    market = candles_from_closes([1.0]).slice(0, 0)
    for key in INDICATORS:
        assert all(len(line) == 0 for line in compute_use(make_use(key), market).values())


def test_own_use_has_neither_timeframe_nor_shift_when_asked():
    use = make_use("rsi", timeframe="4h", shift=3)
    assert use.own == IndicatorUse("rsi", (("length", 14),), "value")
