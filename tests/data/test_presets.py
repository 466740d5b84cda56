"""Every preset is a good example of the grammar and finds setups."""

import json
from functools import cache

import numpy as np
import pytest

from ml_training.data.candles import Candles
from ml_training.data.frame import Frame
from ml_training.data.indicators import INDICATORS
from ml_training.data.instruments import guess_instrument
from ml_training.data.presets import PRESETS
from ml_training.data.rules import describe_rules, evaluate_rules, indicator_uses, parse_rules
from ml_training.data.setups import scan_setups
from tests.data.builders import random_candles
from tests.data.rule_builders import reflected

ASKED_FOR = {
    "ema_cross",
    "rsi_return",
    "rsi_pullback",
    "macd_cross",
    "bollinger_break",
    "bollinger_reversion",
    "donchian_break",
    "supertrend_flip",
    "opening_range_break",
    "adx_trend",
    "inside_bar",
    "engulfing",
    "tce",
}
N_BARS = 20_000
STEPS = 2**17  # steps of price per unit
NEAR = 0.02  # some of TA-Lib's candle patterns are not drawn symmetrically


@cache
def market() -> Candles:
    """Make one random hourly market whose prices can be reflected exactly."""
    walk = random_candles(N_BARS, seed=7)
    columns = (walk.open, walk.high, walk.low, walk.close)
    prices = [np.round(column * STEPS) / STEPS for column in columns]
    return Candles.from_columns(walk.time, *prices, walk.volume)


def rules_of(key):
    return parse_rules(PRESETS[key].document)


def test_catalogue_holds_every_preset_that_was_asked_for():
    assert set(PRESETS) == ASKED_FOR


def test_presets_have_names_and_sentences():
    for key, preset in PRESETS.items():
        assert preset.key == key
        assert preset.title
        assert preset.summary.endswith(".")
    assert len({preset.title for preset in PRESETS.values()}) == len(PRESETS)


def test_presets_are_different_strategies():
    assert len({rules_of(key).digest for key in PRESETS}) == len(PRESETS)


@pytest.mark.parametrize("key", PRESETS)
def test_preset_survives_json_and_trades_both_ways(key):
    rules = parse_rules(json.dumps(dict(PRESETS[key].document)))
    assert rules == rules_of(key)
    assert rules.document["short"] == "mirror"
    assert rules.short is not None


@pytest.mark.parametrize("key", PRESETS)
def test_preset_finds_both_sides_on_random_candles(key):
    signals = evaluate_rules(rules_of(key), Frame(market(), "1h"))
    assert 0 < signals.long.sum() < N_BARS / 10
    assert 0 < signals.short.sum() < N_BARS / 10
    assert not (signals.long & signals.short).any()


@pytest.mark.parametrize("key", PRESETS)
def test_preset_signals_become_labelled_setups(key):
    setups = scan_setups(rules_of(key), Frame(market(), "1h"), guess_instrument("EURUSD"))
    labelled = setups.r[setups.labelled]
    assert len(labelled) > 0
    assert np.isfinite(labelled).all()
    assert setups.counts.n_both_sides == 0
    assert setups.counts.n_unplaceable <= setups.counts.n_signals / 10


@pytest.mark.parametrize("key", PRESETS)
def test_preset_finds_upside_down_what_it_finds(key):
    rules = rules_of(key)
    here = evaluate_rules(rules, Frame(market(), "1h"))
    there = evaluate_rules(rules, Frame(reflected(market(), 16.0), "1h"))
    n_different = int((here.short != there.long).sum() + (here.long != there.short).sum())
    is_exact = all(INDICATORS[use.key].exact_mirror for use in indicator_uses(rules))
    n_found = int(here.long.sum() + here.short.sum())
    assert n_different <= (0 if is_exact else NEAR) * n_found


@pytest.mark.parametrize("key", PRESETS)
def test_preset_is_said_in_words(key):
    lines = describe_rules(rules_of(key))
    assert lines[0].startswith("Buy when ")
    assert not any("_" in line or "{" in line for line in lines)
