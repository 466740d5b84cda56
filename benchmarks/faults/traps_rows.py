"""Healthy trainings on rows that look odd."""

from benchmarks.faults.bases import BCE, CE, data, net, plan
from benchmarks.faults.ills import doses
from benchmarks.faults.traps import Trap, few_rows, imbalanced, replaced, rows_added

ROW_TRAPS = (
    Trap(
        key="weak", why="market-like data with little to know: {dose[0][args]}",
        trap_for=("underfitting", "plateau", "no_signal", "mode_collapse"), change=replaced,
        doses=doses(
            tuple(
                (data("market", n=5000, edge=edge, seed=51 + k), net(12),
                 plan(BCE, "adam", 0.001, 64, 10, weight_decay=1e-3))
                for k, edge in enumerate((1.0, 1.4))
            ),
            tuple(
                (data("regimes", n=5000, edge=edge, seed=61 + k), net(16),
                 plan(BCE, "adamw", 0.001, 64, 10))
                for k, edge in enumerate((0.7, 1.0))
            ),
        ),
    ),
    Trap(
        key="few_rows", why="{dose} rows, and a network to match",
        trap_for=("insufficient_data", "distribution_shift", "overfitting"), change=few_rows,
        doses=doses((100, 150), (120,)), fits="binary wide numeric -weak -curved plain",
    ),
    Trap(
        key="constant", why="some columns never change, and nobody minds",
        trap_for=("constant_feature", "unscaled_features"),
        change=rows_added({"op": "add_constant_columns", "n_columns": "dose"}),
        doses=doses((2, 10), (5,)), fits="-weak",
    ),
    Trap(
        key="tails", why="natural far rows that carry signal",
        trap_for=("outliers", "loss_spike", "exploding_gradient"), change=replaced,
        doses=doses(
            ((data("tails", n=1600, degrees=3, seed=52), net(32),
              plan(BCE, "adam", 0.003, 32, 20)),),
            ((data("tails", n=1600, degrees=2.5, seed=62), net(24, 24),
              plan(BCE, "adam", 0.003, 32, 15)),),
        ),
    ),
    Trap(
        key="indicators", why="0/1 columns, most of them zero, many rows alike",
        trap_for=("unscaled_features", "outliers", "duplicate_rows", "constant_feature"),
        change=replaced,
        doses=doses(
            tuple(
                (data("categories", preprocess, n=1500, levels=levels, seed=53), net(32),
                 plan(BCE, "adam", 0.003, 32, 15))
                for preprocess, levels in (("standardize", 12), ("none", 4))
            ),
            tuple(
                (data("categories", preprocess, n=1500, levels=levels, seed=63), net(24),
                 plan(BCE, "adam", 0.005, 32, 15))
                for preprocess, levels in (("standardize", 10), ("none", 6))
            ),
        ),
    ),
    Trap(
        key="separable", why="a gap between the classes: the loss goes to zero",
        trap_for=("overfitting", "vanishing_gradient", "leaking_feature", "plateau"),
        change=replaced,
        doses=doses(
            ((data("plane", n=800, margin=0.8, n_features=4, seed=54), net(16),
              plan(BCE, "adam", 0.005, 32, 40)),),
            ((data("plane", n=700, margin=0.6, n_features=3, seed=64), net(24),
              plan(BCE, "sgd", 0.1, 32, 40)),),
        ),
    ),
    Trap(
        key="uneven", why="class 1 is {dose} of the rows, which is no problem",
        trap_for=("class_imbalance", "mode_collapse"), change=imbalanced,
        doses=doses((0.2, 0.3), (0.25,)), fits="binary wide numeric -weak", n_bases=1,
    ),
    Trap(
        key="base_rate", why="the best answer is nearly always the frequent class",
        trap_for=("mode_collapse", "no_signal", "class_imbalance"), change=replaced,
        doses=doses(
            ((data("base_rate", n=3000, tilt=0.9, seed=55), net(12),
              plan(BCE, "adam", 0.001, 64, 12)),),
            ((data("base_rate", n=3500, tilt=1.1, seed=65), net(16),
              plan(BCE, "adamw", 0.001, 64, 10)),),
        ), is_base_rate=True,
    ),
    Trap(
        key="batch_of_one", why="the last batch of every epoch holds a single row",
        trap_for=("unstable_gradient", "loss_spike"),
        change=rows_added({"op": "keep_rows", "n_rows": "dose"}),
        doses=doses((513,), (481,)), fits="wide plain -weak -many -curved",
    ),
    Trap(
        key="some_flips", why="five in a hundred labels are wrong, as everywhere",
        trap_for=("label_noise", "overfitting", "plateau"), change=replaced,
        doses=doses(
            ((data("classes", n=1800, n_features=10, n_informative=6, class_sep=1.5, flip_y=0.1,
              seed=56),
              net(12), plan(BCE, "adam", 0.003, 32, 12)),),
            ((data("quantiles", n=2400, n_features=3, n_classes=2, seed=66), net(24),
              plan(BCE, "adam", 0.005, 32, 20)),),
        ),
    ),
    Trap(
        key="uneven_scale", why="one column is {dose} times as wide as the others",
        trap_for=("unscaled_features",),
        change=rows_added({"op": "scale_column_after_preprocess", "column": 0, "factor": "dose"}),
        doses=doses((4,), (3,)), fits="wide numeric -weak -curved", n_bases=2,
    ),
    Trap(
        key="dominant", why="one honest feature nearly settles the class",
        trap_for=("leaking_feature",), change=replaced,
        doses=doses(
            ((data("dominant", n=1500, noise=0.25, seed=57), net(16),
              plan(BCE, "adam", 0.005, 32, 15)),),
            ((data("dominant", n=1200, noise=0.15, seed=67), net(12),
              plan(BCE, "sgd", 0.1, 32, 20)),),
        ),
    ),
    Trap(
        key="squeezed", why="features between 0 and 1",
        trap_for=("lr_too_low", "unscaled_features"), change=replaced,
        doses=doses(
            ((data("classes", "minmax", n=1400, n_features=8, n_informative=5, class_sep=1.5,
              seed=58),
              net(32), plan(BCE, "adam", 0.01, 32, 30)),),
            ((data("mixed", "minmax", n=1500, seed=68), net(32),
              plan(BCE, "adam", 0.01, 32, 30)),),
        ),
    ),
    Trap(
        key="many_classes", why="many classes: the first loss is large and accuracy starts low",
        trap_for=("underfitting", "mode_collapse"), change=replaced,
        doses=doses(
            ((data("classes", n=2400, n_features=16, n_informative=10, n_classes=8,
              n_clusters_per_class=1,
                   class_sep=2.0, seed=59), net(64), plan(CE, "adam", 0.005, 64, 25)),),
            ((data("pixels", "minmax", n=1500, n_classes=12, noise=3.0, seed=69), net(48),
              plan(CE, "adam", 0.005, 32, 15)),),
        ),
    ),
)  # fmt: skip
