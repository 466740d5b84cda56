from argparse import SUPPRESS
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ml_training.evaluation.drift import ColumnDrift
from ml_training.management.console import USAGE, ConsoleCommand
from ml_training.selectors import find_strategy
from ml_training.services.scoring import Score, Scores, score_strategy
from ml_training.services.signals import run_scoring

MOST_SHOWN = 20  # chosen: a screen of setups; --json gives all
MOST_COLUMNS = 3


class Command(ConsoleCommand):
    help = "Score the newest setups of a strategy: its chance, take or skip, novelty, drift."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("strategy", nargs="?", help="id or name of a stored strategy")
        parser.add_argument("--scoring", type=int, help=SUPPRESS)

    def run(self, **options: Any) -> tuple[Any, bool]:
        if options["scoring"] is not None:
            state = run_scoring(options["scoring"])
            self.say(options, state)
            return {"ok": True, "state": state}, True
        if options["strategy"] is None:
            raise CommandError("name a strategy by its id or name", returncode=USAGE)
        found = score_strategy(find_strategy(options["strategy"]))
        for line in describe(found):
            self.say(options, line)
        return {"ok": True, **found.as_dict()}, True


def describe(found: Scores) -> list[str]:
    """Return what was found: the model, its setups, and what to know beside them."""
    until = f"{found.until:%Y-%m-%d %H:%M}" if found.until else "never"
    taken = sum(score.is_taken for score in found.scores)
    verdict, drift, limit = found.run.verdict.replace("_", " "), found.drift, found.threshold
    return [
        f"model of run {found.run.pk} ({verdict}), candles until {until} UTC",
        f"{len(found.scores)} setups without an outcome, {taken} to take (p >= {limit:.3f})",
        *(describe_score(score) for score in found.scores[:MOST_SHOWN]),
        f"drift since the training: {drift.level} ({drift.n_recent} setups)",
        *(describe_column(column) for column in drift.columns[:MOST_COLUMNS]),
        *(f"! {note}" for note in found.notes),
    ]


def describe_column(column: ColumnDrift) -> str:
    """Return one line about how far a feature has moved."""
    return (
        f"  {column.name}: PSI {column.psi:.2f}, KS {column.gap:.2f}, "
        f"p {column.p_value:.3f}, {column.level}"
    )


def describe_score(score: Score) -> str:
    """Return one line about one setup."""
    advice = "take" if score.is_taken else "skip"
    state = "enters next" if score.is_awaiting else "open"
    line = (
        f"{score.signal_at:%Y-%m-%d %H:%M} {score.symbol:8} {score.timeframe:4} "
        f"{'long' if score.side > 0 else 'short':5} {advice}  p {score.probability:.3f}  {state}"
    )
    return f"{line}  new: {', '.join(score.novel)}" if score.novel else line
