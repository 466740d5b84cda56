"""Trainings that work, for the holdout: other rows, networks, optimizers and sizes."""

from benchmarks.faults.bases import BCE, CE, MSE, base, data, net, plan

BLIND_BASES = (
    base(
        "bars", "binary wide weak numeric plain",
        data("bars", n=6000, edge=2.5, unseen=1500, seed=101), net(20, dropout=0.1),
        plan(BCE, "adamw", 0.001, 256, 15, weight_decay=0.01),
    ),
    base(
        "orders", "binary wide plain",
        data("orders", n=2000, seed=102), net(24, 12), plan(BCE, "rmsprop", 0.002, 32, 25),
    ),
    base(
        "gates", "binary wide curved plain",
        data("gates", n=2200, levels=6, seed=103), net(40, activation="silu"),
        plan(BCE, "adam", 0.004, 48, 20),
    ),
    base(
        "sines", "binary curved numeric plain",
        data("sines", n=2600, waves=2.0, seed=104), net(48, activation="tanh"),
        plan(BCE, "sgd", 0.1, 24, 30, momentum=0.9),
    ),
    base(
        "ellipsoid", "binary wide curved numeric plain",
        data("ellipsoid", n=2400, seed=105), net(40, activation="gelu"),
        plan(BCE, "adamw", 0.01, 64, 30, weight_decay=0.01),
    ),
    base(
        "laplace", "binary wide numeric plain",
        data("laplace", n=2600, seed=106), net(20, activation="softsign"),
        plan(BCE, "rmsprop", 0.003, 64, 25),
    ),
    base(
        "quadrants", "binary curved numeric plain",
        data("quadrants", n=1800, seed=107), net(28, activation="tanh"),
        plan(BCE, "adam", 0.01, 16, 20),
    ),
    base(
        "claims", "binary wide numeric plain",
        data("claims", n=1700, seed=108), net(16), plan(BCE, "sgd", 0.1, 20, 25),
    ),
    base(
        "panel", "binary wide numeric plain",
        data("panel", n=4000, seed=109), net(12, dropout=0.1),
        plan(BCE, "adamw", 0.003, 128, 15, weight_decay=0.05),
    ),
    base(
        "normed", "binary wide numeric",
        data("claims", n=2600, seed=110), net(24, 24, normalisation="batch"),
        plan(BCE, "sgd", 0.05, 64, 15, momentum=0.9),
    ),
    base(
        "petals", "many curved numeric plain",
        data("petals", n=1800, seed=111), net(40, activation="leaky_relu"),
        plan(CE, "adam", 0.01, 40, 25),
    ),
    base(
        "codes", "many wide numeric plain",
        data("codes", n=1600, seed=112), net(32, dropout=0.15), plan(CE, "sgd", 0.1, 32, 20),
    ),
    base(
        "grades", "many wide numeric plain",
        data("grades", n=2000, seed=113), net(32, activation="tanh"),
        plan(CE, "adam", 0.01, 32, 40),
    ),
    base(
        "waveform", "many wide numeric plain",
        data("waveform", n=2000, seed=114), net(16), plan(CE, "rmsprop", 0.002, 64, 10),
    ),
    base(
        "surface", "regression curved numeric plain",
        data("surface", "standardize_xy", n=1200, seed=115), net(40, 20, activation="tanh"),
        plan(MSE, "adam", 0.01, 32, 40),
    ),
    base(
        "spreads", "regression wide numeric plain",
        data("spreads", "standardize_xy", n=1500, seed=116), net(12),
        plan(MSE, "sgd", 0.02, 50, 20, momentum=0.5),
    ),
    base(
        "loads", "regression wide plain",
        data("loads", "standardize_xy", n=1300, seed=117), net(32, activation="silu"),
        plan(MSE, "adamw", 0.01, 24, 30, weight_decay=0.01),
    ),
    base(
        "slopes", "regression wide curved numeric plain",
        data("slopes", "standardize_xy", n=1600, seed=118), net(48),
        plan(MSE, "rmsprop", 0.003, 32, 25),
    ),
)  # fmt: skip
