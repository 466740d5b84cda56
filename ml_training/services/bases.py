"""Base models: trained, stored, found again, and refitted where none may be used.

A base model may be used only where all that is judged lies after what it learned. Most
runs ask for a moment that the stored ones know too much about, so a base is refitted up
to it, stored, and found by the next run.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ml_training.data.presets import PRESETS
from ml_training.data.timeframes import WEEK_S
from ml_training.errors import DataError
from ml_training.models import Checkpoint, Instrument
from ml_training.selectors import find_instrument
from ml_training.services.bases_pool import (
    PoolProgress,
    digest_before,
    gather_setups,
    list_series,
)
from ml_training.services.bases_stored import find_same, judge_stored
from ml_training.services.checkpoints import StorageError, read_checkpoint, store
from ml_training.services.jsonable import to_jsonable
from ml_training.services.market import to_datetime

if TYPE_CHECKING:
    from ml_training.study.base_model import BaseModel

SUFFIX = ".safetensors"
MANY_SETUPS = 300
"""Effective setups from which on a strategy learns on its own (design): its runs do not
wait for a first base model to be made, which takes longer than they do."""

MONDAY_S = 4 * 24 * 3600  # the epoch began on a Thursday
Tell = Callable[[PoolProgress], None]


@dataclass(frozen=True, kw_only=True)
class BaseRequest:
    """What a base model is to learn from; None and empty mean everything.

    `by` says who asks: "command" for a person, "run" for a training.
    """

    presets: tuple[str, ...] = tuple(PRESETS)
    until: datetime | None = None
    symbols: tuple[str, ...] = ()
    timeframes: tuple[str, ...] | None = None
    is_synthetic: bool | None = None
    by: str = "command"


def train_base_model(request: BaseRequest, tell: Tell = lambda _: None) -> Checkpoint:
    """Train a base model and store it; return the stored one when it is the same.

    Raises `DataError` when there are no candles or too few setups. Imports torch, so no
    web process may call it.
    """
    base, meta = fit_base_model(request, tell)
    return store_base(base, meta)


def fit_base_model(
    request: BaseRequest, tell: Tell = lambda _: None
) -> "tuple[BaseModel, dict[str, Any]]":
    """Train a base model; return it with what is stored beside it."""
    from ml_training.study.base import train_base  # noqa: PLC0415 - imports torch

    instruments = choose_instruments(request)
    series = list_series(instruments, request.timeframes)
    if not series:
        raise DataError(
            f"there are no candles at {', '.join(request.timeframes or ())}"
            if request.timeframes
            else "there are no candles in the database",
            hint="Import some with `manage.py import_candles`.",
        )
    dataset, pool = gather_setups(series, request.presets, request.until, tell=tell)
    if dataset is None:
        raise DataError(
            f"{say_presets(request.presets)} found no setup{say_until(request.until)}",
            hint="Import more history, symbols or timeframes, or choose other presets.",
        )
    until_s = None if request.until is None else int(request.until.timestamp())
    base = train_base(dataset, presets=request.presets, until=until_s)
    base = replace(base, name=name_base(request.presets, base.day))
    trained_until = to_datetime(base.trained_until)
    meta = {
        **base.describe(),
        "is_synthetic": instruments[0].is_synthetic,
        "n_found": pool.n_found,
        "n_bars": pool.n_bars,
        "by": request.by,
        "candles_digest": digest_before(series, trained_until),
        "series": [[one.instrument.symbol, one.timeframe] for one in series],
    }
    del meta["feature_names"]  # the digest says as much
    return base, to_jsonable(meta)


def choose_instruments(request: BaseRequest) -> list[Instrument]:
    """Return the instruments to learn from: real or synthetic ones, never both."""
    if request.symbols:
        chosen = [find_instrument(symbol) for symbol in request.symbols]
    else:
        chosen = list(Instrument.objects.filter(chunks__isnull=False).distinct())
        origins = {one.is_synthetic for one in chosen}
        wanted = request.is_synthetic
        wanted = (False not in origins) if wanted is None else wanted
        chosen = [one for one in chosen if one.is_synthetic == wanted]
    if len({one.is_synthetic for one in chosen}) > 1:
        raise DataError(
            "a base model learns from real candles or from synthetic ones, never from both",
            hint="Name symbols of one kind.",
        )
    if not chosen:
        raise DataError(
            "there are no candles in the database",
            hint="Import some with `manage.py import_candles`.",
        )
    return chosen


def store_base(base: "BaseModel", meta: dict[str, Any]) -> Checkpoint:
    """Store a base model, unless the same one is stored and whole already.

    Two workers that refit the same base at once store it twice at worst, and either is
    good.
    """
    from ml_training.study.base import write_base  # noqa: PLC0415 - imports torch

    same = find_same(meta)
    if same is not None:
        return same
    checkpoint = Checkpoint(kind=Checkpoint.Kind.BASE, meta=meta)
    return store(checkpoint, io.BytesIO(write_base(base)), SUFFIX)


def find_base(
    until: int,
    *,
    is_synthetic: bool,
    makes_first: bool = True,
    beat: Callable[[], None] = lambda: None,
) -> "BaseModel":
    """Return a base model that learned from nothing that ends after a moment.

    The newest stored one that fits, else one refitted up to the Monday before; its
    `note` says why. A run that is done again finds what was refitted for it, and the
    same note. Raises `DataError` when there are too few setups before, and where none
    is stored at all and `makes_first` is False.
    """
    moment = to_datetime(until)
    passed, broken = [], []
    for checkpoint, reason in judge_stored(moment, is_synthetic=is_synthetic):
        if reason:
            passed.append(reason)
            continue
        try:
            base = open_base(checkpoint, until)
        except DataError as error:
            broken.append(f"{checkpoint} was refused: {error.args[0]}")
            continue
        meta = checkpoint.meta
        note = "; ".join(filter(None, [*broken, str(meta.get("why", ""))]))
        return replace(base, id=checkpoint.pk, note=note, is_refitted=meta.get("by") == "run")
    if not (passed or broken or makes_first):
        raise DataError(
            "none is stored, and with so many setups none is made for a run",
            hint="`manage.py train_base_model` makes one.",
        )
    try:
        return refit(moment, [*broken, *passed], is_synthetic=is_synthetic, beat=beat)
    except DataError as error:
        told = "; ".join([str(error.args[0]), *broken])
        raise DataError(told, hint=error.hint) from error


def open_base(checkpoint: Checkpoint, until: int) -> "BaseModel":
    """Return a stored base model, verified; raise `DataError` when it is not fit."""
    from ml_training.study.base import read_base  # noqa: PLC0415 - imports torch

    return read_base(read_checkpoint(checkpoint), before=until)


def refit(
    moment: datetime, refused: Sequence[str], *, is_synthetic: bool, beat: Callable[[], None]
) -> "BaseModel":
    """Train a base model up to the Monday before a moment, and store it if possible."""
    request = BaseRequest(until=last_monday(moment), is_synthetic=is_synthetic, by="run")
    base, meta = fit_base_model(request, lambda _: beat())
    beat()
    note = f"Refitted up to {base.day}, because {say_refused(refused)}"
    try:
        checkpoint = store_base(base, {**meta, "why": note})
    except StorageError as error:
        return replace(base, is_refitted=True, note=f"{note}. It was not kept: {error.args[0]}")
    return replace(base, id=checkpoint.pk, is_refitted=True, note=note)


def last_monday(moment: datetime) -> datetime:
    """Return the Monday at or before a moment, so that neighbours share a base."""
    seconds = int(moment.timestamp())
    return to_datetime(seconds - (seconds - MONDAY_S) % WEEK_S)


def say_refused(refused: Sequence[str]) -> str:
    """Say why no stored base model was used."""
    return "; ".join(dict.fromkeys(refused)) or "none was stored"


def name_base(presets: Sequence[str], day: str) -> str:
    """Return what a base model is called.

    Examples
    --------
    >>> name_base(["tce"], "2021-03-04")
    'TCE base up to 2021-03-04'
    """
    return f"{say_presets(presets)} base up to {day}"


def say_presets(presets: Sequence[str]) -> str:
    """Return one preset by its key, several by their number."""
    if len(presets) <= 2:
        return " + ".join(one.upper() for one in presets)
    rest = len(presets) - 1 if "tce" in presets else len(presets)
    return f"TCE + {rest} presets" if "tce" in presets else f"{rest} presets"


def say_until(until: datetime | None) -> str:
    """Return the end of a sentence about setups up to a moment."""
    return "" if until is None else f" that ended by {until:%Y-%m-%d}"
