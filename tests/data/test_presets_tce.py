"""TCE finds the pull-back it describes, and every part of the description counts."""

import copy
from datetime import UTC, datetime

import numpy as np
import pytest

from ml_training.data.candles import Candles
from ml_training.data.frame import Frame
from ml_training.data.indicators import make_use
from ml_training.data.instruments import guess_instrument
from ml_training.data.layouts import read_candles
from ml_training.data.presets import PRESETS
from ml_training.data.rules import evaluate_rules, parse_rules
from ml_training.data.setups import scan_setups
from tests.data.builders import REAL_DATA, candles_from_rows, random_candles
from tests.data.rule_builders import reflected

SCENE = {  # bars and change of each leg
    "trend": (240, 48.0),
    "dip": (4, -3.0),  # leaves the pivot low where the swing begins
    "swing": (7, 10.0),
    "pull_back": (4, -4.9),
    "touch": (1, -0.3),
    "bounce": (3, 2.6),
    "come_back": (2, -1.0),
    "retest": (1, -0.1),
    "confirm": (1, 1.5),
}
SIGNAL_BAR = sum(n_bars for n_bars, _ in SCENE.values())
WICK = 0.2


def draw(legs) -> Candles:
    """Make candles that walk the legs, (bars, change) each, with short wicks."""
    close = [100.0]
    for n_bars, change in legs:
        close += [close[-1] + change * (i + 1) / n_bars for i in range(n_bars)]
    rows = []
    for before, now in zip(close[:1] + close[:-1], close, strict=True):
        rows.append((before, max(before, now) + WICK, min(before, now) - WICK, now))
    return candles_from_rows(rows)


def with_legs(**changes):
    """Draw the scene with some legs changed."""
    return draw([changes.get(name, leg) for name, leg in SCENE.items()])


def tce(change=None):
    """Return the rules of TCE, after `change(document)` if given."""
    document = copy.deepcopy(dict(PRESETS["tce"].document))
    if change is not None:
        change(document)
    return parse_rules(document)


def signals(candles, change=None):
    return evaluate_rules(tce(change), Frame(candles, "1h"))


def long_at_the_end(candles, change=None):
    return bool(signals(candles, change).long[-1])


def without(position):
    def drop(document):
        del document["long"]["all"][position]

    return drop


def part(document, word):
    """Return the member of the entry that mentions a word."""
    return next(each for each in document["long"]["all"] if word in str(each))


def test_signal_comes_on_the_confirming_candle_of_a_textbook_pull_back():
    found = signals(with_legs())
    assert np.flatnonzero(found.long).tolist() == [SIGNAL_BAR]
    assert not found.short.any()


def test_signal_is_short_when_the_pull_back_is_upside_down():
    found = signals(reflected(with_legs(), 400.0))
    assert np.flatnonzero(found.short).tolist() == [SIGNAL_BAR]
    assert not found.long.any()


SLOPE_200, RETRACEMENT, RETESTED, PATTERN = 1, 2, 3, 4  # positions in the entry
SLOW = {"swing": (10, 10.0), "bounce": (3, 2.0), "come_back": (2, -0.9)}
LEGS = list(SCENE.values())
FALLING_BEFORE = draw([(170, -80.0), (70, 14.0), *LEGS[1:]])
TOO_DEEP = draw([*LEGS[:5], (1, -1.2), (3, 3.6), *LEGS[6:]])

SPOILED = {
    "the averages slope apart": (SLOPE_200, FALLING_BEFORE),
    "the swing is retraced too little": (
        RETRACEMENT,
        with_legs(**SLOW, pull_back=(4, -3.0), touch=(1, -0.1)),
    ),
    "the swing is retraced too far": (RETRACEMENT, TOO_DEEP),
    "the average is not touched before the bounce": (
        RETESTED,
        with_legs(pull_back=(4, -4.2), touch=(1, 0.4)),
    ),
    "price does not bounce": (RETESTED, with_legs(bounce=(3, 0.6), come_back=(2, 0.1))),
    "price does not come back to the average": (RETESTED, with_legs(come_back=(2, 0.0))),
    "the retest comes too early": (RETESTED, with_legs(bounce=(1, 1.2), come_back=(1, -0.9))),
    "no candle confirms": (PATTERN, with_legs(confirm=(1, -0.15))),
}


@pytest.mark.parametrize("flaw", SPOILED)
def test_signal_stays_away_when_one_thing_in_the_picture_is_spoiled(flaw):
    position, candles = SPOILED[flaw]
    assert not long_at_the_end(candles)
    assert long_at_the_end(candles, without(position))


def tighten_swing(document):
    part(document, "retraced")["left"]["min_atr"] = 12.0


def tighten_retracement(document):
    part(document, "retraced")["right"] = [0.382, 0.5]


def tighten_retest(document):
    for leaf in part(document, "retest")["of"]["any"]:
        leaf["left"]["min_gap_bars"] = 9


def tighten_averages(document):
    del part(document, "retest")["of"]["any"][0]  # SMA 18


def tighten_bounce(document):
    for leaf in part(document, "retest")["of"]["any"]:
        leaf["left"]["bounce_atr"] = 5.0


def tighten_pattern(document):
    part(document, "pattern")["any"][:] = part(document, "pattern")["any"][2:3]  # stars only


def turn_slope(document):
    document["long"]["all"][0]["op"] = "<"


def turn_long_slope(document):
    document["long"]["all"][1]["op"] = "<"


TIGHTER = [
    tighten_swing,
    tighten_retracement,
    tighten_retest,
    tighten_averages,
    tighten_bounce,
    tighten_pattern,
    turn_slope,
    turn_long_slope,
]


@pytest.mark.parametrize("change", TIGHTER)
def test_signal_of_the_textbook_needs_every_element(change):
    assert long_at_the_end(with_legs())
    assert not long_at_the_end(with_legs(), change)


N_ELEMENTS = len(PRESETS["tce"].document["long"]["all"])


@pytest.mark.parametrize("position", range(N_ELEMENTS))
def test_dropping_any_element_lets_more_signals_through(position):
    candles = random_candles(20_000, seed=7)
    full, looser = signals(candles), signals(candles, without(position))
    assert (looser.long & full.long).sum() == full.long.sum()
    assert looser.long.sum() > 1.2 * full.long.sum()
    assert looser.short.sum() > 1.2 * full.short.sum()


def test_small_swings_do_not_count():
    def allow_small(document):
        part(document, "retraced")["left"]["min_atr"] = 0.5

    candles = random_candles(20_000, seed=7)
    frame = Frame(candles, "1h")
    size = frame.indicator(make_use("swing_size", output="up", min_atr=0.5))
    on_small = signals(candles, allow_small).long & (size < 3.0)
    assert on_small.any()
    large = frame.indicator(make_use("swing_size", output="up", min_atr=3.0))
    assert (large[signals(candles).long] >= 3.0 * (1 - 1e-9)).all()


def test_stop_lies_beyond_the_deepest_retracement_and_the_target_at_two_r():
    candles = draw([*SCENE.values(), (60, 30.0)])
    setups = scan_setups(tce(), Frame(candles, "1h"), guess_instrument("SPY", candles))
    first = setups.signal_index.tolist().index(SIGNAL_BAR)
    frame = Frame(candles, "1h")
    swing = make_use("retracement", output="up", min_atr=3.0, level=0.618)
    level = frame.indicator(swing)[SIGNAL_BAR]
    atr = frame.indicator(make_use("atr"))[SIGNAL_BAR]
    assert setups.stop[first] == pytest.approx(level - 0.5 * atr)
    risk = setups.entry[first] - setups.stop[first]
    assert setups.target[first] == pytest.approx(setups.entry[first] + 2 * risk)


REAL = sorted((REAL_DATA / "candles").glob("*_1h.csv"))
A_YEAR_S = 365 * 86_400


@pytest.mark.skipif(not REAL, reason="no real candles beside this checkout")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_signals_on_real_hours_are_neither_absent_nor_everywhere(path):
    candles = read_candles(path, name=path.name).candles
    found = signals(candles)
    n_years = (candles.time[-1] - candles.time[0]) / A_YEAR_S
    for side in (found.long, found.short):
        per_year = side.sum() / n_years
        assert 5 < per_year < 100, datetime.fromtimestamp(int(candles.time[0]), tz=UTC)
