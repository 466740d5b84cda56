import numpy as np
import pytest

from tests.data.doctor.builders import altered, find, healthy


def test_loose_prices_are_counted_when_high_and_low_do_not_enclose():
    candles = healthy()
    high, low = candles.high.copy(), candles.low.copy()
    high[7] = np.minimum(candles.open, candles.close)[7]
    low[9] = np.maximum(candles.open, candles.close)[9]
    low[9], high[9] = min(low[9], high[9]), max(low[9], high[9])
    diagnosis = find(altered(candles, high=high, low=low), "prices_outside_range")
    assert (diagnosis.severity, diagnosis.count) == ("warning", 2)
    assert diagnosis.first_time == candles.time[7]
    assert "2024-01-02" in diagnosis.message


def test_loose_prices_are_grave_when_they_are_many():
    candles = healthy()
    close = np.where(np.arange(2000) % 50 == 0, candles.high * 1.01, candles.close)
    diagnosis = find(altered(candles, close=close), "prices_outside_range")
    assert (diagnosis.severity, diagnosis.count) == ("critical", 40)


@pytest.mark.parametrize(
    ("volume", "code", "severity"),
    [(np.zeros(2000), "no_volume", "info"), (np.ones(2000), "constant_volume", "warning"),
     (np.arange(2000.0), "zero_volume", "info"),
     (np.arange(2000.0) % 10, "zero_volume", "warning")],
    ids=["none", "constant", "one zero", "many zeros"],
)  # fmt: skip
def test_idle_volume_is_named_by_its_kind(volume, code, severity):
    candles = altered(healthy(), volume=volume)
    assert find(candles, code).severity == severity
    others = {"no_volume", "constant_volume", "zero_volume"} - {code}
    assert not any(find(candles, other) for other in others)


def flatten(candles, bars):
    flat = np.isin(np.arange(len(candles)), bars)
    level = candles.close[bars[0]]
    names = ("open", "high", "low", "close")
    return altered(candles, **{n: np.where(flat, level, getattr(candles, n)) for n in names})


@pytest.mark.parametrize(
    ("n_flat", "severity"), [(5, "info"), (100, "warning"), (1500, "critical")]
)
def test_flat_bars_are_counted(n_flat, severity):
    diagnosis = find(flatten(healthy(), np.arange(10, 10 + n_flat)), "flat_bars")
    assert (diagnosis.severity, diagnosis.count) == (severity, n_flat)


def test_frozen_prices_are_found_when_the_feed_stands_still():
    candles = healthy()
    diagnosis = find(flatten(candles, np.arange(500, 530)), "frozen_prices")
    assert diagnosis.first_time == candles.time[500]
    assert "stands still for 30 bars from" in diagnosis.message
    assert find(flatten(candles, np.arange(500, 506)), "frozen_prices") is None


def test_prices_are_not_frozen_when_flat_bars_differ():
    candles = healthy()
    close = candles.close
    flat = altered(candles, open=close, high=close, low=close)
    assert find(flat, "frozen_prices") is None
    assert find(flat, "flat_bars").count == 2000
