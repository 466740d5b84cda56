"""Every figure in the areas of the report is worked out again by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml_training.core.history import EpochScore, Reading, RunHistory
from ml_training.data.labelled import LabelledSet
from ml_training.evaluation.baselines import BaseRate
from ml_training.evaluation.calibration import Calibration
from ml_training.evaluation.threshold import choose_threshold
from ml_training.study import diagnostics as figures
from ml_training.study.blocks import Blocks, cut_blocks
from ml_training.study.candidates import Candidate
from ml_training.study.models import NETWORK
from tests.study.builders import change, make_set

SHARES = (0.6, 0.2, 0.2)


def blocks_with(train, validation=None) -> Blocks:
    """Return blocks whose train (and validation) rows hold these columns."""
    blocks = cut_blocks(make_set(100), SHARES)
    return replace(
        blocks,
        train=fill(blocks.train, train),
        validation=fill(blocks.validation, train if validation is None else validation),
    )


def fill(block: LabelledSet, cells) -> LabelledSet:
    """Repeat rows of cells until twelve are there."""
    cells = np.asarray(cells, dtype=float)
    X = cells[np.resize(np.arange(len(cells)), 12)]
    names = tuple(f"feature_{i}" for i in range(X.shape[1]))
    return change(block.take(np.arange(12)), X=X, feature_names=names)


def history_of(*, losses=(), norms=(), rates=(), skipped=()) -> RunHistory:
    history = RunHistory(("layer",))
    for step, loss in enumerate(losses):
        history.add(
            Reading(
                epoch=0,
                step=step,
                loss=loss,
                gradient_norm=norms[step] if norms else 1.0,
                learning_rate=rates[step] if rates else 0.001,
                skipped=bool(skipped and skipped[step]),
                layer_norms=(1.0,),
            )
        )
    return history


def score(epoch, loss, *, is_best=False) -> EpochScore:
    return EpochScore(
        epoch=epoch,
        step=epoch,
        train_loss=loss,
        validation_loss=loss,
        validation_score=0.5,
        learning_rate=0.001,
        is_best=is_best,
    )


def scored(history, *losses, best=()) -> RunHistory:
    for epoch, loss in enumerate(losses):
        history.add_score(score(epoch, loss, is_best=epoch in best))
    return history


def saying(chance, blocks) -> Candidate:
    """Return a network that gives every setup the same chance."""
    threshold = choose_threshold(np.full(len(blocks.validation), chance), blocks.validation.r)
    calibration, held_out = Calibration(note="as it is"), np.full(1, chance)
    return Candidate(NETWORK, BaseRate(chance), chance, calibration, threshold, held_out)


def test_gradients_are_summed_up_when_batches_were_trained():
    norms = [1.0, 2.0, 3.0, 4.0, 100.0, float("nan"), float("inf")]
    told = figures._measure_gradients(history_of(losses=[0.5] * 7, norms=norms))
    finite = [1.0, 2.0, 3.0, 4.0, 100.0]
    assert "over 5 batches: median 3," in told
    assert f"nine in ten below {np.quantile(finite, 0.9):.3g}" in told
    assert told.endswith("largest 100")


def test_gradients_are_not_told_when_no_batch_was_trained():
    assert figures._measure_gradients(history_of()) == "No batch was trained"


def test_rate_is_told_from_first_to_last_with_every_rise_of_the_loss():
    history = scored(history_of(losses=[1, 1, 1], rates=[0.01, 0.02, 0.005]), 0.7, 0.8, 0.6, 0.6)
    told = figures._measure_rate(history)
    assert "Rate 0.010000 at the start, 0.005000 at the end" in told
    assert told.endswith("the validation loss rose in 1 of 3 epochs")


@pytest.mark.parametrize("losses", [(), (0.7,), (0.7, float("nan"))])
def test_rate_is_not_judged_when_epochs_are_too_few(losses):
    history = scored(history_of(losses=[1.0]), *losses)
    assert figures._measure_rate(history) == "Too few epochs to tell"


def test_bad_batches_and_missing_cells_are_counted():
    history = history_of(losses=[0.5, float("nan"), float("inf"), 0.4], skipped=[0, 1, 1, 0])
    blocks = blocks_with([[1.0, np.nan], [2.0, np.inf], [3.0, 4.0]])
    told = figures._measure_stability(history, blocks)
    missing = int(np.sum(~np.isfinite(blocks.train.X)))
    assert told.startswith("2 of 4 batches without a finite loss, 2 skipped; ")
    assert f"{missing} of {blocks.train.X.size} training cells" in told


@pytest.mark.parametrize(
    ("best", "words"),
    [
        ((0, 2), "Best epoch 3 of 5, 2 epochs after it"),
        ((4,), "Best epoch 5 of 5, 0 epochs after it"),
        ((), "No epoch improved the validation loss"),
    ],
)
def test_plateau_counts_from_the_last_best_epoch(best, words):
    assert figures._measure_plateau(scored(history_of(), *[0.5] * 5, best=best)) == words


@pytest.mark.parametrize(
    ("distance", "n_far"),
    [(figures.FAR - 0.01, 0), (figures.FAR, 0), (figures.FAR + 0.01, 2)],
)
def test_cells_are_far_out_beyond_five_robust_deviations_and_not_at_them(distance, n_far):
    """Quartiles 1.349 apart make one robust deviation one unit."""
    half = figures.NORMAL_QUARTILES / 2
    rows = [[-distance], *[[-half]] * 5, *[[half]] * 5, [distance]]
    told = figures._measure_outliers(blocks_with(rows))
    assert told.startswith(f"{n_far} of 12 training cells ({n_far / 12:.2%})")


def test_missing_cells_are_no_outliers_and_are_not_counted():
    told = figures._measure_outliers(blocks_with([[1.0], [2.0], [np.nan], [np.inf]]))
    assert told.startswith("0 of 6 training cells (0.00%)")


def test_no_share_is_divided_by_nothing_when_every_cell_is_missing():
    blocks = blocks_with([[np.nan, np.nan]])
    assert figures._measure_outliers(blocks).startswith("0 of 0 training cells (0.00%)")
    assert figures._measure_scaling(blocks) == "Every column is constant"


def test_spreads_are_told_from_the_smallest_to_the_largest():
    told = figures._measure_scaling(blocks_with([[-1.0, 500.0, 7.0], [1.0, -500.0, 7.0]]))
    assert told.startswith("Standard deviations of the columns from 1 to 500;")
    assert "1 of 3" in told


def test_column_counts_as_constant_when_only_rounding_moves_it():
    tiny = 1e9 * (1 + np.array([[0.0], [1e-13]]))
    assert figures._measure_scaling(blocks_with(tiny)) == "Every column is constant"
    told = figures._measure_scaling(blocks_with(1e9 * (1 + np.array([[0.0], [1e-7]]))))
    assert "from 50 to 50" in told


def test_shift_is_measured_in_deviations_of_the_training_rows():
    train = [[-1.0, -10.0, 5.0], [1.0, 10.0, 5.0]]
    validation = [[2.0, 5.0, 9.0], [4.0, 5.0, 9.0]]
    told = figures._measure_shift(blocks_with(train, validation))
    assert "the mean of feature_0 moved most, by 3.00 standard deviations" in told
    assert told.endswith("half of all columns moved by less than 0.50")


def test_shift_passes_over_columns_that_one_block_does_not_know():
    told = figures._measure_shift(blocks_with([[1.0, -1.0], [1.0, 1.0]], [[9.0, np.nan]]))
    assert "by 0.00 standard deviations" in told


def test_predictions_tell_the_middle_nine_tenths_and_the_wins():
    blocks = cut_blocks(make_set(200), SHARES)
    told = figures._measure_predictions(saying(0.37, blocks), blocks)
    share = float(np.mean(blocks.validation.y))
    assert "nine in ten between 37.0% and 37.0%" in told
    assert f"wins there {share:.1%}; as it is" in told


def test_bias_and_variance_compare_both_blocks_and_say_when_one_cannot_be_ranked():
    blocks = cut_blocks(make_set(200), SHARES)
    told = figures._measure_variance(saying(0.5, blocks), blocks)
    assert told.count("AUC 0.500, log-loss 0.6931") == 2
    lost = change(blocks.validation, y=np.zeros(len(blocks.validation), dtype=np.int8))
    told = figures._measure_variance(saying(0.5, blocks), replace(blocks, validation=lost))
    assert "validation no AUC (one class), log-loss 0.6931" in told


CELLS = st.lists(
    st.lists(
        st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf, -np.inf, 0.0]),
        min_size=3,
        max_size=3,
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@example([[0.0, 0.0, 0.0]] * 7 + [[0.0, 1.0, 0.0]] * 2 + [[0.0, 2.3e-308, 0.0]], [[0.0] * 3])
@given(CELLS, CELLS)
def test_figures_stay_sentences_whatever_the_columns_hold(train, validation):
    blocks = blocks_with(train, validation)
    for measure in (
        figures._measure_outliers,
        figures._measure_scaling,
        figures._measure_shift,
    ):
        told = measure(blocks)
        assert told
        assert "nan" not in told.lower()
        assert "inf" not in told.lower().replace("infinite", "")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=30),
    st.sampled_from([0.5, 2.0, 1024.0]),
    st.integers(-512, 512),
)
def test_far_cells_stay_far_when_a_column_is_moved_and_stretched(column, factor, offset):
    column = np.round(np.array(column))  # whole numbers are moved without rounding
    before = figures._robust_distance(column)
    after = figures._robust_distance(column * factor + offset)
    np.testing.assert_allclose(before, after, rtol=1e-9, atol=1e-9)
