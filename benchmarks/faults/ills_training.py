"""Faults in the optimizer, the schedule, the plan, and events while it runs."""

from benchmarks.faults.bases import Base
from benchmarks.faults.ills import (
    Changes,
    Dose,
    Ill,
    doses,
    event_at,
    optimizer,
    rate_times,
)
from benchmarks.faults.ills_data import SPIKES


def sgd_at(base: Base, dose: Dose) -> Changes:
    """Switch to SGD at a rate of the dose."""
    del base
    return {"optimizer": {"name": "sgd", "lr": dose}}


def wild_sgd(base: Base, dose: Dose) -> Changes:
    """Switch to SGD with momentum close to 1."""
    del base
    rate, momentum = dose
    return {"optimizer": {"name": "sgd", "lr": rate, "momentum": momentum}}


def too_short(base: Base, dose: Dose) -> Changes:
    """Stop after a few epochs of slow descent."""
    del base
    epochs, rate = dose
    return {"epochs": epochs, "optimizer": {"name": "sgd", "lr": rate}}


def fade(base: Base, dose: Dose) -> Changes:
    """Let the rate die before the work is done."""
    return {
        "scheduler": {"name": "exponential", "gamma": dose},
        "optimizer": {"name": "sgd", "lr": 0.02},
        "epochs": max(30, base.document["epochs"]),
    }


def unfade(base: Base, dose: Dose, changes: Changes) -> Changes:
    """Keep the rate and take the optimizer that works."""
    del dose, changes
    return {"scheduler": None, "optimizer": base.document["optimizer"]}


def tiny_batches(base: Base, dose: Dose) -> Changes:
    """Step on two rows at a time at a rate made for many."""
    del base
    return {"batch_size": 2, "optimizer": {"name": "sgd", "lr": dose}, "epochs": 6}


def drown_weights(base: Base, dose: Dose) -> Changes:
    """Decay the weights faster than the data can raise them."""
    name = base.document["optimizer"]["name"]
    return {
        "optimizer": {"name": name, "lr": base.document["optimizer"]["lr"], "weight_decay": dose}
    }


HOT = (
    "oscillating_loss", "exploding_gradient", "loss_spike", "dying_relu", "mode_collapse",
    "plateau", "underfitting", "diverging_loss", "nan_inf_loss", "unstable_gradient",
    "saturated_activation", "exploding_activation",
)  # fmt: skip

TRAINING_ILLS = (
    Ill(
        key="adam_hot", expected="lr_too_high", also=HOT, spoil=optimizer(name="adam", lr="dose"),
        doses=doses((0.3, 1.0), (0.5, 2.0)), n_bases=3, fits="plain", fault="Adam at rate {dose}",
    ),
    Ill(
        key="sgd_hot", expected="lr_too_high", also=HOT, spoil=sgd_at,
        doses=doses((3.0, 30.0), (5.0, 100.0)), n_bases=2, fits="plain",
        fault="SGD at rate {dose}",
    ),
    Ill(
        key="rate_absurd", expected="lr_too_high", also=HOT, spoil=rate_times,
        doses=doses((1e6,), (1e9,)), n_bases=2, fault="the rate is multiplied by {dose}",
    ),
    Ill(
        key="cold", expected="lr_too_low", also=("plateau", "underfitting"), spoil=sgd_at,
        doses=doses((1e-4, 1e-6), (3e-5, 1e-5)), n_bases=3, fits="-weak",
        fault="SGD at rate {dose}",
    ),
    Ill(
        key="adam_cold", expected="lr_too_low", also=("plateau", "underfitting"),
        spoil=optimizer(name="adam", lr="dose"), doses=doses((1e-6, 1e-5), (3e-6,)), n_bases=2,
        fits="-weak", fault="Adam at rate {dose}",
    ),
    Ill(
        key="wild_momentum", expected="oscillating_loss", also=("lr_too_high", *HOT),
        spoil=wild_sgd, doses=doses(((0.3, 0.99),), ((0.5, 0.995),)), n_bases=3, fits="plain",
        fault="SGD with (rate, momentum) = {dose}",
    ),
    Ill(
        key="ascent", expected="diverging_loss",
        also=("exploding_gradient", "lr_too_high", "nan_inf_loss", "underfitting",
              "mode_collapse", "exploding_activation"),
        spoil=optimizer(maximize="dose"), doses=doses((True,), (True,)), n_bases=3,
        fault="the update has the wrong sign",
    ),
    Ill(
        key="too_short", expected="underfitting", also=("lr_too_low",), spoil=too_short,
        doses=doses(((2, 0.005), (3, 0.003)), ((1, 0.01), (4, 0.002))), n_bases=2, fits="-weak",
        fault="training ends while the loss still falls: (epochs, rate) = {dose}",
    ),
    Ill(
        key="fading_rate", expected="plateau", also=("lr_too_low", "underfitting"), spoil=fade,
        cure=unfade, doses=doses((0.3,), (0.4,)), n_bases=2, fits="-weak",
        fault="the rate falls to {dose} of itself every epoch",
    ),
    Ill(
        key="heavy_decay", expected="underfitting",
        also=("plateau", "mode_collapse", "vanishing_gradient", "lr_too_low"),
        spoil=drown_weights, doses=doses((1.0,), (0.5,)), n_bases=2, fits="-weak",
        fault="weight decay of {dose}",
    ),
    Ill(
        key="tiny_batches", expected="unstable_gradient", also=("lr_too_high", *HOT),
        spoil=tiny_batches, doses=doses((0.5,), (1.5,)), n_bases=3, fits="plain",
        fault="batches of two rows at rate {dose}",
    ),
    Ill(
        key="nan_batch", expected="nan_inf_loss", also=("nan_inf_input",),
        spoil=event_at(0.5, op="nan_batch"), doses=doses((1,), (1,)), n_bases=4,
        fault="one batch is NaN, half way",
    ),
    Ill(
        key="inf_batch", expected="nan_inf_loss", also=("nan_inf_input", *SPIKES),
        spoil=event_at(0.3, op="inf_batch"), doses=doses((1,), (1,)), n_bases=2,
        fault="one batch is infinite, early",
    ),
    Ill(
        key="huge_batch", expected="loss_spike",
        also=("exploding_gradient", "outliers", "nan_inf_loss", "exploding_activation",
              "diverging_loss", "dying_relu", "mode_collapse"),
        spoil=event_at(0.6, op="scale_batch", factor="dose"), doses=doses((1e3, 1e5), (3e3, 1e6)),
        n_bases=3, fits="plain", proof="spike", fault="one batch is {dose} times too large",
    ),
    Ill(
        key="rate_jump", expected="lr_too_high", also=HOT,
        spoil=event_at(0.4, op="scale_lr", factor="dose"), doses=doses((300, 1e4), (1000,)),
        n_bases=3, fits="plain", fault="the rate jumps by {dose}",
    ),
)  # fmt: skip
