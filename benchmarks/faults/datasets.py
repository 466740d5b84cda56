"""The data sets that the case document names, built as its conventions say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets as sk

Floats = NDArray[np.float64]
Arguments = Mapping[str, Any]
Draw = Callable[[Arguments, np.random.RandomState], tuple[Floats, NDArray[Any]]]


@dataclass(frozen=True)
class Dataset:
    """Name a way to draw rows.

    Parameters
    ----------
    draw : callable
        ``(args, random_state) -> X, y`` with X of shape (n, n_features).
    is_regression : bool
        Whether y is a quantity rather than a class.
    source : str
        ``"law"``: another random state draws other rows from the same law;
        ``"pool"``: unseen rows must be set aside from one larger draw;
        ``"table"``: a fixed table, of which unseen rows are a part.
    """

    draw: Draw
    is_regression: bool = False
    source: str = "law"


def seed_of(rng: np.random.RandomState, default: int) -> int:
    """Return the seed that scikit-learn gets: the conventional one on the first draw.

    Parameters
    ----------
    rng : RandomState
        In its fresh state for the rows of the document.
    default : int
        What the conventions fix for those rows.

    Returns
    -------
    int
        Another number for any other random state, so that unseen rows differ.
    """
    first = int(rng.randint(1 << 30))
    fresh = int(np.random.RandomState(0).randint(1 << 30))
    return default if first == fresh else first


def draw_blobs(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw three overlapping Gaussian clouds; best reachable accuracy about 0.83."""
    n = int(args.get("n", 1000))
    seed = seed_of(rng, 2)
    X, y, centers = sk.make_blobs(
        n, centers=3, n_features=2, cluster_std=2, random_state=2, return_centers=True
    )
    if seed != 2:  # unseen rows keep the centres
        X, y = sk.make_blobs(n, centers=centers, cluster_std=2, random_state=seed)
    return X, y


def draw_circles(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw two concentric rings; best reachable accuracy about 0.85."""
    noise, factor = float(args.get("noise", 0.1)), float(args.get("factor", 0.8))
    n = int(args.get("n", 1000))
    X, y = sk.make_circles(n, noise=noise, factor=factor, random_state=seed_of(rng, 1))
    return X, y


def draw_moons(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw two interleaved half circles."""
    n, noise = int(args.get("n", 1000)), float(args.get("noise", 0.2))
    X, y = sk.make_moons(n, noise=noise, random_state=seed_of(rng, 0))
    return X, y


def table(loader: Callable[..., Any], **options: Any) -> Draw:
    """Return a draw that hands out a fixed table, or its first shuffled rows.

    Parameters
    ----------
    loader : callable
        A scikit-learn loader.
    **options : Any
        Passed on to the loader.

    Returns
    -------
    callable
        The draw; ``args["n"]`` limits the rows.
    """

    def draw(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
        X, y = loader(return_X_y=True, **options)
        if "n" in args:
            rows = rng.permutation(len(y))[: int(args["n"])]
            X, y = X[rows], y[rows]
        return X.astype(float), y

    return draw


def draw_synth_cls(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw the standard classification problem of the document."""
    n = int(args.get("n", 2000))
    X, y = sk.make_classification(
        n, n_features=20, n_informative=8, n_redundant=4, random_state=seed_of(rng, 0)
    )
    return X, y


def draw_synth_reg(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw the standard linear regression of the document, its targets around 150."""
    X, y = sk.make_regression(
        int(args.get("n", 1000)),
        n_features=10,
        n_informative=8,
        noise=10,
        random_state=seed_of(rng, 0),
    )
    return X, y + 150


def draw_quadratic(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw a parabola with cubed Gaussian noise."""
    x = np.linspace(0, 5, int(args.get("n", 200)))
    return x[:, None], 5 * x**2 + rng.randn(len(x)) ** 3


def draw_linear1d(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw a noisy line."""
    n = int(args.get("n", 600))
    x = rng.uniform(0, 10, n)
    return x[:, None], 20 * x + 30 + 5 * rng.randn(n)


def draw_signed_linear(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw a plane with targets of both signs."""
    n = int(args.get("n", 600))
    X = rng.randn(n, 2)
    return X, 2 * X[:, 0] - 1.5 * X[:, 1] + 0.1 * rng.randn(n)


def draw_sum_targets(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw rows whose target is their own sum."""
    X = rng.uniform(0, 1, (int(args.get("n", 600)), 10))
    return X, X.sum(axis=1)


def draw_xor(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw the four XOR points over and over, a little blurred."""
    repeats = int(args.get("n", 200)) // 4
    corners = np.tile(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float), (repeats, 1))
    y = np.logical_xor(corners[:, 0] > 0, corners[:, 1] > 0).astype(int)
    return corners + 0.02 * rng.randn(*corners.shape), y


def draw_uniform_random_labels(
    args: Arguments, rng: np.random.RandomState
) -> tuple[Floats, NDArray[Any]]:
    """Draw rows and, independently of them, labels."""
    n = int(args.get("n", 2000))
    return rng.uniform(-1, 0, (n, 4)), rng.randint(0, 2, n)


def draw_wide_noise(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw few telling columns among many that say nothing."""
    n, n_noise = int(args.get("n", 200)), int(args.get("noise_features", 100))
    telling = rng.randn(n, 5)
    y = (telling.sum(axis=1) + 0.5 * rng.randn(n) > 0).astype(int)
    return np.hstack([telling, rng.randn(n, n_noise)]), y


def draw_weak_signal(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw market-like data: the Bayes limit is about 0.57 accuracy."""
    n = int(args.get("n", 4000))
    X = rng.randn(n, 12)
    logit = 0.2 * X[:, 0] - 0.15 * X[:, 1] + 0.15 * X[:, 2] * X[:, 3]
    return X, (rng.uniform(size=n) < 1 / (1 + np.exp(-logit))).astype(int)


def draw_blobs_binary_95_5(
    args: Arguments, rng: np.random.RandomState
) -> tuple[Floats, NDArray[Any]]:
    """Draw a cloud of 1900 rows and one of 100, 2.5 standard deviations apart."""
    n = int(args.get("n", 2000))
    n_rare = n // 20
    X = np.vstack([rng.randn(n - n_rare, 5), rng.randn(n_rare, 5) + 2.5])
    return X, np.repeat([0, 1], [n - n_rare, n_rare])


def draw_heavy_tail(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw Student-t(3) features: natural 8-sigma rows that carry signal."""
    n = int(args.get("n", 2000))
    X = rng.standard_t(3, (n, 8))
    return X, (X[:, 0] + X[:, 1] - X[:, 2] + 0.5 * rng.randn(n) > 0).astype(int)


def draw_onehot(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw three categories of twelve levels as indicator columns."""
    levels = rng.randint(0, 12, (int(args.get("n", 2000)), 3))
    X = np.hstack([np.eye(12)[levels[:, k]] for k in range(3)])
    return X, np.logical_xor(levels[:, 0] < 5, levels[:, 1] < 4).astype(int)


def draw_separable(args: Arguments, rng: np.random.RandomState) -> tuple[Floats, NDArray[Any]]:
    """Draw two classes with a margin of 0.8 around a plane."""
    n = int(args.get("n", 1000))
    normal = np.array([1.0, -1.0, 0.5, 0.5]) / np.sqrt(2.5)
    X = rng.randn(8 * n, 4)
    X = X[np.abs(X @ normal) > 0.8][:n]
    return X, (X @ normal > 0).astype(int)


GIVEN: dict[str, Dataset] = {
    "blobs": Dataset(draw_blobs),
    "circles": Dataset(draw_circles),
    "moons": Dataset(draw_moons),
    "breast_cancer": Dataset(table(sk.load_breast_cancer), source="table"),
    "wine": Dataset(table(sk.load_wine), source="table"),
    "digits": Dataset(table(sk.load_digits), source="table"),
    "iris": Dataset(table(sk.load_iris), source="table"),
    "diabetes": Dataset(table(sk.load_diabetes, scaled=False), is_regression=True, source="table"),
    "synth_cls": Dataset(draw_synth_cls, source="pool"),
    "synth_reg": Dataset(draw_synth_reg, is_regression=True, source="pool"),
    "quadratic": Dataset(draw_quadratic, is_regression=True),
    "linear1d": Dataset(draw_linear1d, is_regression=True),
    "signed_linear": Dataset(draw_signed_linear, is_regression=True),
    "sum_targets": Dataset(draw_sum_targets, is_regression=True),
    "xor": Dataset(draw_xor),
    "uniform_random_labels": Dataset(draw_uniform_random_labels),
    "wide_noise": Dataset(draw_wide_noise),
    "weak_signal": Dataset(draw_weak_signal),
    "blobs_binary_95_5": Dataset(draw_blobs_binary_95_5),
    "heavy_tail": Dataset(draw_heavy_tail),
    "onehot": Dataset(draw_onehot),
    "separable": Dataset(draw_separable),
}
