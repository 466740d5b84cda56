"""Data sets of the holdout: no other group draws from any of these laws."""

import numpy as np

from benchmarks.faults.datasets import Arguments, Dataset, Floats
from benchmarks.faults.datasets_own import Random, Rows, sigmoid


def clustered_shocks(n: int, rng: Random) -> Floats:
    """Return returns with clustered volatility: GARCH(1, 1) under Student noise."""
    noise = rng.standard_t(6, n) / np.sqrt(6 / 4)
    variance, shocks = 1.0, np.empty(n)
    for row in range(n):
        shocks[row] = np.sqrt(variance) * noise[row]
        variance = 0.05 + 0.1 * shocks[row] ** 2 + 0.85 * variance
    return shocks


def draw_bars(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw bars in time order: momentum, volatility, calendar, and a weak edge.

    Notes
    -----
    ``edge`` scales what they say: 1 gives about 0.56 at best, 2.5 about 0.65. Nothing
    drifts: the law is the same from the first bar to the last.
    """
    n, edge = int(args["n"]), float(args.get("edge", 1.0))
    returns = clustered_shocks(n + 60, rng)
    windows = (1, 3, 8, 21, 55)
    sums = np.column_stack(
        [np.convolve(returns, np.ones(w), "full")[60 : 60 + n] / np.sqrt(w) for w in windows]
    )
    spread = np.sqrt(np.convolve(returns**2, np.ones(20) / 20, "full")[60 : 60 + n])
    hour = np.arange(n) % 24
    clock = np.column_stack([np.sin(hour * np.pi / 12), np.cos(hour * np.pi / 12)])
    X = np.column_stack([sums, spread, clock, rng.standard_t(4, (n, 6))])
    logit = 0.2 * np.tanh(sums[:, 1]) - 0.25 * np.tanh(sums[:, 3]) + 0.15 * X[:, 8]
    return X, (rng.uniform(size=n) < sigmoid(edge * logit)).astype(int)


def draw_orders(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw an order book: imbalances, skewed sizes, and the session as indicators."""
    n = int(args["n"])
    session = rng.randint(0, 4, n)
    pressure = rng.beta(2, 2, (n, 3)) - 0.5
    sizes = rng.lognormal(0, 0.8, (n, 3))
    tilt = np.array([1.5, -0.5, 1.0, 0.5])[session]
    logit = 9 * (pressure[:, 0] + tilt * pressure[:, 1]) + 0.8 * (sizes[:, 0] - sizes[:, 1])
    y = (rng.uniform(size=n) < sigmoid(2 * logit)).astype(int)
    return np.hstack([pressure, sizes, np.eye(4)[session]]), y


def draw_gates(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw five categories as indicators; the class is a rule over three of them."""
    n, n_levels = int(args["n"]), int(args.get("levels", 6))
    levels = rng.randint(0, n_levels, (n, 5))
    X = np.hstack([np.eye(n_levels)[levels[:, k]] for k in range(5)])
    y = (levels[:, 0] < n_levels // 2) & (levels[:, 1] > 0) | (levels[:, 2] == 1)
    return X, y.astype(int)


def draw_sines(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw a wavy border between two classes."""
    X = rng.uniform(-2, 2, (int(args["n"]), 3))
    level = X[:, 1] - 0.8 * np.sin(float(args.get("waves", 2.5)) * X[:, 0])
    return X, (level + 0.1 * rng.randn(len(X)) > 0).astype(int)


def draw_ellipsoid(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw correlated features; class 1 lies inside an ellipsoid."""
    n, width = int(args["n"]), int(args.get("n_features", 6))
    mix = np.eye(width) + 0.4 * np.random.RandomState(5).randn(width, width) / np.sqrt(width)
    Z = rng.randn(n, width)
    reach = (Z[:, :3] ** 2).sum(axis=1)
    return Z @ mix, (reach + 0.1 * rng.randn(n) < 2.37).astype(int)


def draw_laplace(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw features with long tails on both sides, and long on one side."""
    n = int(args["n"])
    X = np.hstack([rng.laplace(0, 1, (n, 5)), rng.lognormal(0, 1, (n, 4))])
    level = X[:, 0] - X[:, 1] + 0.5 * X[:, 2] + 0.6 * np.log(X[:, 5]) - 0.6 * np.log(X[:, 6])
    return X, (level + 0.4 * rng.randn(n) > 0).astype(int)


def draw_quadrants(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw a class that is the product of two signs, among idle features."""
    n = int(args["n"])
    X = rng.randn(n, 5)
    X[:, :2] += 0.4 * np.sign(X[:, :2])
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def draw_claims(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw counts, amounts and ages of insured people, and whether they claim."""
    n = int(args["n"])
    counts, amounts = rng.poisson(2.0, (n, 4)), rng.gamma(2.0, 1.5, (n, 4))
    ages = rng.uniform(18, 80, (n, 2))
    logit = 1.1 * (counts[:, 0] - counts[:, 1]) + 0.5 * (amounts[:, 0] - 3)
    logit = logit + 0.05 * (ages[:, 0] - 49)
    y = (rng.uniform(size=n) < sigmoid(2.0 * logit)).astype(int)
    return np.hstack([counts, amounts, ages]), y


def draw_panel(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw sixty correlated columns, a third of which carry a linear signal."""
    n, width = int(args["n"]), int(args.get("n_features", 60))
    common = rng.randn(n, 4) @ np.random.RandomState(6).randn(4, width)
    X = 0.5 * common + rng.randn(n, width)
    weights = np.where(np.arange(width) % 3 == 0, (-1.0) ** np.arange(width), 0.0)
    level = X @ weights
    return X, (level + 0.2 * width**0.5 * rng.randn(n) > 0).astype(int)


def draw_twins(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw two clouds, so far apart that few rows are enough."""
    n = int(args["n"])
    y = rng.permutation(np.arange(n) % 2)
    return rng.randn(n, 5) + float(args.get("gap", 1.6)) * (2 * y[:, None] - 1), y


def draw_petals(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw classes as sectors around a centre."""
    n, n_classes = int(args["n"]), int(args.get("n_classes", 5))
    angle, reach = rng.uniform(0, 2 * np.pi, n), rng.uniform(0.4, 1.5, n)
    y = (angle * n_classes / (2 * np.pi)).astype(int) % n_classes
    X = np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
    return X + 0.03 * rng.randn(n, 2), y


def draw_codes(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw noisy copies of one code word per class."""
    n, n_classes, width = int(args["n"]), int(args.get("n_classes", 7)), 20
    words = np.random.RandomState(7).choice([-1.0, 1.0], (n_classes, width))
    y = rng.randint(0, n_classes, n)
    return words[y] + float(args.get("noise", 1.2)) * rng.randn(n, width), y


def draw_grades(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw ordered classes: four grades of a weighted sum."""
    X = rng.uniform(-1, 1, (int(args["n"]), 9))
    level = X[:, 0] + 0.8 * X[:, 1] - 0.6 * X[:, 2] + 0.05 * rng.randn(len(X))
    return X, np.digitize(level, [-0.5, 0.0, 0.5])


def draw_waveform(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw Breiman's waveforms: 21 features, three classes, 0.86 at best."""
    n = int(args["n"])
    place = np.arange(1, 22)
    peaks = np.array([np.maximum(6 - np.abs(place - centre), 0) for centre in (7, 15, 11)])
    y = rng.randint(0, 3, n)
    share = rng.uniform(size=(n, 1))
    first, second = np.array([0, 0, 1])[y], np.array([1, 2, 2])[y]
    return share * peaks[first] + (1 - share) * peaks[second] + rng.randn(n, 21), y


def draw_surface(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw a smooth surface of waves and a product."""
    X = rng.uniform(-1, 1, (int(args["n"]), 5))
    y = np.sin(3 * X[:, 0]) + 1.5 * X[:, 1] * X[:, 2] + 0.5 * X[:, 3]
    return X, y + float(args.get("noise", 0.1)) * rng.randn(len(X))


def draw_spreads(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw a linear quantity under noise with heavy tails, in basis points."""
    n = int(args["n"])
    X = rng.standard_t(5, (n, 14))
    y = X[:, :7] @ np.array([3.0, -2.5, 2.0, -1.5, 1.0, -1.0, 0.5])
    return X, 120 + 10 * (y + rng.standard_t(4, n))


def draw_loads(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw the load of a grid by hour, weekday and weather."""
    n = int(args["n"])
    hour, day = rng.randint(0, 24, n), rng.randint(0, 7, n)
    weather = rng.randn(n, 3)
    clock = np.column_stack([np.sin(hour * np.pi / 12), np.cos(hour * np.pi / 12)])
    y = 300 + 60 * clock[:, 0] - 40 * (day >= 5) + 25 * np.abs(weather[:, 0]) + 8 * weather[:, 1]
    return np.hstack([clock, np.eye(7)[day], weather]), y + 5 * rng.randn(n)


def draw_slopes(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw a surface of bent planes in eight features."""
    X = rng.randn(int(args["n"]), 8)
    y = np.maximum(X[:, 0] + X[:, 1], 0) - np.maximum(X[:, 2] - X[:, 3], 0) + 0.5 * np.abs(X[:, 4])
    return X, y + float(args.get("noise", 0.15)) * rng.randn(len(X))


def draw_coins(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw what is known before a bar of clustered returns, and a toss of a coin."""
    n = int(args["n"])
    returns = clustered_shocks(n + 40, rng)
    X = np.column_stack([returns[40 - k : 40 - k + n] for k in (1, 2, 3, 5, 8, 13)])
    return np.hstack([X, np.abs(X)]), rng.randint(0, 2, n)


def draw_drowned(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw six telling columns with long tails among many idle ones."""
    n, n_idle = int(args["n"]), int(args.get("idle", 100))
    telling = rng.laplace(0, 0.7, (n, 6))
    level = telling @ np.array([1.0, -1.0, 1.0, -1.0, 0.5, 0.5])
    y = (level + 0.6 * rng.randn(n) > 0).astype(int)
    return np.hstack([rng.laplace(0, 0.7, (n, n_idle)), telling]), y


def draw_ledger(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw accounts in their own units, from rates of a percent to millions."""
    n = int(args["n"])
    Z = rng.randn(n, 5)
    units = np.array([1.0, 0.02, 1.0, 2e5, 40.0])
    y = Z[:, 0] - Z[:, 1] + Z[:, 2] + 0.5 * Z[:, 4] + 0.3 * rng.randn(n) > 0
    return Z * units + np.array([0.0, 0.05, 2.0, 1e6, 300.0]), y.astype(int)


def draw_rain(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw days, most of them dry, and features that hardly tell which."""
    n = int(args["n"])
    X = np.hstack([rng.gamma(2.0, 1.0, (n, 3)), rng.randn(n, 4)])
    logit = -float(args.get("tilt", 1.2)) + 0.15 * (X[:, 0] - 2) + 0.3 * X[:, 4]
    return X, (rng.uniform(size=n) < sigmoid(logit)).astype(int)


def draw_leader(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw a class that follows one column closely, and honestly, on every row."""
    n = int(args["n"])
    X = rng.uniform(-1, 1, (n, 7))
    return X, (X[:, 3] + 0.15 * X[:, 5] + 0.1 * rng.randn(n) > 0).astype(int)


BLIND: dict[str, Dataset] = {
    "bars": Dataset(draw_bars),
    "orders": Dataset(draw_orders),
    "gates": Dataset(draw_gates),
    "sines": Dataset(draw_sines),
    "ellipsoid": Dataset(draw_ellipsoid),
    "laplace": Dataset(draw_laplace),
    "quadrants": Dataset(draw_quadrants),
    "claims": Dataset(draw_claims),
    "panel": Dataset(draw_panel),
    "twins": Dataset(draw_twins),
    "petals": Dataset(draw_petals),
    "codes": Dataset(draw_codes),
    "grades": Dataset(draw_grades),
    "waveform": Dataset(draw_waveform),
    "surface": Dataset(draw_surface, is_regression=True),
    "spreads": Dataset(draw_spreads, is_regression=True),
    "loads": Dataset(draw_loads, is_regression=True),
    "slopes": Dataset(draw_slopes, is_regression=True),
    "coins": Dataset(draw_coins),
    "drowned": Dataset(draw_drowned),
    "ledger": Dataset(draw_ledger),
    "rain": Dataset(draw_rain),
    "leader": Dataset(draw_leader),
}
