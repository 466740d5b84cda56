"""Every chart states its finding, keeps to its size, and has a table behind it."""

import json

import pytest

from ml_training.charts import CHARTS, RESULT_CHARTS, TRAINING_CHARTS, draw_chart
from ml_training.charts.chart import MOST_POINTS
from ml_training.charts.palette import GREY
from ml_training.selectors.curves import RunCurves
from tests.charts.builders import (
    find_trace,
    make_batch,
    make_curves,
    make_epoch,
    make_event,
    make_repaired_curves,
    make_trial,
)


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("curves", [RunCurves(), make_curves(), make_repaired_curves()])
def test_chart_is_strict_json_with_words_when_drawn(name, curves):
    chart = draw_chart(name, curves)
    text = json.dumps(chart.as_dict(), allow_nan=False)
    assert set(json.loads(text)) == {"data", "layout", "name", "title", "summary"}
    assert chart.title
    assert chart.summary
    assert all(len(row) == len(chart.columns) for row in chart.rows)


@pytest.mark.parametrize("name", CHARTS)
def test_chart_says_that_it_is_empty_when_nothing_was_recorded(name):
    chart = draw_chart(name, RunCurves())
    assert chart.is_empty
    assert chart.title.startswith("No ")


def test_every_chart_belongs_to_a_part_of_the_page_when_listed():
    assert (*TRAINING_CHARTS, *RESULT_CHARTS) == tuple(CHARTS)


@pytest.mark.parametrize("name", TRAINING_CHARTS)
def test_chart_keeps_to_its_size_when_the_run_was_long(name):
    again = [make_batch(step, attempt=1) for step in range(100, 20_000)]
    curves = make_curves(
        n_epochs=1_500, batches=[make_batch(step) for step in range(20_000)] + again
    )
    chart = draw_chart(name, curves)
    n_points = sum(count_points(trace) for trace in chart.data)
    assert 100 < n_points <= MOST_POINTS


def count_points(trace):
    return sum(len(row) for row in trace["z"]) if "z" in trace else len(trace["x"])


def test_spike_is_drawn_when_one_batch_in_thousands_exploded():
    batches = [make_batch(step) for step in range(20_000)]
    batches[7_777]["gradient_norm"] = 1e9
    chart = draw_chart("gradients", make_curves(batches=batches))
    assert max(find_trace(chart, "each batch")["y"]) == 1e9
    assert "peaked at 1e+09 in step 7,777" in chart.title
    assert 1e9 in [row[2] for row in chart.rows]


def test_gradients_are_called_steady_when_none_stands_out():
    assert draw_chart("gradients", make_curves()).title == "Gradients stayed near 1, at most 1"


def test_batches_without_a_number_are_counted_when_the_gradient_was_none():
    batches = [make_batch(0), make_batch(1, gradient_norm="NaN"), make_batch(2)]
    chart = draw_chart("gradients", make_curves(batches=batches))
    assert "1 batches had none that is a number" in chart.title
    assert None in find_trace(chart, "each batch")["y"]


def test_clipped_size_is_drawn_when_batches_were_clipped():
    batches = [make_batch(0), make_batch(1, gradient_norm=50.0, clip_factor=0.1)]
    chart = draw_chart("gradients", make_curves(batches=batches))
    assert find_trace(chart, "after clipping")["y"] == [None, 5.0]
    assert "1 were clipped" in chart.summary


def test_best_epoch_stands_in_the_title_when_the_loss_fell():
    losses = [0.9, 0.5, 0.7]
    epochs = [make_epoch(n, validation_loss=loss) for n, loss in enumerate(losses)]
    title = draw_chart("loss", make_curves(epochs=epochs)).title
    assert title == "Validation loss fell from 0.9 to 0.5, best at epoch 2 of 3"


def test_title_is_honest_when_the_loss_never_fell():
    epochs = [make_epoch(n, validation_loss=0.5 + n) for n in range(3)]
    title = draw_chart("loss", make_curves(epochs=epochs)).title
    assert title == "Validation loss never fell below its first 0.5"


def test_branch_without_the_fix_is_grey_when_a_repair_was_kept():
    chart = draw_chart("loss", make_repaired_curves())
    left = find_trace(chart, "without the fix")
    assert left["line"]["color"] == GREY
    assert left["x"] == [20, 30]
    assert find_trace(chart, "validation, each epoch")["y"][1:] == [0.3, 0.3, 0.3]
    assert "1 grey branch shows" in chart.summary


def test_table_says_which_branch_counts_when_some_were_left():
    rows = draw_chart("loss", make_repaired_curves()).rows
    assert [row[-1] for row in rows] == ["counts"] * 4 + ["without the fix"] * 2


@pytest.mark.parametrize("name", ["loss", "gradients", "learning_rate"])
def test_every_event_has_its_marker_when_a_run_was_repaired(name):
    chart = draw_chart(name, make_repaired_curves())
    steps = {lane: find_trace(chart, lane)["x"] for lane in LANES}
    assert steps == {"found": [20], "tried": [10], "rolled back": [10], "saved": [40]}
    assert chart.layout["shapes"]


LANES = ("found", "tried", "rolled back", "saved")


def test_marker_tells_what_was_done_when_pointed_at():
    chart = draw_chart("loss", make_repaired_curves())
    (text,) = find_trace(chart, "tried")["text"]
    assert text.replace("<br>", " ") == "The learning rate was lowered from 0.1 to 0.01. (kept)"


def test_undone_trial_looks_different_when_it_did_not_help():
    kept, undone = make_trial(), make_trial(kept=False)
    chart = draw_chart("loss", make_curves(events=[make_event(1, kept, undone)]))
    marker = find_trace(chart, "tried")["marker"]
    assert marker["symbol"] == ["x", "star"]  # the one that was kept lies on top


def test_markup_stays_text_when_a_message_holds_it():
    event = make_event(message='<a href="javascript:alert(1)">x</a>')
    (text,) = find_trace(draw_chart("loss", make_curves(events=[event])), "found")["text"]
    assert "<a" not in text
    assert text.startswith("&lt;a")


def test_axis_is_logarithmic_when_losses_span_orders():
    wide = make_curves(epochs=[make_epoch(0), make_epoch(1, validation_loss=500.0)])
    assert draw_chart("loss", wide).layout["yaxis"]["type"] == "log"


def test_zoom_is_kept_when_the_figure_is_drawn_again():
    first, second = (draw_chart("loss", make_curves(n)) for n in (2, 3))
    assert first.layout["uirevision"] == second.layout["uirevision"]


def test_changes_are_listed_when_the_rate_was_lowered():
    batches = [make_batch(step, learning_rate=0.1 if step < 5 else 0.01) for step in range(9)]
    chart = draw_chart("learning_rate", make_curves(batches=batches))
    assert chart.title == "The learning rate went from 0.1 to 0.01"
    assert chart.rows == [[0, 0.1], [5, 0.01]]
    assert chart.summary == "It was changed 1 time during training."


def test_weakest_and_strongest_layer_are_named_when_drawn():
    chart = draw_chart("layers", make_curves())
    assert chart.title == "Median gradients reach from 0.1 (last) to 1 (first)"
    assert chart.data[0]["z"][1][0] == -1.0


def test_layer_gets_a_number_when_it_was_added_later():
    batches = [make_batch(0), make_batch(1, layer_norms=[1.0, 0.5, 0.2])]
    chart = draw_chart("layers", make_curves(batches=batches))
    assert chart.data[0]["y"] == ["first", "last", "layer 3"]
    assert chart.data[0]["z"][2][0] is None
