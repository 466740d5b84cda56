import time
import uuid
from typing import Any

from django.core.management.base import CommandParser

from ml_training.errors import DataError
from ml_training.management.console import ConsoleCommand
from ml_training.models import TrainingRun
from ml_training.services.queue import request_cancel
from ml_training.services.runs import ACTIVE_STATES

PATIENCE_S = 20.0  # the promise is 5 s
LOOK_S = 0.2


class Command(ConsoleCommand):
    help = "Cancel a run and wait until it has stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("run", type=uuid.UUID, help="id of the run")

    def run(self, **options: Any) -> tuple[Any, bool]:
        run = TrainingRun.objects.filter(pk=options["run"]).first()
        if run is None:
            raise DataError(f"there is no run {options['run']}", hint="List them: manage.py runs")
        request_cancel(run)
        until = time.monotonic() + PATIENCE_S
        while run.state in ACTIVE_STATES and time.monotonic() < until:
            time.sleep(LOOK_S)
            run.refresh_from_db(fields=["state"])
        self.say(options, f"run {run.pk} is {run.state}")
        is_ok = run.state == TrainingRun.State.CANCELED
        return {"ok": is_ok, "run_id": str(run.pk), "state": run.state}, is_ok
