"""The figures of the bar count what they say, from made-up rows."""

import pytest

from benchmarks.faults.figures import BAR, compute_figures, is_harmed, misses
from benchmarks.faults.runs import Run
from benchmarks.faults.tables import TITLES, all_tables, cell, meets
from tests.benchmarks.builders import make_case, make_faulty, make_finding, make_row, make_trial

HEALTHY = make_case(measured={"as_given": {"val_balanced_accuracy": [0.9, 0.9, 0.9]}})
FAULTY = make_faulty()
LOST = make_faulty(id="lost", known_good_fix=None, unfixable=True, epochs=3)
CASES = [FAULTY, LOST, HEALTHY]
FAIR, UNFAIR = make_finding("nan_inf_input"), make_finding("plateau")


def engine(*rows):
    return compute_figures(CASES, rows)["engine"]


def test_alarm_counts_only_from_warning_up_when_faulty():
    told = make_row(FAULTY, findings=[make_finding("outliers", "info")])
    assert engine(told, make_row(FAULTY, seed=1, findings=[FAIR]))["alarm_rate"] == 0.5


def test_false_alarm_is_counted_when_the_case_is_healthy():
    figures = engine(make_row(HEALTHY), make_row(HEALTHY, seed=1, findings=[FAIR]))
    assert (figures["false_alarm_rate"], figures["false_alarms"]) == (0.5, 1)


def test_label_is_fair_when_any_alarm_names_the_ill():
    rows = [
        make_row(FAULTY, findings=[UNFAIR, FAIR]),
        make_row(FAULTY, seed=1, findings=[UNFAIR]),
        make_row(FAULTY, seed=2),
    ]
    assert engine(*rows)["fair_label_rate"] == 0.5
    assert engine(*rows)["first_alarm_fair_rate"] == 0


def test_run_is_repaired_when_it_ends_at_95_percent_of_the_mean_known_score():
    rows = [make_row(FAULTY, seed=k, val_score=score) for k, score in enumerate((0.903, 0.902))]
    assert engine(*rows)["repaired_rate"] == 0.5  # known good: mean of 0.9 and 1.0


def test_run_is_not_repaired_when_its_score_is_unknown():
    assert engine(make_row(FAULTY, val_score=None))["repaired_rate"] == 0


def test_refusal_needs_a_status_and_words_when_nothing_can_be_done():
    rows = [
        make_row(LOST, status="refused", findings=[FAIR]),
        make_row(LOST, seed=1, status="refused"),
        make_row(LOST, seed=2, status="repaired", findings=[FAIR]),
    ]
    assert engine(*rows)["refusal_rate"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("gain", "error", "kept", "harmed"),
    [(-0.1, 0.01, True, True), (-0.1, 0.06, True, False), (-0.1, 0.01, False, False),
     (-0.009, 0.001, True, False), (0.1, 0.01, True, False), (None, None, True, False)],
)  # fmt: skip
def test_repair_harms_when_unseen_rows_lose_beyond_noise(gain, error, kept, harmed):
    row = make_row(FAULTY, test_gain=gain, test_gain_error=error, trials=[make_trial(kept=kept)])
    assert is_harmed(Run(FAULTY, row), {}) is harmed


def test_seed_noise_of_the_plain_loop_excuses_when_it_is_large():
    harmed = make_row(FAULTY, test_gain=-0.1, test_gain_error=0.01, trials=[make_trial()])
    plain = [
        make_row(FAULTY, contestant="plain", seed=seed, test_score=score)
        for seed, score in enumerate((0.5, 0.7))
    ]
    assert engine(harmed, *plain)["harmful_repairs"] == 0
    assert engine(harmed)["harmful_repairs"] == 1


def test_poisoned_batch_is_caught_when_the_alarm_comes_at_once():
    rows = [
        make_row(
            FAULTY, seed=seed, fault_step=10, fault_kind="nan_batch",
            findings=[make_finding("nan_inf_loss", step=step)],
        )
        for seed, step in enumerate((10, 11, 12))
    ]  # fmt: skip
    figures = engine(*rows, make_row(FAULTY, seed=3))
    assert (figures["n_struck"], figures["caught_in_a_batch_rate"]) == (3, pytest.approx(2 / 3))


@pytest.mark.parametrize("kind", ["scale_lr", "not_finite"])
def test_slower_fault_is_caught_when_the_alarm_comes_within_an_epoch(kind):
    rows = [
        make_row(
            FAULTY, seed=seed, fault_step=10, fault_kind=kind, steps_per_epoch=20,
            findings=[make_finding("nan_inf_loss", step=step)],
        )
        for seed, step in enumerate((31, 32))
    ]  # fmt: skip
    figures = engine(*rows)
    assert (figures["n_struck_later"], figures["caught_in_an_epoch_rate"]) == (2, 0.5)


def test_unfair_alarm_does_not_catch_when_a_batch_is_poisoned():
    row = make_row(FAULTY, fault_step=10, fault_kind="nan_batch", findings=[UNFAIR])
    assert engine(row)["caught_in_a_batch_rate"] == 0


def test_time_is_taken_over_treated_runs_when_summed_up():
    tried = [make_trial(kept=False)]
    rows = [
        make_row(FAULTY, seconds=2.0, trials=[make_trial()]),
        make_row(FAULTY, seed=1, seconds=9.0),
        make_row(FAULTY, seed=2, seconds=3.0, planned_steps=2000, trials=tried),
    ]
    figures = engine(*rows)
    assert (figures["time_ratio_median"], figures["time_ratio_max"]) == (2.5, 3.0)
    assert figures["time_ratio_max_long_plans"] == 3.0
    assert (figures["n_treated"], figures["n_with_accepted_repairs"]) == (2, 1)


def test_crash_counts_against_everyone_when_it_happens():
    crashed = make_row(FAULTY, seed=1, crashed="ValueError: no", raised_at="loop.py:3")
    figures = compute_figures(CASES, [make_row(FAULTY), crashed])
    assert figures["engine"]["crashes"] == 1
    assert figures["contestants"]["fit"]["success_rate"] == 0.5


def test_rows_of_other_versions_are_ignored_when_the_case_changed():
    stale = make_row(FAULTY, digest="old", findings=[FAIR])
    assert engine(make_row(FAULTY, seed=1), stale)["alarm_rate"] == 0


def test_problem_table_counts_first_alarms_and_remedies_when_there_are_some():
    row = make_row(FAULTY, findings=[UNFAIR, FAIR], trials=[make_trial("impute")])
    found = compute_figures(CASES, [row])["problems"]["nan_inf_input"]
    assert found["first_alarms"] == {"plateau": 1}
    assert found["kept_remedies"] == {"impute": 1}


def test_misses_name_case_seed_and_reason_when_a_run_falls_short():
    rows = [
        make_row(FAULTY, val_score=0.5),
        make_row(HEALTHY, findings=[UNFAIR], val_score=0.2),
        make_row(LOST, findings=[UNFAIR]),
        make_row(FAULTY, seed=1, crashed="ValueError: no", raised_at="loop.py:3"),
        make_row(FAULTY, contestant="plain", val_score=0.1),
    ]
    lines = "\n".join(misses(CASES, rows))
    assert "broken seed 0: no alarm, expected nan_inf_input" in lines
    assert "broken seed 0: score 0.5, known good 0.95" in lines
    assert "quick seed 0: false alarm: plateau" in lines
    assert "quick seed 0: score 0.2, plain 0.9" in lines
    assert "lost seed 0: unfair label plateau" in lines
    assert "lost seed 0: not refused: healthy" in lines
    assert "broken seed 1: crashed at loop.py:3: ValueError: no" in lines
    assert len(lines.splitlines()) == 7


def test_figures_are_unknown_when_no_run_can_tell():
    figures = engine(make_row(HEALTHY))
    assert figures["alarm_rate"] is None
    assert figures["refusal_rate"] is None
    assert figures["crashes"] == 0


def test_every_bar_has_a_title_when_tables_are_written():
    assert set(BAR) <= set(TITLES)


def test_tables_hold_every_part_when_written():
    rows = [
        make_row(FAULTY, findings=[FAIR], trials=[make_trial()]),
        make_row(HEALTHY),
        make_row(FAULTY, contestant="plain", val_score=0.5),
    ]
    text = all_tables(compute_figures(CASES, rows))
    assert "| faulty runs with an alarm | >= 95.0 % | 100.0 % | yes |" in text
    assert "| `nan_inf_input` | 1 | 100.0 % | 100.0 % | 100.0 % |" in text
    assert "| plain | 1 | 0.0 % |" in text
    assert "1 faulty runs (1 repairable, 0 not), 1 healthy runs" in text


def test_only_rivals_are_shown_when_the_engine_did_not_run():
    text = all_tables(compute_figures(CASES, [make_row(HEALTHY, contestant="plain")]))
    assert text.startswith("| who |")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [("alarm_rate", 0.951, "95.1 %"), ("crashes", 2, "2"), ("time_ratio_max", 1.234, "1.23"),
     ("repaired_rate", None, "-")],
)  # fmt: skip
def test_cell_reads_like_a_table_when_formatted(name, value, text):
    assert cell(name, value) == text


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [("alarm_rate", 0.95, "yes"), ("crashes", 1, "no"), ("time_ratio_max", 9.0, ""),
     ("repaired_rate", None, "")],
)  # fmt: skip
def test_bar_is_judged_in_a_word_when_there_is_one(name, value, word):
    assert meets(name, value) == word
