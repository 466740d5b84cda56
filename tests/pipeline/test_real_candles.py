"""A preset on real candles, from the files to the report."""

import numpy as np
import pytest

from ml_training.data.presets import PRESETS
from ml_training.models import Instrument, Setup, TrainingRun
from ml_training.pipeline import MLTrainingPipeline
from ml_training.services.market import import_file
from ml_training.services.setups import collect_setups
from ml_training.study.page import WIDTH
from tests.data.builders import REAL_DATA
from tests.services.builders import make_strategy

FOLDER = REAL_DATA / "candles"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER.exists(), reason=f"real candles are not at {FOLDER}"),
]
PIPS = {"USDJPY": 0.01, "XAUUSD": 0.1, "USDCHF": 0.0001}


@pytest.fixture
def strategy():
    for name in ("USDJPY_4h", "USDJPY_1d", "XAUUSD_4h", "XAUUSD_1d", "USDCHF_1d"):
        symbol, timeframe = name.split("_")
        import_file(FOLDER / f"{name}.csv", symbol=symbol, timeframe=timeframe)
    return make_strategy(
        name="RSI return",
        rules=dict(PRESETS["rsi_return"].document),
        symbols=["USDJPY", "XAUUSD", "USDCHF"],
        timeframes=["1d"],
    )


def train(strategy, **options):
    return MLTrainingPipeline().train_strategy_model(
        strategy.pk, **{"epochs": 5, "device": "cpu", **options}
    )


def test_preset_trains_and_reports_when_real_candles_are_imported(strategy):
    strategy.symbols, strategy.timeframes = ["USDJPY", "XAUUSD"], ["4h", "1d"]
    strategy.save()
    results = train(strategy)
    report = " ".join(results["diagnostics_report"].split())
    assert "from 2 symbols x 2 timeframes" in report
    assert results["data_quality"]["n"] > 500
    assert results["verdict"] in {"not_enough_data", "no_edge", "ranks_but_does_not_pay"}
    lines = results["diagnostics_report"].splitlines()
    assert max(len(line) for line in lines if not line.startswith("Model saved")) <= WIDTH
    assert TrainingRun.objects.get(pk=results["run_id"]).state == "succeeded"


def test_every_symbol_uses_its_own_pip_when_costs_are_taken(strategy):
    collect_setups(strategy)
    for instrument in Instrument.objects.all():
        assert instrument.pip == PIPS[instrument.symbol]
        setups = Setup.objects.filter(scan__instrument=instrument).exclude(
            outcome=Setup.Outcome.OPEN
        )
        costs = np.array(setups.values_list("cost", flat=True))
        risks = np.array(setups.values_list("risk", flat=True))
        assert len(costs) > 20
        # A daily stop of one ATR is some 60 pips or 15 dollars: costs are small.
        assert 0.001 < np.median(costs / risks) < 0.1


def test_missing_candles_are_named_in_one_error_when_files_were_not_imported(strategy):
    strategy.timeframes = ["1h", "4h", "1d"]
    strategy.save()
    with pytest.raises(ValueError, match="candles are missing") as caught:
        train(strategy)
    for words in ("USDJPY 1h", "XAUUSD 1h", "USDCHF 1h", "USDCHF 4h"):
        assert words in str(caught.value)
    run = TrainingRun.objects.get(strategy=strategy)
    assert run.state == "failed"
    assert "import_candles" in run.hint
