"""One study, from labelled setups to a verdict."""

from dataclasses import dataclass, field
from typing import Any

from ml_training.core.events import Emit, Event, Place, ShouldStop, never, say_nothing
from ml_training.core.fit import fit
from ml_training.core.result import FitResult
from ml_training.data.labelled import LabelledSet
from ml_training.data.quality import Quality, assess_quality
from ml_training.evaluation.circumstances import Circumstances, Coverage
from ml_training.evaluation.outcomes import Evaluation
from ml_training.evaluation.verdict import Verdict, judge
from ml_training.study import page
from ml_training.study.announce import tell_collected, tell_quality, tell_transfer
from ml_training.study.blocks import Blocks, cut_blocks
from ml_training.study.candidates import Candidate, prepare_candidates
from ml_training.study.choosing import MOST_FOR_BASE, choose_served
from ml_training.study.diagnostics import diagnose
from ml_training.study.fitting import ALL_NAMES
from ml_training.study.leak_alarm import name_leaks
from ml_training.study.models import BASE_RATE, NETWORK, TRANSFER
from ml_training.study.naming import name_in_event, name_in_result
from ml_training.study.narrator import Narrator
from ml_training.study.pairs import list_pairs
from ml_training.study.progress import Listen, Progress, ignore
from ml_training.study.result import Study, find_evaluation
from ml_training.study.saving import Saving
from ml_training.study.serving import ServedModel
from ml_training.study.settings import StudySettings
from ml_training.study.stretches import measure_stretches
from ml_training.study.transfer import TransferPlan, check_trainable, plan_study_transfer
from ml_training.study.transferred import Transferred, measure_gain, train_transferred
from ml_training.study.walk_forward import (
    NOT_WALKED,
    QUICK,
    Walked,
    reconsider,
    walk_study_forward,
)

YEAR_S = 365.25 * 86_400


def run_study(
    dataset: LabelledSet,
    settings: StudySettings,
    *,
    emit: Emit = say_nothing,
    should_stop: ShouldStop = never,
    listen: Listen = ignore,
    saving: Saving | None = None,
) -> Study:
    """Train on setups, judge on setups never seen, and say what the model is worth.

    Parameters
    ----------
    dataset : LabelledSet
        All labelled setups of a strategy, in time order.
    settings : StudySettings
        Choices of the caller.
    emit : callable
        Hears every event of the engine.
    should_stop : callable
        Asked now and then; True ends training with the best model so far.
    listen : callable
        Hears the announced steps in words.
    saving : Saving or None
        How the training is kept while it goes on, and where it goes on from.

    Returns
    -------
    Study
        With a model that can be used, whatever the verdict.

    Raises
    ------
    DataError
        When there are no setups, too few, or one class only; the hint says what to do.

    Notes
    -----
    Everything is fitted on train and validation, and the whole procedure is walked
    forward, each step from its own past; the verdict rests on all that was said on the
    way. The test block is opened once, after the model to serve has been chosen.
    """
    ground = _prepare(dataset, settings, listen)
    narrator = Narrator(ground.transfer, settings.train, listen)
    fitted = _train(
        ground.blocks, settings, narrator, emit=emit, should_stop=should_stop, saving=saving
    )
    blocks = ground.blocks
    if ground.transfer.base is not None:
        listen(Progress(step=5, doing="Training from the base model"))
    transferred = train_transferred(
        ground.transfer, blocks, settings.train, should_stop=should_stop
    )
    listen(Progress(step=5, doing="Fitting models to compare with"))
    candidates = prepare_candidates(
        blocks.train,
        blocks.validation,
        settings.train,
        {NETWORK: fitted} | ({} if transferred is None else {TRANSFER: transferred}),
        names=_choose_names(ground.transfer, settings),
        beat=should_stop,
    )
    choice = choose_served(
        candidates,
        blocks.validation,
        seed=settings.train.seed,
        prefers_base=ground.transfer.is_pooled
        and len(blocks.train) + len(blocks.validation) <= MOST_FOR_BASE,
    )
    walked = walk_study_forward(dataset, settings, should_stop=should_stop, listen=listen)
    choice = reconsider(choice, candidates, blocks, walked)
    seed = settings.train.seed
    validation = tuple(
        one.evaluate_held_out(blocks.validation, seed=seed) for one in candidates.values()
    )
    test = tuple(one.evaluate(blocks.test, seed=seed) for one in candidates.values())
    leak_found = name_leaks(blocks, fitted, settings)
    verdict = _judge(
        find_evaluation(test, choice.name), dataset, settings, leak_found, walked=walked
    )
    return Study(
        settings=settings,
        dataset=dataset,
        quality=ground.quality,
        transfer=Transferred(
            plan=ground.transfer,
            fitted=transferred,
            gain=measure_gain(candidates, blocks.test, seed=seed),
        ),
        blocks=ground.blocks,
        fitted=fitted,
        choice=choice,
        served=_pack(candidates[choice.name], dataset),
        validation=validation,
        test=test,
        verdict=verdict,
        walked=walked,
        pairs=list_pairs(
            {name: one.model for name, one in candidates.items()}, dataset.feature_names
        ),
        stretches=measure_stretches(dataset, beat=should_stop),
        areas=diagnose(fitted, candidates[NETWORK], ground.blocks),
        story=(*ground.lines, *narrator.write_story(fitted.history.scores)),
    )


@dataclass(frozen=True, eq=False)
class _Ground:
    """What is settled before training, and how it was told."""

    quality: Quality
    blocks: Blocks
    transfer: TransferPlan
    lines: list[str] = field(default_factory=list)


def _prepare(dataset: LabelledSet, settings: StudySettings, listen: Listen) -> _Ground:
    lines: list[str] = []

    def tell(step: int, told: list[str]) -> None:
        lines.extend(told)
        listen(Progress(step=step, lines=tuple(told)))

    if settings.prologue:
        lines.extend(settings.prologue)
    else:
        tell(1, page.open_report(settings.title))
    tell(1, tell_collected(dataset))
    may_have_base = settings.use_transfer_learning and settings.bases is not None
    check_trainable(dataset, settings.candidates, may_have_base=may_have_base)
    quality = assess_quality(dataset, candidates=settings.candidates)
    blocks = cut_blocks(dataset, settings.fractions)
    tell(2, tell_quality(quality, blocks))
    transfer = plan_study_transfer(dataset, blocks, settings)
    if transfer.base is None:
        check_trainable(dataset, settings.candidates, obstacle=transfer.obstacle)
    tell(3, tell_transfer(transfer))
    return _Ground(quality, blocks, transfer, lines)


def _choose_names(plan: TransferPlan, settings: StudySettings) -> frozenset[str]:
    """Return which models to fit beside the networks."""
    usual = QUICK if plan.level == "aggressive" else ALL_NAMES
    return usual if settings.models is None else settings.models


def _train(
    blocks: Blocks,
    settings: StudySettings,
    narrator: Narrator,
    *,
    emit: Emit,
    should_stop: ShouldStop,
    saving: Saving | None,
) -> FitResult:
    train, validation = blocks.train, blocks.validation
    names = train.feature_names

    def hear(event: Event) -> None:
        named = name_in_event(event, names)
        emit(named)
        narrator(named)

    fitted = fit(
        None,
        train.X,
        train.y,
        validation.X,
        validation.y,
        settings=settings.train,
        sample_weight=train.weight,
        emit=hear,
        should_stop=should_stop,
        **_keep_state(saving, narrator),
    )
    return name_in_result(fitted, names)


def _keep_state(saving: Saving | None, narrator: Narrator) -> dict[str, Any]:
    """Return what `fit` is told about keeping its state."""
    if saving is None:
        return {}

    def save(state: bytes, place: Place) -> None:
        saving.save(state, place, narrator.memory())

    if saving.story is not None:
        narrator.remember(saving.story)
    return {"save_state": save, "wants_state": saving.wants, "resume": saving.state}


def _judge(
    test: Evaluation,
    dataset: LabelledSet,
    settings: StudySettings,
    leak_found: str,
    *,
    walked: Walked = NOT_WALKED,
) -> Verdict:
    span_s = int(dataset.t1.max()) - int(dataset.t0.min())
    coverage = Coverage(len(dataset), len(set(dataset.symbol.tolist())), span_s / YEAR_S)
    circumstances = Circumstances(
        is_synthetic=settings.is_synthetic,
        n_openings=settings.n_openings,
        walk=walked.found,
        serves_nothing=test.name == BASE_RATE,
        leak_found=leak_found,
    )
    return judge(test, coverage, circumstances)


def _pack(candidate: Candidate, dataset: LabelledSet) -> ServedModel:
    return ServedModel(
        name=candidate.name,
        model=candidate.model,
        calibration=candidate.calibration,
        threshold=candidate.threshold.value,
        feature_names=dataset.feature_names,
        feature_digest=dataset.feature_digest,
    )
