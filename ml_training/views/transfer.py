"""What a run started from, and what that gained, laid out for its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_training.charts.series import read_number
from ml_training.charts.words import number

FROM_BASE = "use_transfer_learning"
TRANSFERRED, SCRATCH = "transferred network", "network"
STAGES = {
    "line": "Only slope and level of its answers, by a line",
    "frozen": "What came from the base model stood still",
    "unfrozen": "All of it, what came from the base model slowly",
    "initialised": "All of it, from the weights of the base model on",
}
"""What learned in each stage."""

FINDINGS = {
    "better": "The base model made the network better",
    "worse": "The base model made the network worse",
    "luck": "The base model changed no more than luck explains",
}

COUNTED = ("transferred", "frozen", "trainable", "total")
MARGIN = 0.08
"""Part of the figure left free on either side, 0-1."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A gain with its 95 % interval, and where they lie in a figure 100 wide."""

    gain: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Return one word: better, worse or luck."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "luck"

    def place(self, value: float) -> float:
        """Return where a value lies, 0-100; zero is always within the figure."""
        first, last = min(self.low, 0.0), max(self.high, 0.0)
        share = (value - first) / (last - first) if last > first else 0.5
        return round(100 * (MARGIN + (1 - 2 * MARGIN) * share), 2)

    @property
    def places(self) -> dict[str, float]:
        """Return where zero, the gain and the ends of its interval lie."""
        told = {"zero": 0.0, "gain": self.gain, "low": self.low, "high": self.high}
        return {name: self.place(value) for name, value in told.items()}


@dataclass(frozen=True, kw_only=True)
class Start:
    """How the network of a run started.

    `base` is empty for a run from scratch, `networks` without a comparison, `interval`
    None where there were too few setups for one.
    """

    is_transferred: bool
    reason: str
    level: str
    base: Mapping[str, Any]
    is_refitted: bool
    counts: list[tuple[str, Mapping[str, Any]]]
    stages: list[Mapping[str, Any]]
    gain: Mapping[str, Any]
    interval: Interval | None
    networks: list[Mapping[str, Any]]

    @property
    def finding(self) -> str:
        """Say in one line whether the base model helped."""
        if self.interval is None:
            return "Too few setups to say whether the base model helped"
        return FINDINGS[self.interval.verdict]

    @property
    def told(self) -> str:
        """Say what was gained, with the interval of luck."""
        gain = read_number(self.gain.get("log_loss")) or 0.0
        way = "lower" if gain >= 0 else "higher"
        words = (
            f"On {number(self.gain.get('n'))} {self.gain.get('on', 'test')} setups, which neither "
            f"network had seen, the log-loss with the base model is {abs(gain):.4f} {way} than "
            "from scratch"
        )
        if self.interval is None:
            return f"{words}."
        low, high = self.interval.low, self.interval.high
        return f"{words}; as a gain {gain:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}."


def lay_out_transfer(results: Mapping[str, Any]) -> Start | None:
    """Return how a run started; None while there are no results."""
    told = _mapping(results.get("transfer"))
    if not told:
        return None
    gain = _mapping(told.get("gain"))
    base = told.get("base_model")
    return Start(
        is_transferred=told.get("strategy") == FROM_BASE,
        reason=_end_sentence(str(told.get("reason", ""))),
        level=str(told.get("level", "")),
        base={"name": base} if isinstance(base, str) else _mapping(base),
        is_refitted=told.get("refitted") is True,
        counts=_list_counts(told),
        stages=[_lay_out_stage(one) for one in _mappings(told.get("stages"))],
        gain=gain,
        interval=_read_interval(gain),
        networks=_compare(gain, str(_mapping(results.get("served_model")).get("name", ""))),
    )


def _end_sentence(words: str) -> str:
    return words if not words or words.endswith(".") else f"{words}."


def _list_counts(told: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    pairs = [(name, _mapping(told.get(name))) for name in ("layers", "parameters")]
    return [(name, counts) for name, counts in pairs if all(one in counts for one in COUNTED)]


def _lay_out_stage(stage: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(stage.get("name", ""))
    n_learned = _mapping(stage.get("parameters")).get("trainable")
    return {**stage, "words": STAGES.get(name, name.replace("_", " ")), "n_learned": n_learned}


def _read_interval(gain: Mapping[str, Any]) -> Interval | None:
    told = [read_number(gain.get(name)) for name in ("log_loss", "low", "high")]
    values = [value for value in told if value is not None]
    if len(values) < len(told):
        return None
    return Interval(gain=values[0], low=values[1], high=values[2])


def _compare(gain: Mapping[str, Any], served: str) -> list[Mapping[str, Any]]:
    losses, aucs = _mapping(gain.get("log_losses")), _mapping(gain.get("aucs"))
    titles = {TRANSFERRED: "from the base model", SCRATCH: "from scratch"}
    return [
        {
            "title": title,
            "auc": aucs.get(name),
            "log_loss": losses[name],
            "is_served": name == served,
        }
        for name, title in titles.items()
        if name in losses
    ]


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [_mapping(one) for one in value] if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
