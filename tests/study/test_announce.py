import numpy as np
import pytest

from ml_training.core.events import RunStarted
from ml_training.data.quality import assess_quality
from ml_training.study.announce import tell_collected, tell_model, tell_quality, tell_transfer
from ml_training.study.blocks import cut_blocks
from ml_training.study.page import WIDTH
from ml_training.study.transfer import plan_study_transfer, plan_transfer
from tests.study.base_builders import make_base, make_market
from tests.study.builders import SYMBOLS, TIMEFRAMES, change, make_set, quick_settings

SHARES = (0.6, 0.2, 0.2)
STARTED = RunStarted(
    task="binary",
    n_rows=54,
    n_validation_rows=18,
    n_features=40,
    n_parameters=16_000,
    batch_size=32,
    max_epochs=10,
    planned_steps=20,
    step_budget=60,
    layer_names=("layers.0", "layers.1", "layers.4"),
)


def flat(lines):
    return " ".join(" ".join(lines).split())


def test_collected_setups_are_counted_by_symbol_and_timeframe():
    dataset = make_set(300)
    text = flat(tell_collected(dataset))
    assert "300 labelled setups from 3 symbols x 2 timeframes" in text
    for name in (*SYMBOLS, *TIMEFRAMES):
        column = dataset.symbol if name in SYMBOLS else dataset.timeframe
        assert f"{name} {np.sum(column == name)}" in text
    assert f"worth {dataset.n_effective:,.0f} independent ones" in text
    assert "2020-01-01 to 2020-05-" in text


def test_largest_symbol_comes_first_when_they_are_listed():
    dataset = make_set(300)
    symbol = np.where(np.arange(300) < 200, "XAUUSD", "AUDUSD")
    lines = tell_collected(change(dataset, symbol=symbol))
    assert any(line.strip() == "XAUUSD 200, AUDUSD 100" for line in lines)


def test_only_the_largest_are_named_when_symbols_are_many():
    dataset = make_set(300)
    symbol = np.array([f"PAIR{i % 20:02d}" for i in range(300)])
    text = flat(tell_collected(change(dataset, symbol=symbol)))
    assert "300 labelled setups from 20 symbols" in text
    assert "and 12 more" in text
    assert text.count("PAIR") == 8


def test_singular_is_used_when_there_is_one_symbol_and_timeframe():
    dataset = make_set(100)
    one = change(dataset, symbol=np.full(100, "EURUSD"), timeframe=np.full(100, "1h"))
    assert "from 1 symbol x 1 timeframe" in flat(tell_collected(one))


def test_empty_set_is_told_without_dates():
    lines = tell_collected(make_set(10).take(np.arange(0)))
    assert "0 labelled setups from 0 symbols x 0 timeframes" in flat(lines)
    assert len(lines) == 1


def test_quality_tells_level_balance_and_split():
    dataset = make_set(400)
    text = flat(tell_quality(assess_quality(dataset), cut_blocks(dataset, SHARES)))
    wins = dataset.y.mean()
    assert "STEP 2: Validating the data..." in text
    assert f"Win rate: {wins:.1%}" in text
    assert f"Class balance: {min(wins, 1 - wins) / max(wins, 1 - wins):.2f}" in text
    assert f"Samples: 400 ({dataset.n_effective:,.0f} effective)" in text
    assert "to train" in text
    assert "left out because they reach across a cut" in text


def test_quality_says_so_when_no_setup_reaches_across_a_cut():
    dataset = make_set(50, hours_apart=24 * 14)  # the embargo is half of one step
    blocks = cut_blocks(dataset, SHARES)
    assert blocks.split.n_purged == 0
    assert "none reaches across a cut" in flat(tell_quality(assess_quality(dataset), blocks))


def test_every_note_on_the_data_is_told_with_its_advice():
    y = np.zeros(400, dtype=int)
    y[::9] = 1
    dataset = make_set(400, y=y)
    quality = assess_quality(dataset)
    assert quality.notes
    text = flat(tell_quality(quality, cut_blocks(dataset, SHARES)))
    for note in quality.notes:
        assert " ".join(note.message.split()) in text
        assert " ".join(note.advice.split()) in text


def test_one_class_blocks_are_told_among_the_notes():
    y = np.tile([0, 1], 200)
    y[320:] = 1
    dataset = make_set(400, y=y)
    text = flat(tell_quality(assess_quality(dataset), cut_blocks(dataset, SHARES)))
    assert "! The test block holds only wins: the ranking cannot be judged" in text


def test_transfer_tells_strategy_and_reason():
    text = flat(tell_transfer(plan_transfer(120.0, is_wanted=True)))
    assert "Strategy: from_scratch" in text
    assert "120 effective setups: a base model would help" in text


def test_model_is_counted_from_the_network_when_there_is_a_base():
    blocks = cut_blocks(make_market(90, hours_apart=36), SHARES)
    settings = quick_settings(bases=lambda moment: make_base())
    plan = plan_study_transfer(make_market(90, hours_apart=36), blocks, settings)
    text = flat(tell_model(plan, STARTED))
    assert f"Base model: {make_base().name}" in text
    assert "Layers: 7 transferred, 6 frozen at first, 3 trainable, 9 in all" in text
    assert f"{plan.parameters.frozen:,} frozen at first" in text


def test_missing_network_is_told_when_training_was_refused():
    text = flat(tell_model(plan_transfer(120.0, is_wanted=True), None))
    assert "Base model: none" in text
    assert "No network was built" in text


@pytest.mark.parametrize("length", [10, 70, 200])
def test_lines_fit_the_page_when_names_are_long(length):
    dataset = make_set(300)
    symbol = np.array([chr(65 + i % 5) * length for i in range(300)])
    lines = tell_collected(change(dataset, symbol=symbol))
    assert max(len(line) for line in lines) <= WIDTH
