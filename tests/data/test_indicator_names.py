"""Names that stored strategies rely on: they may be added to, never changed."""

import pytest

from ml_training.data.indicators import INDICATORS, make_use

# key: (parameters and their defaults, outputs and their scales)
NAMES = {
    "sma": ({"length": 20, "source": "close"}, {"value": "price"}),
    "ema": ({"length": 20, "source": "close"}, {"value": "price"}),
    "wma": ({"length": 20, "source": "close"}, {"value": "price"}),
    "dema": ({"length": 20, "source": "close"}, {"value": "price"}),
    "tema": ({"length": 20, "source": "close"}, {"value": "price"}),
    "t3": ({"length": 20, "source": "close"}, {"value": "price"}),
    "trima": ({"length": 20, "source": "close"}, {"value": "price"}),
    "rma": ({"length": 20, "source": "close"}, {"value": "price"}),
    "zlema": ({"length": 20, "source": "close"}, {"value": "price"}),
    "hma": ({"length": 20, "source": "close"}, {"value": "price"}),
    "linreg": ({"length": 20, "source": "close"}, {"value": "price"}),
    "kama": ({"length": 20, "source": "close"}, {"value": "price"}),
    "vwma": ({"length": 20}, {"value": "price"}),
    "bbands": (
        {"length": 20, "deviations": 2.0},
        {"upper": "price", "middle": "price", "lower": "price"},
    ),
    "donchian": ({"length": 20}, {"upper": "price", "middle": "price", "lower": "price"}),
    "keltner": (
        {"length": 20, "atr_length": 10, "width": 2.0},
        {"upper": "price", "middle": "price", "lower": "price"},
    ),
    "supertrend": ({"length": 10, "width": 3.0}, {"value": "price", "direction": "direction"}),
    "psar": ({"step": 0.02, "maximum": 0.2}, {"value": "price"}),
    "ichimoku": (
        {"fast": 9, "slow": 26, "span": 52, "displacement": 26},
        {"tenkan": "price", "kijun": "price", "span_a": "price", "span_b": "price"},
    ),
    "rsi": ({"length": 14}, {"value": "percent"}),
    "stoch": ({"length": 14, "smooth": 3, "signal": 3}, {"k": "percent", "d": "percent"}),
    "stochrsi": (
        {"length": 14, "window": 14, "smooth": 3, "signal": 3},
        {"k": "percent", "d": "percent"},
    ),
    "willr": ({"length": 14}, {"value": "signed_percent"}),
    "cci": ({"length": 20}, {"value": "signed_percent"}),
    "mfi": ({"length": 14}, {"value": "percent"}),
    "ultosc": ({"fast": 7, "middle": 14, "slow": 28}, {"value": "percent"}),
    "cmo": ({"length": 14}, {"value": "signed_percent"}),
    "aroon": (
        {"length": 25},
        {"up": "percent", "down": "percent", "oscillator": "signed_percent"},
    ),
    "bb_percent": ({"length": 20, "deviations": 2.0}, {"value": "ratio"}),
    "macd": (
        {"fast": 12, "slow": 26, "signal": 9},
        {"macd": "price_delta", "signal": "price_delta", "hist": "price_delta"},
    ),
    "ppo": ({"fast": 12, "slow": 26}, {"value": "price_percent"}),
    "roc": ({"length": 10}, {"value": "price_percent"}),
    "mom": ({"length": 10}, {"value": "price_delta"}),
    "trix": ({"length": 15}, {"value": "price_percent"}),
    "tsi": ({"slow": 25, "fast": 13}, {"value": "signed_percent"}),
    "ao": ({"fast": 5, "slow": 34}, {"value": "price_delta"}),
    "bop": ({"length": 14}, {"value": "ratio"}),
    "adx": ({"length": 14}, {"value": "percent"}),
    "dmi": (
        {"length": 14},
        {"plus_di": "percent", "minus_di": "percent", "difference": "signed_percent"},
    ),
    "vortex": ({"length": 14}, {"plus": "ratio", "minus": "ratio"}),
    "efficiency": ({"length": 10}, {"value": "ratio"}),
    "streak": ({}, {"value": "ratio"}),
    "atr": ({"length": 14}, {"value": "price_delta"}),
    "natr": ({"length": 14}, {"value": "price_percent"}),
    "true_range": ({}, {"value": "price_delta"}),
    "stddev": ({"length": 20}, {"value": "price_delta"}),
    "bb_width": ({"length": 20, "deviations": 2.0}, {"value": "price_percent"}),
    "chop": ({"length": 14}, {"value": "percent"}),
    "atr_ratio": ({"fast": 7, "slow": 50}, {"value": "ratio"}),
    "volume_sma": ({"length": 20}, {"value": "volume"}),
    "rvol": ({"length": 20}, {"value": "ratio"}),
    "obv": ({}, {"value": "volume"}),
    "ad": ({}, {"value": "volume"}),
    "adosc": ({"fast": 3, "slow": 10}, {"value": "volume"}),
    "cmf": ({"length": 20}, {"value": "ratio"}),
    "force": ({"length": 13}, {"value": "price_volume"}),
    "vwap": ({"session": "day"}, {"value": "price"}),
    "opening_range": ({"session": "day", "bars_in_range": 4}, {"high": "price", "low": "price"}),
    "pivot": (
        {"strength": 2},
        {"high": "price", "low": "price", "high_bars": "count", "low_bars": "count"},
    ),
    "swing": (
        {"strength": 2, "min_atr": 2.0, "atr_length": 14},
        {
            "up_low": "price",
            "up_high": "price",
            "down_high": "price",
            "down_low": "price",
            "direction": "direction",
        },
    ),
    "swing_size": (
        {"strength": 2, "min_atr": 2.0, "atr_length": 14},
        {"up": "ratio", "down": "ratio"},
    ),
    "swing_age": (
        {"strength": 2, "min_atr": 2.0, "atr_length": 14},
        {"up": "count", "down": "count"},
    ),
    "retraced": (
        {"strength": 2, "min_atr": 2.0, "atr_length": 14},
        {"up": "ratio", "down": "ratio", "up_deepest": "ratio", "down_deepest": "ratio"},
    ),
    "retracement": (
        {"strength": 2, "min_atr": 2.0, "atr_length": 14, "level": 0.618},
        {"up": "price", "down": "price"},
    ),
    "distance": ({"average": "sma", "length": 50, "atr_length": 14}, {"value": "ratio"}),
    "slope": ({"average": "sma", "length": 50, "atr_length": 14, "over": 5}, {"value": "ratio"}),
    "zscore": ({"length": 20}, {"value": "ratio"}),
    "retest": (
        {
            "average": "sma",
            "length": 50,
            "atr_length": 14,
            "tolerance_atr": 0.2,
            "bounce_atr": 0.5,
            "break_atr": 0.5,
            "min_gap_bars": 4,
            "max_gap_bars": 50,
        },
        {"touch": "direction", "retest": "direction", "bars": "count"},
    ),
    "pattern": ({"name": "hammer"}, {"value": "pattern"}),
    "inside_bar": ({}, {"value": "flag"}),
    "outside_bar": ({}, {"value": "flag"}),
    "doji": ({}, {"value": "flag"}),
}


@pytest.mark.parametrize("key", NAMES)
def test_indicator_keeps_its_names_when_strategies_are_stored(key):
    params, scales = NAMES[key]
    indicator = INDICATORS[key]
    assert {name: indicator.params[name].default for name in params} == params
    assert {name: indicator.scale[name] for name in scales} == scales
    assert indicator.outputs[0] == next(iter(scales))


@pytest.mark.parametrize("key", NAMES)
def test_use_is_the_same_when_defaults_are_written_out(key):
    params, _ = NAMES[key]
    assert make_use(key, **params) == make_use(key)


def test_every_indicator_is_listed_when_one_is_added():
    assert set(NAMES) == set(INDICATORS)
