"""Raw tables as setups bring them: weak signals, gaps, far values."""

import numpy as np


def draw_table(n=600, *, n_features=6, strength=1.0, gaps=0.0, seed=0):
    """Return features, outcomes and weights; the first two columns tell winners."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, n_features))
    log_odds = -0.5 + strength * (X[:, 0] + np.sign(X[:, 1]) * (X[:, 2] > 0))
    y = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(np.int64)
    X[rng.random(X.shape) < gaps] = np.nan
    return X, y, rng.uniform(0.3, 1.0, n)
