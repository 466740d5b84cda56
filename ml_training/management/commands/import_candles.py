from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from ml_training.errors import HintedError
from ml_training.management.console import ConsoleCommand
from ml_training.services.market import ImportResult, guess_labels, import_file


class Command(ConsoleCommand):
    help = "Import candle files of any known layout; every bar is stored once."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--symbol", help="default: the first word of the file name")
        parser.add_argument("--timeframe", help="default: the distance of most bars")
        parser.add_argument("--tz", help="time zone of times without one, such as Europe/Athens")

    def run(self, **options: Any) -> tuple[Any, bool]:
        files: list[Path] = options["files"]
        told = []
        with self.bar(unit="file", total=len(files)) as bar:
            for path in files:
                told.append(self.import_one(path, options))
                bar.update()
        is_ok = all(one["ok"] for one in told)
        return {"ok": is_ok, "files": told}, is_ok

    def import_one(self, path: Path, options: dict[str, Any]) -> dict[str, Any]:
        symbol, timeframe = guess_labels(path.name)
        try:
            result = import_file(
                path,
                symbol=options["symbol"] or symbol,
                timeframe=options["timeframe"],
                fallback_timeframe=timeframe,
                tz=options["tz"],
            )
        except HintedError as error:
            self.stderr.write(f"{path}: {error}")
            return {"file": path, "ok": False, "error": str(error)}
        self.describe(path, result, options)
        return {"file": path, "ok": True, **vars(result)}

    def describe(self, path: Path, result: ImportResult, options: dict[str, Any]) -> None:
        counts, days = result.counts, f"{result.first_at:%Y-%m-%d} to {result.last_at:%Y-%m-%d}"
        self.say(
            options,
            f"{path}: {result.symbol} {result.timeframe} ({result.title}), "
            f"{result.n_bars:,} bars from {days}: {counts.n_new:,} new, "
            f"{counts.n_changed:,} changed, {counts.n_unchanged:,} unchanged",
        )
        for finding in result.findings:
            self.say(options, f"  {finding.severity}: {finding.message}. {finding.advice}")
