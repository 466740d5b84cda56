"""What holds for every diagnosis, whatever its ill."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.calendars import CALENDARS
from ml_training.data.candles import Candles
from ml_training.data.doctor import CHECKS, SEVERITIES, Diagnosis, examine
from ml_training.data.doctor.diagnosis import Case, count_noun
from ml_training.data.timeframes import TIMEFRAMES
from tests.data.builders import MONDAY, random_candles
from tests.data.doctor.builders import altered, healthy, scaled, without

CODES = {
    "too_few_bars", "gaps", "long_gap", "overlapping_bars", "prices_outside_range", "no_volume",
    "constant_volume", "zero_volume", "flat_bars", "frozen_prices", "ticker_reuse", "split",
    "leap", "jumps", "outside_hours", "wrong_clock",
}  # fmt: skip


def sick():
    """Make candles that have many ills at once."""
    candles = scaled(without(healthy(3000), [5, 6, 100]), 700, 0.5)
    close = candles.close.copy()
    close[900] = candles.high[900] * 1.2
    volume = candles.volume.copy()
    volume[::10] = 0.0
    time = np.where(np.arange(len(candles)) < 2000, candles.time, candles.time + 60 * 86_400)
    return altered(candles, time=time, close=close, volume=volume)


@st.composite
def any_candles(draw):
    """Make candles without sense, which the doctor must survive."""
    n = draw(st.integers(0, 60))
    steps = draw(
        st.lists(st.sampled_from([1, 60, 3600, 86_400, 40 * 86_400]), min_size=n, max_size=n)
    )
    scale = draw(st.sampled_from([1e-8, 1.0, 1e6]))
    ends = np.array(
        draw(st.lists(st.tuples(*[st.floats(0.01, 100)] * 4), min_size=n, max_size=n))
    ).reshape(n, 4)
    volume = draw(st.sampled_from([0.0, 1.0])) * np.arange(n)
    return Candles.from_columns(
        MONDAY + np.cumsum(steps, dtype=np.int64),
        scale * ends[:, 0],
        scale * ends[:, 1:3].max(axis=1),
        scale * ends[:, 1:3].min(axis=1),
        scale * ends[:, 3],
        volume,
    )


def check_diagnosis(diagnosis, candles):
    assert isinstance(diagnosis, Diagnosis)
    assert diagnosis.code in CODES
    assert diagnosis.severity in SEVERITIES
    assert diagnosis.count >= 0
    assert diagnosis.message
    assert diagnosis.advice
    assert not diagnosis.message.endswith(".")
    if diagnosis.first_time is not None:
        assert diagnosis.first_time in candles.time


@settings(max_examples=150)
@given(any_candles(), st.sampled_from(sorted(TIMEFRAMES)), st.sampled_from(sorted(CALENDARS)))
def test_any_candles_can_be_examined(candles, timeframe, calendar):
    for diagnosis in examine(candles, timeframe, calendar):
        check_diagnosis(diagnosis, candles)


def test_many_ills_are_told_with_the_gravest_first():
    candles = sick()
    found = examine(candles, "1h", "fx_24x5")
    ranks = [SEVERITIES.index(diagnosis.severity) for diagnosis in found]
    assert ranks == sorted(ranks)
    assert {"long_gap", "split", "gaps", "prices_outside_range", "zero_volume"} <= {
        diagnosis.code for diagnosis in found
    }
    for diagnosis in found:
        check_diagnosis(diagnosis, candles)


def test_examination_changes_nothing():
    candles = sick()
    before = candles.digest()
    assert examine(candles, "1h", "fx_24x5") == examine(candles, "1h", "fx_24x5")
    assert candles.digest() == before


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_check_survives_few_bars(check):
    for n_bars in (0, 1, 2, 3, 12):
        case = Case(random_candles(n_bars), 3600, CALENDARS["fx_24x5"])
        list(check(case))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_check_is_named_for_what_it_finds(check):
    assert check.__name__.startswith("find_")
    assert check.__doc__


@pytest.mark.parametrize(
    ("n", "noun", "text"),
    [(0, "bar", "0 bars"), (1, "place", "1 place"), (2, "place", "2 places"),
     (1234567, "bar", "1,234,567 bars")],
)  # fmt: skip
def test_numbers_and_nouns_agree(n, noun, text):
    assert count_noun(n, noun) == text
