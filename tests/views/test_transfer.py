"""The page of a run says what it started from, and what that gained, good or bad."""

import pytest
from django.urls import reverse

from ml_training.views.transfer import Interval, lay_out_transfer
from tests.views.builders import RESULTS, make_finished_run
from tests.views.html import find_faults

pytestmark = pytest.mark.django_db
COUNTS = {"transferred": 7, "frozen": 6, "trainable": 2, "total": 8}
STAGE = {
    "name": "frozen",
    "learning_rate": 0.0005,
    "parameters": {"transferred": 15_809, "frozen": 15_776, "trainable": 71, "total": 15_847},
    "epochs": 12,
    "before": 0.617,
    "after": 0.6097,
    "is_kept": False,
}
GAIN = {
    "on": "test",
    "n": 1_077,
    "log_loss": 0.0077,
    "low": 0.0015,
    "high": 0.0173,
    "auc": 0.011,
    "log_losses": {"network": 0.6028, "transferred network": 0.5951},
    "aucs": {"network": 0.7017, "transferred network": 0.7131},
}
TRANSFER = {
    "strategy": "use_transfer_learning",
    "reason": "120 effective setups: few. Refitted up to 2021-03-01, because none was stored",
    "level": "moderate",
    "base_model": {
        "name": "TCE + 12 presets base up to 2021-03-01",
        "id": 4,
        "trained_until": 1_614_556_800,
        "n_setups": 8_000,
        "scores": {"auc": 0.54},
    },
    "refitted": True,
    "layers": COUNTS,
    "parameters": STAGE["parameters"],
    "stages": [STAGE],
    "gain": GAIN,
}
SERVED = {"served_model": {"name": "transferred network", "reason": "best"}}


def show(page, filled, transfer, **results):
    run = make_finished_run(filled.strategy, results={**RESULTS, **results, "transfer": transfer})
    text = page.get(reverse("ml_training:run", args=[run.pk])).content.decode()
    assert find_faults(text) == []
    start, end = text.index('<section id="transfer"'), text.index('<section id="folds"')
    return " ".join(text[start:end].split())


def test_base_model_layers_and_gain_are_shown_when_a_run_started_from_one(page, filled):
    text = show(page, filled, TRANSFER, **SERVED)
    assert "TCE + 12 presets base up to 2021-03-01" in text
    assert "refitted for this run" in text
    assert "because none was stored." in text
    assert "8,000 setups" in text
    assert "The base model made the network better" in text
    assert "0.0077 lower than from scratch; as a gain +0.0077, 95 % interval +0.0015" in text
    assert "15,776" in text
    assert "What came from the base model stood still" in text
    assert text.count("in use") == 1


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-0.02, -0.001, "The base model made the network worse"),
        (-0.02, 0.001, "changed no more than luck explains"),
        (None, None, "Too few setups to say whether"),
        ("NaN", "NaN", "Too few setups to say whether"),
    ],
)
def test_loss_is_not_hidden_when_the_base_model_did_harm(page, filled, low, high, words):
    gain = GAIN | {"log_loss": -0.01, "low": low, "high": high}
    text = show(page, filled, TRANSFER | {"gain": gain})
    assert words in text
    assert "0.0100 higher than from scratch" in text
    assert ("<svg" in text) == isinstance(low, float)


def test_reason_is_shown_when_a_run_started_from_scratch(page, filled):
    scratch = {"strategy": "from_scratch", "reason": "It was switched off", "level": "light"}
    text = show(page, filled, scratch)
    assert "It was switched off." in text
    assert "base model</dt>" not in text
    assert "<figure" not in text


@pytest.mark.parametrize(
    "transfer",
    [
        {"strategy": "from_scratch", "reason": "none", "level": "light", "base_model": None},
        {"strategy": "use_transfer_learning", "reason": "x", "base_model": "old name"},
        {"strategy": "use_transfer_learning", "base_model": {}, "layers": None, "gain": None},
        {"strategy": "x", "stages": [3], "layers": {"total": 3}, "gain": {"log_losses": 7}},
    ],
)
def test_page_opens_when_an_earlier_version_told_less(page, filled, transfer):
    assert "What it started from" in show(page, filled, transfer)


def test_page_says_so_when_nothing_is_known(page, filled):
    assert lay_out_transfer({}) is None
    assert "This run did not finish" in show(page, filled, None)


def test_zero_and_interval_lie_within_the_figure():
    for low, gain, high in ((-0.02, -0.01, -0.001), (0.001, 0.002, 0.003), (-1, 0, 1), (0, 0, 0)):
        places = Interval(low=low, gain=gain, high=high).places
        assert all(0 < place < 100 for place in places.values())
        assert places["low"] <= places["gain"] <= places["high"]
