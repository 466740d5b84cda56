"""What an indicator is: parameters, outputs, their scale and their mirror."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from ml_training.errors import DataError

FloatArray = npt.NDArray[np.float64]
Value = int | float | str
Scale = Literal[
    "price",  # a price level
    "price_delta",  # a difference of prices, such as MACD or ATR
    "percent",  # 0..100
    "signed_percent",  # percent of a range of its own, around 0 or below
    "price_percent",  # percent of the price itself
    "ratio",  # without unit, of order 1
    "volume",  # units of volume
    "price_volume",  # price times volume
    "count",  # bars or events, 0 or more
    "flag",  # 0 or 1
    "direction",  # -1, 0, +1
    "pattern",  # -100 bearish, 0 none, +100 bullish
]


class Columns(Protocol):
    """Columns of consecutive closed bars, each of shape (n_bars,), as candles have."""

    @property
    def time(self) -> npt.NDArray[np.int64]:
        """Open time of the bar, seconds UTC."""

    @property
    def open(self) -> FloatArray:
        """First price."""

    @property
    def high(self) -> FloatArray:
        """Highest price."""

    @property
    def low(self) -> FloatArray:
        """Lowest price."""

    @property
    def close(self) -> FloatArray:
        """Last price."""

    @property
    def volume(self) -> FloatArray:
        """Traded volume or tick count."""


class Bars:
    """Columns for indicators, and a place to share what several of them need.

    Parameters
    ----------
    columns : Columns
        Candles or anything with the same columns.
    """

    def __init__(self, columns: Columns) -> None:
        self.time = columns.time
        self.open = columns.open
        self.high = columns.high
        self.low = columns.low
        self.close = columns.close
        self.volume = columns.volume
        self._shared: dict[object, Any] = {}

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.close)

    def share(self, key: object, make: Callable[[], Any]) -> Any:
        """Return what was made under that key before, or make it now.

        Meant for small things that are dear to find, such as the legs of a zigzag.
        """
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]


class ParamError(DataError):
    """Say which parameter of an indicator cannot be used.

    Parameters
    ----------
    param : str
        Name of the parameter, or "output", or "ind".
    message : str
        The rule that was broken and the value received.
    hint : str
        The way out.
    """

    def __init__(self, param: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.param = param


@dataclass(frozen=True)
class Param:
    """One parameter: its default, its bounds and its kind."""

    default: Value
    low: float = 0.0
    high: float = 0.0
    kind: Literal["int", "float", "choice"] = "int"
    choices: tuple[str, ...] = ()

    def check(self, name: str, value: object) -> Value:
        """Return the value in the parameter's own type, or raise ParamError."""
        if self.kind == "choice":
            return self._check_choice(name, value)
        return self._check_number(name, value)

    def _check_choice(self, name: str, value: object) -> str:
        if isinstance(value, str) and value in self.choices:
            return value
        raise ParamError(
            name,
            f"`{name}` must be one of {', '.join(self.choices)}, got {value!r}",
            hint=did_you_mean(str(value), self.choices),
        )

    def _check_number(self, name: str, value: object) -> int | float:
        wanted = "a whole number" if self.kind == "int" else "a number"
        bounds = f"`{name}` must be {wanted} from {self.low:g} to {self.high:g}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ParamError(name, bounds, hint=f"The default is {self.default}")
        if not self.low <= value <= self.high or (self.kind == "int" and value != int(value)):
            raise ParamError(name, bounds, hint=f"The default is {self.default}")
        return int(value) if self.kind == "int" else float(value)


def whole(default: int, low: int, high: int) -> Param:
    """Describe a whole-number parameter."""
    return Param(default, low, high, "int")


def real(default: float, low: float, high: float) -> Param:
    """Describe a parameter that may have decimals."""
    return Param(default, low, high, "float")


def choice(*choices: str) -> Param:
    """Describe a parameter with named choices; the first is the default."""
    return Param(choices[0], kind="choice", choices=choices)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the known word nearest to the one given, or list them all.

    Examples
    --------
    >>> did_you_mean("emma", ["ema", "sma"])
    'Did you mean "ema"?'
    """
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    return f'Did you mean "{near[0]}"?' if near else f"Known: {', '.join(names)}"


@dataclass(frozen=True)
class Price:
    """In the mirror a level p becomes c - p, read from `output`; comparisons flip."""

    output: str


@dataclass(frozen=True)
class Negate:
    """In the mirror the value x becomes -x, read from `output`; comparisons flip."""

    output: str


@dataclass(frozen=True)
class Reflect:
    """In the mirror x becomes 2 * centre - x, read from `output`; comparisons flip."""

    centre: float
    output: str


@dataclass(frozen=True)
class Same:
    """In the mirror the value stays, read from `output`; comparisons do not flip."""

    output: str


Mirror = Price | Negate | Reflect | Same


@dataclass(frozen=True)
class Line:
    """One output of an indicator.

    Parameters
    ----------
    name : str
        Name of the output.
    scale : Scale
        What its numbers mean.
    mirror : Mirror or None
        What becomes of it when the market is turned upside down (price -> c - price);
        None where no mirror image exists.
    sparse : bool
        Whether it may be NaN after the warm-up, because what it speaks of (a swing, a
        touch) has not happened yet.
    """

    name: str
    scale: Scale
    mirror: Mirror | None
    sparse: bool = False


def keep_params(params: dict[str, Value]) -> dict[str, Value]:
    """Leave parameters as they are in the mirror."""
    return params


def accept_params(**_params: Value) -> str:
    """Find nothing wrong with any combination of parameters."""
    return ""


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """One indicator: what it needs, what it returns and how to compute it.

    Parameters
    ----------
    key : str
        Its name in rules.
    title : str
        Its name for people.
    params : mapping of str to Param
        Parameters with defaults and bounds.
    lines : tuple of Line
        Outputs; the first is the default one.
    compute : callable
        `compute(bars, **params)` returns one array of shape (n_bars,) per line. Uses
        bars up to and including t for the value at t; NaN until warmed up.
    warmup : callable
        `warmup(**params)`: bars before the first value (the index of the first value).
    memory : callable or None
        `memory(**params)`: bars to hand in before a bar so that its value no longer
        depends on where the history starts (to 1e-6, chosen: far below any threshold a
        rule uses); None when it always does.
    exact_mirror : bool
        Whether the mirror holds to rounding, or only in kind (some candle patterns).
    mirror_params : callable
        What becomes of the parameters in the mirror (a source `high` becomes `low`).
    conflict : callable
        `conflict(**params)`: what is wrong between parameters, empty when nothing is.
    """

    key: str
    title: str
    params: Mapping[str, Param] = field(default_factory=dict)
    lines: tuple[Line, ...]
    compute: Callable[..., tuple[FloatArray, ...]]
    warmup: Callable[..., int]
    memory: Callable[..., int] | None
    exact_mirror: bool = True
    mirror_params: Callable[[dict[str, Value]], dict[str, Value]] = keep_params
    conflict: Callable[..., str] = accept_params

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs; the first is the default."""
        return tuple(line.name for line in self.lines)

    @property
    def scale(self) -> dict[str, Scale]:
        """Scale of each output."""
        return {line.name: line.scale for line in self.lines}

    @property
    def mirror(self) -> dict[str, Mirror | None]:
        """Mirror of each output."""
        return {line.name: line.mirror for line in self.lines}

    def complete(self, given: Mapping[str, object]) -> tuple[tuple[str, Value], ...]:
        """Check the parameters given, fill in defaults and sort them by name.

        Parameters
        ----------
        given : mapping
            Parameters by name; missing ones take their defaults.

        Returns
        -------
        tuple of (name, value)

        Raises
        ------
        ParamError
            For an unknown name, a value out of bounds, or parameters in conflict.
        """
        for name in given:
            if name not in self.params:
                raise ParamError(
                    name,
                    f"`{self.key}` has no parameter `{name}`",
                    hint=did_you_mean(name, self.params),
                )
        values = {
            name: param.check(name, given.get(name, param.default))
            for name, param in self.params.items()
        }
        problem = self.conflict(**values)
        if problem:
            raise ParamError(next(iter(self.params)), f"`{self.key}`: {problem}")
        return tuple(sorted(values.items()))


@dataclass(frozen=True)
class IndicatorUse:
    """One indicator as a rule uses it; hashable, parameters complete and sorted.

    Parameters
    ----------
    key : str
        Key into INDICATORS.
    params : tuple of (name, value)
        All parameters, sorted by name.
    output : str
        Name of the output.
    timeframe : str or None
        A higher timeframe, or None for the frame's own.
    shift : int
        Bars back, counted on the use's own timeframe.
    """

    key: str
    params: tuple[tuple[str, Value], ...]
    output: str
    timeframe: str | None = None
    shift: int = 0

    @property
    def arguments(self) -> dict[str, Any]:
        """Parameters as keyword arguments."""
        return dict(self.params)

    @property
    def label(self) -> str:
        """A short name that is unique among uses.

        Examples
        --------
        >>> IndicatorUse("rsi", (("length", 14),), "value", "4h", 1).label
        'rsi(length=14).value@4h[1]'
        """
        inside = ",".join(f"{name}={value}" for name, value in self.params)
        tail = f"@{self.timeframe}" if self.timeframe else ""
        return f"{self.key}({inside}).{self.output}{tail}" + (f"[{self.shift}]" * (self.shift > 0))

    @property
    def own(self) -> "IndicatorUse":
        """The same use on its own bars: without timeframe and shift."""
        return replace(self, timeframe=None, shift=0)

    def with_output(self, output: str) -> "IndicatorUse":
        """Return the same use reading another output."""
        return replace(self, output=output)
