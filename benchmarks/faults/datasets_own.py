"""Data sets of our own, for faults and healthy trainings that no document lists."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets as sk

from benchmarks.faults.datasets import Arguments, Dataset, Floats, seed_of

Rows = NDArray[Any]
Random = np.random.RandomState


def sigmoid(logit: Floats) -> Floats:
    """Return the logistic function."""
    return np.asarray(1 / (1 + np.exp(-logit)))


def draw_classes(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw scikit-learn's clusters on the corners of a cube, with any option."""
    options = {key: value for key, value in args.items() if key != "n"}
    X, y = sk.make_classification(int(args["n"]), random_state=seed_of(rng, 0), **options)
    return X, y


def draw_quantiles(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw one Gaussian cloud whose classes are shells."""
    X, y = sk.make_gaussian_quantiles(
        n_samples=int(args["n"]),
        n_features=int(args.get("n_features", 4)),
        n_classes=int(args.get("n_classes", 3)),
        random_state=seed_of(rng, 0),
    )
    return X, y


def draw_hastie(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw ten Gaussian features; the class says whether they lie far out."""
    X, y = sk.make_hastie_10_2(int(args["n"]), random_state=seed_of(rng, 0))
    return X, (y > 0).astype(int)


def draw_friedman1(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw Friedman's first regression: a sine, a parabola and two lines."""
    noise = float(args.get("noise", 0.5))
    X, y = sk.make_friedman1(
        int(args["n"]), n_features=8, noise=noise, random_state=seed_of(rng, 0)
    )
    return X, y


def draw_friedman2(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw Friedman's second regression: an impedance, its features unlike in scale."""
    noise = float(args.get("noise", 30.0))
    X, y = sk.make_friedman2(int(args["n"]), noise=noise, random_state=seed_of(rng, 0))
    return X, y


def draw_friedman3(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw Friedman's third regression: a phase."""
    noise = float(args.get("noise", 0.05))
    X, y = sk.make_friedman3(int(args["n"]), noise=noise, random_state=seed_of(rng, 0))
    return X, y


def draw_spirals(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw interleaved spirals."""
    n, turns = int(args["n"]), float(args.get("turns", 1.0))
    y = rng.randint(0, 2, n)
    reach = np.sqrt(rng.uniform(0.03, 1, n))
    angle = 2 * np.pi * turns * reach + np.pi * y
    X = np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
    return X + float(args.get("noise", 0.03)) * rng.randn(n, 2), y


def draw_checker(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw a checkerboard."""
    n, cells = int(args["n"]), int(args.get("cells", 3))
    X = rng.uniform(0, cells, (n, 2))
    return X, (np.floor(X).sum(axis=1) % 2).astype(int)


def draw_ring(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw Gaussian clouds on a ring, their classes alternating."""
    n, n_clouds = int(args["n"]), int(args.get("clouds", 8))
    cloud = rng.randint(0, n_clouds, n)
    angle = 2 * np.pi * cloud / n_clouds
    centre = 3 * np.column_stack([np.cos(angle), np.sin(angle)])
    return centre + float(args.get("noise", 0.45)) * rng.randn(n, 2), cloud % 2


def draw_market(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw slow, fat-tailed indicators and the sign of a return they hardly explain.

    Notes
    -----
    ``edge`` scales what the indicators say: 1 gives about 0.57 at best, 2 about 0.63.
    """
    n, edge = int(args["n"]), float(args.get("edge", 1.0))
    shocks = rng.standard_t(5, (n, 10)) / np.sqrt(5 / 3)
    X = shocks.copy()
    for column in range(5):  # the first half trends like a moving average does
        for row in range(1, n):
            X[row, column] = 0.9 * X[row - 1, column] + np.sqrt(1 - 0.81) * shocks[row, column]
    logit = 0.25 * X[:, 0] - 0.2 * X[:, 5] + 0.15 * np.tanh(X[:, 1] * X[:, 6])
    return X, (rng.uniform(size=n) < sigmoid(edge * logit)).astype(int)


def draw_regimes(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw indicators whose meaning turns around with volatility."""
    n, edge = int(args["n"]), float(args.get("edge", 1.0))
    X = rng.randn(n, 8)
    X[:, 0] = np.abs(X[:, 0]) ** 1.5  # volatility, skewed as it is in markets
    calm = X[:, 0] < 1
    logit = np.where(calm, 0.4 * X[:, 1], -0.2 * X[:, 1]) + 0.3 * X[:, 2]
    return X, (rng.uniform(size=n) < sigmoid(edge * logit)).astype(int)


def draw_categories(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw categories as indicator columns, the class an interaction of two of them."""
    n, n_levels = int(args["n"]), int(args.get("levels", 8))
    levels = rng.randint(0, n_levels, (n, 4))
    X = np.hstack([np.eye(n_levels)[levels[:, k]] for k in range(4)])
    y = (levels[:, 0] < n_levels // 2) ^ (levels[:, 1] < n_levels // 3)
    return X, y.astype(int)


def draw_mixed(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw one category and numbers of very different shape, together."""
    n = int(args["n"])
    level = rng.randint(0, 6, n)
    numbers = np.column_stack([rng.randn(n), rng.exponential(1, n), rng.uniform(0, 1, n)])
    tilt = np.array([-1.0, 0.0, 1.0, -1.0, 0.0, 1.0])[level]
    logit = 4 * (numbers[:, 0] * tilt + numbers[:, 1] - 1.2 * numbers[:, 2] - 0.4)
    y = (rng.uniform(size=n) < sigmoid(logit)).astype(int)
    return np.hstack([np.eye(6)[level], numbers]), y


def draw_tails(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw Student-t features: rare, far, and telling."""
    n, degrees = int(args["n"]), float(args.get("degrees", 4.0))
    X = rng.standard_t(degrees, (n, 6))
    y = X[:, 0] - X[:, 1] + 0.8 * X[:, 2] + 0.4 * rng.randn(n) > 0
    return X, y.astype(int)


def draw_pixels(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw small pictures: noisy copies of a few drawings, with an empty margin."""
    n, side, n_classes = int(args["n"]), 8, int(args.get("n_classes", 5))
    drawings = np.random.RandomState(77).uniform(size=(n_classes, side, side)) > 0.55
    y = rng.randint(0, n_classes, n)
    ink = drawings[y] * rng.uniform(4, 12, (n, 1, 1))
    pictures = np.clip(
        np.round(ink + float(args.get("noise", 3.0)) * rng.randn(n, side, side)), 0, 16
    )
    pictures[:, 0, :] = 0
    pictures[:, :, -1] = 0
    return pictures.reshape(n, -1), y


def draw_polynomial(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw a cubic surface in three features."""
    X = rng.uniform(-1, 1, (int(args["n"]), 3))
    y = X[:, 0] ** 3 - 2 * X[:, 0] * X[:, 1] + X[:, 2] ** 2
    return X, y + float(args.get("noise", 0.1)) * rng.randn(len(y))


def draw_prices(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw values around fifty thousand that follow six features."""
    n = int(args["n"])
    X = rng.randn(n, 6)
    y = 8_000 * X[:, 0] - 5_000 * X[:, 1] + 3_000 * np.maximum(X[:, 2], 0) + 1_000 * rng.randn(n)
    return X, 50_000 + y


def draw_rings(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw two rings well apart, embedded among features that say nothing."""
    n = int(args["n"])
    y = rng.randint(0, 2, n)
    angle, reach = rng.uniform(0, 2 * np.pi, n), np.where(y == 1, 1.0, 0.5)
    X = np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
    return np.hstack([X + float(args.get("noise", 0.12)) * rng.randn(n, 2), rng.randn(n, 2)]), y


def draw_random_labels(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw features of one law and classes of another."""
    n = int(args["n"])
    X = rng.randn(n, int(args.get("n_features", 8)))
    return X, rng.randint(0, int(args.get("n_classes", 2)), n)


def draw_random_walk(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw indicators of random walks and the sign of a return they know nothing of."""
    n = int(args["n"])
    steps = rng.randn(n + 30, 2)
    windows = [steps[30 - w : n + 30 - w] for w in (1, 2, 5, 10, 20)]
    return np.hstack(windows), (rng.randn(n) > 0).astype(int)


def draw_base_rate(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw classes whose frequency says far more than their features do."""
    n = int(args["n"])
    X = rng.randn(n, 6)
    logit = float(args.get("tilt", 0.9)) + 0.3 * X[:, 0] - 0.25 * X[:, 1]
    return X, (rng.uniform(size=n) < sigmoid(logit)).astype(int)


def draw_dominant(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw classes that one feature nearly settles, honestly."""
    n = int(args["n"])
    X = rng.randn(n, 6)
    y = X[:, 0] + 0.3 * X[:, 1] + float(args.get("noise", 0.25)) * rng.randn(n) > 0
    return X, y.astype(int)


def draw_plane(args: Arguments, rng: Random) -> tuple[Floats, Rows]:
    """Draw two classes on either side of a gap around a plane."""
    n, margin = int(args["n"]), float(args.get("margin", 0.5))
    n_features = int(args.get("n_features", 6))
    normal = np.ones(n_features) / np.sqrt(n_features)
    X = rng.randn(8 * n, n_features)
    X = X[np.abs(X @ normal) > margin][:n]
    return X, (X @ normal > 0).astype(int)


OWN: dict[str, Dataset] = {
    "classes": Dataset(draw_classes, source="pool"),
    "quantiles": Dataset(draw_quantiles, source="pool"),
    "hastie": Dataset(draw_hastie),
    "friedman1": Dataset(draw_friedman1, is_regression=True),
    "friedman2": Dataset(draw_friedman2, is_regression=True),
    "friedman3": Dataset(draw_friedman3, is_regression=True),
    "spirals": Dataset(draw_spirals),
    "checker": Dataset(draw_checker),
    "ring": Dataset(draw_ring),
    "rings": Dataset(draw_rings),
    "market": Dataset(draw_market),
    "regimes": Dataset(draw_regimes),
    "categories": Dataset(draw_categories),
    "mixed": Dataset(draw_mixed),
    "tails": Dataset(draw_tails),
    "pixels": Dataset(draw_pixels),
    "polynomial": Dataset(draw_polynomial, is_regression=True),
    "prices": Dataset(draw_prices, is_regression=True),
    "random_labels": Dataset(draw_random_labels),
    "random_walk": Dataset(draw_random_walk),
    "base_rate": Dataset(draw_base_rate),
    "dominant": Dataset(draw_dominant),
    "plane": Dataset(draw_plane),
}
