"""Just inside and just outside of every bound that tells leaps of the price apart."""

import numpy as np
import pytest

from ml_training.data.candles import Candles
from tests.data.builders import MONDAY
from tests.data.doctor.builders import find

DAY = 86_400
KINDS = ("ticker_reuse", "split", "leap", "jumps")
AT = 40


def calm(n=80, *, usual=0.0005):
    """Return log closes that go up and down by the usual return."""
    return np.log(100.0) + usual * (np.arange(n) % 2)


def build(logs, *, overnight=(), gap_s=0, at=AT):
    """Make days that open at the close before but for `overnight`, {bar: log move}."""
    close = np.exp(logs)
    open_ = np.r_[close[:1], close[:-1]]
    for bar, move in dict(overnight).items():
        open_[bar] = close[bar - 1] * np.exp(move)
    time = MONDAY + DAY * np.arange(len(close))
    time[at:] += gap_s
    high, low = np.maximum(open_, close), np.minimum(open_, close)
    return Candles.from_columns(time, open_, high, low, close, np.full(len(close), 100.0))


def kinds(candles):
    options = {"timeframe": "1d", "calendar": "crypto_24x7"}
    return {kind for kind in KINDS if find(candles, kind, **options)}


def stepped(move, *, at=AT, n=80, usual=0.0005):
    """Return log closes that move once, within a day and for good."""
    logs = calm(n, usual=usual)
    logs[at:] += move - (logs[at] - logs[at - 1])
    return logs


def split_at(move, *, at=AT, n=80, logs=None):
    """Make days that open on another level."""
    logs = calm(n, usual=0.0) if logs is None else logs.copy()
    logs[at:] += move
    return build(logs, overnight={at: move}, at=at)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("size", "found"), [(0.0199, set()), (0.0201, {"jumps"})])
def test_move_is_an_event_when_it_exceeds_two_percent_of_a_calm_market(size, found, sign):
    assert kinds(build(stepped(sign * size))) == found


@pytest.mark.parametrize(("size", "found"), [(0.0595, set()), (0.0605, {"jumps"})])
def test_move_is_an_event_when_it_exceeds_thirty_usual_ones(size, found):
    assert kinds(build(stepped(size, usual=0.002))) == found


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("factor", "found"), [(1.99, {"jumps"}), (2.01, {"leap"})])
def test_move_within_a_day_is_a_leap_when_it_more_than_doubles_or_halves(factor, found, sign):
    assert kinds(build(stepped(sign * np.log(factor)))) == found


@pytest.mark.parametrize("factor", [1.5, 2.0, 4.0, 7.0, 50.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_factor_may_miss_a_split_by_three_percent_and_no_more(factor, sign):
    for miss in (0.029, -0.029):
        assert kinds(split_at(sign * (np.log(factor) + miss))) == {"split"}
    off = np.log(factor) - 0.031
    assert kinds(split_at(sign * off)) == {"leap" if off > np.log(2) else "jumps"}


def test_factor_is_a_leap_when_no_split_has_it():
    assert kinds(split_at(np.log(6.0))) == {"leap"}


def test_factor_of_a_split_is_a_leap_when_it_comes_within_a_day():
    assert kinds(build(stepped(np.log(3.0)))) == {"leap"}


@pytest.mark.parametrize(("share", "found"), [(0.24, "split"), (0.26, "leap")])
def test_split_needs_a_quiet_day_when_it_comes(share, found):
    move = np.log(4.0)
    logs = calm(usual=0.0)
    logs[AT:] += move * (1.0 + share)
    candles = build(logs, overnight={AT: move})
    assert found in kinds(candles)
    assert {"split": "leap", "leap": "split"}[found] not in kinds(candles)


@pytest.mark.parametrize(("days", "found"), [(10, "leap"), (11, "split")])
def test_split_needs_ten_quiet_days_when_something_happened_before(days, found):
    move = np.log(4.0)
    logs = calm(usual=0.0)
    logs[AT - days :] += 0.3 * move
    assert found in kinds(split_at(move, logs=logs))
    assert {"split": "leap", "leap": "split"}[found] not in kinds(split_at(move, logs=logs))


@pytest.mark.parametrize(("at", "found"), [(10, {"leap"}), (11, {"split"})])
def test_split_needs_ten_returns_before_it_when_history_begins(at, found):
    assert kinds(split_at(np.log(4.0), at=at, n=30)) == found


@pytest.mark.parametrize(("n_bars", "found"), [(10, set()), (11, {"leap"})])
def test_leap_is_looked_for_when_there_are_more_than_ten_bars(n_bars, found):
    assert kinds(build(stepped(1.0, at=5, n=n_bars), at=5)) == found


@pytest.mark.parametrize(("gap_s", "found"), [(29 * DAY, "split"), (29 * DAY + 1, "ticker_reuse")])
def test_doubling_is_another_ticker_when_more_than_thirty_days_lie_between(gap_s, found):
    logs = calm(usual=0.0)
    logs[AT:] += np.log(4.0)
    candles = build(logs, overnight={AT: np.log(4.0)}, gap_s=gap_s)
    assert kinds(candles) == {found}


def test_each_leap_has_one_kind_and_its_own_bar_when_several_come():
    logs = calm(120, usual=0.0)
    logs[30:] += np.log(2.0)
    logs[60:] += 1.2
    logs[90:] += 0.1
    candles = build(logs, overnight={30: np.log(2.0)})
    options = {"timeframe": "1d", "calendar": "crypto_24x7"}
    found = {kind: find(candles, kind, **options) for kind in ("split", "leap", "jumps")}
    assert {kind: d.count for kind, d in found.items()} == {"split": 1, "leap": 1, "jumps": 1}
    bars = {kind: d.first_time for kind, d in found.items()}
    assert bars == {
        "split": candles.time[30],
        "leap": candles.time[60],
        "jumps": candles.time[90],
    }
