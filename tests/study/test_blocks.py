import numpy as np
import pytest

from ml_training.errors import DataError
from ml_training.study.blocks import as_outcomes, cut_blocks
from tests.study.builders import make_set

SHARES = (0.6, 0.2, 0.2)


def test_blocks_follow_each_other_in_time_when_cut():
    blocks = cut_blocks(make_set(400), SHARES)
    assert blocks.train.t1.max() < blocks.validation.t0.min()
    assert blocks.validation.t1.max() < blocks.test.t0.min()
    assert len(blocks.train) + len(blocks.validation) + len(blocks.test) == (
        400 - blocks.split.n_purged
    )
    assert blocks.notes == ()


@pytest.mark.parametrize(
    ("rows", "name"), [(slice(240, 320), "validation"), (slice(320, 400), "test")]
)
@pytest.mark.parametrize("outcome", [0, 1])
def test_one_class_block_is_kept_and_noted_when_it_is_not_the_training_block(rows, name, outcome):
    y = np.tile([0, 1], 200)
    y[rows] = outcome
    blocks = cut_blocks(make_set(400, y=y), SHARES)
    assert len(blocks.notes) == 1
    assert f"The {name} block holds only {'wins' if outcome else 'losses'}" in blocks.notes[0]


@pytest.mark.parametrize(("outcome", "word"), [(0, "losses"), (1, "wins")])
def test_one_class_training_block_is_refused_in_words(outcome, word):
    y = np.tile([0, 1], 200)
    y[:245] = outcome
    with pytest.raises(DataError, match=f"hold only {word}") as caught:
        cut_blocks(make_set(400, y=y), SHARES)
    assert "longer period" in caught.value.hint


def test_outcomes_carry_weights_and_results_when_a_block_is_judged():
    block = cut_blocks(make_set(400), SHARES).test
    outcomes = as_outcomes(block)
    assert outcomes.n_effective == block.n_effective
    assert outcomes.r is block.r
    assert outcomes.y.dtype == np.int64
