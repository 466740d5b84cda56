"""What is read piece by piece comes whole, once and in order."""

import pytest

from ml_training.models import FixEvent, MetricPoint
from ml_training.selectors.recorded import read_events, read_points
from tests.services.builders import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return make_run()


def add_points(run, *kinds):
    first = MetricPoint.objects.filter(run=run).count()
    for number, kind in enumerate(kinds, start=first):
        MetricPoint.objects.create(
            run=run, kind=kind, number=number, epoch=0, step=number, values={}
        )


def add_events(run, *numbers):
    for number in numbers:
        FixEvent.objects.create(
            run=run, number=number, problem="plateau", severity="info", epoch=0, step=0, message=""
        )


def follow(read, run, most):
    """Read to the end as a client does; return the pieces."""
    pieces, after = [], 0
    while True:
        piece = read(run, after=after, most=most)
        pieces.append(piece.results)
        after = piece.after
        if not piece.has_more:
            return pieces


@pytest.mark.parametrize(
    ("n_rows", "most", "sizes"),
    [
        (0, 3, [0]),
        (1, 3, [1]),
        (3, 3, [3]),
        (4, 3, [3, 1]),
        (6, 3, [3, 3]),
        (7, 3, [3, 3, 1]),
        (3, 1, [1, 1, 1]),
    ],
)
def test_pieces_fit_without_gap_when_followed(run, n_rows, most, sizes):
    add_points(run, *["batch"] * n_rows)
    add_events(run, *range(1, n_rows + 1))
    points = follow(read_points, run, most)
    events = follow(read_events, run, most)
    assert [len(piece) for piece in points] == sizes
    assert [len(piece) for piece in events] == sizes
    assert [point.number for piece in points for point in piece] == list(range(n_rows))
    assert [event.number for piece in events for event in piece] == list(range(1, n_rows + 1))


def test_cursor_stays_when_nothing_is_new(run):
    add_points(run, "batch")
    after = read_points(run, after=0, most=10).after
    again = read_points(run, after=after, most=10)
    assert (again.results, again.after, again.has_more) == ([], after, False)


def test_points_of_one_kind_are_read_when_it_is_named(run):
    add_points(run, "batch", "epoch", "batch", "epoch", "epoch")
    piece = read_points(run, after=0, most=2, kind="epoch")
    assert [point.number for point in piece.results] == [1, 3]
    assert piece.has_more
    rest = read_points(run, after=piece.after, most=2, kind="epoch")
    assert [point.number for point in rest.results] == [4]


def test_rows_of_other_runs_are_left_out_when_they_lie_between(run):
    other = make_run()
    add_points(run, "batch")
    add_points(other, "batch")
    add_points(run, "batch")
    add_events(other, 1)
    assert [point.number for point in read_points(run, after=0, most=9).results] == [0, 1]
    assert read_events(run, after=0, most=9).results == []


def test_one_query_is_enough_when_there_are_many(run, django_assert_num_queries):
    add_points(run, *["batch"] * 30)
    with django_assert_num_queries(1):
        assert len(read_points(run, after=0, most=20).results) == 20


def test_gaps_in_the_numbers_are_stepped_over_when_followed(run):
    add_events(run, 2, 5, 9)
    assert [event.number for event in read_events(run, after=2, most=9).results] == [5, 9]
    assert read_events(run, after=9, most=9).after == 9
