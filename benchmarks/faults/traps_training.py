"""Healthy trainings that go about it in an odd way."""

from benchmarks.faults.ills import doses, model
from benchmarks.faults.traps import (
    Trap,
    converged,
    field_of,
    full_batch,
    norm_stack,
    optimizer_dose,
    own_outputs,
    patient,
    rate_and_epochs,
    restarts,
    schedule,
    small_batches,
)

TRAINING_TRAPS = (
    Trap(
        key="plain", why="plain baseline", trap_for=("any",), change=lambda base, dose: {},
        doses=doses((0,), (0,)), n_bases=12,
    ),
    Trap(
        key="warmup", why="the rate is tiny for {dose} epochs on purpose",
        trap_for=("lr_too_low", "plateau"), change=schedule(name="warmup", epochs="dose"),
        doses=doses((5, 8), (4, 10)), fits="-weak", n_bases=1,
    ),
    Trap(
        key="restarts", why="the loss bumps up at every warm restart",
        trap_for=("oscillating_loss", "lr_too_high", "loss_spike"), change=restarts,
        doses=doses((8,), (12,)), fits="plain -weak -regression", n_bases=2,
    ),
    Trap(
        key="schedule", why="the user's own schedule lowers the rate",
        trap_for=("lr_too_low", "plateau"), change=field_of("scheduler"),
        doses=doses(
            ({"name": "cosine"}, {"name": "exponential", "gamma": 0.95}),
            ({"name": "step", "step_size": 10, "gamma": 0.5},
              {"name": "warmup_cosine", "epochs": 3}),
        ), fits="-weak",
    ),
    Trap(
        key="dropout", why="dropout of {dose}: validation looks better than training",
        trap_for=("high_dropout", "underfitting", "oscillating_loss"),
        change=model(dropout="dose", hidden=[96]), doses=doses((0.2, 0.5), (0.3, 0.4)),
        fits="wide -weak -regression",
    ),
    Trap(
        key="sparse", why="half of all ReLU outputs are zero, which is normal",
        trap_for=("dying_relu", "vanishing_gradient"),
        change=model(hidden="dose", activation="relu", init="kaiming_uniform"),
        doses=doses(([128], [96, 96]), ([160], [64, 64])), fits="-weak -regression",
    ),
    Trap(
        key="small_batch", why="batches of {dose} rows make the loss jump, the epoch mean falls",
        trap_for=("oscillating_loss", "loss_spike", "unstable_gradient"), change=small_batches,
        doses=doses((4,), (4, 6)), fits="wide -weak", n_bases=2,
    ),
    Trap(
        key="big_first_step", why="the first gradients are large and settle at once",
        trap_for=("exploding_gradient", "poor_init", "loss_spike"),
        change=model(init="dose", hidden=[32]), doses=doses(("normal_0.6",), ("uniform_0.9",)),
        fits="plain -weak -curved", n_bases=2,
    ),
    Trap(
        key="full_batch", why="all rows in one batch: every step is an epoch",
        trap_for=("lr_too_low", "plateau", "vanishing_gradient"), change=full_batch,
        doses=doses((0.02,), (0.03,)), fits="-weak -curved plain", n_bases=2,
    ),
    Trap(
        key="converged", why="the optimum is reached early; {dose} epochs change nothing",
        trap_for=("plateau", "vanishing_gradient", "overfitting"), change=converged,
        doses=doses((80,), (70,)), fits="wide -weak -curved plain", n_bases=2,
    ),
    Trap(
        key="clipped", why="the user clips at {dose}",
        trap_for=("vanishing_gradient", "exploding_gradient"), change=field_of("clip_norm"),
        doses=doses((1.0, 0.2), (0.5,)), fits="-weak",
    ),
    Trap(
        key="activation", why="{dose} units",
        trap_for=("dying_relu", "saturated_activation"), change=model(activation="dose"),
        doses=doses(("leaky_relu", "selu", "silu"), ("tanh", "gelu", "elu")), fits="-weak",
    ),
    Trap(
        key="norm_stack", why="deep, and held together by normalisation: {dose}",
        trap_for=("vanishing_gradient", "exploding_gradient", "poor_init"), change=norm_stack,
        doses=doses(((6, "batch"), (5, "layer")), ((7, "layer"), (5, "batch"))),
        fits="wide -weak -regression numeric",
    ),
    Trap(
        key="optimizer", why="another optimizer, well set",
        trap_for=("oscillating_loss", "lr_too_high"), change=optimizer_dose,
        doses=doses(
            (({"name": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True}, 20),
             ({"name": "rmsprop", "lr": 0.003}, 20)),
            (({"name": "sgd", "lr": 0.3}, 25), ({"name": "adamw", "lr": 0.003,
              "weight_decay": 0.1}, 25)),
        ), fits="wide -weak -curved",
    ),
    Trap(
        key="patient", why="the user's own early stopping, patience {dose}",
        trap_for=("plateau", "overfitting"), change=patient, doses=doses((6,), (4,)), fits="-weak",
        n_bases=2,
    ),
    Trap(
        key="slow", why="a small rate and enough epochs: {dose}",
        trap_for=("lr_too_low", "underfitting"), change=rate_and_epochs,
        doses=doses(((5e-4, 80),), ((8e-4, 70),)), fits="wide -weak -curved", n_bases=2,
    ),
    Trap(
        key="own_output", why="output and loss belong together: {dose}",
        trap_for=("wrong_output_activation",), change=own_outputs,
        doses=doses((("sigmoid", "bce_on_probs"),), (("sigmoid", "bce_on_probs"),)),
        fits="binary -weak", n_bases=1,
    ),
    Trap(
        key="own_softmax", why="output and loss belong together: {dose}",
        trap_for=("wrong_output_activation",), change=own_outputs,
        doses=doses((("softmax", "ce_on_probs"),), (("softmax", "ce_on_probs"),)),
        fits="many", n_bases=1,
    ),
    Trap(
        key="squared_classes", why="squared error against one-hot classes works too",
        trap_for=("wrong_output_activation",), change=field_of("loss"),
        doses=doses(("mse_onehot",), ("mse_onehot",)), fits="many", n_bases=1,
    ),
    Trap(
        key="balanced_loss", why="balanced weights on balanced classes change nothing",
        trap_for=("class_imbalance",), change=field_of("loss"),
        doses=doses(("bce_with_logits_balanced",), ("bce_with_logits_balanced",)),
        fits="binary -weak", n_bases=1,
    ),
    Trap(
        key="big_batch", why="batches of {dose} rows", trap_for=("lr_too_low", "plateau"),
        change=field_of("batch_size"), doses=doses((128,), (100,)), fits="-weak -curved plain",
    ),
)  # fmt: skip
