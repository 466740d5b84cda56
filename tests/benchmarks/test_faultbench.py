"""The benchmark runs from end to end, goes on where it stopped, and counts crashes."""

import importlib.util
import json
import re
import time

import pytest

from benchmarks import faultbench
from benchmarks.faults import contestants, rows
from benchmarks.faults.rows import run_case
from benchmarks.faults.schema import as_document, read_cases
from tests.benchmarks.builders import make_case, make_faulty

SCORES = {"as_given": {"val_balanced_accuracy": [0.95, 0.95, 0.95]}}


@pytest.fixture
def case_file(tmp_path):
    path = tmp_path / "two.json"
    cases = [make_faulty(), make_case(measured=SCORES)]
    path.write_text(json.dumps(as_document(cases, title="two")), encoding="utf-8")
    return path


def run(case_file, *more: str) -> int:
    results = case_file.parent / "results"
    words = ["--cases", str(case_file), "--seeds", "0", "--results", str(results), *more]
    if "--contestants" not in more:
        words += ["--contestants", "fit", "plain"]
    return faultbench.main(words)


def stored(case_file) -> list[dict]:
    path = case_file.parent / "results" / "faultbench-two.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_tables_and_figures_appear_when_a_case_file_is_run(case_file, capsys):
    assert run(case_file) == 0
    assert "| faulty runs with an alarm |" in capsys.readouterr().out
    path = case_file.parent / "results" / "faultbench.json"
    figures = json.loads(path.read_text(encoding="utf-8"))["two"]
    assert figures["seeds"] == [0]
    assert figures["engine"]["n_faulty"] == figures["engine"]["n_healthy"] == 1
    assert set(figures["contestants"]) == {"fit", "plain"}


def test_nothing_is_run_again_when_it_was_done_with_the_same_engine(case_file):
    run(case_file)
    before = stored(case_file)
    run(case_file)
    assert stored(case_file) == before
    run(case_file, "--fresh")
    assert len(stored(case_file)) == len(before)


def test_command_date_and_machine_are_stored_when_figures_are(case_file):
    run(case_file)
    path = case_file.parent / "results" / "faultbench.json"
    figures = json.loads(path.read_text(encoding="utf-8"))["two"]
    assert figures["command"] == "python -m benchmarks.faultbench --cases two.json --seeds 0"
    assert figures["date"] == stored(case_file)[0]["date"]
    assert figures["missing_runs"] == {"fit": 0, "plain": 0}
    assert figures["machine"]["threads"] == 1


def test_nothing_is_stored_when_only_some_cases_were_run(case_file, capsys):
    run(case_file, "--only", "broken")
    assert "Not stored" in capsys.readouterr().out
    assert not (case_file.parent / "results" / "faultbench.json").exists()


def test_sweep_goes_on_when_time_was_up_before(case_file):
    run(case_file, "--minutes", "0")
    assert {row["case"] for row in stored(case_file)} == {"broken"}
    run(case_file, "--minutes", "0")
    assert {row["case"] for row in stored(case_file)} == {"broken", "quick"}
    assert len(stored(case_file)) == 4


@pytest.mark.slow
def test_sweep_of_two_processes_leaves_the_rest_when_time_is_up(case_file):
    seeds = [str(seed) for seed in range(20)]
    words = ["--cases", str(case_file), "--results", str(case_file.parent / "results")]
    words += ["--contestants", "plain", "--processes", "2", "--minutes", "0", "--seeds", *seeds]
    faultbench.main(words)
    assert len(stored(case_file)) == 1


def test_rivals_run_before_stand_beside_the_engine_when_it_runs_later(case_file):
    run(case_file, "--contestants", "careful")
    run(case_file, "--contestants", "fit")
    path = case_file.parent / "results" / "faultbench.json"
    figures = json.loads(path.read_text(encoding="utf-8"))["two"]
    assert set(figures["contestants"]) == {"careful", "fit", "plain"}


def test_only_the_engine_runs_again_when_the_engine_changed(case_file, monkeypatch):
    names = ("--contestants", "fit", "plain", "careful")
    run(case_file, *names)
    real = rows.digest_of

    def other(folder, names=()):
        return real(folder, names) if names else "another-core"

    monkeypatch.setattr(rows, "digest_of", other)
    cases = read_cases(case_file)
    known = faultbench.read_rows(case_file.parent / "results" / "faultbench-two.jsonl")
    jobs = faultbench.plan_jobs(cases, [0], ("fit", "plain", "careful"), known)
    assert [missing for _, _, missing in jobs] == [("fit",), ("fit",)]


def test_all_that_decides_a_row_is_digested_when_its_imports_are_followed():
    found, queue = set(), ["rows.py"]
    while queue:
        name = queue.pop()
        found.add(name)
        text = (rows.HERE / name).read_text(encoding="utf-8")
        imported = re.findall(r"^ *from benchmarks\.faults\.(\w+) import", text, re.MULTILINE)
        queue += [f"{module}.py" for module in imported if f"{module}.py" not in found]
    judged_by = {"errors.py", "schema.py"}  # a change of these alone changes no run
    assert found - judged_by == {*rows.SOURCES, *rows.RIVAL_SOURCES["lightning"]}


def test_line_cut_short_is_left_out_when_read(case_file):
    run(case_file)
    path = case_file.parent / "results" / "faultbench-two.jsonl"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + '{"case": "bro', encoding="utf-8")
    assert len(faultbench.read_rows(path)) == len(text.splitlines())


def test_missed_runs_are_listed_when_asked_for(case_file, capsys):
    run(case_file, "--only", "broken", "--contestants", "plain", "--misses")
    assert "broken" not in capsys.readouterr().out  # only runs of the engine can miss


def test_way_out_is_told_when_the_case_file_is_absent(tmp_path, capsys):
    assert faultbench.main(["--cases", str(tmp_path / "none.json")]) == 2
    assert "no case file" in capsys.readouterr().err


def test_way_out_is_told_when_no_case_is_named_so(case_file, capsys):
    assert run(case_file, "--only", "nobody*") == 2
    assert "no case is named" in capsys.readouterr().err


def test_cases_are_written_as_a_document_when_exported(tmp_path):
    path = tmp_path / "develop.json"
    words = ["--group", "develop", "--only", "d_nan*", "--export", str(path)]
    assert faultbench.main(words) == 0
    cases = read_cases(path)
    assert cases
    assert all(case.expected_symptom in {"nan_inf_input", "nan_inf_loss"} for case in cases)


def test_quick_list_holds_one_case_per_problem_when_chosen():
    options = faultbench.parse_options(["--group", "develop", "--quick"])
    chosen = faultbench.choose_cases(options)
    faulty = [case.expected_symptom for case in chosen if not case.is_healthy]
    assert len(faulty) == len(set(faulty))
    assert sum(case.is_healthy for case in chosen) == len(faulty)


@pytest.mark.slow
def test_two_processes_give_the_same_scores_when_used(case_file):
    words = ("--contestants", "plain", "--seeds", "0", "1")
    run(case_file, *words)
    first = {(r["case"], r["seed"]): r["val_score"] for r in stored(case_file)}
    run(case_file, *words, "--fresh", "--processes", "2")
    assert {(r["case"], r["seed"]): r["val_score"] for r in stored(case_file)} == first


def test_row_tells_the_story_of_the_engine_when_a_case_is_run():
    plain, engine = run_case(make_case(), 0, ("fit",))
    assert (plain["contestant"], engine["contestant"]) == ("plain", "fit")
    assert engine["status"] in {"healthy", "repaired", "unresolved", "refused"}
    assert engine["steps"] > 0
    assert engine["plain_seconds"] == plain["seconds"]
    assert plain["test_gain"] == 0
    assert 0 < engine["seconds_to_best"] <= engine["seconds"]
    assert plain["seconds_to_best"] == plain["seconds"]
    json.dumps([plain, engine])


def test_nothing_is_touched_when_the_watcher_trains():
    watcher = run_case(make_case(), 0, ("watch",))[1]
    assert watcher["trials"] == []


def test_step_of_the_fault_is_stored_when_an_event_strikes():
    case = make_case(events=[{"at_step": 9, "op": "nan_batch"}])
    row = run_case(case, 0, ())[0]
    assert (row["fault_step"], row["fault_kind"]) == (9, "nan_batch")


def test_step_of_the_fault_is_the_first_broken_one_when_data_are_broken():
    row = run_case(make_faulty(), 0, ())[0]
    assert (row["fault_step"], row["fault_kind"]) == (0, "not_finite")
    assert run_case(make_case(), 0, ())[0]["fault_kind"] is None


def test_careful_loop_stops_early_when_labels_are_noise():
    broken = make_case(optimizer={"name": "adam", "lr": 0.5}, epochs=60)
    plain, careful = run_case(broken, 0, ("careful",))
    assert careful["steps"] < plain["steps"]
    assert careful["seconds_to_best"] < careful["seconds"]


def test_story_tells_change_and_effect_of_every_trial_when_repaired():
    hot = make_case(optimizer={"name": "sgd", "lr": 1e6}, epochs=20)
    trials = run_case(hot, 0, ("fit",))[1]["trials"]
    assert trials
    for trial in trials:
        assert trial["change"]
        assert trial["told"].startswith(trial["change"])
        assert set(trial["effect"]) == set(contestants.EFFECT)


def test_crash_is_counted_with_its_place_when_a_contestant_raises(monkeypatch):
    def stumble(workload):
        raise ZeroDivisionError("on purpose")

    monkeypatch.setitem(contestants.CONTESTANTS, "fit", stumble)
    crashed = run_case(make_case(), 0, ("fit",))[1]
    assert crashed["crashed"] == "ZeroDivisionError: on purpose"
    assert crashed["raised_at"].startswith("test_faultbench.py:")
    assert "val_score" not in crashed


def test_run_is_ended_when_it_hangs(monkeypatch):
    monkeypatch.setattr(rows, "TIME_LIMIT_S", 0.2)
    monkeypatch.setitem(contestants.CONTESTANTS, "fit", lambda workload: time.sleep(30))
    started = time.monotonic()
    crashed = run_case(make_case(), 0, ("fit",))[1]
    assert "did not end within 0.2 s" in crashed["crashed"]
    assert time.monotonic() - started < 20


@pytest.mark.skipif(
    importlib.util.find_spec("lightning") is None, reason="lightning: requirements-bench.txt"
)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("path", "share"),
    [("/x/epoch=3-step=80.ckpt", 0.4), ("/x/epoch=3-step=80-v1.ckpt", 0.4), ("", 1.0)],
)
def test_time_to_the_best_is_read_from_the_checkpoint_when_there_is_one(path, share):
    from benchmarks.faults.lightning_rival import share_until  # noqa: PLC0415  # optional

    assert share_until(path, 200) == share


@pytest.mark.skipif(
    importlib.util.find_spec("lightning") is None, reason="lightning: requirements-bench.txt"
)
@pytest.mark.filterwarnings("ignore")
def test_lightning_learns_when_it_is_installed():
    lightning = run_case(make_case(epochs=15), 0, ("lightning",))[1]
    assert lightning["val_score"] > 0.9
