"""The benchmark of planted faults plants what it says and judges as it says."""

import json

import numpy as np
import pytest

from benchmarks.faults.planting import FAULTS, HOT_RATE, OUTLIER_FACTOR, Block, Plant, Task
from benchmarks.planted import (
    STRATEGIES,
    SYMBOLS,
    Ended,
    compare,
    describe,
    judge,
    main,
    make_tasks,
    measure_task,
    summarise,
    table,
    train,
)
from tests.benchmarks.test_pipeline import write_candles
from tests.core.builders import make_rows


def make_block(n, *, seed):
    X, y = make_rows(n, seed=seed, noise=0.2)
    t0 = 3_600 * np.arange(n)
    return Block(X, y, np.ones(n), t0, t0 + 1_800)


def make_task():
    return Task("made up", "ends soon", *(make_block(n, seed=n) for n in (400, 200, 300)))


def make_plant(seed=0):
    task = make_task()
    return Plant(task.train.X, task.validation.X, task.test.X, seed), task


def ended(losses, auc=0.7):
    return Ended(np.asarray(losses, float), auc, "repaired", ("robust_scaling",))


@pytest.mark.parametrize("seed", range(3))
def test_one_column_gets_another_unit_in_every_block(seed):
    plant, task = make_plant(seed)
    FAULTS["unscaled column"](plant)
    before = task.train.X, task.validation.X, task.test.X
    factors = [
        np.unique(np.round(b / a), axis=0) for a, b in zip(before, plant.tables, strict=True)
    ]
    assert all(len(found) == 1 for found in factors)
    assert sorted(factors[0][0])[:-1] == [1.0] * 5
    assert sorted(factors[0][0])[-1] in {1e4, 1e6}


def test_outliers_are_planted_in_training_rows_alone():
    plant, task = make_plant(1)
    FAULTS["outlier rows"](plant)
    changed = (plant.train != task.train.X).any(axis=1)
    assert changed.sum() == 8  # 2 % of 400
    assert np.allclose(plant.train[changed], OUTLIER_FACTOR * task.train.X[changed])
    assert np.array_equal(plant.test, task.test.X)


def test_holes_are_planted_in_every_block():
    plant, _ = make_plant()
    FAULTS["missing cells"](plant)
    assert all(0.03 < np.isnan(X).mean() < 0.07 for X in plant.tables)


def test_a_hot_rate_touches_no_table():
    plant, task = make_plant()
    FAULTS["rate 10"](plant)
    assert plant.settings == {"learning_rate": HOT_RATE}
    assert np.array_equal(plant.train, task.train.X)


def test_everything_is_planted_at_once():
    plant, task = make_plant()
    FAULTS["all together"](plant)
    assert plant.settings["learning_rate"] == HOT_RATE
    assert np.isnan(plant.test).any()
    assert np.nanmax(np.abs(plant.train)) > 100 * np.abs(task.train.X).max()


def test_a_fault_is_the_same_for_the_same_seed_and_leaves_the_task_alone():
    (first, task), (second, _), (other, _) = make_plant(3), make_plant(3), make_plant(4)
    for plant in (first, second, other):
        FAULTS["all together"](plant)
    assert np.array_equal(first.train, second.train, equal_nan=True)
    assert not np.array_equal(first.train, other.train, equal_nan=True)
    assert np.isfinite(task.train.X).all()


@pytest.mark.parametrize(
    ("difference", "low", "high", "spread", "verdict"),
    [
        (0.01, -0.01, 0.03, 0.0, "within noise"),
        (0.02, 0.01, 0.03, 0.05, "within noise"),
        (0.20, 0.10, 0.30, 0.05, "worse"),
        (-0.20, -0.30, -0.10, 0.05, "better"),
    ],
)
def test_a_difference_is_judged_by_its_interval_and_the_spread(
    difference, low, high, spread, verdict
):
    assert judge(difference, low, high, spread=spread) == verdict


def test_runs_are_compared_seed_by_seed():
    task = make_task()
    rng = np.random.default_rng(0)
    clean = [ended(0.5 + 0.1 * rng.random(300)) for _ in range(3)]
    same = [ended(run.losses + 0.001 * rng.normal(size=300)) for run in clean]
    worse = [ended(run.losses + 0.2) for run in clean]
    assert compare(same, clean, task)["verdict"] == "within noise"
    found = compare(worse, clean, task)
    assert found["verdict"] == "worse"
    assert found["difference"] == pytest.approx(0.2)


def test_runs_are_described_with_their_statuses_and_remedies():
    found = describe([ended(np.full(300, 0.4)), ended(np.full(300, 0.6))], make_task())
    assert found["loss"] == pytest.approx(0.5)
    assert found["status"] == {"repaired": 2}
    assert found["kept"] == ["robust_scaling"]
    assert found["loss_of_guessing"] == pytest.approx(np.log(2), abs=0.01)


@pytest.mark.slow
def test_a_planted_unit_is_repaired_to_within_noise_of_the_clean_run():
    task = make_task()
    clean = train(task, None, 0, repair=True, epochs=20)
    faulty = [
        train(task, FAULTS["unscaled column"], 0, repair=r, epochs=20) for r in (True, False)
    ]
    assert faulty[0].losses.mean() < clean.losses.mean() + 0.05
    assert faulty[0].kept == ("robust_scaling",)
    assert faulty[1].kept == ()


@pytest.mark.slow
def test_every_fault_gets_a_row_and_the_rows_a_table():
    rows = measure_task(make_task(), 1, 2)
    assert [row["fault"] for row in rows] == list(FAULTS)
    figures = {"date": "2026-01-01", "command": "run", "seeds": 1, "rows": rows}
    text = table({**figures, "summary": summarise(rows)})
    assert text.count("\n| made up |") == len(FAULTS)
    assert "With repair" in text


def test_verdicts_are_counted_for_both_sides():
    rows = [
        {"repaired": {"verdict": "within noise"}, "unrepaired": {"verdict": "worse"}},
        {"repaired": {"verdict": "better"}, "unrepaired": {"verdict": "worse"}},
    ]
    found = summarise(rows)
    assert found["repaired"] == {"within noise": 1, "better": 1, "worse": 0}
    assert found["unrepaired"]["worse"] == 2


@pytest.fixture(scope="module")
def candles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("candles")
    for seed, symbol in enumerate(SYMBOLS):
        write_candles(folder, symbol, seed)
    return folder


def test_setups_of_all_markets_are_cut_along_one_calendar(candles):
    soon, wins = make_tasks(candles, STRATEGIES[0])
    assert soon.train.t1.max() < soon.validation.t0.min()
    assert soon.validation.t1.max() < soon.test.t0.min()
    assert soon.train.X.shape[1] == soon.test.X.shape[1]
    assert set(wins.train.y) == {0, 1}
    assert soon.train.y.mean() <= 0.5
    assert not np.array_equal(soon.train.y, wins.train.y)
    assert (np.diff(soon.train.t0) >= 0).all()


@pytest.mark.slow
def test_figures_are_written_and_shown(candles, tmp_path, capsys):
    output = tmp_path / "results" / "planted.json"
    main(f"--candles {candles} --seeds 1 --epochs 1 --questions wins --output {output}".split())
    figures = json.loads(output.read_text())
    assert len(figures["rows"]) == len(FAULTS) * len(STRATEGIES)
    assert "--seeds 1" in figures["command"]
    assert "| setups | question | fault |" in capsys.readouterr().out


def test_missing_candles_are_named(tmp_path):
    with pytest.raises(SystemExit, match=f"{SYMBOLS[0]}_1h.csv"):
        main(["--candles", str(tmp_path)])
