import itertools

import pytest

from ml_training.core.events import (
    BatchesRead,
    EpochEnded,
    FindingMade,
    PartFailed,
    ProblemUnresolved,
    RunEnded,
    RunStarted,
    TrialJudged,
    TrialStarted,
)
from ml_training.core.history import EpochScore
from ml_training.core.settings import TrainSettings
from ml_training.study.narrator import Narrator
from ml_training.study.page import WIDTH
from ml_training.study.transfer import plan_transfer
from tests.study.engine_words import make_finding, make_trial

STARTED = RunStarted(
    task="binary",
    n_rows=500,
    n_validation_rows=150,
    n_features=30,
    n_parameters=14_785,
    batch_size=64,
    max_epochs=40,
    planned_steps=320,
    step_budget=5000,
    layer_names=("a", "b", "c"),
)


def end_epoch(epoch, *, is_trial=False, is_best=False, loss=0.6):
    score = EpochScore(
        epoch=epoch,
        step=8 * epoch,
        train_loss=loss,
        validation_loss=loss,
        validation_score=0.5,
        learning_rate=1e-3,
        is_best=is_best,
    )
    return EpochEnded(attempt=0, is_trial=is_trial, score=score, n_epochs_since_best=0)


def end_run(**changes):
    ended = {
        "status": "healthy",
        "stopped_because": "early_stopping",
        "n_steps": 100,
        "n_epochs": 12,
        "best_epoch": 4,
        "best_loss": 0.61,
        "best_score": 0.55,
    }
    return RunEnded(**{**ended, **changes})


@pytest.fixture
def heard():
    return []


@pytest.fixture
def narrator(heard):
    ticks = itertools.count()
    plan = plan_transfer(400, is_wanted=True)
    return Narrator(plan, TrainSettings(), heard.append, clock=lambda: next(ticks))


def text_of(heard):
    return "\n".join(line for progress in heard for line in progress.lines)


def test_model_and_settings_are_announced_when_training_starts(narrator, heard):
    narrator(STARTED)
    assert [progress.step for progress in heard] == [4, 5]
    assert "14,785 parameters" in text_of(heard)
    assert "0 transferred, 0 frozen, 3 trainable" in text_of(heard)
    assert "at most 40 epochs" in text_of(heard)


def test_every_epoch_is_heard_with_its_eta_and_every_tenth_is_kept(narrator, heard):
    narrator(STARTED)
    for epoch in range(12):
        narrator(end_epoch(epoch, is_best=epoch == 9))
    epochs = [progress for progress in heard if progress.done]
    assert [progress.done for progress in epochs] == list(range(1, 13))
    assert epochs[-1].total == 40
    assert epochs[-1].eta_s == pytest.approx(28.0)  # the clock ticks once per epoch
    assert "ETA 0:28" in epochs[-1].lines[0]
    scores = [end_epoch(epoch, is_best=epoch == 9).score for epoch in range(12)]
    kept = [line for line in narrator.write_story(scores) if "Epoch" in line]
    assert [line.split("/")[0].split()[-1] for line in kept] == ["1", "10", "12"]
    assert kept[1].endswith("0.6000 *")
    assert not any("ETA" in line for line in kept)


def test_story_puts_findings_before_the_epoch_they_were_made_in(narrator):
    narrator(STARTED)
    for epoch in range(4):
        narrator(end_epoch(epoch))
    narrator(FindingMade(finding=make_finding()))  # of the third epoch, told later
    narrator(end_run(n_epochs=4))
    story = narrator.write_story([end_epoch(epoch).score for epoch in (0, 9)])
    places = [
        next(i for i, line in enumerate(story) if words in line)
        for words in ("STEP 5", "Epoch   1/40", "EXPLODING", "Epoch  10/40", "Ended after")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("seconds", "eta"), [(0.1, "0:04"), (30.0, "19:30"), (3600.0, "39:00:00")]
)
def test_eta_fits_the_page_however_long_it_is(narrator, heard, seconds, eta):
    narrator.clock = iter((0.0, seconds)).__next__
    narrator(STARTED)
    narrator(end_epoch(0, is_best=True))
    assert heard[-1].lines[0].endswith(f"ETA {eta}")
    assert len(heard[-1].lines[0]) <= WIDTH


@pytest.mark.parametrize("loss", [0.0, 999.99, 1e6, 1e30, float("inf"), float("nan")])
def test_epoch_fits_the_page_however_large_its_loss(narrator, heard, loss):
    narrator(STARTED)
    narrator(end_epoch(0, is_best=True, loss=loss))
    assert len(heard[-1].lines[0]) <= WIDTH


def test_trial_epochs_and_batches_pass_in_silence(narrator, heard):
    narrator(STARTED)
    n_before = len(heard)
    narrator(end_epoch(3, is_trial=True))
    narrator(BatchesRead(attempt=0, is_trial=False, readings=()))
    assert len(heard) == n_before


def test_finding_becomes_a_block_with_what_was_seen_tried_and_done(narrator):
    narrator(FindingMade(finding=make_finding()))
    narrator(
        TrialStarted(
            problem="exploding_gradient", remedy="clip", title="Clip it", epoch=2, step=20
        )
    )
    narrator(TrialJudged(trial=make_trial(kept=True)))
    text = " ".join(" ".join(narrator.write_story([])).split())
    assert "! EXPLODING GRADIENT (epoch 3, step 20, critical)" in text
    assert "Seen: The gradient jumped to 5e+03" in text
    assert (
        "Tried: Clipped the gradient to 5: it helped (judging loss 0.7 without, 0.6 with)" in text
    )
    assert "Clip it" not in text


def test_trial_is_announced_live_when_it_starts(narrator, heard):
    narrator(
        TrialStarted(
            problem="exploding_gradient", remedy="clip", title="Clip it", epoch=2, step=20
        )
    )
    assert "Trying: Clip it" in text_of(heard)
    assert narrator.write_story([]) == []


def test_unresolved_and_failed_parts_are_told_in_words(narrator):
    narrator(ProblemUnresolved(problem="x", epoch=1, step=1, message="Nothing helped."))
    narrator(PartFailed(part="schedule", message="it raised", epoch=1, step=1))
    assert "  ! Nothing helped." in narrator.write_story([])
    assert "  ! schedule was left out: it raised" in narrator.write_story([])


def test_end_names_the_best_epoch_and_the_reason(narrator):
    narrator(end_run())
    text = " ".join(" ".join(narrator.write_story([])).split())
    assert "Ended after epoch 12 because the validation loss had stopped improving" in text
    assert "best weights restored, of epoch 5 (validation loss 0.6100)" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"best_loss": float("nan")}, "no epoch could be used"),
        ({"stopped_because": "a new reason"}, "because a new reason"),
    ],
)
def test_end_is_told_honestly_when_training_went_wrong(narrator, changes, words):
    narrator(end_run(**changes))
    assert words in " ".join(" ".join(narrator.write_story([])).split())


def test_missing_start_is_told_when_the_engine_refused_before_it(narrator, heard):
    narrator(end_run(n_epochs=0, stopped_because="nothing_to_learn"))
    assert [progress.step for progress in heard] == [4, 5, 5]
    story = narrator.write_story([])
    assert any("No network was built" in line for line in story)
    assert "Training did not run" in story[-1]
