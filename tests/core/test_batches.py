import torch
from hypothesis import given
from hypothesis import strategies as st

from ml_training.core.batches import Batches, Rows, batch_sizes


def make_numbered(n, *, with_weight=False):
    X = torch.arange(n, dtype=torch.float32).reshape(-1, 1)
    return Rows(X, X[:, 0] * 2, X[:, 0] * 3 if with_weight else None)


def walk(batches, rows, *, epoch=0, batch_size=4, position=0):
    found = []
    while position < len(rows):
        batch = batches.take(rows, epoch=epoch, position=position, batch_size=batch_size)
        found.append(batch)
        position += len(batch.y)
    return found


@given(st.integers(2, 500), st.integers(2, 64))
def test_sizes_cover_every_row_and_leave_none_alone(n_rows, batch_size):
    sizes = batch_sizes(n_rows, batch_size)
    assert sum(sizes) == n_rows
    assert min(sizes) >= 2
    assert max(sizes) <= batch_size + max(1, batch_size / 4)
    assert len(sizes) == 1 or min(sizes) >= min(batch_size / 4, 2)


def test_a_single_row_is_its_own_batch_when_there_is_no_other():
    assert batch_sizes(1, 4) == [1]


def test_no_rows_make_no_batches():
    assert batch_sizes(0, 4) == []


def test_every_row_is_seen_once_when_an_epoch_is_walked():
    rows = make_numbered(23)
    seen = torch.cat([batch.X[:, 0] for batch in walk(Batches(0), rows)])
    assert sorted(seen.tolist()) == list(range(23))


def test_columns_stay_together_when_shuffled():
    rows = make_numbered(23, with_weight=True)
    for batch in walk(Batches(0), rows):
        assert torch.equal(batch.y, batch.X[:, 0] * 2)
        assert torch.equal(batch.weight, batch.X[:, 0] * 3)


def test_weight_is_none_when_rows_are_not_weighted():
    assert walk(Batches(0), make_numbered(9))[0].weight is None


def test_order_is_the_same_when_seed_and_epoch_are():
    rows = make_numbered(40)
    one, other = Batches(7), Batches(7)
    other.take(rows, epoch=5, position=0, batch_size=8)
    for a, b in zip(walk(one, rows, epoch=3), walk(other, rows, epoch=3), strict=True):
        assert torch.equal(a.X, b.X)


def test_order_differs_when_epoch_or_seed_does():
    rows = make_numbered(40)
    first = walk(Batches(0), rows)[0].X
    assert not torch.equal(first, walk(Batches(0), rows, epoch=1)[0].X)
    assert not torch.equal(first, walk(Batches(1), rows)[0].X)


def test_the_rest_of_an_epoch_is_the_same_rows_when_resumed_in_its_middle():
    rows = make_numbered(40)
    whole = torch.cat([b.X for b in walk(Batches(0), rows)])
    rest = torch.cat([b.X for b in walk(Batches(0), rows, position=12)])
    assert torch.equal(whole[12:], rest)


def test_the_rest_of_an_epoch_keeps_its_order_when_the_batch_size_changes():
    rows, batches = make_numbered(40), Batches(0)
    whole = torch.cat([b.X for b in walk(batches, rows)])
    rest = torch.cat([b.X for b in walk(batches, rows, position=12, batch_size=9)])
    assert torch.equal(whole[12:], rest)


def test_new_rows_are_used_when_a_treatment_replaced_them():
    batches = Batches(0)
    batches.take(make_numbered(12), epoch=0, position=0, batch_size=4)
    other = Rows(torch.full((12, 1), -1.0), torch.zeros(12), None)
    assert float(batches.take(other, epoch=0, position=0, batch_size=4).X.max()) == -1.0


def test_a_large_seed_is_accepted():
    rows = make_numbered(6)
    assert len(walk(Batches(2**62), rows)) == 2


def test_rows_count_rows_and_not_columns():
    assert len(make_numbered(17)) == 17
