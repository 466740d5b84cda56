"""What holds for slices, joins and hashes of any candles."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.candles import Candles, concat, merge
from ml_training.data.packing import pack, unpack
from tests.data.builders import random_candles

MOST = 60

markets = st.builds(
    random_candles,
    st.integers(0, MOST),
    st.integers(0, 2**32 - 1),
    gap_rate=st.sampled_from([0.0, 0.3]),
)
places = st.integers(0, MOST)


def rows(candles):
    """Return bars by time, to reckon with dictionaries."""
    columns = (column.tolist() for column in candles.columns)
    return {bar[0]: bar for bar in zip(*columns, strict=True)}


def take(candles, kept):
    return Candles(*(np.ascontiguousarray(column[kept]) for column in candles.columns))


@given(markets, places, places)
def test_parts_give_back_the_whole_when_joined(candles, one, other):
    first, second = sorted((one, other))
    n = len(candles)
    parts = [candles.slice(0, first), candles.slice(first, second), candles.slice(second, n)]
    assert concat(parts).digest() == candles.digest()


@given(markets, markets)
def test_merging_equals_updating_a_dictionary(old, new):
    assert rows(merge(old, new)) == rows(old) | rows(new)


@given(markets, markets)
def test_merged_bars_are_ordered_and_keep_the_rules_of_candles(old, new):
    merged = merge(old, new)
    assert Candles.from_columns(*merged.columns).digest() == merged.digest()


@given(markets, markets)
def test_merging_twice_changes_nothing_more(old, new):
    once = merge(old, new)
    assert merge(once, new).digest() == once.digest()


@given(markets, st.lists(st.booleans(), min_size=MOST, max_size=MOST))
def test_any_two_shares_of_the_bars_make_up_the_whole(candles, coins):
    kept = np.array(coins[: len(candles)], dtype=bool)
    merged = merge(take(candles, kept), take(candles, ~kept))
    assert merged.digest() == candles.digest()


@given(markets, places, places)
def test_between_equals_asking_every_bar(candles, one, other):
    start, end = (int(candles.time[0]) + 3600 * at if len(candles) else at for at in (one, other))
    expected = [time for time in candles.time.tolist() if start <= time < end]
    assert candles.between(start, end).time.tolist() == expected


@given(markets, markets)
def test_hashes_are_equal_exactly_when_bars_are(one, other):
    assert (one.digest() == other.digest()) is (rows(one) == rows(other))


@settings(max_examples=40)
@given(markets, places)
def test_views_hash_and_pack_like_copies(candles, start):
    view = candles.slice(start, len(candles))
    copy = take(candles, slice(start, None))
    assert view.digest() == copy.digest()
    assert pack(view) == pack(copy)
    assert unpack(pack(view)).digest() == view.digest()
