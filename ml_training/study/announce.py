"""The first four announced steps, in words."""

from datetime import UTC, datetime

import numpy as np

from ml_training.core.events import RunStarted
from ml_training.data.labelled import LabelledSet
from ml_training.data.quality import Quality
from ml_training.study import page
from ml_training.study.blocks import Blocks
from ml_training.study.transfer import TransferPlan
from ml_training.study.transfer_report import tell_base, tell_counts

MAX_LISTED = 8
"""Symbols counted one by one; chosen: two lines of 80 columns."""


def tell_collected(dataset: LabelledSet) -> list[str]:
    """Return the end of step 1: how many setups were found, and where."""
    n_symbols, n_timeframes = (len(np.unique(x)) for x in (dataset.symbol, dataset.timeframe))
    found = (
        f"{len(dataset):,} labelled setups from {_count(n_symbols, 'symbol')} "
        f"x {_count(n_timeframes, 'timeframe')}"
    )
    lines = page.mark(page.OK, found)
    if len(dataset):
        lines += page.say(
            f"{_tell_period(dataset)}, worth {dataset.n_effective:,.0f} independent ones",
            indent="    ",
        )
        lines += page.say(_count_by(dataset.symbol), indent="    ")
        lines += page.say(_count_by(dataset.timeframe), indent="    ")
    return lines


def tell_quality(quality: Quality, blocks: Blocks) -> list[str]:
    """Return step 2: level, balance, the split, and what to know about the data."""
    split = blocks.split
    left_out = (
        f"{split.n_purged:,} left out because they reach across a cut"
        if split.n_purged
        else "none reaches across a cut"
    )
    lines = [
        *page.announce(2),
        *page.pair("Quality level", quality.level.upper()),
        *page.pair("Samples", f"{quality.n:,} ({quality.n_effective:,.0f} effective)"),
        *page.pair("Win rate", f"{quality.win_rate:.1%}"),
        *page.pair("Class balance", f"{quality.balance:.2f}"),
        *page.pair(
            "Split by calendar",
            f"{len(blocks.train):,} to train, {len(blocks.validation):,} to validate (from "
            f"{_day(split.cuts.validation_start)}), {len(blocks.test):,} to test (from "
            f"{_day(split.cuts.test_start)}); {left_out}",
        ),
    ]
    for note in quality.notes:
        lines += page.mark(page.ALERT, f"{note.message}. {note.advice}")
    for words in blocks.notes:
        lines += page.mark(page.ALERT, words)
    return lines


def tell_transfer(plan: TransferPlan) -> list[str]:
    """Return step 3: how the model starts, and why."""
    return [
        *page.announce(3),
        *page.pair("Strategy", plan.strategy),
        *page.pair("Reason", plan.reason),
    ]


def tell_model(plan: TransferPlan, started: RunStarted | None) -> list[str]:
    """Return step 4: the network and what it starts from."""
    lines = [*page.announce(4), *tell_base(plan.base)]
    if started is None:
        return [*lines, *page.mark(page.ALERT, "No network was built: see the report below")]
    n_layers = len(started.layer_names)
    lines += page.pair(
        "Network", f"{started.n_features} features in, {started.n_parameters:,} parameters"
    )
    if plan.layers is not None and plan.parameters is not None:
        return [*lines, *tell_counts(plan.layers, plan.parameters)]
    lines += page.pair(
        "Layers", f"0 transferred, 0 frozen, {n_layers} trainable, {n_layers} in all"
    )
    return lines


def _tell_period(dataset: LabelledSet) -> str:
    return f"{_day(int(dataset.t0.min()))} to {_day(int(dataset.t1.max()))}"


def _count_by(names: np.ndarray) -> str:
    unique, counts = np.unique(names, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    listed = [f"{unique[i]} {counts[i]:,}" for i in order[:MAX_LISTED]]
    rest = len(order) - len(listed)
    return ", ".join([*listed, f"and {rest} more"] if rest else listed)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%d}"
