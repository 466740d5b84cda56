"""The script that kills counts what is lost, and its published figures keep the bar."""

import json
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.kills import MOST_RESUMED_S, Kill, Told, describe_command, summarise

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"


def make_kill(who="child", resumed_s=1.0, doing="Training"):
    return Kill(who, 3.0, doing, 4, resumed_s)


def make_run(*kills, **changes):
    good = {"state": "succeeded", "is_same_model": True, "are_same_points": True}
    return Told("1", kills=list(kills), **good | changes)


def test_kills_are_counted_by_part_and_moment_when_all_went_well():
    runs = [make_run(make_kill(), make_kill("worker", 3.0)), make_run(make_kill(doing="start"))]
    told = summarise(runs)
    assert (told["n_kills"], told["n_runs"], told["most_kills_of_one_run"]) == (3, 2, 2)
    assert told["by_part"] == {"child": 2, "worker": 1}
    assert told["by_moment"] == {"Training": 2, "start": 1}
    assert told["resumed_s"] == {"median": 1.0, "longest": 3.0}
    assert told["is_within_bar"] is True


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"state": "lost"}, "lost_runs"),
        ({"state": "failed"}, "lost_runs"),
        ({"is_same_model": False}, "wrong_weights"),
        ({"are_same_points": False}, "gaps_or_duplicates"),
    ],
)
def test_bar_is_missed_when_anything_was_lost(changes, name):
    told = summarise([make_run(make_kill()), make_run(make_kill(), **changes)])
    assert told[name] == 1
    assert told["is_within_bar"] is False


def test_bar_is_missed_when_a_run_waited_too_long():
    assert not summarise([make_run(make_kill(resumed_s=MOST_RESUMED_S + 1))])["is_within_bar"]


def test_nothing_is_made_up_when_the_kill_came_after_the_end():
    told = summarise([make_run(make_kill(resumed_s=None))])
    assert told["resumed_s"] == {"median": None, "longest": 0.0}


def test_address_of_a_server_is_not_published_when_one_was_used():
    choices = Namespace(kills=3, seed=1, who=["child"], database="postgres://me:secret@host/db")
    assert describe_command(choices) == (
        "python -m benchmarks.kills --kills 3 --seed 1 --who child --database URL"
    )


@pytest.mark.parametrize("path", sorted(RESULTS.glob("kills*.json")), ids=lambda path: path.stem)
def test_committed_figures_keep_the_bar_when_published(path):
    published = json.loads(path.read_text(encoding="utf-8"))
    runs = [
        Told(**run | {"kills": [Kill(**one) for one in run["kills"]]}) for run in published["runs"]
    ]
    assert {name: published[name] for name in summarise(runs)} == summarise(runs)
    assert published["is_within_bar"] is True
    assert published["n_kills"] >= 60
