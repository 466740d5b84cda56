from typing import Any

from django.core.management.base import CommandParser

from ml_training.management.console import ConsoleCommand
from ml_training.models import TrainingRun
from ml_training.selectors import progress_of

N_SHOWN = 20


class Command(ConsoleCommand):
    help = "List the newest runs and how far they are."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--state", choices=TrainingRun.State.values)
        parser.add_argument("--limit", type=int, default=N_SHOWN, help="at most so many")

    def run(self, **options: Any) -> tuple[Any, bool]:
        runs = TrainingRun.objects.select_related("strategy").defer("report", "results")
        if options["state"]:
            runs = runs.filter(state=options["state"])
        shown = [(run, progress_of(run)) for run in runs[: max(options["limit"], 0)]]
        for run, progress in shown:
            self.say(options, describe(run, progress))
        if not shown:
            self.say(options, "No runs yet. Start one with: manage.py train_strategy")
        return {"ok": True, "runs": [progress for _, progress in shown]}, True


def describe(run: TrainingRun, progress: dict[str, Any]) -> str:
    """Return one line about a run."""
    words = [str(run.pk), run.state, f"{progress['share']:.0%}", run.strategy.name]
    if run.state == TrainingRun.State.RUNNING:
        words.append(f"({progress['health']}, attempt {run.attempt})")
    if run.verdict:
        words.append(f"-> {run.verdict}")
    if run.error:
        words.append(f"- {run.error}")
    return "  ".join(words)
