"""Ask for the newest setups to be scored, and keep what was said about them.

Scoring needs torch, so a web process asks and a worker does it, in its own process.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django_q.conf import Conf
from django_q.tasks import async_task

from ml_training.errors import HintedError
from ml_training.models import Checkpoint, Instrument, Scoring, Signal, Strategy
from ml_training.services.jsonable import to_jsonable
from ml_training.services.scoring import Scores, hash_candles, score_strategy
from ml_training.services.served import check_run, find_newest
from ml_training.services.setups import plan_jobs

TASK = "ml_training.tasks.score_newest"
State = Scoring.State
ACTIVE = (State.QUEUED, State.RUNNING)

PATIENCE_S = 600.0
"""Time after which nobody waits for a scoring any more; chosen: the longest takes a
minute, and a worker may be training before it."""

LIMIT_S = 300.0
"""Time that one scoring may take; chosen: 50 markets of minutes take less."""

SIGNAL_KEY = ("checkpoint", "instrument", "timeframe", "signal_at", "side")
SIGNAL_VALUES = (
    *("scoring", "strategy", "entry_at", "is_awaiting", "entry", "stop", "target"),
    *("probability", "threshold", "is_taken", "novel", "scored_at"),
)


class ScoringError(HintedError, RuntimeError):
    """Say that a scoring did not come to its end."""


def request_scoring(
    strategy: Strategy, *, requested_by: AbstractBaseUser | None = None
) -> Scoring:
    """Return the newest scoring when it still holds, else one that a worker will do.

    Raises `DataError` when there is no model, or it does not fit the strategy.
    """
    checkpoint = check_run(find_newest(strategy))
    known = find_current(strategy, checkpoint)
    if known is not None:
        return known
    give_up_stuck(strategy)
    try:
        with transaction.atomic():
            scoring = Scoring.objects.create(
                strategy=strategy,
                requested_by=requested_by,  # type: ignore[misc]
            )
    except IntegrityError:  # somebody asked already
        return Scoring.objects.get(strategy=strategy, state__in=ACTIVE)
    words = {"task_name": f"score {strategy.pk}", "cluster": str(Conf.PREFIX)}
    transaction.on_commit(lambda: async_task(TASK, scoring.pk, **words))
    return scoring


def find_current(strategy: Strategy, checkpoint: Checkpoint) -> Scoring | None:
    """Return a scoring by this model of the candles as they are now."""
    done = Scoring.objects.filter(strategy=strategy, state=State.DONE, checkpoint=checkpoint)
    digest = hash_candles([job.candles_digest for job in plan_jobs(strategy)])
    return done.filter(candles_digest=digest).first()


def give_up_stuck(strategy: Strategy) -> None:
    """Fail scorings that nobody finished, so that they do not stand in the way."""
    stuck = Scoring.objects.filter(
        strategy=strategy, state__in=ACTIVE, asked_at__lt=Now() - timedelta(seconds=PATIENCE_S)
    )
    stuck.update(**describe_failure("no worker finished it in time"))


def describe_failure(words: str, hint: str = "Ask again.") -> dict[str, Any]:
    """Return the columns of a scoring that failed."""
    return {"state": State.FAILED, "done_at": Now(), "error": words, "hint": hint}


def run_scoring(scoring_id: int) -> str:
    """Do a scoring that waits, in this process; return its state, or "left alone".

    Imports torch, so no web process may call it.
    """
    rows = Scoring.objects.filter(pk=scoring_id)
    if not rows.filter(state=State.QUEUED).update(state=State.RUNNING, started_at=Now()):
        return "left alone"
    scoring = rows.select_related("strategy").get()
    try:
        store_scores(scoring, score_strategy(scoring.strategy))
    except HintedError as error:
        rows.filter(state=State.RUNNING).update(
            **describe_failure(str(error.args[0]), getattr(error, "hint", ""))
        )
    except Exception:
        rows.filter(state=State.RUNNING).update(**describe_failure("something went wrong"))
        raise
    scoring.refresh_from_db()
    return str(scoring.state)


def run_in_process(scoring_id: int) -> str:
    """Do a scoring in a process of its own; return its state."""
    paths = os.pathsep.join(path for path in sys.path if path)
    words = (sys.executable, "-m", "django", "score", "--scoring", str(scoring_id))
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            words,
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )
        how = f"its process ended with {done.returncode}"
    except subprocess.TimeoutExpired:
        how = f"it took longer than {LIMIT_S:.0f} s"
    rows = Scoring.objects.filter(pk=scoring_id)
    rows.filter(state__in=ACTIVE).update(**describe_failure(how))
    return str(rows.values_list("state", flat=True).first() or "left alone")


@transaction.atomic
def store_scores(scoring: Scoring, found: Scores) -> None:
    """Keep what was said; a setup that was scored before is brought up to date."""
    ended = Scoring.objects.filter(pk=scoring.pk, state=State.RUNNING).update(
        state=State.DONE,
        done_at=Now(),
        checkpoint=found.checkpoint,
        candles_digest=found.candles_digest,
        until=found.until,
        n_fresh=len(found.scores),
        n_taken=sum(score.is_taken for score in found.scores),
        drift=to_jsonable(found.drift.as_dict()),
        notes=list(found.notes),
    )
    if not ended:
        raise ScoringError(f"scoring {scoring.pk} was given up", hint="Ask again.")
    Signal.objects.bulk_create(
        build_rows(scoring, found),
        update_conflicts=True,
        unique_fields=SIGNAL_KEY,
        update_fields=SIGNAL_VALUES,
    )


def build_rows(scoring: Scoring, found: Scores) -> Sequence[Signal]:
    """Turn scores into rows."""
    symbols = {score.symbol for score in found.scores}
    known = {one.symbol: one for one in Instrument.objects.filter(symbol__in=symbols)}
    rows = []
    for score in found.scores:
        values = {**vars(score), "novel": list(score.novel)}
        instrument = known[values.pop("symbol")]
        rows.append(
            Signal(
                scoring=scoring,
                strategy_id=scoring.strategy_id,
                checkpoint=found.checkpoint,
                instrument=instrument,
                threshold=found.threshold,
                **values,
            )
        )
    return rows
