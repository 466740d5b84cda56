"""The vectorised labeller against the brute-force oracle."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml_training.data.candles import Candles
from ml_training.data.frame import Frame
from ml_training.data.indicators import make_use
from ml_training.data.labels import FinerPath, Labels, Outcome, label_barriers
from ml_training.data.layouts import read_candles
from tests.data.builders import MONDAY, REAL_DATA
from tests.data.label_oracle import label_one
from tests.data.setup_builders import HOUR, brackets_everywhere, make_brackets

N_BARS = 25
N_EXAMPLES = 200
CASES_PER_EXAMPLE = N_BARS * 2 * 2
PART_S = HOUR // 4
COLUMNS = tuple(Labels.__dataclass_fields__)

# Steps of whole ticks: barriers, opens and extremes meet exactly all the time.
ticks = arrays(np.int64, (N_BARS * 4, 4), elements=st.integers(0, 3), fill=st.nothing())
distances = st.tuples(st.integers(1, 15), st.integers(1, 15)).map(
    lambda pair: tuple(map(float, pair))
)


def finer_candles(steps: np.ndarray) -> Candles:
    """Turn small numbers into quarter-hour bars: gap, body, upper and lower wick."""
    gap, body, upper, lower = steps.T
    gap, body = np.array([0, 0, 4, -5])[gap], np.array([-1, 0, 1, 0])[body]
    close = 9000.0 + np.cumsum(gap + body)
    opened = close - body
    high, low = np.maximum(opened, close) + upper**2, np.minimum(opened, close) - lower**2
    time = MONDAY + PART_S * np.arange(len(steps))
    return Candles.from_columns(time, opened, high, low, close)


def join_bars(parts: Candles) -> Candles:
    """Join each four quarters to an hour, without the code under test."""
    rows = np.arange(0, len(parts), 4)
    high = parts.high.reshape(-1, 4).max(axis=1)
    low = parts.low.reshape(-1, 4).min(axis=1)
    return Candles.from_columns(
        parts.time[rows], parts.open[rows], high, low, parts.close[rows + 3]
    )


def assert_equals_oracle(candles, brackets, max_bars, finer=None):
    labels = label_barriers(candles, brackets, max_bars=max_bars, finer=finer)
    for row in range(len(brackets)):
        expected = label_one(candles, brackets, row, max_bars, finer)
        actual = {name: getattr(labels, name)[row] for name in COLUMNS}
        np.testing.assert_equal(actual, expected, err_msg=f"row {row}")
    return labels


@settings(max_examples=N_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=ticks,
    risks=distances,
    rewards=distances,
    half_spread=st.sampled_from([0.0, 0.5]),
    max_bars=st.integers(1, 8),
    kept=st.none() | arrays(np.bool_, N_BARS * 4, elements=st.booleans(), fill=st.nothing()),
)
def test_labels_equal_the_oracle_when_prices_tie_and_gap(
    steps, risks, rewards, half_spread, max_bars, kept
):
    parts = finer_candles(steps)
    candles = join_bars(parts)
    brackets = brackets_everywhere(candles, risks=risks, rewards=rewards, half_spread=half_spread)
    assert len(brackets) == CASES_PER_EXAMPLE
    finer = None
    if kept is not None:  # finer candles cover a part of the time
        finer = FinerPath(Candles(*(column[kept] for column in parts.columns)), HOUR)
    assert_equals_oracle(candles, brackets, max_bars, finer)


def test_the_random_cases_are_many_and_of_all_kinds_when_counted():
    assert N_EXAMPLES * CASES_PER_EXAMPLE >= 10_000
    rng = np.random.default_rng(7)
    parts = finer_candles(rng.integers(0, 4, (4000, 4)))
    candles = join_bars(parts)
    brackets = brackets_everywhere(candles, risks=(3.0, 12.0), rewards=(3.0, 12.0))
    labels = label_barriers(candles, brackets, max_bars=2, finer=FinerPath(parts, HOUR))
    seen = np.bincount(labels.outcome, minlength=4)
    assert seen[[Outcome.TAKE_PROFIT, Outcome.STOP_LOSS, Outcome.TIME]].min() > 100
    assert seen[Outcome.OPEN] > 0
    for flag in (labels.ambiguous, labels.gapped, labels.resolved):
        assert flag.sum() > 100


@pytest.mark.parametrize("outside", [-5.0, 5.0])
def test_labels_equal_the_oracle_when_opens_lie_outside_their_bars(outside):
    parts = finer_candles(np.random.default_rng(3).integers(0, 4, (400, 4)))
    candles = join_bars(parts)
    opened = candles.open + outside * (np.arange(len(candles)) % 3 == 0)
    odd = Candles.from_columns(candles.time, opened, candles.high, candles.low, candles.close)
    labels = assert_equals_oracle(odd, brackets_everywhere(odd), max_bars=4)
    assert np.isfinite(labels.r[labels.labelled]).all()


def test_labels_equal_the_oracle_when_blocks_are_crossed(monkeypatch):
    monkeypatch.setattr("ml_training.data.labels.BLOCK", 7)
    candles = join_bars(finer_candles(np.random.default_rng(5).integers(0, 4, (400, 4))))
    assert_equals_oracle(candles, brackets_everywhere(candles), max_bars=6)


def read_real(name: str) -> Candles:
    path = REAL_DATA / "candles" / name
    if not path.exists():
        pytest.skip(f"needs the real candles in {path.parent}")
    return read_candles(path, name=name).candles


@pytest.mark.parametrize("symbol", ["AUDUSD", "USDJPY", "XAUUSD"])
def test_labels_equal_the_oracle_when_candles_are_real(symbol):
    candles, hours = read_real(f"{symbol}_4h.csv"), read_real(f"{symbol}_1h.csv")
    atr = Frame(candles, "4h").indicator(make_use("atr"))
    index = np.arange(50, len(candles) - 1, 17)
    side = np.where(index % 2, 1, -1)
    entry, width = candles.open[index + 1], 0.5 * atr[index]  # near barriers: many ties
    brackets = make_brackets(
        index + 1, side, entry, stop=entry - side * width, target=entry + side * width
    )
    finer = FinerPath(hours, 4 * HOUR)
    labels = assert_equals_oracle(candles, brackets, max_bars=12, finer=finer)
    assert labels.labelled.sum() > 100
