"""Which stored base models a run may use, and why not the others."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ml_training.data.features import plan_features
from ml_training.errors import DataError
from ml_training.models import Checkpoint, Instrument
from ml_training.services.bases_pool import Series, count_bars, digest_before, list_series
from ml_training.services.checkpoints import read_checkpoint
from ml_training.services.market import to_datetime

LEAST_KNOWN = 0.5
"""Share of the bars before the cut that a stored base must have learned from; with less
one is refitted. Chosen: it keeps a sample of its setups anyway, so that half of the
bars give it as many to learn from, and a run that need not refit takes seconds."""

FEATURES = plan_features([]).digest


def judge_stored(moment: datetime, *, is_synthetic: bool) -> Iterator[tuple[Checkpoint, str]]:
    """Yield the stored base models of one kind of market, those that know most first.

    With each comes why it may not be used before a moment; an empty text if it may.
    """
    instruments = list(Instrument.objects.filter(is_synthetic=is_synthetic))
    n_bars = count_bars(list_series(instruments), moment)
    for checkpoint in base_models():
        if checkpoint.meta.get("is_synthetic") == is_synthetic:
            yield checkpoint, say_unfit(checkpoint.meta, moment, n_bars)


def base_models() -> list[Checkpoint]:
    """Return all stored base models, those that know most first."""
    rows = Checkpoint.objects.filter(kind=Checkpoint.Kind.BASE, run=None)
    return sorted(rows, key=lambda one: (-read_until(one.meta), -one.pk))


def say_unfit(meta: Mapping[str, Any], moment: datetime, n_bars: int) -> str:
    """Say why a stored base model may not be used before a moment; empty if it may.

    `n_bars` counts the bars that there are before it.
    """
    if read_until(meta) > moment.timestamp():
        return "the stored one knows what comes later"
    if meta.get("feature_digest") != FEATURES:
        return "the stored one reads other features than this version computes"
    share = float(meta.get("n_bars", 0)) / max(n_bars, 1)
    if share < LEAST_KNOWN:
        return f"the stored one knows {share:.0%} of the candles before"
    if has_changed(meta):
        return "candles that the stored one learned from have changed since"
    return ""


def has_changed(meta: Mapping[str, Any]) -> bool:
    """Say whether candles that a base model learned from are others by now."""
    pairs = [(str(symbol), str(timeframe)) for symbol, timeframe in meta.get("series", [])]
    symbols = {symbol for symbol, _ in pairs}
    found = {one.symbol: one for one in Instrument.objects.filter(symbol__in=symbols)}
    if symbols != set(found):
        return True
    series = [Series(found[symbol], timeframe) for symbol, timeframe in pairs]
    digest = digest_before(series, to_datetime(int(read_until(meta))))
    return digest != str(meta.get("candles_digest"))


def read_until(meta: Mapping[str, Any]) -> float:
    """Return the moment up to which a base model learned; never if it is not known."""
    until = meta.get("trained_until")
    return float(until) if isinstance(until, int | float) else float("inf")


def find_same(meta: Mapping[str, Any]) -> Checkpoint | None:
    """Return the stored base model of the same training, if its file is whole.

    The same setups make the same network; its bytes also tell seconds.
    """
    for checkpoint in base_models():
        if _tell_training(checkpoint.meta) != _tell_training(meta):
            continue
        try:
            read_checkpoint(checkpoint)
        except (DataError, OSError):
            continue
        return checkpoint
    return None


def _tell_training(meta: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in meta.items() if name not in {"by", "why"}}
