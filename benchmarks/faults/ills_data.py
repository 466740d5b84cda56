"""Faults in the rows."""

from benchmarks.faults.bases import Base
from benchmarks.faults.ills import Changes, Dose, Ill, doses, repaired_by, spoiled


def unscale_all(base: Base, dose: Dose) -> Changes:
    """Multiply all features and forget to scale them."""
    dataset = base.with_transforms({"op": "scale_after_preprocess", "factor": dose})
    return {"dataset": dataset}


def unscale_one(base: Base, dose: Dose) -> Changes:
    """Leave one feature in another unit."""
    change = {"op": "scale_column_after_preprocess", "column": 1, "factor": dose}
    return {"dataset": base.with_transforms(change)}


def few_noisy_rows(base: Base, dose: Dose) -> Changes:
    """Keep few rows, flip labels, and let a wide network learn them by heart."""
    n_rows, flipped = dose
    dataset = base.with_transforms(
        {"op": "keep_rows", "n_rows": n_rows}, {"op": "label_noise", "fraction": flipped}
    )
    return {"dataset": dataset, "model": base.model(hidden=[128, 128]), "epochs": 120}


def stop_early(base: Base, dose: Dose, changes: Changes) -> Changes:
    """Go back to the small network and stop at the best validation loss."""
    del dose, changes
    return {
        "model": base.document["model"],
        "early_stopping": {"monitor": "val_loss", "patience": 8, "restore_best": True},
    }


def freeze(base: Base, dose: Dose) -> Changes:
    """Hold two features still in training."""
    change = {"op": "freeze_columns", "columns": [0, 2], "dust": dose}
    return {"dataset": base.with_transforms(change)}


def drop_frozen(base: Base, dose: Dose, changes: Changes) -> Changes:
    """Do without the frozen features."""
    del base, dose
    dataset = changes["dataset"]
    dropped = [*dataset["transforms"], {"op": "drop_columns", "columns": [0, 2]}]
    return {"dataset": {**dataset, "transforms": dropped}}


def repeat(base: Base, dose: Dose) -> Changes:
    """Let a few mislabelled rows appear many times."""
    fraction, times = dose
    change = {"op": "repeat_rows", "fraction": fraction, "times": times}
    return {"dataset": base.with_transforms(change)}


def shift(base: Base, dose: Dose) -> Changes:
    """Move some features outside the training rows."""
    n_columns, delta = dose
    change = {"op": "shift_val_columns", "columns": list(range(n_columns)), "delta_sigma": delta}
    return {"dataset": base.with_transforms(change)}


def noisy_labels(base: Base, dose: Dose) -> Changes:
    """Flip labels and give the network room and time to learn them."""
    return {
        "dataset": base.with_transforms({"op": "label_noise", "fraction": dose}),
        "model": base.model(hidden=[128, 128]),
        "epochs": 60,
    }


def clean_labels(base: Base, dose: Dose, changes: Changes) -> Changes:
    """Put the labels right; what a repair can reach is a little less."""
    del dose, changes
    return {
        "model": base.document["model"],
        "early_stopping": {"monitor": "val_loss", "patience": 6, "restore_best": True},
    }


def without_answer(base: Base, dose: Dose) -> Changes:
    """Replace the data by some that hold no answer."""
    args = {"n": 1500, "seed": base.document["dataset"]["args"].get("seed", 0)}
    return {"dataset": {**base.document["dataset"], "name": dose, "args": args}}


def drown_in_noise(base: Base, dose: Dose) -> Changes:
    """Replace the data by few rows and many empty columns: (rows, columns)."""
    n_rows, n_columns = dose
    args = {"n": n_rows, "noise_features": n_columns, "seed": 70}
    return {
        "dataset": {**base.document["dataset"], "name": "wide_noise", "args": args},
        "model": base.model(hidden=[64, 64]),
        "optimizer": {"name": "adam", "lr": 0.003},
        "epochs": 60,
    }


def decay_and_stop(base: Base, dose: Dose, changes: Changes) -> Changes:
    """Decay the weights and stop at the best validation loss."""
    del base, dose, changes
    return {
        "optimizer": {"name": "adamw", "lr": 0.003, "weight_decay": 0.3},
        "early_stopping": {"monitor": "val_loss", "patience": 8, "restore_best": True},
    }


def scale_targets(base: Base, dose: Dose) -> Changes:
    """Measure the targets in a tiny unit."""
    scaled = base.with_transforms({"op": "scale_target", "factor": dose})
    return {"dataset": {**scaled, "preprocess": "standardize_x"}}


def wide_and_short(base: Base, dose: Dose) -> Changes:
    """Give a handful of rows to a network of a thousand weights."""
    return {"dataset": base.with_transforms({"op": "keep_rows", "n_rows": dose}), "epochs": 60}


def imbalance(base: Base, dose: Dose) -> Changes:
    """Make one class rare and train without minding it."""
    dataset = base.with_transforms({"op": "minority_fraction", "fraction": dose})
    args = {**dataset["args"], "n": 3 * dataset["args"]["n"]}  # enough rare rows to score
    return {"dataset": {**dataset, "args": args}, "optimizer": {"name": "sgd", "lr": 0.01}}


def weigh_classes(base: Base, dose: Dose, changes: Changes) -> Changes:
    """Weigh the classes in the loss."""
    del dose, changes
    return {"loss": base.document["loss"] + "_balanced", "optimizer": base.document["optimizer"]}


def decay_classes(base: Base, dose: Dose) -> Changes:
    """Make each class rarer than the one before."""
    dataset = base.with_transforms({"op": "class_decay", "factor": dose})
    return {"dataset": dataset, "optimizer": {"name": "sgd", "lr": 0.01}}


SPIKES = ("exploding_gradient", "loss_spike", "lr_too_high", "exploding_activation")
STUCK = ("plateau", "mode_collapse", "underfitting")

DATA_ILLS = (
    Ill(
        key="nan_cells", expected="nan_inf_input", also=("nan_inf_loss",),
        spoil=spoiled("inject_nan", "fraction"), cure=repaired_by("impute_median"),
        doses=doses((0.01, 0.05), (0.002, 0.02)), n_bases=2,
        fault="{dose} of the training cells are NaN",
    ),
    Ill(
        key="inf_rows", expected="nan_inf_input", also=("nan_inf_loss",),
        spoil=spoiled("inject_inf_rows", "fraction"), cure=repaired_by("drop_nonfinite_rows"),
        doses=doses((0.01,), (0.03,)), fault="{dose} of the training rows hold an infinite cell",
    ),
    Ill(
        key="outlier_rows", expected="outliers",
        also=(*SPIKES, "oscillating_loss", "unscaled_features", "distribution_shift", *STUCK),
        spoil=spoiled("outlier_rows", "magnitude", fraction=0.02),
        cure=repaired_by("drop_outlier_rows_iqr"), fits="numeric",
        doses=doses((1e3, 1e5), (3e3, 3e4)), n_bases=2,
        fault="2 % of the training rows lie {dose} deviations away",
    ),
    Ill(
        key="target_outliers", expected="outliers",
        also=(*SPIKES, "oscillating_loss", "unscaled_features", *STUCK),
        spoil=spoiled("target_outliers", "magnitude", fraction=0.02),
        cure=repaired_by("drop_target_outliers_iqr"), fits="regression",
        doses=doses((100, 1000), (50, 500)),
        fault="2 % of the training targets lie {dose} deviations away",
    ),
    Ill(
        key="unscaled_all", expected="unscaled_features",
        also=(*SPIKES, "oscillating_loss", "saturated_activation", "unstable_gradient",
              "diverging_loss", "dying_relu", "overfitting"),
        spoil=unscale_all, doses=doses((100, 1000), (300, 3000)), n_bases=2, fits="plain",
        fault="all features are {dose} times too large",
    ),
    Ill(
        key="unscaled_one", expected="unscaled_features",
        also=(*SPIKES, "oscillating_loss", "saturated_activation", "unstable_gradient", *STUCK,
              "dying_relu", "diverging_loss"),
        spoil=unscale_one, doses=doses((3e3, 1e5), (1e4, 1e6)), n_bases=2, fits="numeric plain",
        fault="one feature is {dose} times as large as the others",
    ),
    Ill(
        key="imbalance", expected="class_imbalance", also=("mode_collapse",),
        spoil=imbalance, cure=weigh_classes, fits="binary -weak -curved",
        doses=doses((0.01, 0.02), (0.015, 0.03)), fault="{dose} of the rows belong to class 1",
    ),
    Ill(
        key="class_decay", expected="class_imbalance", also=("mode_collapse", "underfitting"),
        spoil=decay_classes, cure=weigh_classes, fits="many -weak",
        doses=doses((0.3,), (0.2,)), fault="each class keeps {dose} of the share before it",
    ),
    Ill(
        key="val_shift", expected="distribution_shift", also=("overfitting",),
        spoil=shift, fits="wide -weak", outcome="unfixable", proof="shift",
        doses=doses(((4, 3.0), (6, 5.0)), ((5, 4.0), (3, 6.0))), n_bases=2,
        fault="validation rows are moved: (features, deviations) = {dose}",
    ),
    Ill(
        key="val_scale", expected="distribution_shift", also=("overfitting", "unscaled_features"),
        spoil=spoiled("scale_val_only", "factor"), fits="-weak", outcome="unfixable",
        proof="shift", doses=doses((10,), (0.05,)),
        fault="validation rows are scaled by {dose}",
    ),
    Ill(
        key="val_prior", expected="distribution_shift", also=("class_imbalance",),
        spoil=spoiled("val_prior", "fraction"), fits="binary -weak", outcome="unfixable",
        proof="prior", doses=doses((0.9,), (0.08,)),
        fault="class 1 is {dose} of the validation rows",
    ),
    Ill(
        key="target_unit", expected="underfitting",
        also=("lr_too_low", "plateau", "unscaled_features", *SPIKES, "diverging_loss",
              "nan_inf_loss", "oscillating_loss", "dying_relu", "mode_collapse"),
        spoil=scale_targets, fits="regression -weak", doses=doses((1e3,), (1e4,)),
        fault="the targets are multiplied by {dose} and not scaled",
    ),
    Ill(
        key="wide_noise", expected="overfitting", also=("insufficient_data", "no_signal"),
        spoil=drown_in_noise, cure=decay_and_stop, fits="binary numeric plain -weak",
        proof="loss", doses=doses(((160, 90),), ((300, 150),)), n_bases=1,
        fault="few rows, many empty columns: {dose}",
    ),
    Ill(
        key="frozen_feature", expected="constant_feature",
        also=("unscaled_features", "distribution_shift", "outliers"),
        spoil=freeze, cure=drop_frozen, fits="wide numeric -many", proof="score",
        doses=doses((1e-9,), (1e-8,)), n_bases=2,
        fault="two features are constant in training but for rounding dust of {dose}",
    ),
    Ill(
        key="repeated_rows", expected="duplicate_rows",
        also=("label_noise", "class_imbalance", "underfitting", "overfitting"),
        spoil=repeat, cure=repaired_by("drop_repeated_rows"), fits="-regression -weak",
        doses=doses(((0.03, 60),), ((0.02, 120),)), n_bases=2,
        fault="mislabelled copies: (share of rows, copies of each) = {dose}",
    ),
    Ill(
        key="leak", expected="leaking_feature", also=("distribution_shift",),
        spoil=spoiled("leak_target", "noise"), fits="-weak", outcome="alarm", proof="leak",
        doses=doses((0.02,), (0.05,)), n_bases=2,
        fault="a feature is the answer plus {dose} of noise, until it matters",
    ),
    Ill(
        key="few_noisy_rows", expected="overfitting", also=("label_noise", "insufficient_data"),
        spoil=few_noisy_rows, cure=stop_early, fits="-regression -weak", proof="loss",
        doses=doses(((150, 0.2), (300, 0.3)), ((200, 0.25), (400, 0.35))),
        fault="few rows, flipped labels, a wide network: (rows, flipped) = {dose}",
    ),
    Ill(
        key="noisy_labels", expected="label_noise", also=("overfitting", "underfitting"),
        spoil=noisy_labels, cure=clean_labels, fits="-regression -weak", proof="loss",
        doses=doses((0.3, 0.4), (0.35, 0.25)), fault="{dose} of the training labels are wrong",
    ),
    Ill(
        key="shuffled_labels", expected="no_signal",
        also=("underfitting", "plateau", "overfitting", "mode_collapse", "label_noise",
              "distribution_shift"),
        spoil=spoiled("shuffle_train_labels", "fraction"), outcome="unfixable", proof="chance",
        doses=doses((1.0,), (1.0,)), n_bases=3, fault="the training labels are shuffled",
    ),
    Ill(
        key="no_answer", expected="no_signal",
        also=("underfitting", "plateau", "overfitting", "mode_collapse"),
        spoil=without_answer, fits="binary numeric", outcome="unfixable", proof="chance",
        doses=doses(("random_labels",), ("random_walk",)), n_bases=4,
        fault="{dose}: the features say nothing about the class",
    ),
    Ill(
        key="scarce", expected="insufficient_data",
        also=("overfitting", "no_signal", "underfitting", "class_imbalance"),
        spoil=wide_and_short, fits="wide -many", outcome="alarm", proof="scarce",
        doses=doses((16,), (12,)), n_bases=2, fault="only {dose} training rows",
    ),
)  # fmt: skip
