"""The alarm names what no honest table holds, and is quiet about honest ones."""

from dataclasses import replace

import numpy as np
import pytest

from ml_training.data.labelled import LabelledSet
from ml_training.study.blocks import Blocks, cut_blocks
from ml_training.study.leak_alarm import find_leaks
from ml_training.study.run import run_study
from tests.study.builders import change, make_set, quick_settings

FRACTIONS = (0.6, 0.2, 0.2)
N = 900


def cut(rows) -> Blocks:
    return cut_blocks(rows, FRACTIONS)


def add_column(rows: LabelledSet, column) -> LabelledSet:
    names = (*rows.feature_names, "added")
    return change(rows, X=np.column_stack([rows.X, column]), feature_names=names)


def copy_label(rows, *, noise=0.5, sign=1, seed=0):
    return sign * rows.y + noise * np.random.default_rng(seed).standard_normal(len(rows))


def kinds(blocks, **options):
    return {leak.kind for leak in find_leaks(blocks, **options)}


@pytest.mark.parametrize("edge", [0.0, 0.15])
@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_named_when_the_rows_are_honest(seed, edge):
    assert kinds(cut(make_set(N, edge=edge, seed=seed))) == set()


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("noise", [0.0, 0.3, 0.7])
def test_copy_of_the_outcome_is_named_whatever_its_sign_and_noise(noise, sign):
    rows = make_set(N, edge=0.1)
    (leak,) = find_leaks(cut(add_column(rows, copy_label(rows, noise=noise, sign=sign))))
    assert leak.columns == ("added",)
    assert "the column added alone ranks the outcomes" in leak.message


def test_both_are_named_when_the_outcome_is_copied_twice():
    rows = make_set(N, edge=0.1)
    twice = add_column(rows, copy_label(rows))
    twice = replace(
        twice,
        X=np.column_stack([twice.X, copy_label(rows, seed=1)]),
        feature_names=(*twice.feature_names, "again"),
    )
    (leak,) = find_leaks(cut(twice))
    assert set(leak.columns) == {"added", "again"}


def test_missing_values_are_named_when_they_tell_the_outcome():
    rows = make_set(N, edge=0.1)
    column = np.where(rows.y == 1, np.nan, 0.0)
    (leak,) = find_leaks(cut(add_column(rows, column)))
    assert leak.columns == ("added",)


def test_columns_of_the_bet_itself_are_not_named():
    rows = make_set(N, edge=0.1)
    named = add_column(rows, copy_label(rows))
    bet = change(named, feature_names=(*rows.feature_names, "stop_atr"))
    assert kinds(cut(bet)) == set()


def test_nearer_target_is_no_leak_when_it_earns_no_more():
    rng = np.random.default_rng(0)
    rows = make_set(3000, edge=0.0)
    reward = rng.uniform(0.3, 4.0, len(rows))
    y = (rng.random(len(rows)) < 1 / (1 + reward)).astype(np.int8)
    fair = change(rows, y=y, r=np.where(y == 1, reward, -1.0))
    assert kinds(cut(add_column(fair, reward))) == set()


def test_planted_edge_is_no_leak_when_the_market_is_made_up():
    strong = make_set(N, edge=0.7)
    assert kinds(cut(strong)) == {"tells_too_much"}
    assert kinds(cut(strong), is_synthetic=True) == set()


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_split_is_named(seed):
    rows = make_set(N, edge=0.1, seed=seed)
    order = np.random.default_rng(seed).permutation(N)
    parts = [rows.take(np.sort(part)) for part in np.split(order, [540, 720])]
    honest = cut(rows)
    shuffled = replace(honest, train=parts[0], validation=parts[1], test=parts[2])
    found = [leak.message for leak in find_leaks(shuffled)]
    assert len(found) == 3
    assert all("shuffled or not purged" in words for words in found)


def test_one_row_that_reaches_across_is_enough():
    blocks = cut(make_set(N, edge=0.1))
    late = change(blocks.train, t1=np.append(blocks.train.t1[:-1], blocks.test.t0[0]))
    assert kinds(replace(blocks, train=late)) == {"shared_time"}


@pytest.mark.slow
def test_verdict_names_the_leak_when_a_study_meets_one():
    rows = make_set(300, edge=0.1)
    study = run_study(add_column(rows, copy_label(rows)), quick_settings(epochs=1))
    assert study.verdict.key == "suspected_leak"
    assert "the column added" in study.verdict.sentence


@pytest.mark.slow
def test_verdict_tells_what_was_found_in_the_candles():
    settings = replace(quick_settings(epochs=1), leaks=("the column x cannot be computed",))
    study = run_study(make_set(300, edge=0.0), settings)
    assert study.verdict.key == "suspected_leak"
    assert "the column x cannot be computed" in study.verdict.sentence
