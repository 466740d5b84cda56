import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ml_training.evaluation.trading import TradeSummary
from ml_training.management.console import USAGE, ConsoleCommand
from ml_training.services.backtests import BacktestReport, backtest_run
from ml_training.services.jsonable import to_jsonable
from ml_training.services.served import find_trained

MOST_SHOWN = 20  # chosen: a screen of trades; the file holds all


class Command(ConsoleCommand):
    help = "Trade the test block of a run again, with and without the model's filter."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("trained", help="id of a run, or id or name of a strategy")
        parser.add_argument(
            "--one-per-symbol",
            action="store_true",
            help="skip a setup while an earlier trade of its symbol is open",
        )
        parser.add_argument("--output", type=Path, help="write all trades to a .csv or .json file")

    def run(self, **options: Any) -> tuple[Any, bool]:
        path = options["output"]
        if path is not None and path.suffix not in WRITERS:
            raise CommandError(
                f"--output must end in {' or '.join(WRITERS)}, got {path.name}", returncode=USAGE
            )
        run = find_trained(options["trained"])
        report = backtest_run(run, one_per_symbol=options["one_per_symbol"])
        for line in describe(report):
            self.say(options, line)
        if path is not None:
            path.write_text(WRITERS[path.suffix](report), encoding="utf-8")
            self.say(options, f"{len(report.trades):,} trades are in {path}")
        return {"ok": True, **report.as_dict()}, True


def write_json(report: BacktestReport) -> str:
    """Return everything as one JSON object."""
    return json.dumps(to_jsonable(report.as_dict()), indent=1)


WRITERS = {".csv": BacktestReport.as_csv, ".json": write_json}


HEADER = (
    f"{'':14}{'trades':>8}{'win rate':>10}{'R each':>9}{'total R':>10}"
    f"{'profit factor':>15}{'drawdown R':>12}"
)


def describe(report: BacktestReport) -> list[str]:
    """Return the sums first, then the newest trades."""
    taken = [trade for trade in report.trades if trade.is_traded]
    lines = [
        f"test block of run {report.run.pk}: {len(report.trades):,} setups",
        HEADER,
        describe_sums("every setup", report.found.every.summary),
        describe_sums("with filter", report.found.filtered.summary),
    ]
    if taken:
        lines += ["", f"the last {min(len(taken), MOST_SHOWN)} trades of the filter:"]
    for one in taken[-MOST_SHOWN:]:
        lines.append(
            f"{one.entry_at[:16]} {one.symbol:8} {one.timeframe:4} {one.side:5} "
            f"p {one.probability:.3f}  {one.r:+.2f} R  {one.outcome}"
        )
    return lines


def describe_sums(name: str, found: TradeSummary) -> str:
    """Return one row of the table of sums."""
    factor = "-" if found.profit_factor is None else f"{found.profit_factor:.2f}"
    return (
        f"{name:14}{found.n:>8,}{found.win_rate:>10.1%}{found.expectancy_r:>+9.3f}"
        f"{found.total_r:>+10.1f}{factor:>15}{found.max_drawdown_r:>12.1f}"
    )
