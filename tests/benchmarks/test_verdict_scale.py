"""Scale: symbol by symbol, the same digest however often it is interrupted."""

import time
from contextlib import suppress

from benchmarks.verdicts import scale
from benchmarks.verdicts.rows import fill_rows

CASES = scale.list_cases(3, bars=8_000)


def run_until(path, last_symbol):
    """Run like a process that dies while a later symbol is at work."""

    def run(case):
        if case["symbol"] > last_symbol:
            raise KeyboardInterrupt
        return scale.run_case(case)

    rows = fill_rows(CASES, run, path, until=time.monotonic() + 60, version="a")
    done = []
    with suppress(KeyboardInterrupt):
        done.extend(rows)
    return done


def test_the_digest_is_the_same_when_the_work_was_killed_and_gone_on_with(tmp_path):
    whole = scale.summarise(run_until(tmp_path / "whole.jsonl", 9))
    assert len(run_until(tmp_path / "cut.jsonl", 0)) == 1
    again = scale.summarise(run_until(tmp_path / "cut.jsonl", 9))
    assert again["digest"] == whole["digest"]
    assert (again["n_symbols"], again["n_bars"]) == (3, 24_000)
    assert 0 < again["n_labelled"] <= again["n_setups"]
    assert not again["is_all"]


def test_symbols_differ_when_they_are_made():
    digests = {scale.run_case(case)["digest"] for case in CASES[:2]}
    assert len(digests) == 2


def test_all_bars_are_there_when_every_symbol_is_listed():
    cases = scale.list_cases()
    assert len(cases) * cases[0]["bars"] == 131_400_000


def test_the_bar_is_missed_when_memory_ran_over():
    row = {"case": {"symbol": 0}, "n_bars": 10, "n_setups": 1, "n_labelled": 1, "digest": "a",
           "made_s": 1.0, "scanned_s": 2.0, "peak_mb": 3_000}  # fmt: skip
    assert not scale.summarise([row])["met"]
    assert scale.summarise([{**row, "peak_mb": 900}])["met"]
    assert not scale.summarise([])["met"]
