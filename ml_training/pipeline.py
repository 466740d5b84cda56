"""The public service: from a strategy's id to a served model and its report.

The study, and torch with it, is imported when training starts: a web process may import
this module for its names.
"""

import difflib
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast

from ml_training.data.extent import describe_extent
from ml_training.models import Checkpoint, Instrument, Strategy, TrainingRun
from ml_training.selectors import count_openings, digest_scanned_candles, find_strategy, to_utc
from ml_training.services.audits import audit_features
from ml_training.services.bases import MANY_SETUPS, find_base
from ml_training.services.checkpoints import store_checkpoint
from ml_training.services.choices import describe_settings, read_moment
from ml_training.services.jsonable import to_jsonable
from ml_training.services.leases import Keeper, lease_of
from ml_training.services.resuming import Drain, Saver, drop_states, saving_states
from ml_training.services.reviews import find_candidates
from ml_training.services.runs import close_run, ending, explaining_halt, note_digests, running
from ml_training.services.sessions import Session, TrainOptions
from ml_training.services.setups import ScanProgress, collect_setups
from ml_training.study.page import ALERT, INDENT, mark, open_report
from ml_training.study.profile import attach_profile, describe_training
from ml_training.study.progress import Listen, Progress

if TYPE_CHECKING:
    from ml_training.core.settings import TrainSettings
    from ml_training.data.labelled import LabelledSet
    from ml_training.study.base_model import BaseModel
    from ml_training.study.result import Study
    from ml_training.study.settings import StudySettings

Moment = datetime | date | None
Period = tuple[datetime | None, datetime | None]

TRAIN_NAMES = {
    "epochs": "max_epochs",
    "batch_size": "batch_size",
    "learning_rate": "learning_rate",
    "device": "device",
    "seed": "seed",
}
"""Options of the pipeline by the name the engine gives them."""


class MLTrainingPipeline:
    """Train strategies: one call per run, one row per call."""

    def train_strategy_model(
        self,
        strategy_id: int | str,
        start_date: Moment = None,
        end_date: Moment = None,
        **options: Unpack[TrainOptions],
    ) -> dict[str, Any]:
        """Train the strategy's model, judge it on unseen setups, save it, and report.

        Parameters
        ----------
        strategy_id : int or str
            Id of a `Strategy`, or its name.
        start_date, end_date : datetime, date or None
            Setups enter from `start_date` on and are decided by `end_date`; without a
            time zone UTC is meant, None takes all candles there are.
        **options
            `epochs`, `batch_size`, `learning_rate`, `device` ("auto", "cpu", "cuda"),
            `seed`, `use_transfer_learning`; `progress`: True writes lines to standard
            output, a callable hears each `Progress`; `should_stop`: asked now and then.

        Returns
        -------
        dict
            JSON-able, and stored in the `TrainingRun` row; see `describe_study`.

        Raises
        ------
        DataError
            When there is no such strategy, or its setups cannot be trained on. The row
            ends `failed` with the message and the hint.
        RunCanceledError
            When somebody canceled the run from elsewhere.
        TypeError
            When an option does not exist.

        Notes
        -----
        The same seed, settings and candles give the same model and report, times apart.
        """
        _refuse_unknown(options)
        strategy = find_strategy(strategy_id)
        dates = {"start_date": to_utc(start_date), "end_date": to_utc(end_date)}
        asked = describe_settings({**options, **dates})
        with explaining_halt(), running(strategy, asked) as run:
            return _train(Session(run, options, Keeper(lease_of(run))))


def train_claimed_run(
    run: TrainingRun, keep: Callable[[], None], listen: Listen, drain: Drain | None = None
) -> None:
    """Train a run that this process has claimed, as its row says, and end it.

    Parameters
    ----------
    run : TrainingRun
        Read under its lease.
    keep : callable
        Called all the time while the training goes on; raises `Halted` to end it.
    listen : callable
        Hears the announced steps in words.
    drain : Drain or None
        Asks for the end of the training here, once its state is saved.

    Raises
    ------
    Exception
        What failed the run, which says so in its row.
    Halted
        When the run was canceled, or goes on elsewhere.
    """
    with ending(run):
        options = {name: run.settings.get(name) for name in TrainOptions.__annotations__}
        chosen = cast("TrainOptions", options | {"progress": listen})
        _train(Session(run, chosen, keep, Saver(run, drain or Drain())))
    drop_states(run)


def _train(session: Session) -> dict[str, Any]:
    """Train a claimed run to its end and return its results."""
    started = time.monotonic()
    run, options = session.run, session.options
    prologue: list[str] = []
    chosen = _choose_training(options)
    dataset = _collect(run, _read_period(run), prologue, session.listen)
    settings = _choose_settings(run, chosen, options, prologue)
    settings = replace(
        settings,
        leaks=audit_features(run.strategy, dataset),
        candidates=find_candidates(run.strategy, dataset, *_read_period(run), beat=session.keep),
        bases=partial(
            _find_base,
            session,
            is_synthetic=settings.is_synthetic,
            makes_first=dataset.n_effective < MANY_SETUPS,
        ),
    )
    study, training_s = _study(session, dataset, settings)
    checkpoint = _store_model(run, study)
    results = _describe(run, study, checkpoint)
    results |= {"training_time_s": training_s, "total_time_s": time.monotonic() - started}
    results["diagnostics_report"] = _report(study, results, session.listen)
    close_run(run, results)
    return results


def _read_period(run: TrainingRun) -> Period:
    start, end = (run.settings.get(name) for name in ("start_date", "end_date"))
    return read_moment(start), read_moment(end)


def _refuse_unknown(options: TrainOptions) -> None:
    known = sorted(TrainOptions.__annotations__)
    for name in sorted(set(options) - set(known)):
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean `{close[0]}`" if close else f"there are {', '.join(known)}"
        raise TypeError(f"train_strategy_model has no option `{name}`; {hint}")


def _collect(
    run: TrainingRun, period: Period, prologue: list[str], listen: Listen
) -> "LabelledSet":
    """Return the setups, scanned where needed, and note what they follow from."""
    strategy = run.strategy
    prologue += open_report(_name(strategy))
    listen(Progress(step=1, lines=tuple(prologue)))

    def hear(scan: ScanProgress) -> None:
        note = mark(ALERT, f"{scan.symbol}: {scan.note}") if scan.note else []
        prologue.extend(note)
        line = (
            f"{INDENT}[{scan.number}/{scan.n_scans}] {scan.symbol} {scan.timeframe}: "
            f"{scan.n_labelled:,} setups in {scan.n_bars:,} bars"
        )
        listen(Progress(step=1, lines=(line, *note), done=scan.number, total=scan.n_scans))

    dataset = collect_setups(strategy, *period, progress=hear)
    note_digests(
        run,
        candles=digest_scanned_candles(strategy),
        setups=dataset.digest(),
        feature=dataset.feature_digest,
    )
    return dataset


def _study(
    session: Session, dataset: "LabelledSet", settings: "StudySettings"
) -> tuple["Study", float]:
    """Run the study and return it with the seconds it took."""
    from ml_training.study.run import run_study  # noqa: PLC0415 - imports torch

    started = time.monotonic()
    try:
        with saving_states(session.saver):
            study = run_study(
                dataset,
                settings,
                emit=session.emit,
                should_stop=session.should_stop,
                listen=session.listen,
                saving=session.choose_saving(),
            )
        session.recorder.finish()
    finally:
        session.recorder.try_flush()
    return study, time.monotonic() - started


def _choose_training(options: TrainOptions) -> "TrainSettings":
    """Return the engine's settings; what is impossible is refused before any scan."""
    from ml_training.core.settings import TrainSettings  # noqa: PLC0415 - imports torch
    from ml_training.study.settings import MAX_EPOCHS  # noqa: PLC0415

    chosen: dict[str, Any] = {"max_epochs": MAX_EPOCHS, "device": "auto"}
    for option, name in TRAIN_NAMES.items():
        if options.get(option) is not None:
            chosen[name] = options.get(option)
    return TrainSettings(**chosen)


def _choose_settings(
    run: TrainingRun, chosen: "TrainSettings", options: TrainOptions, prologue: list[str]
) -> "StudySettings":
    from ml_training.study.settings import StudySettings  # noqa: PLC0415 - imports torch

    strategy = run.strategy
    instruments = Instrument.objects.filter(symbol__in=strategy.symbols)
    origins = instruments.values_list("is_synthetic", flat=True)
    return StudySettings(
        title=_name(strategy),
        train=chosen,
        is_synthetic=set(origins) == {True},
        n_openings=count_openings(run),
        use_transfer_learning=options.get("use_transfer_learning") is not False,
        prologue=tuple(prologue),
    )


def _find_base(
    session: Session, until: int, *, is_synthetic: bool, makes_first: bool
) -> "BaseModel":
    """Return a base model for a run; to refit one takes some seconds."""
    session.recorder.tell("Looking for a base model")
    return find_base(until, is_synthetic=is_synthetic, makes_first=makes_first, beat=session.keep)


def _name(strategy: Strategy) -> str:
    return f"STRATEGY {strategy.pk}: {strategy.name}"


def _store_model(run: TrainingRun, study: "Study") -> Checkpoint:
    """Save the served model as the run's best checkpoint."""
    from ml_training.study.lineage import describe_lineage  # noqa: PLC0415 - imports torch

    scores = study.fitted.history.scores
    best = max((score.epoch for score in scores if score.is_best), default=0)
    with tempfile.TemporaryDirectory(prefix="model_") as folder:
        path = Path(folder) / "model.zip"
        study.served.save(path)
        attach_profile(path, describe_training(study.blocks.train))
        return store_checkpoint(
            run,
            Checkpoint.Kind.BEST,
            path,
            epoch=best,
            meta={
                "served": study.choice.name,
                "verdict": study.verdict.key,
                "data": describe_lineage(study),
            },
        )


def _describe(run: TrainingRun, study: "Study", checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the results that do not depend on the clock."""
    from ml_training.study.results import describe_study  # noqa: PLC0415 - imports torch

    described: dict[str, Any] = to_jsonable(describe_study(study))
    return {
        **described,
        "setups_by_market": describe_extent(study.dataset),
        "strategy_id": run.strategy_id,
        "run_id": str(run.pk),
        "model_path": _locate(checkpoint),
        "model_sha256": checkpoint.sha256,
    }


def _locate(checkpoint: Checkpoint) -> str:
    """Return the path of the model, or its name where the storage is not a folder."""
    try:
        return str(checkpoint.file.path)
    except NotImplementedError:
        return str(checkpoint.file.name)


def _report(study: "Study", results: dict[str, Any], listen: Listen) -> str:
    """Return the whole report, and tell the part that was not told on the way."""
    from ml_training.study.report import (  # noqa: PLC0415 - imports torch
        write_closing,
        write_ending,
        write_report,
    )

    last = {"model_path": results["model_path"], "seconds": results["total_time_s"]}
    listen(Progress(step=6, lines=(*write_ending(study), *write_closing(study, **last))))
    return write_report(study, **last)
