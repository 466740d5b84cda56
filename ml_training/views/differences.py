"""What differs between runs: settings, rules, data, results; nothing that is equal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_training.charts.comparison import find_best, read_losses
from ml_training.charts.series import read_number, say_number
from ml_training.charts.words import DASH, percent, r_multiple, short, words
from ml_training.data.rules import describe_rules, parse_rules
from ml_training.errors import DataError
from ml_training.selectors.comparison import Compared

SHOWN_HEX = 12  # chosen: tells hashes apart and fits a column
DIGESTS = ("rules", "candles", "setups", "feature", "model")
LOWER, HIGHER, NEITHER = -1, 1, 0
"""Which way is better."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One value, and how far it lies from the pinned run's."""

    text: str
    change: str = ""
    is_better: bool = False
    is_worse: bool = False


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One line of the table: a name and a cell for every run."""

    name: str
    cells: list[Cell]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number of a run that can be held against another's."""

    name: str
    read: Callable[[Compared], object]
    say: Callable[[Any], str] = say_number
    say_change: Callable[[float], str] | None = None
    better: int = NEITHER


def list_differences(compared: Sequence[Compared]) -> dict[str, list[Difference]]:
    """Return by part of the table the lines in which the runs are not all alike."""
    parts = {
        "Results": [_compare_figure(figure, compared) for figure in FIGURES],
        "Settings": _compare_texts(compared, _read_settings, "default"),
        "Rules": _compare_texts(compared, _read_rules, "no"),
        "Data and model": _compare_texts(compared, _read_digests),
    }
    different = {
        part: [line for line in lines if len({cell.text for cell in line.cells}) > 1]
        for part, lines in parts.items()
    }
    return {part: lines for part, lines in different.items() if lines}


def _best_loss(one: Compared) -> float | None:
    best = find_best(read_losses(one))
    return best[1] if best else None


def _best_epoch(one: Compared) -> int | None:
    best = find_best(read_losses(one))
    return best[0] if best else None


def _metric(*path: str) -> Callable[[Compared], object]:
    """Return a reader of a number that lies deep in the results."""

    def read(one: Compared) -> object:
        found: object = one.results
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    return read


FIGURES = (
    Figure(name="verdict", read=lambda one: words(one.run.verdict) if one.run.verdict else ""),
    Figure(name="state", read=lambda one: one.run.state),
    Figure(name="model in use", read=_metric("served_model", "name")),
    Figure(name="best validation loss", read=_best_loss, better=LOWER),
    Figure(name="best at epoch", read=_best_epoch),
    Figure(name="AUC on test", read=_metric("metrics", "auc"), better=HIGHER),
    Figure(name="log-loss on test", read=_metric("metrics", "log_loss"), better=LOWER),
    Figure(
        name="balanced accuracy on test",
        read=_metric("metrics", "balanced_accuracy"),
        better=HIGHER,
    ),
    Figure(name="setups taken on test", read=_metric("metrics", "trades", "n")),
    Figure(
        name="won",
        read=_metric("metrics", "trades", "win_rate"),
        say=percent,
        say_change=lambda share: f"{100 * share:.1f} points",
        better=HIGHER,
    ),
    Figure(
        name="result each",
        read=_metric("metrics", "trades", "expectancy_r"),
        say=r_multiple,
        better=HIGHER,
    ),
    Figure(
        name="AUC over all folds", read=_metric("walk_forward", "pooled", "auc"), better=HIGHER
    ),
    Figure(name="setups in training", read=_metric("training_samples")),
    Figure(name="setups on test", read=_metric("test_samples")),
    Figure(name="findings", read=lambda one: getattr(one.run, "n_findings", None)),
    Figure(name="repairs kept", read=lambda one: getattr(one.run, "n_fixes", None)),
)


def _compare_figure(figure: Figure, compared: Sequence[Compared]) -> Difference:
    values = [figure.read(one) for one in compared]
    pinned = read_number(values[0]) if values else None
    return Difference(
        name=figure.name, cells=[_make_cell(figure, value, pinned) for value in values]
    )


def _make_cell(figure: Figure, value: object, pinned: float | None) -> Cell:
    number = read_number(value)
    if number is None:
        return Cell(text=short(value) if value else DASH)
    if pinned is None or number == pinned:
        return Cell(text=figure.say(number))
    change = number - pinned
    sign = "+" if change > 0 else "−"  # noqa: RUF001 - a minus sign, as wide as the plus
    return Cell(
        text=figure.say(number),
        change=sign + (figure.say_change or figure.say)(abs(change)).lstrip("+"),
        is_better=change * figure.better > 0,
        is_worse=change * figure.better < 0,
    )


def _compare_texts(
    compared: Sequence[Compared],
    read: Callable[[Compared], Mapping[str, str]],
    missing: str = DASH,
) -> list[Difference]:
    told = [read(one) for one in compared]
    names = dict.fromkeys(name for one in told for name in one)
    return [
        Difference(name=name, cells=[Cell(text=one.get(name, missing)) for one in told])
        for name in names
    ]


def _read_settings(one: Compared) -> dict[str, str]:
    settings = {"seed": one.run.seed, **one.run.settings}
    return {words(name): short(value) for name, value in settings.items() if value is not None}


def _read_rules(one: Compared) -> dict[str, str]:
    """Return the strategy, and its rules line by line if the run followed them."""
    strategy = one.run.strategy
    told = {
        "strategy": strategy.name,
        "symbols": ", ".join(strategy.symbols),
        "timeframes": ", ".join(strategy.timeframes),
    }
    if one.run.rules_digest != strategy.rules_digest:
        return {**told, "rules": "changed since; see the hash below"}
    try:
        lines = describe_rules(parse_rules(strategy.rules))
    except DataError:
        return told
    return told | dict.fromkeys(lines, "yes")


def _read_digests(one: Compared) -> dict[str, str]:
    digests = {name: getattr(one.run, f"{name}_digest") for name in DIGESTS}
    return {f"{name}, SHA-256": digest[:SHOWN_HEX] for name, digest in digests.items() if digest}
