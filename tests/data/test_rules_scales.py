"""What the numbers of an operand mean."""

from typing import get_args

import pytest

from ml_training.data.indicators import INDICATORS, Scale, make_use
from ml_training.data.rules.nodes import Expr, Number, Price
from ml_training.data.rules.scales import NAMES, find_mismatch, scale_of

CLOSE, OPEN, TWO = Price("close"), Price("open"), Number(2.0)
ATR, RSI, VOLUME = make_use("atr"), make_use("rsi"), Price("volume")


@pytest.mark.parametrize(
    ("operand", "scale"),
    [
        (TWO, None),
        (CLOSE, "price"),
        (VOLUME, "volume"),
        (ATR, "price_delta"),
        (RSI, "percent"),
        (Expr("-", (CLOSE, OPEN)), "price_delta"),
        (Expr("-", (CLOSE, ATR)), "price"),
        (Expr("+", (CLOSE, ATR)), "price"),
        (Expr("+", (ATR, CLOSE)), "price"),
        (Expr("+", (CLOSE, ATR, ATR)), "price"),
        (Expr("+", (ATR, ATR)), "price_delta"),
        (Expr("-", (ATR, CLOSE)), None),
        (Expr("+", (CLOSE, OPEN)), None),
        (Expr("+", (CLOSE, TWO)), "price"),
        (Expr("*", (TWO, ATR)), "price_delta"),
        (Expr("*", (ATR, ATR)), None),
        (Expr("/", (CLOSE, TWO)), "price"),
        (Expr("/", (TWO, CLOSE)), None),
        (Expr("/", (CLOSE, OPEN)), None),
        (Expr("abs", (ATR,)), "price_delta"),
        (Expr("max", (CLOSE, OPEN)), "price"),
        (Expr("min", (CLOSE, RSI)), None),
    ],
)
def test_scale_follows_from_what_is_computed(operand, scale):
    assert scale_of(operand) == scale


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (CLOSE, OPEN),
        (CLOSE, Number(1.1)),
        (RSI, Number(0.0)),
        (Number(100.0), RSI),
        (RSI, make_use("cmo")),
        (Expr("/", (CLOSE, OPEN)), RSI),
        (Expr("-", (CLOSE, OPEN)), ATR),
    ],
)
def test_like_may_be_compared_with_like(left, right):
    assert find_mismatch(left, right) == ""


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        (CLOSE, RSI, "a price level with a percentage"),
        (VOLUME, CLOSE, "a volume with a price level"),
        (ATR, CLOSE, "a distance between prices with a price level"),
        (RSI, Number(101.0), "between 0 and 100, got 101"),
        (Number(-1.0), RSI, "between 0 and 100, got -1"),
        (make_use("pattern"), Number(200.0), "between -100 and 100, got 200"),
    ],
)
def test_unlike_is_refused_in_words(left, right, words):
    assert words in find_mismatch(left, right)


def test_every_scale_of_the_indicators_has_a_name():
    assert set(NAMES) == set(get_args(Scale))


def test_every_output_of_every_indicator_has_a_scale():
    for indicator in INDICATORS.values():
        for output in indicator.outputs:
            assert scale_of(make_use(indicator.key, output=output)) in NAMES
