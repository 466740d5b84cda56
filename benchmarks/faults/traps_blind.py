"""Odd but healthy trainings that only the holdout has."""

from benchmarks.faults.bases import BCE, CE, MSE, Base, data, net, plan
from benchmarks.faults.ills import Changes, Dose
from benchmarks.faults.ills_blind import blind
from benchmarks.faults.traps import Trap, field_of, replaced


def swing(base: Base, dose: Dose) -> Changes:
    """Let the rate swing within reason: (highest rate, epochs up)."""
    highest, epochs = dose
    fields = {"base_lr": 0.01, "max_lr": highest, "step_size_up": epochs, "cycle_momentum": False}
    return {
        "scheduler": {"name": "cyclic", **fields},
        "optimizer": {"name": "sgd", "lr": 0.01, "momentum": 0.8},
        "epochs": max(4 * epochs, base.document["epochs"]),
    }


def lone_row(base: Base, dose: Dose) -> Changes:
    """Let a single row be left over for the last batch: (rows, batch size)."""
    n_rows, batch_size = dose
    dataset = base.with_transforms({"op": "keep_rows", "n_rows": n_rows})
    return {"dataset": dataset, "batch_size": batch_size}


def flipped(*dose: Dose) -> Dose:
    """Return a training on rows of which a few in a hundred are mislabelled."""
    dataset, network, how = dose
    noise = [{"op": "label_noise", "fraction": 0.04}]
    return {**dataset, "transforms": noise}, network, how


BLIND_TRAPS = (
    Trap(
        key="lone_row", why="the last batch holds a single row: (rows, batch size) = {dose}",
        trap_for=("unstable_gradient", "loss_spike"), change=lone_row,
        doses=blind((641, 32), (601, 20)), fits="wide plain -weak -many -curved",
    ),
    Trap(
        key="swing", why="the rate swings up and down as its user wants: {dose}",
        trap_for=("oscillating_loss", "lr_too_high", "loss_spike", "plateau"), change=swing,
        doses=blind((0.06, 4), (0.1, 6)), fits="plain -weak -regression -curved",
    ),
    Trap(
        key="line", why="a linear model, for an answer that is linear",
        trap_for=("missing_nonlinearity", "underfitting", "plateau"), change=replaced,
        doses=blind(
            (data("panel", n=6000, n_features=40, seed=131), net(),
             plan(BCE, "adam", 0.005, 64, 15)),
            (data("spreads", "standardize_xy", n=900, seed=132), net(),
             plan(MSE, "sgd", 0.01, 32, 20)),
            (data("codes", n=1500, n_classes=4, noise=1.4, seed=133), net(),
             plan(CE, "adamw", 0.01, 32, 15)),
        ),
    ),
    Trap(
        key="robust", why="a robust loss for tails: {dose[2][loss]}",
        trap_for=("outliers", "underfitting", "plateau", "loss_spike"), change=replaced,
        doses=blind(
            (data("spreads", "standardize_xy", n=1600, seed=134), net(16),
             plan("huber", "adam", 0.003, 32, 20)),
            (data("spreads", "standardize_xy", n=1200, seed=135), net(16),
             plan("mae", "adam", 0.003, 32, 25)),
        ),
    ),
    Trap(
        key="noise_floor", why="a quantity that is mostly noise, the rest was found",
        trap_for=("underfitting", "no_signal", "plateau"), change=replaced,
        doses=blind(
            (data("surface", "standardize_xy", n=4000, noise=1.0, unseen=1500, seed=136), net(24),
             plan(MSE, "adam", 0.003, 128, 25)),
            (data("slopes", "standardize_xy", n=5000, noise=1.5, unseen=1500, seed=137), net(20),
             plan(MSE, "adamw", 0.003, 128, 15, weight_decay=0.05)),
        ),
    ),
    Trap(
        key="large", why="many rows, wide batches, few epochs: {dose[2][batch_size]} rows a batch",
        trap_for=("lr_too_low", "underfitting", "plateau"), change=replaced,
        doses=blind(
            (data("bars", n=6000, edge=3.0, unseen=1500, seed=138), net(16),
             plan(BCE, "adam", 0.005, 512, 20)),
            (data("panel", n=6000, seed=139), net(24, dropout=0.2),
             plan(BCE, "adam", 0.005, 512, 15)),
        ),
    ),
    Trap(
        key="norm_dropout", why="normalisation and dropout of {dose} together",
        trap_for=("high_dropout", "oscillating_loss", "underfitting"),
        change=lambda base, dose: {
            "model": base.model(hidden=[64, 32], normalisation="batch", dropout=dose)
        },
        doses=blind(0.15, 0.35), fits="wide -weak -regression",
    ),
    Trap(
        key="heavy_ball", why="much momentum and a small rate: {dose}",
        trap_for=("oscillating_loss", "lr_too_high", "lr_too_low"), change=field_of("optimizer"),
        doses=blind(
            {"name": "sgd", "lr": 0.002, "momentum": 0.97},
            {"name": "sgd", "lr": 0.005, "momentum": 0.95, "nesterov": True},
        ),
        fits="wide plain -weak -curved", n_bases=2,
    ),
    Trap(
        key="mid_flips", why="four labels in a hundred are wrong",
        trap_for=("label_noise", "overfitting", "plateau"), change=replaced,
        doses=blind(
            flipped(data("claims", n=2500, seed=140), net(12), plan(BCE, "adam", 0.003, 32, 12)),
            flipped(data("codes", n=2000, n_classes=5, seed=141), net(16),
                    plan(CE, "adamw", 0.003, 32, 10)),
        ),
    ),
    Trap(
        key="natural_units", why="unscaled, but all in units close to one",
        trap_for=("unscaled_features", "outliers"), change=replaced,
        doses=blind(
            (data("waveform", "none", n=1800, seed=142), net(16), plan(CE, "adam", 0.003, 32, 10)),
            (data("orders", "none", n=2400, seed=143), net(24), plan(BCE, "adam", 0.005, 32, 25)),
        ),
    ),
)  # fmt: skip
