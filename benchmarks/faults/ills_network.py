"""Faults in the network, its start, its output and its loss."""

from benchmarks.faults.bases import Base
from benchmarks.faults.ills import Changes, Dose, Ill, doses, model
from benchmarks.faults.ills_data import STUCK


def stack(base: Base, dose: Dose) -> Changes:
    """Stack many narrow layers: (activation, width, depth, initialisation)."""
    activation, width, depth, init = dose
    return {"model": base.model(hidden=[width] * depth, activation=activation, init=init)}


def dead_biases(base: Base, dose: Dose) -> Changes:
    """Start ReLU units far below zero."""
    return {
        "model": base.model(
            activation="relu", init="kaiming_uniform", bias_init=f"constant_{dose}"
        )
    }


def stacked_relu_sgd(base: Base, dose: Dose) -> Changes:
    """Stack narrow ReLU layers and push hard."""
    width, depth, rate = dose
    return {
        "model": base.model(hidden=[width] * depth, activation="relu", init="kaiming_uniform"),
        "optimizer": {"name": "sgd", "lr": rate, "momentum": 0.9},
    }


def saturate(base: Base, dose: Dose) -> Changes:
    """Push a squashing activation into its flat region by scale and start."""
    activation, factor = dose
    return {
        "dataset": base.with_transforms({"op": "scale_after_preprocess", "factor": factor}),
        "model": base.model(hidden=[48, 48], activation=activation, init="normal_1.0"),
        "optimizer": {"name": "sgd", "lr": 0.01},
    }


def big_start(base: Base, dose: Dose) -> Changes:
    """Draw far too large weights in many layers."""
    depth, spread = dose
    return {
        "model": base.model(hidden=[48] * depth, activation="relu", init=f"normal_{spread}"),
        "optimizer": {"name": "sgd", "lr": 0.01},
    }


def exponential_units(base: Base, dose: Dose) -> Changes:
    """Use the exponential as activation."""
    return {"model": base.model(hidden=[32] * dose, activation="exp", init="kaiming_uniform")}


def one_softmax(base: Base, dose: Dose) -> Changes:
    """Put a softmax over the only output."""
    del dose
    return {"model": base.model(output_activation="softmax1"), "loss": "bce_on_probs"}


def raw_probabilities(base: Base, dose: Dose) -> Changes:
    """Treat raw outputs as probabilities."""
    del dose
    many = base.document["loss"].startswith("cross")
    return {"loss": "ce_on_probs" if many else "bce_on_probs"}


def bounded_output(base: Base, dose: Dose) -> Changes:
    """Bound an output that must reach everywhere."""
    return {"model": base.model(output_activation=dose)}


def large_targets(base: Base, dose: Dose) -> Changes:
    """Leave the targets in their own unit, with an output that cannot reach them."""
    dataset = {**base.document["dataset"], "preprocess": "standardize_x"}
    return {"dataset": dataset, "model": base.model(output_activation=dose)}


def raw_targets_sgd(base: Base, dose: Dose) -> Changes:
    """Leave the targets in their own unit and descend with SGD."""
    dataset = {**base.document["dataset"], "preprocess": "standardize_x"}
    return {"dataset": dataset, "optimizer": {"name": "sgd", "lr": dose}}


def summed_loss(base: Base, dose: Dose) -> Changes:
    """Sum the squared error over the batch and descend with SGD."""
    return {"loss": "mse_sum", "optimizer": {"name": "sgd", "lr": dose}}


def overconfident(base: Base, dose: Dose) -> Changes:
    """Train a wide network on noisy labels until it is sure of everything."""
    transforms = ({"op": "keep_rows", "n_rows": 300}, {"op": "label_noise", "fraction": dose})
    return {
        "dataset": base.with_transforms(*transforms),
        "model": base.model(hidden=[96, 96]),
        "optimizer": {"name": "adam", "lr": 0.005},
        "epochs": 100,
    }


NO_START = ("plateau", "vanishing_gradient", "mode_collapse", "underfitting", "dying_relu")
TOO_BIG = (
    "nan_inf_loss", "poor_init", "loss_spike", "mode_collapse", "dying_relu",
    "exploding_activation", "lr_too_high", "diverging_loss", "oscillating_loss", "plateau",
    "unstable_gradient", "exploding_gradient",
)  # fmt: skip

NETWORK_ILLS = (
    Ill(
        key="sigmoid_stack", expected="vanishing_gradient",
        also=(*STUCK, "poor_init", "saturated_activation"), spoil=stack,
        doses=doses(
            (("sigmoid", 6, 10, "xavier_uniform"), ("sigmoid", 12, 8, "default")),
            (("sigmoid", 8, 12, "kaiming_uniform"), ("sigmoid", 10, 9, "normal_0.1")),
        ),
        n_bases=2, fits="plain -weak",
        fault="(activation, width, depth, start) = {dose}: no gradient arrives at the front",
    ),
    Ill(
        key="tanh_small", expected="vanishing_gradient", also=(*STUCK, "poor_init"), spoil=stack,
        doses=doses((("tanh", 24, 6, "normal_0.01"),), (("tanh", 20, 8, "normal_0.02"),)),
        n_bases=2, fits="plain -weak",
        fault="(activation, width, depth, start) = {dose}: far too small weights",
    ),
    Ill(
        key="dead_biases", expected="dying_relu", also=(*NO_START, "poor_init"),
        spoil=dead_biases, doses=doses((-20,), (-50,)), n_bases=3, fits="plain -weak",
        fault="ReLU biases start at {dose}",
    ),
    Ill(
        key="relu_stack", expected="dying_relu",
        also=("mode_collapse", "plateau", "vanishing_gradient", "lr_too_high", "underfitting"),
        spoil=stacked_relu_sgd, doses=doses(((4, 12, 0.1),), ((5, 16, 0.05),)), n_bases=3,
        fits="plain -weak", fault="narrow ReLU stack under SGD: (width, depth, rate) = {dose}",
    ),
    Ill(
        key="saturated", expected="saturated_activation",
        also=("unscaled_features", "vanishing_gradient", "poor_init", "plateau", "overfitting",
              "underfitting"),
        spoil=saturate, doses=doses((("tanh", 50), ("sigmoid", 100)), (("tanh", 100),)),
        n_bases=2, fits="plain -weak",
        fault="(activation, scale of the features) = {dose}, N(0,1) weights",
    ),
    Ill(
        key="big_start", expected="exploding_gradient", also=TOO_BIG, spoil=big_start,
        doses=doses(((6, 1.0), (4, 2.0)), ((5, 1.5), (7, 0.8))), n_bases=2, fits="plain",
        fault="(layers, spread of the weights) = {dose}",
    ),
    Ill(
        key="exponential", expected="exploding_activation", also=TOO_BIG,
        spoil=exponential_units, doses=doses((3,), (4,)), n_bases=2, fits="plain",
        fault="{dose} layers with the exponential as activation",
    ),
    Ill(
        key="zero_start", expected="poor_init", also=NO_START,
        spoil=model(init="zeros"), doses=doses((0,), (0,)), n_bases=3, fits="plain -weak",
        fault="all weights start at zero",
    ),
    Ill(
        key="equal_start", expected="poor_init", also=(*NO_START, "saturated_activation"),
        spoil=model(init="dose"), doses=doses(("constant_0.1",), ("constant_0.5",)), n_bases=3,
        fits="plain curved", fault="all weights start alike: {dose}",
    ),
    Ill(
        key="one_softmax", expected="mode_collapse", also=("wrong_output_activation", "plateau"),
        spoil=one_softmax, doses=doses((1,), (1,)), n_bases=2, fits="binary -weak",
        fault="softmax over a single output: the answer is always 1",
    ),
    Ill(
        key="raw_probabilities", expected="wrong_output_activation",
        also=("nan_inf_loss", *STUCK, "lr_too_high", "vanishing_gradient", "oscillating_loss",
              "saturated_activation", "overfitting"),
        spoil=raw_probabilities, doses=doses((1,), (1,)), n_bases=2, fits="-regression -weak",
        fault="raw outputs are taken for probabilities",
    ),
    Ill(
        key="bounded_output", expected="wrong_output_activation",
        also=(*STUCK, "dying_relu", "saturated_activation"), spoil=bounded_output,
        doses=doses(("relu", "sigmoid"), ("softplus", "exp")), n_bases=2, fits="regression",
        fault="{dose} at the output cannot reach half of the targets",
    ),
    Ill(
        key="relu_logit", expected="wrong_output_activation",
        also=(*STUCK, "dying_relu", "vanishing_gradient"), spoil=bounded_output,
        doses=doses(("relu",), ("softplus",)), n_bases=2, fits="binary -weak",
        fault="{dose} at the output: no probability below one half",
    ),
    Ill(
        key="large_targets", expected="wrong_output_activation",
        also=(*STUCK, "saturated_activation", "unscaled_features", "vanishing_gradient",
              "lr_too_low"),
        spoil=large_targets, doses=doses(("sigmoid",), ("tanh",)), n_bases=2, fits="regression",
        fault="{dose} at the output, targets far outside of it",
    ),
    Ill(
        key="raw_targets", expected="exploding_gradient",
        also=(*TOO_BIG, "unscaled_features", "underfitting"), spoil=raw_targets_sgd,
        doses=doses((0.05,), (0.2,)), n_bases=2, fits="regression",
        fault="targets in their own unit under SGD at {dose}",
    ),
    Ill(
        key="summed_loss", expected="lr_too_high", also=(*TOO_BIG, "underfitting"),
        spoil=summed_loss, doses=doses((0.05,), (0.1,)), n_bases=2, fits="regression",
        fault="squared errors are summed over the batch, SGD at {dose}",
    ),
    Ill(
        key="linear_only", expected="missing_nonlinearity",
        also=("underfitting", "plateau", "mode_collapse", "no_signal"),
        spoil=model(activation="linear"), doses=doses((1,), (1,)), n_bases=4,
        fits="curved plain", fault="no activation between the layers",
    ),
    Ill(
        key="bottleneck", expected="underfitting",
        also=("plateau", "dying_relu", "mode_collapse", "missing_nonlinearity"),
        spoil=model(hidden="dose"), doses=doses(([1],), ([2, 1],)), n_bases=3,
        fits="curved plain", fault="hidden layers of {dose} units",
    ),
    Ill(
        key="high_dropout", expected="high_dropout", also=(*STUCK, "oscillating_loss"),
        spoil=model(dropout="dose", hidden=[32, 32]), doses=doses((0.9, 0.95), (0.93,)),
        n_bases=3, fits="plain -weak", fault="dropout of {dose}",
    ),
    Ill(
        key="overconfident", expected="miscalibrated", also=("overfitting", "label_noise"),
        spoil=overconfident, doses=doses((0.15,), (0.3,)), n_bases=3, fits="binary -weak",
        outcome="alarm", proof="calibration",
        fault="a wide network is sure of {dose} wrong labels",
    ),
)  # fmt: skip
