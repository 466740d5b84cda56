"""A made-up market with a planted edge: for demonstrations and for proofs.

Log prices are a martingale with correlated shocks. Volatility has regimes on three time
scales, clusters, and follows the hours of the day; weekends and other pauses end in
opening gaps. Nothing in it predicts direction, until the edge is switched on.

**The planted edge.** On each scale h of 1 and 4 bars let

- `pull` be how far the log price stands from its exponential mean over 40 h bars, in
  standard deviations of such a distance, divided by 0.5 and clipped to -1 ... 1;
- `state` be tanh(5 ln(fast / slow)), where fast and slow are exponential volatilities
  over 20 h and 100 h bars: near -1 in a calm market, near +1 in a lively one.

Then every bar drifts by the sum over h of `strength_h * fast_h / sqrt(h) * state_h *
pull_h`, with strengths of 0.35 and 0.25. In words: when volatility is below its own
average the price returns to its mean, when it is above, moves go on. Dips bought (an
RSI return) win in calm markets and lose in lively ones, break-outs the other way round,
and the ratio of short to long volatility tells which. It works on the timeframe of the
bars and on that four times as long. State and pull are renewed every fourth bar and
known from past closes: `planted_drift` computes them from candles, and no score can
foretell the next bar better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_training.data.calendars import find_calendar
from ml_training.data.candles import Candles, FloatArray, IntArray
from ml_training.data.instruments import InstrumentSpec
from ml_training.data.timeframes import DAY_S, HOUR_S, timeframe_seconds
from ml_training.errors import DataError

START_S = 1_577_923_200  # 2020-01-02T00:00:00Z
CALENDAR = "fx_24x5"
YEAR_S = 252 * DAY_S  # trading days: annual volatility is quoted over these
# Moves inside a bar. Between two of them high and low are drawn as those of a Brownian
# bridge: read off the moves, prices would leap over stops that labels fill at their
# level, and every trade of a market without an edge would gain some 0.05 R.
STEPS_PER_BAR = 3

# The edge. Strengths chosen by measurement: of RSI returns (2 ATR target, 1 ATR stop)
# on five symbols and three timeframes, some 880 in all, a logistic regression on the
# product's features ranks the last fifth with an AUC of 0.69, averaged over 8 markets
# (0.62 in the worst), and 0.51 with the edge off; tests/data/test_synthetic_edge.py.
STRENGTHS = np.array([[0.35], [0.25]])
SCALES = np.array([[1.0], [4.0]])
BLOCK = 4
PULL_SPAN, FAST_SPAN, SLOW_SPAN = 40, 20, 100
PULL_LIMIT = 0.5
STATE_GAIN = 5.0

# Volatility: three layers of two-state regimes and a short memory on top (chosen: the
# ratio of 20-bar to 100-bar volatility then swings about as it does on real candles).
REGIME_BARS = (60, 240, 960)
REGIME_LOG_STEP = 0.5
CLUSTER_BARS = 20
CLUSTER_LOG_STD = 0.2
OPENING_NOISE = 0.05  # spread of the open around the close before, in bar volatilities
PAUSE_GAP = 3.0  # the same after the market was shut
MEAN_TICKS = 1200.0


@dataclass(frozen=True, slots=True)
class _Kind:
    price: float
    pip: float
    digits: int
    annual_volatility: float
    loading: float
    spread_pips: float


# One after the other; later symbols begin again at the top with other shocks.
KINDS = (
    _Kind(1.10, 0.0001, 5, 0.08, 0.7, 0.5),
    _Kind(150.0, 0.01, 3, 0.09, -0.6, 0.5),
    _Kind(1900.0, 0.1, 2, 0.14, 0.5, 1.5),
    _Kind(0.65, 0.0001, 5, 0.10, 0.6, 0.4),
    _Kind(0.90, 0.0001, 5, 0.08, -0.7, 0.4),
)


def make_market(
    *,
    n_symbols: int = 5,
    n_bars: int = 60_000,
    timeframe: str = "15m",
    seed: int = 0,
    edge: bool = True,
) -> list[tuple[InstrumentSpec, Candles]]:
    """Make candles of several correlated symbols.

    Parameters
    ----------
    n_symbols, n_bars : int
        How much of it; at least 1 each.
    timeframe : str
        Length of a bar.
    seed : int
        The same seed makes the same bytes; `edge` does not change the shocks.
    edge : bool
        Plant the edge that the module describes. Without it prices are a martingale:
        no rule has an expectation before costs.

    Returns
    -------
    list of (InstrumentSpec, Candles)
        Symbols SYN01, SYN02, ... of asset class synthetic.

    Raises
    ------
    DataError
        If a count is below 1 or the timeframe is unknown.
    """
    if n_symbols < 1 or n_bars < 1:
        raise DataError(
            f"a market needs 1 symbol and 1 bar at least, got {n_symbols} and {n_bars}"
        )
    bar_s = timeframe_seconds(timeframe)
    kinds = [KINDS[number % len(KINDS)] for number in range(n_symbols)]
    time = _bar_times(n_bars, bar_s)
    streams = np.random.default_rng(seed).spawn(n_symbols + 1)
    common = streams[0].standard_normal((n_bars, STEPS_PER_BAR))
    paths = [
        _Path.draw(stream, kind, time, bar_s, common)
        for stream, kind in zip(streams[1:], kinds, strict=True)
    ]
    drifts = _simulate_drifts(paths) if edge else np.zeros((n_bars, n_symbols))
    return [
        (_spec(number, kind), path.candles(time, kind, drifts[:, number]))
        for number, (kind, path) in enumerate(zip(kinds, paths, strict=True))
    ]


def planted_drift(candles: Candles) -> FloatArray:
    """Compute the edge from candles alone: the best score for the next bar's direction.

    Parameters
    ----------
    candles : Candles
        A synthetic symbol from its first bar on, at its base timeframe.

    Returns
    -------
    ndarray of float64, shape (n_bars,)
        Drift of the log price in the bar after each bar, in volatilities of a bar; 0
        until the first block is over.

    Notes
    -----
    Look-ahead: the value at t uses bars up to and including t. It is exact up to the
    rounding of quotes once the start is forgotten, after some 5,000 bars.
    """
    n_blocks = len(candles) // BLOCK
    drift = np.zeros(len(candles))
    if not n_blocks:
        return drift
    level = np.log(candles.close)
    returns = np.diff(level, prepend=np.log(candles.open[0]))[: n_blocks * BLOCK]
    variance = np.mean(returns.reshape(n_blocks, BLOCK) ** 2, axis=1)
    ends = level[BLOCK - 1 : n_blocks * BLOCK : BLOCK]
    pull_rates, fast_rates, slow_rates = _rates()[:, :, 0]
    distance = ends - np.stack([_ewm(ends, rate) for rate in pull_rates])
    fast = np.stack([_ewm(variance, rate) for rate in fast_rates])
    slow = np.stack([_ewm(variance, rate) for rate in slow_rates])
    known = np.repeat(_drift(distance, fast, slow) / np.sqrt(fast[0]), BLOCK)
    drift[BLOCK - 1 :] = known[: len(drift) - BLOCK + 1]
    return drift


@dataclass(frozen=True, slots=True)
class _Path:
    """The random part of one symbol, in log prices.

    `jumps` (n_bars,) come at the open, `steps` (n_bars, STEPS_PER_BAR) inside the bar;
    `reach` (2, n_bars, STEPS_PER_BAR) says how far prices go up and down between them.
    """

    jumps: FloatArray
    steps: FloatArray
    reach: FloatArray
    ticks: FloatArray

    @classmethod
    def draw(
        cls,
        rng: np.random.Generator,
        kind: _Kind,
        time: IntArray,
        bar_s: int,
        common: FloatArray,
    ) -> "_Path":
        """Draw volatility, then moves of that volatility, then the number of ticks."""
        n_bars = len(time)
        usual = kind.annual_volatility * np.sqrt(bar_s / YEAR_S)
        relative = np.exp(_log_regimes(rng, n_bars)) * _seasonality(time, bar_s)
        volatility = usual * relative
        own = rng.standard_normal(common.shape)
        mixed = kind.loading * common + np.sqrt(1.0 - kind.loading**2) * own
        step_volatility = (volatility / np.sqrt(STEPS_PER_BAR))[:, np.newaxis]
        is_after_pause = np.diff(time, prepend=time[0]) > bar_s
        gap = volatility * np.where(is_after_pause, PAUSE_GAP, OPENING_NOISE)
        jumps = gap * rng.standard_normal(n_bars) - gap**2 / 2.0
        noise = np.exp(rng.normal(0.0, 0.25, n_bars))
        reach = rng.standard_exponential((2, *common.shape)) * step_volatility**2
        return cls(
            jumps=jumps,
            steps=mixed * step_volatility - step_volatility**2 / 2.0,
            reach=reach,
            ticks=np.rint(MEAN_TICKS * relative * noise) + 1.0,
        )

    @property
    def returns(self) -> FloatArray:
        """Return the log return of each bar, close to close, without drift."""
        total: FloatArray = self.jumps + self.steps.sum(axis=1)
        return total

    def candles(self, time: IntArray, kind: _Kind, drift: FloatArray) -> Candles:
        """Walk the path and read quotes off it, rounded as a broker rounds."""
        moves = self.steps + (drift / STEPS_PER_BAR)[:, np.newaxis]
        n_bars = len(time)
        walk = np.column_stack([self.jumps, moves]).ravel().cumsum().reshape(n_bars, -1)
        # The maximum of a bridge between two moves, inverted from its distribution:
        # Glasserman (2003), Monte Carlo Methods in Financial Engineering, section 6.4.
        before, after = walk[:, :-1], walk[:, 1:]
        up, down = np.sqrt((after - before) ** 2 + 2.0 * self.reach)
        high = (before + after + up).max(axis=1) / 2.0
        low = (before + after - down).min(axis=1) / 2.0
        logs = (walk[:, 0], high, low, walk[:, -1])
        quotes = [np.round(kind.price * np.exp(log), kind.digits) for log in logs]
        return Candles.from_columns(time, quotes[0], quotes[1], quotes[2], quotes[3], self.ticks)


def _simulate_drifts(paths: Sequence[_Path]) -> FloatArray:
    """Let the edge act block by block, since it feeds on the prices that it makes."""
    shocks = np.column_stack([path.returns for path in paths])
    n_bars, n_symbols = shocks.shape
    n_blocks = n_bars // BLOCK
    blocks = shocks[: n_blocks * BLOCK].reshape(n_blocks, BLOCK, n_symbols)
    sums, squares = blocks.sum(axis=1), (blocks**2).sum(axis=1)
    pull_rate, fast_rate, slow_rate = _rates()
    level = np.zeros(n_symbols)
    anchor = np.zeros((len(SCALES), n_symbols))
    fast = np.tile((shocks[: SLOW_SPAN * BLOCK] ** 2).mean(axis=0), (len(SCALES), 1))
    slow = fast.copy()
    drifts = np.zeros((n_blocks + 1, n_symbols))
    for block in range(n_blocks):
        drift = drifts[block]
        variance = squares[block] / BLOCK + drift * (2.0 / BLOCK * sums[block] + drift)
        level = level + sums[block] + BLOCK * drift
        anchor += pull_rate * (level - anchor)
        fast += fast_rate * (variance - fast)
        slow += slow_rate * (variance - slow)
        drifts[block + 1] = _drift(level - anchor, fast, slow)
    return np.repeat(drifts, BLOCK, axis=0)[:n_bars]


def _drift(distance: FloatArray, fast: FloatArray, slow: FloatArray) -> FloatArray:
    """Return the drift of a bar, (n,), from averages on all scales, (n_scales, n) each.

    `distance` is that of the level from its mean; `fast` and `slow` are variances.
    """
    # tanh(g ln sqrt(q)) without the logarithm: (q^g - 1) / (q^g + 1).
    power = (fast / slow) ** STATE_GAIN
    state = (power - 1.0) / (power + 1.0)
    volatility = np.sqrt(fast)
    # A distance from an exponential mean over s bars has a variance of about s / 4.
    width = np.sqrt(PULL_SPAN * SCALES / 4.0) * PULL_LIMIT
    pull = np.clip(distance / (volatility * width), -1.0, 1.0)
    drift: FloatArray = (STRENGTHS / np.sqrt(SCALES) * volatility * state * pull).sum(axis=0)
    return drift


def _rates() -> FloatArray:
    """Return a new block's weight in pull, fast and slow, each (n_scales, 1)."""
    spans = np.array([PULL_SPAN, FAST_SPAN, SLOW_SPAN])[:, np.newaxis, np.newaxis]
    rates: FloatArray = 1.0 - (1.0 - 2.0 / (spans * SCALES + 1.0)) ** BLOCK
    return rates


def _ewm(values: FloatArray, rate: float) -> FloatArray:
    averages: FloatArray = pd.Series(values).ewm(alpha=rate, adjust=False).mean().to_numpy()
    return averages


def _log_regimes(rng: np.random.Generator, n_bars: int) -> FloatArray:
    total: FloatArray = CLUSTER_LOG_STD * _autoregressive(rng, n_bars, CLUSTER_BARS)
    for mean_bars in REGIME_BARS:
        lengths = rng.gamma(2.0, mean_bars / 2.0, 2 * n_bars // mean_bars + 50).astype(int) + 1
        signs = 1.0 - 2.0 * ((np.arange(len(lengths)) + rng.integers(2)) % 2)
        # The first regime is cut at random, lest all symbols change at the same time.
        skipped = int(rng.integers(mean_bars))
        total += REGIME_LOG_STEP * np.repeat(signs, lengths)[skipped : skipped + n_bars]
    # Keep the mean square at one, so that annual volatility means what it says.
    total -= np.log(np.mean(np.exp(2.0 * total))) / 2.0
    return total


def _autoregressive(rng: np.random.Generator, n: int, memory: int) -> FloatArray:
    rate = 1.0 - np.exp(-1.0 / memory)
    smooth: FloatArray = _ewm(rng.standard_normal(n), rate) / np.sqrt(rate / (2.0 - rate))
    return smooth


def _seasonality(time: IntArray, bar_s: int) -> FloatArray:
    """Return how lively the hour is: quiet in Asia, waves in London and New York."""
    if bar_s >= DAY_S:
        return np.ones(len(time))
    hour = (time % DAY_S + bar_s / 2.0) / HOUR_S
    london = 0.5 * np.exp(-(((hour - 8.5) / 3.0) ** 2))
    new_york = 0.8 * np.exp(-(((hour - 14.5) / 3.0) ** 2))
    lively: FloatArray = 0.7 + london + new_york
    lively /= np.sqrt(np.mean(lively**2))
    return lively


def _bar_times(n_bars: int, bar_s: int) -> IntArray:
    calendar = find_calendar(CALENDAR)
    candidates = START_S + bar_s * np.arange(2 * n_bars + 7 * DAY_S // min(bar_s, DAY_S) + 1)
    return candidates[calendar.expects(candidates, bar_s)][:n_bars]


def _spec(number: int, kind: _Kind) -> InstrumentSpec:
    return InstrumentSpec(
        symbol=f"SYN{number + 1:02d}",
        asset_class="synthetic",
        pip=kind.pip,
        digits=kind.digits,
        calendar=CALENDAR,
        spread_pips=kind.spread_pips,
    )
