"""Trade a run's test block again, one by one, with and without the model's filter."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ml_training.data.extent import cut_to_extent
from ml_training.data.labelled import LabelledSet
from ml_training.errors import DataError
from ml_training.evaluation.backtest import Backtest, backtest
from ml_training.models import Setup, TrainingRun
from ml_training.selectors import to_utc
from ml_training.services.choices import read_moment
from ml_training.services.served import TRAIN_AGAIN, open_served, shorten
from ml_training.services.setups import collect_setups
from ml_training.services.spreadsheets import write_table

if TYPE_CHECKING:
    from ml_training.study.serving import ServedModel

PRICES = ("entry", "stop", "target", "outcome")


@dataclass(frozen=True, kw_only=True)
class Trade:
    """One setup of the test block.

    Prices are None where the row has gone meanwhile. `is_traded` is False for a taken
    setup that found its symbol occupied; `every_traded` tells it without the filter.
    """

    symbol: str
    timeframe: str
    side: str
    entry_at: str
    exit_at: str
    entry: float | None
    stop: float | None
    target: float | None
    outcome: str
    r: float
    probability: float
    is_taken: bool
    is_traded: bool
    every_traded: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class BacktestReport:
    """Both ways of trading the test block of a run, and its setups one by one."""

    run: TrainingRun
    threshold: float
    one_per_symbol: bool
    found: Backtest
    trades: tuple[Trade, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything in plain values."""
        return {
            "run_id": str(self.run.pk),
            "strategy_id": self.run.strategy_id,
            "measured_on": "test",
            "threshold": self.threshold,
            "one_per_symbol": self.one_per_symbol,
            **self.found.as_dict(),
            "trades": [asdict(trade) for trade in self.trades],
        }

    def as_csv(self) -> str:
        """Return the setups one by one as CSV."""
        names = [field.name for field in fields(Trade)]
        return write_table(names, ([getattr(one, name) for name in names] for one in self.trades))


def backtest_run(run: TrainingRun, *, one_per_symbol: bool = False) -> BacktestReport:
    """Trade the setups that the run was judged on, with the model that it stored.

    Raises `DataError` when the rules, the setups, the features or the model are not
    those of the run any more. Imports torch, so no web process may call it.
    """
    opened = open_served(run)
    test = find_test_block(run)
    chances = opened.model.predict_proba(test.X)
    taken = chances >= opened.model.threshold
    found = backtest(test.r, test.t0, test.t1, test.symbol, taken, one_per_symbol=one_per_symbol)
    return BacktestReport(
        run=run,
        threshold=opened.model.threshold,
        one_per_symbol=one_per_symbol,
        found=found,
        trades=tuple(_list_trades(run, test, opened.model, found)),
    )


def find_test_block(run: TrainingRun) -> LabelledSet:
    """Return the setups that the run was judged on; refuse when they have changed.

    Setups of candles that were added later are left out. Runs of earlier versions do
    not tell how far theirs reached.
    """
    from ml_training.study.blocks import cut_blocks  # noqa: PLC0415
    from ml_training.study.settings import StudySettings  # noqa: PLC0415 - imports torch

    start, end = (run.settings.get(name) for name in ("start_date", "end_date"))
    dataset = collect_setups(run.strategy, to_utc(read_moment(start)), to_utc(read_moment(end)))
    extent = run.results.get("setups_by_market")
    if extent is not None:
        dataset = cut_to_extent(dataset, extent)
    if dataset.digest() != run.setups_digest:
        raise DataError(
            f"run {run.pk} was judged on the setups {shorten(run.setups_digest)}, and the "
            f"candles give {shorten(dataset.digest())} now",
            hint=f"Candles were corrected or added since. {TRAIN_AGAIN}",
        )
    return cut_blocks(dataset, StudySettings().fractions).test


def _list_trades(
    run: TrainingRun, test: LabelledSet, model: "ServedModel", found: Backtest
) -> list[Trade]:
    chances = model.predict_proba(test.X)
    prices = _find_prices(run, test)
    return [
        Trade(
            symbol=str(test.symbol[row]),
            timeframe=str(test.timeframe[row]),
            side="long" if test.side[row] > 0 else "short",
            entry_at=write_time(test.t0[row]),
            exit_at=write_time(test.t1[row]),
            **prices[row],
            r=float(test.r[row]),
            probability=float(chances[row]),
            is_taken=bool(chances[row] >= model.threshold),
            is_traded=bool(found.filtered.traded[row]),
            every_traded=bool(found.every.traded[row]),
        )
        for row in range(len(test))
    ]


def _find_prices(run: TrainingRun, test: LabelledSet) -> Sequence[dict[str, Any]]:
    """Return entry, stop, target and how it ended of every setup of the block."""
    first = datetime.fromtimestamp(int(test.t0.min()), UTC)
    setups = Setup.objects.filter(
        scan__strategy=run.strategy, scan__rules_digest=run.rules_digest, entry_at__gte=first
    )
    names = ("scan__instrument__symbol", "scan__timeframe", "entry_at", "side")
    known = {
        (symbol, timeframe, int(at.timestamp()), side): dict(zip(PRICES, prices, strict=True))
        for symbol, timeframe, at, side, *prices in setups.values_list(*names, *PRICES)
    }
    keys = zip(
        test.symbol.tolist(),
        test.timeframe.tolist(),
        test.t0.tolist(),
        test.side.tolist(),
        strict=True,
    )
    return [_name_outcome(known.get(key, dict.fromkeys(PRICES))) for key in keys]


def _name_outcome(prices: dict[str, Any]) -> dict[str, Any]:
    number = prices["outcome"]
    return {**prices, "outcome": "" if number is None else Setup.Outcome(number).label}


def write_time(seconds: int | np.int64) -> str:
    """Return epoch seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()
