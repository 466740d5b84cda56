from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from ml_training.errors import DataError
from ml_training.management.console import USAGE, ConsoleCommand
from ml_training.models import TrainingRun


class Command(ConsoleCommand):
    help = "Write a run's model as plain files, with its card and an example that reads it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("run", help="id of a run; manage.py runs lists them")
        parser.add_argument("--to", required=True, type=Path, metavar="FOLDER")
        parser.add_argument("--onnx", action="store_true", help="write model.onnx as well")

    def run(self, **options: Any) -> tuple[Any, bool]:
        from ml_training.services.exports import export_model  # noqa: PLC0415 - imports torch

        exported = export_model(find_run(options["run"]), options["to"], with_onnx=options["onnx"])
        self.say(options, f"{exported.folder}: {', '.join(exported.files)} ({exported.served})")
        self.say(options, f"Try it: python {exported.folder / 'example.py'}")
        folder = str(exported.folder)
        return {"ok": True, "folder": folder, "files": exported.files}, True


def find_run(reference: str) -> TrainingRun:
    """Return the run with this id, or fail in words."""
    try:
        key = UUID(reference)
    except ValueError as error:
        raise CommandError(
            f"a run is named by its id, such as {TrainingRun().pk}; got {reference!r}",
            returncode=USAGE,
        ) from error
    run = TrainingRun.objects.select_related("strategy").filter(pk=key).first()
    if run is None:
        raise DataError(f"there is no run {key}", hint="manage.py runs lists them")
    return run
