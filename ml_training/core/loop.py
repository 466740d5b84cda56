"""The training loop: take a step, read it, look, and hand findings to the medic."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from torch.optim.lr_scheduler import ReduceLROnPlateau

from ml_training.core.batches import Batch
from ml_training.core.closing import measure_closing
from ml_training.core.epochs import is_time_to_look, score_epoch
from ml_training.core.events import (
    BatchesRead,
    Emit,
    EpochEnded,
    Event,
    PartFailed,
    ProblemUnresolved,
    ShouldStop,
    keep_nothing,
)
from ml_training.core.facts import DataFacts, NetworkFacts, PlanFacts
from ml_training.core.findings import Finding, Problem, Stage
from ml_training.core.history import Observations, Reading, RunHistory
from ml_training.core.medic import Medic
from ml_training.core.monitor import Monitor
from ml_training.core.optimizers import check_rates
from ml_training.core.probes import describe_data
from ml_training.core.problems import PROBLEMS
from ml_training.core.settings import TrainSettings
from ml_training.core.start import measure_network
from ml_training.core.state import TrainingState
from ml_training.core.steps import Step, fail_step, take_step

STEPS_BETWEEN_GOOD = 50  # chosen: little to repeat after a rollback, little to copy
TRIED_PART = 0.75  # of the budget; measured: steps that are watched and repaired cost 1.27
REST_EPOCHS = 3  # chosen: a treated problem is left alone until its remedy had time to work


@dataclass(eq=False)
class Run:
    """Hold the parts of one training run together.

    Parameters
    ----------
    state, history, settings : TrainingState, RunHistory, TrainSettings
        What changes, what was read, what was asked for.
    data, plan : DataFacts, PlanFacts
        What detectors may know beside the history.
    emit, should_stop : callable
        The run's mouth and its ear.
    network : NetworkFacts
        The same of the network, before its first step.
    step_once : callable
        Takes one step and returns its reading; the seam for a compiled step.
    save : callable
        Offered the run wherever it could be interrupted.
    """

    state: TrainingState
    history: RunHistory
    settings: TrainSettings
    data: DataFacts
    plan: PlanFacts
    emit: Emit
    should_stop: ShouldStop
    network: NetworkFacts = field(default_factory=NetworkFacts)
    step_once: Step = take_step
    save: Callable[["Run"], None] = keep_nothing
    n_steps_taken: int = 0
    is_trial: bool = False
    is_cancelled: bool = False
    is_beyond_repair: bool = False
    is_refused: bool = False
    error: str = ""
    notes: list[str] = field(default_factory=list)
    unread: list[Reading] = field(default_factory=list)
    monitor: Monitor = field(init=False)
    medic: Medic = field(init=False)

    def __post_init__(self) -> None:
        """Appoint monitor and medic."""
        self.described = self.described_now()
        self.step_budget = self.settings.step_budget(self.plan.planned_steps)
        self.monitor = Monitor(PROBLEMS.values(), self.observe, self.speak)
        self.medic = Medic(
            self.state,
            self.history,
            emit=self.speak,
            advance=lambda until_step: advance_trial(self, until_step),
            may_spend=lambda n: self.n_steps_spent + n <= TRIED_PART * self.step_budget,
            plan=self.plan,
            naive_loss=self.data.naive_loss,
            is_cured=self.monitor.is_cured,
        )

    @property
    def n_steps_spent(self) -> int:
        """Return the steps of all branches, and those remedies took to try rates."""
        return self.n_steps_taken + self.state.n_steps_tried

    def described_now(self) -> tuple[object, ...]:
        """Return what the description of the rows depends on."""
        return self.state.data, self.state.objective, self.state.knobs.is_balanced

    def observe(self) -> Observations:
        """Return what a detector may look at now."""
        step = max(self.state.step - 1, 0)
        return Observations(
            self.history, self.data, self.plan, self.state.epoch, step, self.error, self.network
        )

    def tapped(self) -> AbstractContextManager[None]:
        """Listen to the activations when everything is watched."""
        if self.state.knobs.watch == "everything":
            return self.state.activations.listening(self.state.model)
        return nullcontext()

    def speak(self, event: Event) -> None:
        """Emit an event after the readings that led to it; note what failed."""
        self.flush()
        if isinstance(event, PartFailed):
            self.notes.append(f"{event.part} failed and was left out: {event.message}")
        self.emit(event)

    def flush(self) -> None:
        """Hand out the readings not yet handed out, before anything else is said."""
        if self.unread:
            readings, self.unread = tuple(self.unread), []
            self.emit(
                BatchesRead(
                    attempt=self.history.attempt, is_trial=self.is_trial, readings=readings
                )
            )


def train(run: Run) -> str:
    """Train until the plan, patience, the budget or the caller ends it; say which."""
    for key in () if run.n_steps_taken else run.monitor.asked_before():
        n_trials = len(run.medic.trials)
        treat(run, look(run, "before", key))
        if any(trial.kept for trial in run.medic.trials[n_trials:]):
            run.network = measure_network(run.state)  # another one is asked about next
    while not (reason := why_stop(run)):
        run.save(run)  # nothing is half done here
        found = advance(run)
        treat(run, found)
        treat_postponed(run)
        if found and why_stop(run):  # a trial trained to the end: nobody has looked there
            treat(run, look(run, "epoch"))
    run.data = replace(run.data, closing=measure_closing(run.state))
    treat(run, look(run, "after"))
    return "refused" if run.is_refused else reason


def advance(run: Run, until_step: float = math.inf) -> list[Finding]:
    """Train to the end of the epoch, or until something is found, or to a step."""
    state, monitor = run.state, run.monitor
    if state.has_epoch_ended():  # a finding interrupted it at its last batch
        return close_epoch(run)
    state.model.train()
    monitor.keep_lines_fresh()
    with run.tapped():
        while state.step < until_step and not state.has_epoch_ended():
            reading = take_reading(run, state.next_batch())
            if monitor.crosses_line(reading) and (found := look(run, "batch")):
                return found
            if state.step % STEPS_BETWEEN_GOOD == 0 and not state.has_epoch_ended() and pause(run):
                break
    return close_epoch(run) if state.has_epoch_ended() else []


def take_reading(run: Run, batch: Batch) -> Reading:
    """Take one step and keep its reading, whatever the model or the loss raises."""
    run.error = ""
    try:
        reading = run.step_once(run.state, batch)
    except Exception as error:
        reading = fail_step(run.state, batch, error)
        run.error = reading.error
    run.history.add(reading)
    run.unread.append(reading)
    run.n_steps_taken += 1
    return reading


def close_epoch(run: Run) -> list[Finding]:
    """Score the epoch, move the schedule, and ask the detectors of epochs."""
    state = run.state
    patience = run.settings.patience
    score = score_epoch(state, run.history, run.monitor.needs, patience)
    is_due = is_time_to_look(state, patience)
    run.history.add_score(score)
    step_schedule(run, score.validation_loss)
    run.flush()
    run.emit(
        EpochEnded(
            attempt=run.history.attempt,
            is_trial=run.is_trial,
            score=score,
            n_epochs_since_best=state.progress.n_epochs_since,
        )
    )
    state.epoch, state.batch, state.position = state.epoch + 1, 0, 0
    ask_to_stop(run)
    found = look(run, "epoch") if is_due else []
    if not found and not run.is_trial:
        remember_good(run)
    return found


def pause(run: Run) -> bool:
    """Do in a long epoch what need not wait for its end; tell whether to stop."""
    run.monitor.keep_lines_fresh()
    if not run.is_trial:
        remember_good(run)
    run.save(run)
    return ask_to_stop(run)


def remember_good(run: Run) -> None:
    """Keep this moment to roll back to, unless the last one is recent enough."""
    is_due = run.state.step - run.medic.last_good.step >= STEPS_BETWEEN_GOOD
    if is_due and math.isfinite(run.history.last("loss", 1)[0]):
        run.medic.remember_good()


def step_schedule(run: Run, validation_loss: float) -> None:
    """Move the schedule on; one that raises, or gives no rate, is left out."""
    schedule, groups = run.state.schedule, run.state.optimizer.param_groups
    if schedule is None:
        return
    before = [group["lr"] for group in groups]
    try:
        if isinstance(schedule, ReduceLROnPlateau):
            schedule.step(validation_loss)
        else:
            schedule.step()
        check_rates(run.state.optimizer)
    except Exception as error:
        run.state.schedule = None
        for group, rate in zip(groups, before, strict=True):
            group["lr"] = rate
        message = f"{type(error).__name__}: {error}; the rate stays {run.state.learning_rate:.2g}"
        run.speak(
            PartFailed(
                part="schedule", message=message, epoch=run.state.epoch, step=run.state.step
            )
        )


def look(run: Run, stage: Stage, only: str = "") -> list[Finding]:
    """Ask the detectors of a stage, or one; during a trial or a refusal nobody."""
    if run.is_trial or run.is_refused:
        return []
    found = run.monitor.look(stage, only)
    rest = run.state.step + REST_EPOCHS * run.plan.steps_per_epoch
    for finding in found:
        run.monitor.rest(finding.problem, rest)
    return found


def treat(run: Run, found: list[Finding]) -> None:
    """Hand the findings that may be acted on to the medic, worst first."""
    for finding in found:
        problem = run.monitor.problems[finding.problem]
        may_act = run.settings.repair and problem.key not in run.settings.switched_off
        kept = None
        if may_act and finding.is_alarm and not problem.remedies:
            say_unresolved(run, problem, finding)
        is_worth_it = problem.is_worth_a_trial(run.state)
        if may_act and finding.is_alarm and is_worth_it and not run.is_cancelled:
            run.flush()
            kept = run.medic.treat(problem, finding)
            run.flush()
        if kept is None and not run.state.flat.is_finite():
            run.is_beyond_repair = True
        if kept is not None:
            describe_anew(run)
        rest = run.state.step + REST_EPOCHS * run.plan.steps_per_epoch
        was_in_vain = may_act and kept is None and "batch" not in problem.stages
        run.monitor.rest(problem.key, max(rest, 2 * run.state.step) if was_in_vain else rest)
        if kept is not None or run.is_refused:
            break  # the others were found on a branch that is no more


def describe_anew(run: Run) -> None:
    """Describe the rows again where a treatment changed them, or what they are for."""
    described = run.described_now()
    if any(a is not b for a, b in zip(described, run.described, strict=True)):
        run.data, run.described = describe_data(run.state), described


def treat_postponed(run: Run) -> None:
    """Ask again about ills whose trial another one cut short, now that it is cured."""
    if not run.medic.postponed or not any(trial.kept for trial in run.medic.trials):
        return
    run.network = measure_network(run.state)
    for key in sorted(run.medic.postponed):
        run.medic.postponed.discard(key)
        run.monitor.rest(key, 0)
        found = look(run, "before", key)
        if not found:
            run.medic.overcome.add(key)
        treat(run, found)


def say_unresolved(run: Run, problem: Problem, finding: Finding) -> None:
    """Say in words what no remedy is known for, and whether training is refused."""
    run.is_refused = run.is_refused or (problem.refuses and finding.severity == "critical")
    if problem.is_always_treated or problem.key in run.medic.unresolved:
        return
    message = f"{problem.title}: {finding.message} {problem.advice}"
    run.medic.unresolved[problem.key] = message
    run.speak(
        ProblemUnresolved(
            problem=problem.key, epoch=finding.epoch, step=finding.step, message=message
        )
    )


def advance_trial(run: Run, until_step: int) -> None:
    """Train one branch of a trial; nobody treats, and a dead branch ends early."""
    run.is_trial = True
    try:
        while run.state.step < until_step and not run.is_cancelled:
            advance(run, until_step)
            if not run.state.flat.is_finite():
                break
    finally:
        run.flush()
        run.is_trial = False


def ask_to_stop(run: Run) -> bool:
    """Ask the caller whether to stop; once told so, the answer stays."""
    run.is_cancelled = run.is_cancelled or bool(run.should_stop())
    return run.is_cancelled


def why_stop(run: Run) -> str:
    """Return why the run ends now; empty while it goes on."""
    patience, progress = run.settings.patience, run.state.progress
    if run.is_cancelled:
        return "cancelled"
    if run.is_beyond_repair or run.is_refused:
        return "refused" if run.is_refused else "beyond_repair"
    if run.state.epoch >= (run.state.knobs.max_epochs or run.settings.max_epochs):
        return "all_epochs_trained"
    if patience is not None and progress.n_epochs_since >= patience:
        return "early_stopping"
    return "budget_spent" if run.n_steps_spent >= run.step_budget else ""
