"""Levels, thresholds and the numbers in the advice."""

from dataclasses import replace

import numpy as np
import pytest

from ml_training.data.advice import name_candidates
from ml_training.data.labelled import empty_set
from ml_training.data.quality import SEVERITIES, Candidate, assess_quality
from tests.data.setup_builders import make_set


def notes_of(quality):
    return {note.code: note for note in quality.notes}


@pytest.mark.parametrize(
    ("n", "level", "severity"),
    [
        (49, "critical", "critical"),
        (50, "poor", "warning"),
        (99, "poor", "warning"),
        (100, "good", "info"),
        (299, "good", "info"),
        (300, "excellent", None),
    ],
)
def test_level_follows_the_number_when_it_crosses_a_threshold(n, level, severity):
    quality = assess_quality(make_set(n))
    assert quality.level == level
    note = notes_of(quality).get("few_setups")
    assert (note.severity if note else None) == severity


def test_level_counts_effective_setups_when_they_overlap():
    quality = assess_quality(make_set(400, overlap=10))
    assert (quality.n, quality.n_effective, quality.level) == (400, 40.0, "critical")
    note = notes_of(quality)["overlapping_setups"]
    assert "400 setups overlap so much in time that they count as 40" in note.message
    assert "cooldown_bars" in note.advice


def test_overlap_is_not_mentioned_when_it_is_small():
    assert "overlapping_setups" not in notes_of(assess_quality(make_set(400, overlap=2)))


def test_message_tells_the_numbers_when_setups_are_few():
    note = notes_of(assess_quality(make_set(40)))["few_setups"]
    assert note.message == ("40 effective setups (40 counted) is critical; poor starts at 50")


def test_advice_counts_days_and_symbols_when_nothing_else_is_at_hand():
    advice = notes_of(assess_quality(make_set(40)))["few_setups"].advice
    # 40 setups in 40 hours: 10 more take 10 hours, or a quarter of a symbol
    assert "10 more would make the data poor" in advice
    assert "about 1 day more of history or 1 symbol more" in advice


def test_advice_names_candles_at_hand_when_the_caller_measured_them():
    found = [Candidate("XAUUSD 4h", 12), Candidate("GBPUSD 1h", 106), Candidate("USDJPY 1h", 0)]
    advice = notes_of(assess_quality(make_set(40), candidates=found))["few_setups"].advice
    assert advice.startswith("Add GBPUSD 1h: about +106 setups. 10 more would make")


def test_advice_names_several_when_one_candidate_does_not_suffice():
    found = [Candidate(name, n) for name, n in (("A", 20), ("B", 30), ("C", 10), ("D", 5))]
    assert name_candidates(found, 45) == "Add B: about +30 setups, A: about +20 setups"
    assert name_candidates(found, 1000).count("+") == 3
    assert name_candidates([Candidate("E", 0)], 10) == ""


def test_candidate_counts_with_what_it_adds_when_overlaps_were_measured():
    found = [Candidate("15m", 800, n_effective=20.0), Candidate("GBPUSD", 106, n_effective=90.0)]
    assert name_candidates(found, 50) == "Add GBPUSD: about +106 setups (90 effective)"


def test_candidate_is_not_named_when_its_setups_only_overlap():
    assert name_candidates([Candidate("1d", 11, n_effective=-7.5)], 50) == ""


def test_estimate_says_from_how_many_bars_it_was_drawn():
    found = [Candidate("GBPUSD", 212, n_effective=212.0, n_bars=1_000_000, n_scanned=500_000)]
    assert name_candidates(found, 50) == (
        "Add GBPUSD: about +212 setups (estimated from 500,000 of 1,000,000 bars)"
    )


def test_candidates_count_less_when_setups_overlap():
    found = [Candidate("A", 60), Candidate("B", 50)]
    dense = make_set(200, overlap=5)  # 40 effective: 10 more are 50 counted ones
    assert "B" not in notes_of(assess_quality(dense, candidates=found))["few_setups"].advice
    found = [Candidate("A", 49), Candidate("B", 48)]
    assert "B" in notes_of(assess_quality(dense, candidates=found))["few_setups"].advice


@pytest.mark.parametrize(
    ("win_rate", "expected"), [(0.34, True), (0.35, False), (0.75, False), (0.76, True)]
)
def test_win_rate_is_noted_when_it_leaves_its_range(win_rate, expected):
    notes = notes_of(assess_quality(make_set(400, win_rate=win_rate)))
    assert ("win_rate_out_of_range" in notes) == expected


@pytest.mark.parametrize(("win_rate", "way"), [(0.2, "closer take"), (0.9, "farther take")])
def test_advice_tells_the_break_even_when_the_win_rate_is_odd(win_rate, way):
    note = notes_of(assess_quality(make_set(400, win_rate=win_rate)))["win_rate_out_of_range"]
    assert note.message.startswith(f"{win_rate:.0%} of the setups win")
    assert "win brings 2.00 R and a loss costs 1.00 R, so 33% wins break even" in note.advice
    assert way in note.advice


@pytest.mark.parametrize(
    ("n_wins", "severity"), [(100, None), (99, "warning"), (60, "warning"), (59, "critical")]
)
def test_balance_is_noted_when_one_class_is_rare(n_wins, severity):
    n = n_wins + 200
    quality = assess_quality(make_set(n, win_rate=n_wins / n))
    note = notes_of(quality).get("class_imbalance")
    assert quality.balance == n_wins / 200
    assert (note.severity if note else None) == severity


def test_advice_counts_the_missing_class_when_one_is_rare():
    notes = notes_of(assess_quality(make_set(260, win_rate=200 / 260)))
    assert notes["class_imbalance"].message.startswith("200 wins and 60 losses")
    assert notes["class_imbalance"].advice.startswith("40 more losses beside the same 200 wins")
    assert "history brings both alike" in notes["class_imbalance"].advice


@pytest.mark.parametrize("win_rate", [0.0, 1.0])
def test_one_class_is_critical_when_the_other_never_comes(win_rate):
    quality = assess_quality(make_set(400, win_rate=win_rate))
    assert quality.balance == 0.0
    assert quality.notes[0].code == "one_class"
    assert quality.notes[0].severity == "critical"
    assert notes_of(quality)["win_rate_out_of_range"].advice.startswith("Try a")


def test_width_is_noted_when_features_are_many():
    quality = assess_quality(make_set(400, n_features=50))
    note = notes_of(quality)["few_samples_per_feature"]
    assert quality.samples_per_feature == 8.0
    assert note.message.startswith("8.0 effective setups per feature (50 features)")
    assert note.advice.startswith("About 100 more effective setups would bear 50 features")
    assert "few_samples_per_feature" not in notes_of(assess_quality(make_set(400, n_features=40)))


def test_no_setups_is_the_only_note_when_nothing_was_found():
    quality = assess_quality(empty_set(("a",), "f"))
    assert [note.code for note in quality.notes] == ["no_setups"]
    assert np.isnan(quality.win_rate)
    assert quality.level == "critical"
    assert "Loosen the entry rules" in quality.notes[0].advice
    named = assess_quality(empty_set(("a",), "f"), candidates=[Candidate("GBPUSD 1h", 106)])
    assert named.notes[0].advice == "Add GBPUSD 1h: about +106 setups"


def test_gravest_note_comes_first_when_there_are_several():
    data = make_set(60, n_features=30, win_rate=0.1)
    severities = [note.severity for note in assess_quality(data).notes]
    assert severities == sorted(severities, key=SEVERITIES.index)
    assert severities[0] == "critical"


def test_nothing_is_noted_when_the_data_are_good():
    rows = make_set(400)
    assert assess_quality(replace(rows, weight=np.ones(400))).notes == ()
