"""Write what the engine tells into a run's rows: in batches, never per batch."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ml_training.conf import read_conf
from ml_training.models import FixEvent, MetricPoint, TrainingRun
from ml_training.services.away import AWAY, forget_connections
from ml_training.services.jsonable import to_jsonable
from ml_training.services.leases import Halted, LeaseLostError, lease_of
from ml_training.services.readings import choose_readings, describe_reading
from ml_training.services.replay import StoredPoints

if TYPE_CHECKING:  # the engine imports torch, which a web process must not
    from ml_training.core import events
    from ml_training.core.findings import Trial
    from ml_training.core.history import Reading

logger = logging.getLogger(__name__)

PART_FAILED = "part_failed"  # in place of a problem: a detector or a remedy raised
STATE_UNSAVED = "state_unsaved"  # likewise: no place to go on from could be written
PLACE = ("epoch", "step")
LOSSES = ("train_loss", "validation_loss", "validation_score")
FINDING_COLUMNS = [
    *("problem", "severity", "epoch", "step", "message", "evidence"),
    *("trials", "remedy", "outcome", "conclusion"),
]


class RunRecorder:
    """Turn engine events into `MetricPoint` and `FixEvent` rows of one run.

    Rows wait in memory and are written together, at most once per interval. While the
    database is away they go on waiting, and training goes on. When the lease of the run
    is lost nothing is written, and `Halted` ends the training.

    A run that is taken up again tells the same events again. Every point and finding
    has its number, so that what is stored already is not stored twice.
    """

    def __init__(self, run: TrainingRun, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.run = run
        self.lease = lease_of(run)
        self.conf = read_conf()
        self.clock = clock
        self.written_at = clock()
        self.stored = StoredPoints(run)
        self.is_complete = False
        self.stride = 1
        self.attempt = 0
        self.readings: list[Reading] = []
        self.points: list[dict[str, Any]] = []
        self.findings: list[dict[str, Any]] = []
        self.changed: set[int] = set()
        self.progress: dict[str, Any] = {}
        self.started_at, self.first_step = clock(), 0

    def __call__(self, event: "events.Event") -> None:
        """Take one event; write when the last write is long enough ago."""
        handle = HANDLERS.get(type(event).__name__)
        if handle is not None:  # others may announce more than there are rows for
            handle(self, event)
        if self.clock() - self.written_at >= self.conf.record_interval_s:
            self.try_flush()

    def try_flush(self) -> None:
        """Write what waits; keep it when the database cannot take it now."""
        try:
            self.flush()
        except LeaseLostError:
            raise Halted("lost") from None
        except AWAY:
            forget_connections()
            self.written_at = self.clock()
            logger.warning("rows of run %s wait: the database is away", self.run.pk, exc_info=True)

    def flush(self) -> None:
        """Write what waits; raise `DatabaseError` and keep it when that fails.

        Raises `LeaseLostError`, with nothing written, when somebody else has the run.
        """
        with self.lease.writing(progress=self.progress):
            self.stored.drop_wrong()
            MetricPoint.objects.bulk_create(
                MetricPoint(run=self.run, **one) for one in self.points
            )
            FixEvent.objects.bulk_create(
                [FixEvent(run=self.run, **self.findings[at]) for at in sorted(self.changed)],
                update_conflicts=True,
                unique_fields=["run", "number"],
                update_fields=FINDING_COLUMNS,
            )
            if self.is_complete:
                self.drop_rest()
        self.stored.wrong_from = None
        self.points, self.changed = [], set()
        self.written_at = self.clock()

    def finish(self) -> None:
        """Write all that waits, readings too few for a point of their own as well."""
        self.thin_out(len(self.readings))
        self.flush()

    def memory(self) -> dict[str, Any]:
        """Write what waits, and return what the run needs to go on, as JSON."""
        self.flush()
        return {
            "n_told": self.stored.n_told,
            "stride": self.stride,
            "attempt": self.attempt,
            "readings": [vars_of(reading) for reading in self.readings],
            "findings": self.findings,
            "progress": self.progress,
        }

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Go on where an earlier attempt at the run was saved."""
        from ml_training.core.history import Reading  # noqa: PLC0415 - imports torch

        self.stored.skip(memory["n_told"])
        self.stride, self.attempt = memory["stride"], memory["attempt"]
        self.readings = [Reading(**reading) for reading in memory["readings"]]
        self.findings = list(memory["findings"])
        progress = memory["progress"]  # of the first epoch: none has ended yet
        self.progress = {**progress, "resumed_from": progress.get("epoch", 0)}
        self.started_at, self.first_step = self.clock(), self.progress.get("step", 0)

    def drop_rest(self) -> None:
        """Drop rows of an earlier attempt that went further and otherwise."""
        self.run.points.filter(number__gte=self.stored.n_told).delete()
        self.run.events.filter(number__gt=len(self.findings)).delete()

    def tell(self, doing: str) -> None:
        """Say what is being done before and after the training."""
        self.progress["doing"] = doing
        if self.clock() - self.written_at >= self.conf.record_interval_s:
            self.try_flush()

    def start(self, event: "events.RunStarted") -> None:
        """Note the size of the run, which decides how many readings are kept."""
        self.started_at = self.clock()
        self.stride = max(1, -(-event.planned_steps // self.conf.batch_points))
        self.progress |= to_jsonable(event)

    def read(self, event: "events.BatchesRead") -> None:
        """Keep the readings that stand for the others; a rest waits for more."""
        if event.attempt != self.attempt:
            self.thin_out(len(self.readings))
            self.attempt = event.attempt
        self.readings += event.readings
        self.thin_out(len(self.readings) // self.stride * self.stride)

    def thin_out(self, n_readings: int) -> None:
        """Turn the oldest readings that wait into points."""
        for reading in choose_readings(self.readings[:n_readings], self.stride):
            self.add_point("batch", self.attempt, describe_reading(reading))
        del self.readings[:n_readings]

    def end_epoch(self, event: "events.EpochEnded") -> None:
        """Keep the score of an epoch."""
        score = to_jsonable(event.score)
        self.progress |= {name: score[name] for name in PLACE}
        if not event.is_trial:
            self.progress |= {name: score[name] for name in LOSSES}
        seconds = self.clock() - self.started_at
        n_steps = score["step"] - self.first_step
        self.progress["rate"] = n_steps / seconds if seconds > 0 and n_steps > 0 else None
        self.add_point("epoch", event.attempt, {**score, "is_trial": event.is_trial})

    def add_point(self, kind: str, attempt: int, values: Mapping[str, Any]) -> None:
        """Put a point among the rows that wait."""
        place = {name: values[name] for name in PLACE}
        rest = {name: value for name, value in values.items() if name not in PLACE}
        self.points += self.stored.choose_new(
            {"kind": kind, "attempt": attempt, **place, "values": rest}
        )

    def find(self, event: "events.FindingMade") -> None:
        """Begin the row of a finding."""
        self.add_finding(**to_jsonable(event.finding))

    def add_finding(self, **columns: Any) -> int:
        """Put a finding among the rows that wait and return where it stands."""
        at = len(self.findings)
        self.findings.append({"number": at + 1, "trials": [], **columns})
        self.changed.add(at)
        return at

    def start_trial(self, event: "events.TrialStarted") -> None:
        """Say what is being tried at the moment."""
        self.progress["trying"] = event.title

    def judge(self, event: "events.TrialJudged") -> None:
        """Add a judged trial to the finding that it was meant to cure."""
        self.progress.pop("trying", None)
        at = self.place_trial(event.trial)
        finding = self.findings[at]
        finding["trials"].append(to_jsonable(event.trial))
        if event.trial.kept:
            finding["remedy"] = event.trial.remedy
            finding["outcome"] = FixEvent.Outcome.REPAIRED
            finding["conclusion"] = event.trial.change.sentence
        self.changed.add(at)

    def place_trial(self, trial: "Trial") -> int:
        """Return where the finding of a trial stands; begin one when none was told."""
        at = self.find_newest(trial.problem)
        if at is not None:
            return at
        return self.add_finding(
            problem=trial.problem,
            severity=FixEvent.Severity.INFO,
            epoch=trial.epoch,
            step=trial.step,
            message=trial.change.sentence,
        )

    def find_newest(self, problem: str) -> int | None:
        """Return where the newest finding of a problem stands."""
        places = reversed(range(len(self.findings)))
        return next((at for at in places if self.findings[at]["problem"] == problem), None)

    def give_up(self, event: "events.ProblemUnresolved") -> None:
        """Say in the row of a finding that nothing helped."""
        at = self.find_newest(event.problem)
        if at is not None:
            self.findings[at] |= {
                "outcome": FixEvent.Outcome.UNRESOLVED,
                "conclusion": event.message,
            }
            self.changed.add(at)

    def note_branch(self, event: "events.HistoryRewound | events.BranchShown") -> None:
        """Keep which attempt counts from where on; charts draw the others grey."""
        branches = self.progress.setdefault("branches", [])
        branches.append({"kind": type(event).__name__, **to_jsonable(event)})

    def note_failure(self, event: "events.PartFailed") -> None:
        """Keep that a part of the engine raised and was left out."""
        self.add_finding(
            problem=PART_FAILED,
            severity=FixEvent.Severity.WARNING,
            epoch=event.epoch,
            step=event.step,
            message=f"{event.part}: {event.message}",
            evidence={"part": event.part},
        )

    def note_unsaved(self, words: str, epoch: int) -> None:
        """Keep that the run could not be saved at a place, and why."""
        self.add_finding(
            problem=STATE_UNSAVED,
            severity=FixEvent.Severity.WARNING,
            epoch=epoch,
            step=self.progress.get("step", 0),
            message=f"The run could not be saved here: {words}. The training goes on; if "
            "its process dies, it goes on from the last state that was saved.",
        )

    def end(self, event: "events.RunEnded") -> None:
        """Keep how the training ended and write all that waits."""
        self.progress |= to_jsonable(event)
        self.is_complete = True
        self.thin_out(len(self.readings))
        self.try_flush()


def vars_of(reading: "Reading") -> dict[str, Any]:
    """Return all of a reading as JSON that Python reads back: NaN and Inf included."""
    values = {name: getattr(reading, name) for name in reading.__dataclass_fields__}
    return {
        name: [float(x) for x in v] if hasattr(v, "__len__") and not isinstance(v, str) else v
        for name, v in values.items()
    }


# By name: importing the classes would import torch. A test walks all kinds of events.
HANDLERS: dict[str, Callable[[RunRecorder, Any], None]] = {
    "RunStarted": RunRecorder.start,
    "BatchesRead": RunRecorder.read,
    "EpochEnded": RunRecorder.end_epoch,
    "FindingMade": RunRecorder.find,
    "TrialStarted": RunRecorder.start_trial,
    "TrialJudged": RunRecorder.judge,
    "HistoryRewound": RunRecorder.note_branch,
    "BranchShown": RunRecorder.note_branch,
    "ProblemUnresolved": RunRecorder.give_up,
    "PartFailed": RunRecorder.note_failure,
    "RunEnded": RunRecorder.end,
}
