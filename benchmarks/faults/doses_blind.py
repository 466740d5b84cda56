"""Magnitudes of the holdout: none of them is used in another group.

A fault or trap that is not listed here, and has no doses of its own for the holdout,
does not occur in it.
"""

from benchmarks.faults.bases import BCE, CE, data, net, plan
from benchmarks.faults.ills import Dose

BLIND_ILL_DOSES: dict[str, tuple[Dose, ...]] = {
    # the rows
    "nan_cells": (0.004, 0.08),
    "inf_rows": (0.006,),
    "outlier_rows": (7e2,),
    "target_outliers": (200,),
    "unscaled_all": (150,),
    "unscaled_one": (6e3,),
    "imbalance": (0.025, 0.04),
    "class_decay": (0.25,),
    "val_shift": ((4, 4.5),),
    "val_scale": (25,),
    "val_prior": (0.95,),
    "target_unit": (3e3,),
    "frozen_feature": (3e-10,),
    "repeated_rows": ((0.025, 80),),
    "leak": (0.08,),
    "few_noisy_rows": ((180, 0.3),),
    "noisy_labels": (0.45,),
    "shuffled_labels": (1.0,),
    "no_answer": ("coins",),
    "scarce": (14,),
    # the network
    "sigmoid_stack": (("hard_sigmoid", 8, 10, "xavier_normal"), ("sigmoid", 16, 11, "default")),
    "tanh_small": (("tanh", 16, 10, "normal_0.03"),),
    "dead_biases": (-35,),
    "relu_stack": ((3, 14, 0.08),),
    "saturated": (("tanh", 75), ("softsign", 400)),
    "big_start": ((8, 1.2), (3, 4.0)),
    "exponential": (5,),
    "zero_start": (0,),
    "equal_start": ("constant_0.3",),
    "one_softmax": (1,),
    "raw_probabilities": (1,),
    "bounded_output": ("leaky_relu", "softsign"),
    "relu_logit": ("exp",),
    "large_targets": ("softsign",),
    "raw_targets": (0.1,),
    "summed_loss": (0.2,),
    "linear_only": (1,),
    "bottleneck": ([1, 1],),
    "high_dropout": (0.97,),
    "overconfident": (0.2,),
    # the training
    "adam_hot": (4.0,),
    "sgd_hot": (12.0,),
    "rate_absurd": (1e12,),
    "cold": (2e-5,),
    "adam_cold": (2e-6,),
    "wild_momentum": ((0.4, 0.993),),
    "ascent": (True,),
    "too_short": ((2, 0.008),),
    "fading_rate": (0.25,),
    "heavy_decay": (3.0,),
    "tiny_batches": (0.9,),
    "nan_batch": (1,),
    "inf_batch": (1,),
    "huge_batch": (2e4,),
    "rate_jump": (500,),
}
BLIND_TRAP_DOSES: dict[str, tuple[Dose, ...]] = {
    "plain": (0,),
    "warmup": (6, 12),
    "restarts": (10,),
    "schedule": (
        {"name": "multi_step", "milestones": [12, 18], "gamma": 0.3},
        {"name": "linear", "start_factor": 1.0, "end_factor": 0.1, "total_iters": 20},
    ),
    "dropout": (0.25, 0.45),
    "sparse": ([144],),
    "small_batch": (5, 3),
    "big_first_step": ("normal_0.5", "uniform_0.7"),
    "full_batch": (0.025,),
    "converged": (90,),
    "clipped": (2.0, 0.3),
    "activation": ("softsign", "softplus"),
    "norm_stack": ((8, "batch"), (4, "layer")),
    "optimizer": (
        ({"name": "sgd", "lr": 0.03, "momentum": 0.95}, 22),
        ({"name": "rmsprop", "lr": 0.0015}, 30),
    ),
    "patient": (8,),
    "slow": ((6e-4, 90),),
    "own_output": (("sigmoid", "bce_on_probs"),),
    "own_softmax": (("softmax", "ce_on_probs"),),
    "squared_classes": ("mse_onehot",),
    "balanced_loss": ("bce_with_logits_balanced",),
    "big_batch": (160,),
    "weak": tuple(
        (data("bars", n=6000, edge=edge, unseen=1500, seed=150 + k), net(width),
         plan(BCE, name, 0.001, 128, 12, weight_decay=0.01))
        for k, (edge, width, name) in enumerate(
            ((1.2, 8, "adamw"), (1.6, 12, "adamw"), (2.0, 16, "adam"))
        )
    ),
    "few_rows": (90, 135),
    "constant": (4, 15),
    "tails": (
        (data("laplace", n=2200, seed=153), net(24), plan(BCE, "adam", 0.003, 32, 15)),
        (data("laplace", n=1800, seed=154), net(16, activation="tanh"),
         plan(BCE, "sgd", 0.05, 32, 25)),
    ),
    "indicators": (
        (data("gates", "none", n=2400, levels=3, seed=155), net(24),
         plan(BCE, "adam", 0.005, 32, 15)),
        (data("gates", "none", n=2600, levels=9, seed=156), net(32),
         plan(BCE, "adam", 0.004, 48, 20)),
        (data("loads", "standardize_xy", n=1400, seed=157), net(32),
         plan("mse", "adam", 0.005, 32, 30)),
    ),
    "separable": (
        (data("twins", n=900, gap=2.5, seed=158), net(16), plan(BCE, "adam", 0.005, 32, 30)),
        (data("twins", n=120, gap=2.0, seed=159), net(8), plan(BCE, "adam", 0.01, 16, 40)),
        (data("twins", n=80, gap=3.0, seed=160), net(4), plan(BCE, "adam", 0.02, 8, 25)),
    ),
    "uneven": (0.22, 0.35),
    "base_rate": (
        (data("rain", n=4000, tilt=1.2, seed=161), net(12), plan(BCE, "adam", 0.001, 64, 10)),
        (data("rain", n=3000, tilt=1.5, seed=162), net(8), plan(BCE, "adamw", 0.002, 64, 8)),
    ),
    "uneven_scale": (5, 2),
    "dominant": (
        (data("leader", n=1600, seed=163), net(16), plan(BCE, "adam", 0.005, 32, 15)),
        (data("leader", n=1000, seed=164), net(12), plan(BCE, "sgd", 0.1, 16, 20)),
    ),
    "squeezed": (
        (data("waveform", "minmax", n=2000, seed=165), net(24), plan(CE, "adam", 0.01, 32, 15)),
        (data("claims", "minmax", n=2000, seed=166), net(24), plan(BCE, "adam", 0.01, 32, 30)),
    ),
    "many_classes": (
        (data("codes", n=2600, n_classes=10, noise=1.0, seed=167), net(40),
         plan(CE, "adam", 0.005, 32, 12)),
        (data("petals", n=2600, n_classes=8, seed=168), net(64), plan(CE, "adam", 0.01, 32, 30)),
    ),
}  # fmt: skip
