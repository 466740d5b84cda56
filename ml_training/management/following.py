import time
from typing import Any

from ml_training.errors import TrainingError
from ml_training.management.console import ConsoleCommand
from ml_training.models import TrainingRun
from ml_training.selectors import progress_of
from ml_training.services.runs import ACTIVE_STATES, RunCanceledError

LOOK_S = 0.5
LONELY_S = 10.0  # chosen: a trainer takes up a run within a second or two


def follow(command: ConsoleCommand, options: dict[str, Any], run: TrainingRun) -> dict[str, Any]:
    """Show how a queued run goes on elsewhere; return its results when it has ended.

    Ctrl-C ends the waiting, not the run.
    """
    command.say(options, f"run {run.pk} is queued; Ctrl-C ends the waiting, not the run")
    since, is_warned = time.monotonic(), False
    with command.bar(unit="%", total=100) as bar:
        while run.state in ACTIVE_STATES:
            bar.update(round(100 * progress_of(run)["share"]) - bar.n)
            is_lonely = not run.attempt and time.monotonic() - since > LONELY_S
            if is_lonely and not is_warned:
                command.say(options, "nobody has taken it up yet; is there a: manage.py trainer")
                is_warned = True
            time.sleep(LOOK_S)
            run.refresh_from_db()
    return read_end(command, options, run)


def read_end(command: ConsoleCommand, options: dict[str, Any], run: TrainingRun) -> dict[str, Any]:
    """Return the results of a run that has ended, or raise what ended it."""
    if run.state == TrainingRun.State.CANCELED:
        raise RunCanceledError(f"run {run.pk} was canceled")
    if run.state == TrainingRun.State.FAILED:
        raise TrainingError(run.error, hint=run.hint)
    command.say(options, run.report)
    return dict(run.results)
