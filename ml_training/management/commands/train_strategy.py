from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser

from ml_training.management.choosing import add_strategy_arguments, choose_strategy
from ml_training.management.console import ConsoleCommand
from ml_training.management.following import follow
from ml_training.management.training import train
from ml_training.services.queue import request_run


def read_date(text: str) -> datetime:
    """Read a date or a time; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is not a date such as 2020-01-31"
        raise ArgumentTypeError(message) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Command(ConsoleCommand):
    help = "Train a strategy and print the report."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_strategy_arguments(parser)
        where = parser.add_mutually_exclusive_group()
        where.add_argument(
            "--local", action="store_true", help="train in this process (the default)"
        )
        where.add_argument("--wait", action="store_true", help="let a trainer train it, and wait")
        where.add_argument("--queue", action="store_true", help="let a trainer train it")
        parser.add_argument("--start", type=read_date, help="first entry, such as 2020-01-01")
        parser.add_argument("--end", type=read_date, help="last exit, such as 2023-12-31")
        parser.add_argument("--epochs", type=int, help="at most so many")
        parser.add_argument("--batch-size", type=int)
        parser.add_argument("--learning-rate", type=float)
        parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--no-transfer", action="store_true", help="start from scratch")

    def run(self, **options: Any) -> tuple[Any, bool]:
        strategy = choose_strategy(options)
        chosen = {
            "start_date": options["start"],
            "end_date": options["end"],
            "epochs": options["epochs"],
            "batch_size": options["batch_size"],
            "learning_rate": options["learning_rate"],
            "device": options["device"],
            "seed": options["seed"],
            "use_transfer_learning": not options["no_transfer"],
        }
        if not options["wait"] and not options["queue"]:
            return {"ok": True, **train(self, options, strategy, **chosen)}, True
        run = request_run(strategy, chosen)
        if options["wait"]:
            return {"ok": True, **follow(self, options, run)}, True
        self.say(options, f"run {run.pk} is queued; manage.py runs shows how far it is")
        return {"ok": True, "run_id": str(run.pk), "state": run.state}, True
