from typing import Any

from django.core.management.base import CommandParser

from ml_training.management.choosing import add_strategy_arguments, choose_strategy
from ml_training.management.console import ConsoleCommand
from ml_training.services.setups import ScanProgress, scan_strategy


class Command(ConsoleCommand):
    help = "Find and label the setups of a strategy in the candles of the database."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_strategy_arguments(parser)

    def run(self, **options: Any) -> tuple[Any, bool]:
        strategy = choose_strategy(options)
        done: list[ScanProgress] = []
        with self.bar(unit="scan") as bar:

            def tell(progress: ScanProgress) -> None:
                done.append(progress)
                bar.total = progress.n_scans
                bar.update()
                self.say(options, describe_scan(progress))

            scan_strategy(strategy, progress=tell)
        n_setups = sum(one.n_setups for one in done)
        n_labelled = sum(one.n_labelled for one in done)
        self.say(options, f"{n_setups:,} setups, {n_labelled:,} of them labelled")
        scans = [vars(one) for one in done]
        return {"ok": True, "strategy": strategy.pk, "scans": scans}, True


def describe_scan(progress: ScanProgress) -> str:
    """Return one line about one symbol and timeframe."""
    line = (
        f"[{progress.number}/{progress.n_scans}] {progress.symbol} {progress.timeframe}: "
        f"{progress.n_setups:,} setups in {progress.n_bars:,} bars, "
        f"{progress.n_labelled:,} labelled, {'scanned' if progress.is_new else 'up to date'}"
    )
    return f"{line} ({progress.note})" if progress.note else line
