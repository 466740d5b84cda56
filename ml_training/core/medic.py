"""Try a remedy beside doing nothing, judge it on held-out rows, keep it or undo it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ml_training.core.events import (
    BranchShown,
    Emit,
    HistoryRewound,
    PartFailed,
    ProblemUnresolved,
    TrialJudged,
    TrialStarted,
)
from ml_training.core.facts import PlanFacts
from ml_training.core.findings import Change, Effect, Finding, Problem, Remedy, Trial
from ml_training.core.history import Branch, RunHistory
from ml_training.core.scores import Evaluation, evaluate
from ml_training.core.state import Snapshot, TrainingState
from ml_training.core.structure import put_back
from ml_training.core.verdicts import (
    is_score_better,
    is_score_ruined,
    judge,
    measure_score_tolerance,
    measure_tolerance,
)

FEWEST_STEPS = 100  # chosen: AdamW moves a weight by about 100 rates, enough to see
WATCHED_PART = 0.125  # of the plan; chosen: three branches then cost a third of it
FEWEST_LOSSES = 0.5  # chosen: a branch that skips every other batch does not train
RECENT_STEPS = 50  # chosen: their median shows where the loss stands
FEWEST_BATCHES = 20  # chosen: the median of fewer is a few batches' luck
RECENT_EPOCHS = 10  # chosen: their ups and downs show what one epoch more or less does


UNKNOWN = Evaluation(float("nan"), float("nan"), np.full(1, np.nan))


@dataclass(frozen=True, eq=False)
class Outcome:
    """Hold where one branch ended: its state, its readings, its judgement."""

    snapshot: Snapshot
    branch: Branch
    evaluation: Evaluation


class Medic:
    """Treat findings by trials; one at a time, within a budget of steps.

    Parameters
    ----------
    state : TrainingState
        The patient.
    history : RunHistory
        Rewound for every trial.
    emit : callable
        Hears of trials and verdicts.
    advance : callable
        ``until_step -> None``; trains on, without treating, and may stop early when
        the branch is dead or the run was cancelled.
    may_spend : callable
        ``n_steps -> bool``; whether the budget allows as many more, those that the plan
        takes after the trial among them.
    plan : PlanFacts
        To turn epochs of watching into steps, and to know the end.
    naive_loss : float
        Loss of the best constant prediction; NaN when it is not known.
    is_cured : callable
        ``Problem -> bool``; whether the branch shown now is rid of it.
    """

    def __init__(  # noqa: PLR0913 - its ears and hands, each a plain function
        self,
        state: TrainingState,
        history: RunHistory,
        *,
        emit: Emit,
        advance: Callable[[int], None],
        may_spend: Callable[[int], bool],
        plan: PlanFacts,
        naive_loss: float,
        is_cured: Callable[[Problem], bool] = lambda problem: True,
    ) -> None:
        self.state = state
        self.history = history
        self.trials: list[Trial] = []
        self.unresolved: dict[str, str] = {}
        self.beginning = self.last_good = state.snapshot()
        self._emit = emit
        self._advance = advance
        self._may_spend = may_spend
        self._plan = plan
        self._naive_loss = naive_loss
        self._is_cured = is_cured
        self._latest = Outcome(self.last_good, history.branch(), UNKNOWN)
        self.postponed: set[str] = set()
        self.overcome: set[str] = set()
        self._is_balanced = False
        self._must_learn = False

    def remember_good(self) -> None:
        """Keep this moment as the one to roll back to."""
        self.last_good = self.state.snapshot()

    def treat(self, problem: Problem, finding: Finding) -> Trial | None:
        """Try the remedies of a problem, mildest first; return the trial that was kept.

        The branch without treatment runs first, to the same step every repaired branch
        will reach; when nothing helps, training goes on from its end. A remedy that
        helped without curing is kept, and the next must do better than it did.
        """
        watch = self._steps_to_watch(problem)
        until = max(self.state.step, min(self.state.step + watch, self._plan.planned_steps))
        self._is_balanced = problem.is_judged_balanced or self.state.knobs.is_balanced
        self._must_learn = problem.stages == ("before",)
        here = Outcome(self.state.snapshot(), self.history.branch(), UNKNOWN)
        was_alive = not self.is_dead(finding)
        untreated = best = self._leave_alone(finding, until)
        if problem.extends:  # left alone it would have ended; repaired it need not
            until = self.state.step + watch
        died_later = was_alive and self._met_trouble(here.snapshot.step)
        if died_later and problem.yields:
            self._go_back(here)
            self.postponed.add(problem.key)
            return None
        kept = None
        for remedy in problem.remedies:
            trial = self._try(remedy, finding, here=here.snapshot, until=until, untreated=best)
            if trial is not None and trial.kept:
                kept, best = trial, self._latest
                if self._is_cured(problem):
                    break
        if kept is not None:
            self._keep(problem, best)
            return kept
        died_later = died_later or (was_alive and not np.isfinite(untreated.evaluation.loss))
        self._give_up(problem, finding, here if died_later else untreated)
        return None

    def _steps_to_watch(self, problem: Problem) -> int:
        """Return how long both branches of a trial run on: a small part of the plan."""
        if not problem.watch_epochs:  # what needs no training is judged as it stands
            return 0
        watch = problem.watch_epochs * self._plan.steps_per_epoch
        if not problem.extends:
            part = WATCHED_PART * self._plan.planned_steps
            watch = min(watch, max(part, self._plan.steps_per_epoch))
        return round(max(watch, FEWEST_STEPS))

    def _keep(self, problem: Problem, outcome: Outcome) -> None:
        """Go on from the end of a branch that helped."""
        self.state.restore(outcome.snapshot)  # the next remedy, tried or not, began elsewhere
        if self.history.attempt != outcome.branch.attempt:  # a later one was worse
            self.history.show(outcome.branch)
            self._emit(BranchShown(attempt=self.history.attempt, step=self.state.step))
        self.unresolved.pop(problem.key, None)
        self.last_good = self.state.snapshot()

    def _leave_alone(self, finding: Finding, until: int) -> Outcome:
        """Run the branch without treatment; a dead one needs no running."""
        was_dead = self.is_dead(finding)
        from_step = self.state.step
        if not was_dead:
            self._advance(until)
        return self._outcome(is_dead=was_dead or self._has_died(from_step))

    def is_dead(self, finding: Finding) -> bool:
        """Tell whether a branch cannot go on: weights gone, or a raised error."""
        return bool(finding.evidence.get("raised")) or not self.state.flat.is_finite()

    def _met_trouble(self, from_step: int) -> bool:
        """Tell whether a branch met a batch that was not finite, and took it."""
        n_steps = self.state.step - from_step
        losses = self.history.last("loss", n_steps)[: max(n_steps, 0)]
        skipped = self.history.last("skipped", n_steps)[: max(n_steps, 0)]
        return not bool((np.isfinite(losses) | (skipped > 0)).all())

    def _has_died(self, from_step: int) -> bool:
        """Tell whether the branch led nowhere since a step: no weights, no losses."""
        losses = self.history.last("loss", max(self.state.step - from_step, 1))
        is_silent = len(losses) > 0 and np.isfinite(losses).mean() < FEWEST_LOSSES
        return is_silent or not self.state.flat.is_finite()

    def _try(
        self, remedy: Remedy, finding: Finding, *, here: Snapshot, until: int, untreated: Outcome
    ) -> Trial | None:
        start = {"last_good": self.last_good, "here": here, "beginning": self.beginning}
        origin = start[remedy.start]
        to_the_end = max(self._plan.planned_steps - until, 0)
        if not self._may_spend(until - origin.step + to_the_end):
            return None
        started = time.perf_counter()
        self.state.restore(origin)
        change = self._apply(remedy, finding)
        if change is None:
            return None
        treated_origin = self.state.snapshot()
        self._announce(remedy, finding, origin.step)
        self._advance(until)
        treated = self._latest = self._outcome(is_dead=self._has_died(origin.step))
        trial = self._judge(
            remedy,
            finding,
            change=change,
            from_step=origin.step,
            outcomes=(untreated, treated),
            seconds=time.perf_counter() - started,
        )
        if trial.kept and remedy.start == "beginning":
            self.beginning = treated_origin  # later restarts keep this treatment
        self.trials.append(trial)
        self._emit(TrialJudged(trial=trial))
        return trial

    def _apply(self, remedy: Remedy, finding: Finding) -> Change | None:
        """Apply a remedy; None when it objects or raises."""
        try:
            if remedy.objection(self.state):
                return None
            return remedy.apply(self.state, finding)
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            part = f"remedy {remedy.key}"
            self._emit(
                PartFailed(part=part, message=message, epoch=finding.epoch, step=finding.step)
            )
            return None

    def _announce(self, remedy: Remedy, finding: Finding, to_step: int) -> None:
        self.history.rewind_to(to_step)
        self._emit(
            HistoryRewound(from_step=finding.step, to_step=to_step, attempt=self.history.attempt)
        )
        self._emit(
            TrialStarted(
                problem=finding.problem,
                remedy=remedy.key,
                title=remedy.title,
                epoch=finding.epoch,
                step=finding.step,
            )
        )

    def _outcome(self, *, is_dead: bool) -> Outcome:
        """Evaluate what this branch would hand out if it ended now: its best model."""
        state, here = self.state, self.state.snapshot()
        evaluation = UNKNOWN
        if not is_dead:
            if state.progress.best is not None:
                put_back(state.progress.best)
            rows, chunk = state.data.judging, state.knobs.batch_size
            evaluation = evaluate(
                state.model,
                state.objective,
                rows,
                chunk=chunk,
                is_balanced=self._is_balanced,
                in_first_units=True,
            )
            state.restore(here)
        if state.objective.is_never_negative and evaluation.loss < 0:
            evaluation = UNKNOWN  # what it took for probabilities were none
        return Outcome(here, self.history.branch(), evaluation)

    def _judge(
        self,
        remedy: Remedy,
        finding: Finding,
        *,
        change: Change,
        from_step: int,
        outcomes: tuple[Outcome, Outcome],
        seconds: float,
    ) -> Trial:
        untreated, treated = outcomes
        data = self.state.data
        tolerance = self._tolerance(untreated.evaluation, treated.evaluation)
        verdict = judge(
            untreated.evaluation.loss,
            treated.evaluation.loss,
            tolerance=tolerance,
            naive_loss=self._naive_loss,
            must_learn=self._must_learn,
        )
        if verdict == "no_effect" and is_score_better(untreated.evaluation, treated.evaluation):
            verdict = "helped"
        if verdict == "helped" and is_score_ruined(untreated.evaluation, treated.evaluation):
            verdict = "harmed"
        is_free = verdict == "no_effect" and getattr(remedy, "free_for", "") == finding.problem
        return Trial(
            problem=finding.problem,
            remedy=remedy.key,
            change=change,
            epoch=finding.epoch,
            step=finding.step,
            from_step=from_step,
            to_step=self.state.step,
            verdict=verdict,
            effect=Effect(
                loss_without=untreated.evaluation.loss,
                loss_with=treated.evaluation.loss,
                score_without=untreated.evaluation.score,
                score_with=treated.evaluation.score,
                tolerance=tolerance,
                n_rows=len(data.judging),
                is_independent=data.raw_judging is not data.raw_stopping,
                score_tolerance=measure_score_tolerance(untreated.evaluation, treated.evaluation),
            ),
            kept=verdict == "helped" or is_free,
            attempt=treated.branch.attempt,
            attempt_without=untreated.branch.attempt,
            seconds=seconds,
        )

    def _tolerance(self, untreated: Evaluation, treated: Evaluation) -> float:
        losses = np.array([s.validation_loss for s in self.history.scores[-RECENT_EPOCHS:]])
        if self.state.objective.target_scale != self.state.objective.first_scale and len(losses):
            losses *= treated.loss / np.median(losses)  # units that the judgement is in
        return measure_tolerance(untreated, treated, losses)

    def _give_up(self, problem: Problem, finding: Finding, outcome: Outcome) -> None:
        """Go back to the branch without treatment, and say so once.

        When that branch died of something else later, go back to the finding: training
        runs into the other problem again, this time with the detectors awake.
        """
        self._go_back(outcome)
        if self._has_passed(problem, finding):
            self.overcome.add(problem.key)
            return
        if problem.is_always_treated or problem.key in self.unresolved:
            return
        message = f"{problem.title}: nothing that was tried helped. {problem.advice}".strip()
        self.unresolved[problem.key] = message
        self._emit(
            ProblemUnresolved(
                problem=problem.key, epoch=finding.epoch, step=finding.step, message=message
            )
        )

    def _has_passed(self, problem: Problem, finding: Finding) -> bool:
        """Tell whether a bad batch left no trace on the branch without treatment."""
        if "batch" not in problem.stages:
            return False
        steps, losses = self.history.last("step"), self.history.last("loss")
        before = losses[steps < finding.step][-RECENT_STEPS:]
        after = losses[steps > finding.step][-RECENT_STEPS:]
        if min(len(before), len(after)) < FEWEST_BATCHES:
            return False
        return bool(np.isfinite(after).all() and np.median(after) <= np.median(before))

    def _go_back(self, outcome: Outcome) -> None:
        """Show a branch again, as it stood."""
        self.state.restore(outcome.snapshot)
        self.history.show(outcome.branch)
        self._emit(BranchShown(attempt=self.history.attempt, step=self.state.step))
