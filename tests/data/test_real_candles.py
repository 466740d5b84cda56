"""Indicators and features on real candles, where they are at hand."""

import numpy as np
import pytest

from ml_training.data.features import plan_features
from ml_training.data.frame import Frame
from ml_training.data.indicators import INDICATORS, compute_use, make_use
from ml_training.data.layouts import read_candles
from tests.data.builders import REAL_DATA
from tests.data.feature_builders import column, features_of

FILES = ("AUDUSD_1d", "USDJPY_4h", "XAUUSD_1d")
PLAN = plan_features([])
pytestmark = pytest.mark.skipif(
    not (REAL_DATA / "candles").is_dir(), reason="the shared real candles are not here"
)


def load(stem):
    path = REAL_DATA / "candles" / f"{stem}.csv"
    return read_candles(path, name=path.name).candles


@pytest.fixture(scope="module", params=FILES)
def series(request):
    return request.param.split("_")[1], load(request.param)


@pytest.mark.parametrize("key", sorted(INDICATORS))
def test_indicator_is_known_when_the_candles_are_real(key, series):
    _, candles = series
    warmup = INDICATORS[key].warmup(**make_use(key).arguments)
    for line, values in zip(
        INDICATORS[key].lines, compute_use(make_use(key), candles).values(), strict=True
    ):
        assert not np.isinf(values).any(), line.name
        assert line.sparse or np.isfinite(values[warmup:]).all(), line.name


def test_features_are_alike_when_instruments_differ():
    X = {}
    for stem in FILES:
        candles = load(stem)
        index = np.arange(1900, len(candles), 20)
        price = float(np.median(candles.close))
        stakes = {name: np.full(len(index), price * 0.005) for name in ("risk", "reward", "cost")}
        timeframe = stem.split("_")[1]
        X[stem] = features_of(candles, index, plan=PLAN, timeframe=timeframe, **stakes)
    for name in ("return_20", "distance_50", "deviation_20", "body", "bar_range", "wick_ahead"):
        spreads = [np.std(column(x, name, PLAN)) for x in X.values()]
        assert max(spreads) < 2.0 * min(spreads), name  # gold moves 1,000 times as far as AUDUSD


def test_retests_and_swings_happen_when_the_candles_are_real(series):
    timeframe, candles = series
    frame = Frame(candles, timeframe)
    retests = frame.indicator(make_use("retest", length=18, output="retest"))
    deepest = frame.indicator(make_use("retraced", output="up_deepest"))
    assert np.nansum(retests == 1) > 20
    assert np.nansum(retests == -1) > 20
    assert 0.05 < np.nanmean((deepest > 0.382) & (deepest < 0.618)) < 0.5
