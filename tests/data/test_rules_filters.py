"""On which bars setups are allowed at all."""

from datetime import UTC, datetime

import numpy as np

from ml_training.data.frame import Frame
from ml_training.data.rules import evaluate_rules, parse_rules
from tests.data.builders import candles_from_closes
from tests.data.rule_builders import document

ALWAYS = {"left": "close", "op": ">", "right": 0}
HOUR_S = 3600
JULY = int(datetime(2024, 7, 1, tzinfo=UTC).timestamp())  # a Monday; London is UTC+1


def allowed(filters, *, n=7 * 24, start=None, timeframe="1h", step_s=HOUR_S):
    """Return the open times of the bars that pass the filters."""
    options = {} if start is None else {"start": start}
    candles = candles_from_closes([1.0] * n, step_s=step_s, **options)
    rules = parse_rules(document(ALWAYS, filters=filters))
    signals = evaluate_rules(rules, Frame(candles, timeframe))
    return [datetime.fromtimestamp(t, tz=UTC) for t in candles.time[signals.long].tolist()]


def test_every_bar_passes_when_there_are_no_filters():
    assert len(allowed({})) == 7 * 24


def test_weekday_is_that_of_the_signal_bars_open_in_utc():
    times = allowed({"weekdays": [1, 5]})
    assert {time.isoweekday() for time in times} == {1, 5}
    assert len(times) == 2 * 24


def test_session_keeps_the_hours_of_its_city_in_winter():
    times = allowed({"sessions": ["london"]}, n=24)
    assert [time.hour for time in times] == list(range(8, 17))


def test_session_follows_daylight_saving_in_summer():
    times = allowed({"sessions": ["london"]}, n=24, start=JULY)
    assert [time.hour for time in times] == list(range(7, 16))


def test_sessions_add_up_when_there_are_several():
    times = allowed({"sessions": ["london", "newyork"]}, n=24)
    assert [time.hour for time in times] == list(range(8, 22))


def test_session_and_weekday_both_have_to_allow_a_bar():
    times = allowed({"sessions": ["london"], "weekdays": [3]})
    assert len(times) == 9
    assert {time.isoweekday() for time in times} == {3}


def test_daily_bars_pass_the_session_filter_because_they_hold_every_session():
    times = allowed({"sessions": ["tokyo"]}, n=10, timeframe="1d", step_s=86_400)
    assert len(times) == 10


def test_four_hour_bars_pass_when_they_open_in_the_session():
    times = allowed({"sessions": ["london"]}, n=6, timeframe="4h", step_s=4 * HOUR_S)
    assert [time.hour for time in times] == [8, 12, 16]


def test_filters_apply_to_short_setups_too():
    candles = candles_from_closes([1.0] * 48)
    rules = parse_rules(
        {**document(), "long": None, "short": ALWAYS, "filters": {"weekdays": [2]}}
    )
    short = evaluate_rules(rules, Frame(candles, "1h")).short
    assert np.flatnonzero(short).tolist() == list(range(24, 48))


def test_pauses_are_left_to_the_scan():
    assert len(allowed({"cooldown_bars": 50, "one_open_per_symbol": True}, n=24)) == 24
