"""Stored setups become the table a model learns from, cell by cell."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from ml_training.models import Setup, SetupScan
from ml_training.selectors import load_labelled
from tests.models.test_constraints import make_instrument, make_scan, make_setup
from tests.services.builders import make_strategy

pytestmark = pytest.mark.django_db
NAMES = ["slope", "range"]
START = datetime(2024, 1, 1, tzinfo=UTC)


def hour(n: float) -> datetime:
    return START + timedelta(hours=n)


def make_place(symbol="EURUSD", timeframe="1h", strategy=None) -> SetupScan:
    """Store an empty scan of one symbol and timeframe."""
    return make_scan(
        strategy=strategy or make_strategy(),
        instrument=make_instrument(symbol=symbol),
        timeframe=timeframe,
        feature_names=NAMES,
        feature_digest="f" * 64,
    )


def add(scan, entry, *, held=2, within=2, r=1.0, features=(1.0, 2.0), **changes) -> Setup:
    """Store a setup that enters and leaves at some hours after the start."""
    times = {"exit_at": hour(entry + held), "horizon_at": hour(entry + max(held, within))}
    setup = make_setup(scan, entry_at=hour(entry), r=r, **times, **changes)
    setup.features = np.asarray(features, dtype="<f8").tobytes()
    setup.save()
    return setup


def add_open(scan, entry):
    setup = add(scan, entry)
    setup.outcome, setup.r, setup.exit_at = Setup.Outcome.OPEN, None, None
    setup.save()


def hours_of(dataset) -> list[float]:
    return ((dataset.t0 - int(START.timestamp())) / 3600).tolist()


def test_every_cell_is_what_was_stored_when_rows_become_a_set():
    scan = make_place("XAUUSD", "4h")
    add(scan, 8, r=-0.5, side=-1, features=(np.nan, np.inf))
    add(scan, 4, r=1.75, held=3.5, features=(-np.inf, 0.1 + 0.2))
    found = load_labelled([scan])
    assert hours_of(found) == [4.0, 8.0]
    assert (found.t1 - found.t0).tolist() == [3.5 * 3600, 2 * 3600]
    assert found.r.tolist() == [1.75, -0.5]
    assert found.y.tolist() == [1, 0]
    assert found.side.tolist() == [1, -1]
    np.testing.assert_array_equal(found.X, [[-np.inf, 0.1 + 0.2], [np.nan, np.inf]])
    assert set(found.symbol) == {"XAUUSD"}
    assert set(found.timeframe) == {"4h"}
    assert found.feature_names == tuple(NAMES)
    assert found.feature_digest == "f" * 64


def test_setup_that_earned_nothing_is_a_loss_when_it_left_by_time():
    scan = make_place()
    add(scan, 0, r=0.0, outcome=Setup.Outcome.TIME)
    add(scan, 9, r=1e-12, outcome=Setup.Outcome.TIME)
    add(scan, 19, r=-0.1, outcome=Setup.Outcome.TAKE_PROFIT)
    assert load_labelled([scan]).y.tolist() == [0, 1, 0]


def test_setup_belongs_to_the_period_when_it_enters_at_the_start_and_ends_at_the_end():
    scan = make_place()
    for entry in (1, 2, 3, 4):
        add(scan, entry)
    assert hours_of(load_labelled([scan], hour(2), hour(5))) == [2.0, 3.0]
    assert hours_of(load_labelled([scan], hour(2), hour(4.999))) == [2.0]
    assert hours_of(load_labelled([scan], hour(2.001), None)) == [3.0, 4.0]
    assert hours_of(load_labelled([scan], None, hour(3))) == [1.0]


def test_quick_outcome_stays_out_when_its_horizon_reaches_beyond_the_end():
    scan = make_place()
    add(scan, 1, held=1, within=3)
    add(scan, 3, held=1, within=3)
    assert hours_of(load_labelled([scan], None, hour(5))) == [1.0]
    assert hours_of(load_labelled([scan], None, hour(6))) == [1.0, 3.0]


def test_open_setups_teach_nothing_even_without_dates():
    scan = make_place()
    add(scan, 0)
    add_open(scan, 5)
    assert hours_of(load_labelled([scan])) == [0.0]
    assert hours_of(load_labelled([scan], hour(-1), hour(99))) == [0.0]


def test_rows_of_other_scans_stay_out_when_some_scans_are_read():
    strategy = make_strategy()
    wanted = make_place(strategy=strategy)
    other = make_scan(
        strategy=strategy, instrument=wanted.instrument, rules_digest="old", feature_names=NAMES
    )
    add(wanted, 1)
    add(other, 2)
    assert hours_of(load_labelled([wanted])) == [1.0]


def test_each_row_names_its_own_market_when_several_scans_are_joined():
    strategy = make_strategy()
    euro = make_place("EURUSD", "1h", strategy)
    gold = make_place("XAUUSD", "4h", strategy)
    add(gold, 1)
    add(euro, 2)
    add(gold, 3)
    found = load_labelled([euro, gold])
    assert found.symbol.tolist() == ["XAUUSD", "EURUSD", "XAUUSD"]
    assert found.timeframe.tolist() == ["4h", "1h", "4h"]


def test_overlap_is_shared_within_a_symbol_only_when_weights_are_computed():
    strategy = make_strategy()
    euro, gold = make_place("EURUSD", "1h", strategy), make_place("XAUUSD", "1h", strategy)
    add(euro, 0, held=4)
    add(euro, 2, held=4)
    add(gold, 0, held=4)
    found = load_labelled([euro, gold])
    weights = dict(zip(zip(hours_of(found), found.symbol, strict=True), found.weight, strict=True))
    assert weights[0.0, "XAUUSD"] == 1.0
    assert weights[0.0, "EURUSD"] == weights[2.0, "EURUSD"] == 0.75


def test_set_has_its_columns_when_no_setup_is_left():
    scan = make_place()
    add_open(scan, 1)
    found = load_labelled([scan])
    assert found.X.shape == (0, 2)
    assert found.feature_names == tuple(NAMES)
    assert found.n_effective == 0.0


def test_set_is_the_same_when_rows_were_stored_in_another_order():
    strategy, instrument = make_strategy(), make_instrument()
    digests = set()
    for order in ((3, 1, 2), (1, 2, 3)):
        SetupScan.objects.all().delete()
        scan = make_scan(
            strategy=strategy, instrument=instrument, feature_names=NAMES, feature_digest="f" * 64
        )
        for entry in order:
            add(scan, entry, features=(entry, -entry))
        digests.add(load_labelled([scan]).digest())
    assert len(digests) == 1


ROWS = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.integers(1, 30),
        st.floats(-3, 3),
        st.booleans(),
    ),
    unique_by=lambda row: row[0],
    max_size=8,
)


class PeriodProperties(TestCase):
    """Hypothesis needs a fresh transaction per example, which pytest does not give."""

    @settings(max_examples=25, deadline=None)
    @given(ROWS, st.none() | st.integers(0, 60), st.none() | st.integers(0, 90))
    def test_period_keeps_what_a_loop_over_all_rows_keeps(self, rows, start, end):
        scan = make_place()
        expected = []
        for entry, held, r, is_open in rows:
            if is_open:
                add_open(scan, entry)
                continue
            add(scan, entry, held=held, r=r, features=(entry, r))
            if (start is None or entry >= start) and (end is None or entry + held <= end):
                expected.append((float(entry), r))
        bounds = (None if moment is None else hour(moment) for moment in (start, end))
        found = load_labelled([scan], *bounds)
        assert list(map(tuple, found.X.tolist())) == sorted(expected)
        assert hours_of(found) == [entry for entry, _ in sorted(expected)]
        assert found.y.tolist() == [int(r > 0) for _, r in sorted(expected)]
