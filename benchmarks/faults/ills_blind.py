"""Faults of the holdout that no other group has, as public collections describe them.

AUTOTRAINER plants bad starts, rates and activations; DeepFD changes loss, optimizer,
rate, activation or the number of epochs; the repairs accepted on Stack Overflow scale
columns, drop a second softmax, or let training go on.
"""

from benchmarks.faults.bases import Base, data
from benchmarks.faults.ills import Changes, Dose, Ill, event_at, model, optimizer
from benchmarks.faults.ills_data import STUCK, decay_and_stop
from benchmarks.faults.ills_network import NO_START, bounded_output
from benchmarks.faults.ills_training import HOT


def drown(base: Base, dose: Dose) -> Changes:
    """Replace the data by few rows and many idle columns: (rows, columns)."""
    n_rows, n_idle = dose
    return {
        "dataset": data("drowned", n=n_rows, idle=n_idle, seed=120),
        "model": base.model(hidden=[80, 40], dropout=0.0),
        "optimizer": {"name": "adam", "lr": 0.003},
        "epochs": 50,
        "batch_size": 32,
    }


def in_own_units(base: Base, dose: Dose) -> Changes:
    """Replace the data by columns in their own units: (rows, optimizer)."""
    n_rows, how = dose
    return {
        "dataset": data("ledger", "none", n=n_rows, seed=121),
        "model": base.model(hidden=[24], dropout=0.0),
        "optimizer": how,
        "batch_size": 32,
        "epochs": 20,
    }


def standardized(base: Base, dose: Dose, changes: Changes) -> Changes:
    """Scale the columns, and train as the base does."""
    del dose
    return {
        "dataset": {**changes["dataset"], "preprocess": "standardize"},
        "optimizer": {"name": "adam", "lr": 0.005},
        "model": base.model(hidden=[24], dropout=0.0),
    }


def two_columns(base: Base, dose: Dose) -> Changes:
    """Leave two features in other units."""
    changed = {"op": "scale_column_after_preprocess", "columns": [0, 2], "factor": dose}
    return {"dataset": base.with_transforms(changed)}


def tight_clip(base: Base, dose: Dose) -> Changes:
    """Clip the gradient to next to nothing under SGD."""
    del base
    return {"clip_norm": dose, "optimizer": {"name": "sgd", "lr": 0.05}}


def unclip(base: Base, dose: Dose, changes: Changes) -> Changes:
    """Do not clip, and take the optimizer that works."""
    del dose, changes
    return {"clip_norm": None, "optimizer": base.document["optimizer"]}


def swinging_rate(base: Base, dose: Dose) -> Changes:
    """Let the rate swing up to the dose and back every few epochs."""
    swing = {"base_lr": 0.01, "max_lr": dose, "step_size_up": 3, "cycle_momentum": False}
    return {
        "scheduler": {"name": "cyclic", **swing},
        "optimizer": {"name": "sgd", "lr": 0.01, "momentum": 0.9},
        "epochs": max(24, base.document["epochs"]),
    }


def steps_down(base: Base, dose: Dose) -> Changes:
    """Cut the rate to a fraction every other epoch."""
    return {
        "scheduler": {"name": "step", "step_size": 2, "gamma": dose},
        "optimizer": {"name": "sgd", "lr": 0.01},
        "epochs": max(30, base.document["epochs"]),
    }


def without_schedule(base: Base, dose: Dose, changes: Changes) -> Changes:
    """Keep the rate, and take the optimizer and epochs that work."""
    del dose, changes
    known = base.document
    return {"scheduler": None, "optimizer": known["optimizer"], "epochs": known["epochs"]}


def few_steps(base: Base, dose: Dose) -> Changes:
    """Take a handful of steps with huge batches: (batch size, epochs, rate)."""
    del base
    batch_size, epochs, rate = dose
    return {"batch_size": batch_size, "epochs": epochs, "optimizer": {"name": "adam", "lr": rate}}


def squeezed_hidden(base: Base, dose: Dose) -> Changes:
    """Put a softmax between the layers."""
    width, depth = dose
    return {"model": base.model(hidden=[width] * depth, activation="softmax", dropout=0.0)}


def narrow_end(base: Base, dose: Dose) -> Changes:
    """Squeeze everything through one last unit."""
    return {"model": base.model(hidden=dose, activation="relu", dropout=0.0)}


def blind(*dose: Dose) -> dict[str, tuple[Dose, ...]]:
    """Return the magnitudes of a fault that only the holdout has."""
    return {"holdout": dose}


BLIND_ILLS = (
    Ill(
        key="drowned", expected="overfitting", also=("insufficient_data", "no_signal"),
        spoil=drown, cure=decay_and_stop, fits="binary numeric plain -weak", proof="loss",
        doses=blind((180, 60), (260, 130)), n_bases=1,
        fault="few rows, many idle columns: {dose}",
    ),
    Ill(
        key="own_units", expected="unscaled_features",
        also=(*HOT, "outliers", "lr_too_high"), spoil=in_own_units, cure=standardized,
        fits="binary numeric plain -weak", n_bases=1,
        doses=blind((1200, {"name": "sgd", "lr": 0.01}), (900, {"name": "adam", "lr": 0.001})),
        fault="columns in their own units, from hundredths to millions: {dose}",
    ),
    Ill(
        key="two_units", expected="unscaled_features",
        also=(*HOT, "lr_too_high", "outliers"), spoil=two_columns, doses=blind(5e6),
        n_bases=2, fits="numeric plain -weak", fault="two features are {dose} times as large",
    ),
    Ill(
        key="rmsprop_hot", expected="lr_too_high", also=HOT,
        spoil=optimizer(name="rmsprop", lr="dose"), doses=blind(0.7), n_bases=2, fits="plain",
        fault="RMSprop at rate {dose}",
    ),
    Ill(
        key="rmsprop_cold", expected="lr_too_low", also=("plateau", "underfitting"),
        spoil=optimizer(name="rmsprop", lr="dose"), doses=blind(5e-7), n_bases=2, fits="-weak",
        fault="RMSprop at rate {dose}",
    ),
    Ill(
        key="tight_clip", expected="lr_too_low",
        also=("plateau", "vanishing_gradient", "underfitting"), spoil=tight_clip, cure=unclip,
        doses=blind(1e-4), n_bases=2, fits="-weak",
        fault="the gradient is clipped to {dose}",
    ),
    Ill(
        key="swinging_rate", expected="oscillating_loss", also=("lr_too_high", *HOT),
        spoil=swinging_rate, cure=without_schedule, doses=blind(40.0), n_bases=2,
        fits="plain", fault="the rate swings up to {dose} and back",
    ),
    Ill(
        key="steps_down", expected="plateau", also=("lr_too_low", "underfitting"),
        spoil=steps_down, cure=without_schedule, doses=blind(0.1), n_bases=2, fits="-weak",
        fault="the rate falls to {dose} of itself every other epoch",
    ),
    Ill(
        key="few_steps", expected="underfitting", also=("lr_too_low",), spoil=few_steps,
        doses=blind((1024, 5, 0.001)), n_bases=2, fits="-weak",
        fault="a handful of steps: (batch size, epochs, rate) = {dose}",
    ),
    Ill(
        key="softmax_hidden", expected="vanishing_gradient",
        also=(*STUCK, "poor_init", "saturated_activation", "lr_too_low"), spoil=squeezed_hidden,
        doses=blind((12, 5)), n_bases=2, fits="plain -weak",
        fault="a softmax after every hidden layer: (width, depth) = {dose}",
    ),
    Ill(
        key="sigmoid_and_logits", expected="wrong_output_activation",
        also=(*STUCK, "saturated_activation", "vanishing_gradient"), spoil=bounded_output,
        doses=blind("sigmoid"), n_bases=2, fits="binary -weak",
        fault="{dose} at the output, and a loss that applies another",
    ),
    Ill(
        key="softmax_twice", expected="wrong_output_activation",
        also=(*STUCK, "lr_too_low", "vanishing_gradient"), spoil=bounded_output,
        doses=blind("softmax"), n_bases=2, fits="many",
        fault="{dose} at the output, and a loss that applies another",
    ),
    Ill(
        key="narrow_end", expected="underfitting",
        also=("plateau", "dying_relu", "mode_collapse", "missing_nonlinearity"),
        spoil=narrow_end, doses=blind([24, 1]), n_bases=2, fits="many",
        fault="hidden layers of {dose} units before several classes",
    ),
    Ill(
        key="biased_units", expected="saturated_activation",
        also=(*NO_START, "poor_init"),
        spoil=model(hidden=[32, 32], activation="tanh", init="xavier_uniform", bias_init="dose"),
        doses=blind("constant_8"), n_bases=2, fits="plain -weak",
        fault="the biases of all tanh units start at {dose}",
    ),
    Ill(
        key="early_nan", expected="nan_inf_loss", also=("nan_inf_input",),
        spoil=event_at(0.05, op="nan_batch"), doses=blind(1), n_bases=2,
        fault="one batch is NaN, in the second epoch",
    ),
    Ill(
        key="late_inf", expected="nan_inf_loss", also=("nan_inf_input", "loss_spike",
              "exploding_gradient", "lr_too_high", "exploding_activation"),
        spoil=event_at(0.8, op="inf_batch"), doses=blind(1), n_bases=2,
        fault="one batch is infinite, late",
    ),
)  # fmt: skip
