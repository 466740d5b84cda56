from typing import Any

from django.core.management.base import CommandParser

from ml_training.data.presets import PRESETS
from ml_training.data.timeframes import parse_timeframe
from ml_training.management.commands.train_strategy import read_date
from ml_training.management.console import ConsoleCommand
from ml_training.models import Checkpoint
from ml_training.services.bases import BaseRequest, train_base_model
from ml_training.services.bases_pool import PoolProgress

CHANCE = 0.5  # AUC of a coin


class Command(ConsoleCommand):
    help = (
        "Train a base model on the setups of all candles in the database, for strategies "
        "with few setups to start from."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--preset",
            nargs="+",
            choices=PRESETS,
            metavar="NAME",
            help=f"default: all of {', '.join(PRESETS)}",
        )
        parser.add_argument(
            "--until", type=read_date, help="learn from nothing later, such as 2023-01-31"
        )
        parser.add_argument("--symbols", nargs="+", metavar="SYMBOL", help="default: all")
        parser.add_argument("--timeframes", nargs="+", metavar="TIMEFRAME", help="default: all")

    def run(self, **options: Any) -> tuple[Any, bool]:
        request = read_request(options)
        with self.bar(unit="series") as bar:

            def tell(progress: PoolProgress) -> None:
                bar.total = progress.n_series
                bar.update()
                self.say(options, describe_series(progress))
                if progress.number == progress.n_series:
                    self.say(options, "Training...")

            checkpoint = train_base_model(request, tell)
        for line in describe_base(checkpoint):
            self.say(options, line)
        meta = {name: value for name, value in checkpoint.meta.items() if name != "series"}
        return {"ok": True, "id": checkpoint.pk, "sha256": checkpoint.sha256, **meta}, True


def read_request(options: dict[str, Any]) -> BaseRequest:
    """Return what the arguments ask for."""
    timeframes = options["timeframes"]
    return BaseRequest(
        presets=tuple(dict.fromkeys(options["preset"] or PRESETS)),
        until=options["until"],
        symbols=tuple(dict.fromkeys(one.upper() for one in options["symbols"] or ())),
        timeframes=None if timeframes is None else tuple(map(parse_timeframe, timeframes)),
    )


def describe_series(progress: PoolProgress) -> str:
    """Return one line about one instrument and timeframe."""
    return (
        f"[{progress.number}/{progress.n_series}] {progress.symbol} {progress.timeframe}: "
        f"{progress.n_setups:,} setups in {progress.n_bars:,} bars"
    )


def describe_base(checkpoint: Checkpoint) -> list[str]:
    """Return what a base model learned from, and how well it does."""
    meta, scores = checkpoint.meta, checkpoint.meta["scores"]
    lines = [
        f"{meta['name']} is stored as base model {checkpoint.pk}",
        f"  learned from {describe_setups(meta)} of {describe_markets(meta)}",
        f"  effective setups, as if none overlapped: {meta['n_effective']:,.0f}",
        "  on the newest fifth, which a network trained in the same way had not seen:",
        f"    AUC {say(scores['auc'], 3)}, log-loss {say(scores['log_loss'], 4)}",
        f"    the base rate alone: log-loss {say(scores['base_rate_log_loss'], 4)}",
    ]
    if not is_better(scores):
        lines.append("  That is no better than guessing: expect nothing of it.")
    return lines


def describe_setups(meta: dict[str, Any]) -> str:
    """Return how many setups there were, and how many of them it learned from."""
    kept, found = meta["n_setups"], meta["n_found"]
    return (
        f"an even sample of {kept:,} of {found:,} setups" if kept < found else f"{kept:,} setups"
    )


def describe_markets(meta: dict[str, Any]) -> str:
    """Return how many symbols and timeframes of which kind it learned from."""
    kind = "synthetic" if meta["is_synthetic"] else "real"
    n_symbols, n_timeframes = len(meta["symbols"]), len(meta["timeframes"])
    return f"{n_symbols} symbol(s) x {n_timeframes} timeframe(s), {kind} candles"


def is_better(scores: dict[str, Any]) -> bool:
    """Say whether a base model ranks at all and beats guessing the base rate."""
    told = [scores[name] for name in ("auc", "log_loss", "base_rate_log_loss")]
    if not all(isinstance(one, float) for one in told):
        return False
    auc, log_loss, base_rate = told
    return bool(auc > CHANCE and log_loss < base_rate)


def say(value: object, digits: int) -> str:
    """Return a score, or a dash for none."""
    return f"{value:.{digits}f}" if isinstance(value, float) else "-"
