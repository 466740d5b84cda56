"""Every indicator keeps the contract of all indicators."""

import typing

import numpy as np
import pytest
import talib
import talib.abstract
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.indicators import INDICATORS, Scale, compute_use, look_back, make_use
from ml_training.data.indicators.patterns import MIRRORED, OWN, PATTERN_WARMUP, SPELLED, talib_name
from tests.data.builders import random_candles
from tests.data.indicator_builders import (
    KEYS,
    all_uses,
    markets,
    rough_market,
    splice,
    uses_of,
)

NEVER_FORGET = {"obv", "ad"}


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_value_stays_when_later_bars_are_removed_or_altered(key, data):
    use = data.draw(uses_of(key))
    market, other = data.draw(markets()), data.draw(markets())
    cut = data.draw(st.integers(1, len(market) - 1))
    full = compute_use(use, market)
    removed = compute_use(use, market.slice(0, cut))
    altered = compute_use(use, splice(market, other, cut))
    for name, values in full.items():
        np.testing.assert_array_equal(removed[name], values[:cut], f"{name}, removed")
        np.testing.assert_array_equal(altered[name][:cut], values[:cut], f"{name}, altered")


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_values_are_finite_after_the_warmup_when_markets_are_rough(key, data):
    use = data.draw(uses_of(key))
    market = data.draw(markets())
    indicator = INDICATORS[key]
    warmup = indicator.warmup(**use.arguments)
    for line, values in zip(indicator.lines, compute_use(use, market).values(), strict=True):
        assert np.isnan(values[:warmup]).all(), line.name
        assert not np.isinf(values).any(), line.name
        assert line.sparse or not np.isnan(values[warmup:]).any(), line.name


@pytest.mark.parametrize("use", all_uses(), ids=lambda use: use.label)
def test_warmup_is_exact_when_an_output_is_not_sparse(use):
    indicator = INDICATORS[use.key]
    warmup = indicator.warmup(**use.arguments)
    found = compute_use(use, random_candles(warmup + 1))
    for line in indicator.lines:
        assert line.sparse or np.isfinite(found[line.name][warmup]), line.name
    assert all(
        np.isnan(values).all() for values in compute_use(use, random_candles(warmup)).values()
    )


@pytest.mark.parametrize("use", all_uses(), ids=lambda use: use.label)
def test_history_before_the_memory_does_not_matter_when_it_is_cut(use):
    indicator = INDICATORS[use.key]
    if indicator.memory is None:
        assert use.key in NEVER_FORGET
        return
    memory = indicator.memory(**use.arguments)
    assert memory >= indicator.warmup(**use.arguments) or use.key == "opening_range"
    n_last = 40
    market = random_candles(memory + 700, seed=5)
    whole = compute_use(use, market)
    short = compute_use(use, market.slice(700 - n_last, len(market)))
    for name, values in whole.items():
        spread = np.nanstd(values) or 1.0
        found, wanted = short[name][-n_last:] / spread, values[-n_last:] / spread
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("key", KEYS)
def test_description_is_complete_when_read(key):
    indicator = INDICATORS[key]
    assert indicator.key == key
    assert indicator.title[0].isupper()
    assert len(set(indicator.outputs)) == len(indicator.outputs) >= 1
    assert set(indicator.scale.values()) <= set(typing.get_args(Scale))
    for line in indicator.lines:
        assert line.mirror is None or line.mirror.output in indicator.outputs
        assert make_use(key, output=line.name).output == line.name


@pytest.mark.parametrize("key", KEYS)
def test_parameters_are_bounded_when_read(key):
    for name, param in INDICATORS[key].params.items():
        assert param.check(name, param.default) == param.default
        if param.kind == "choice":
            assert param.choices
        else:
            assert param.low < param.high < 100_000  # what TA-Lib allows


@pytest.mark.parametrize("key", KEYS)
def test_longest_and_shortest_parameters_compute_when_used(key):
    indicator = INDICATORS[key]
    market = random_candles(400)
    for end in ("low", "high"):
        numbers = {n: getattr(p, end) for n, p in indicator.params.items() if p.kind != "choice"}
        chosen = {n: p.default for n, p in indicator.params.items() if p.kind == "choice"}
        if not indicator.conflict(**numbers, **chosen):
            lines = compute_use(make_use(key, **numbers), market)
            assert all(line.shape == (400,) for line in lines.values())


@pytest.mark.parametrize("key", KEYS)
def test_prices_stay_untouched_when_an_indicator_is_computed(key):
    market = rough_market(200, 3)
    before = market.digest()
    for values in compute_use(make_use(key), market).values():
        values[:] = 0.0  # writing into the result must not reach the candles
    assert market.digest() == before


def test_there_are_enough_indicators_when_counted():
    assert len(INDICATORS) >= 45


def test_pattern_warmup_covers_talib_when_all_patterns_are_asked():
    names = [SPELLED.get(name) or talib_name(name) for name in MIRRORED if name not in OWN]
    lookbacks = [talib.abstract.Function(name).lookback for name in names]
    assert max(lookbacks) <= PATTERN_WARMUP


def test_look_back_counts_the_shift_when_there_is_one():
    assert look_back(make_use("sma", length=20, shift=3)) == 19 + 3
    assert look_back(make_use("obv", shift=3)) == 3
