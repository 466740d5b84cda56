"""Training ends before the network has learned what a simple model knows."""

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.fallback_network import FallbackNetwork
from ml_training.core.remedies.sound_optimizer import SoundOptimizer
from ml_training.core.remedies.train_longer import TrainLonger
from ml_training.core.remedies.widen import Widen
from ml_training.core.trends import (
    CLEARLY,
    SURE,
    best_score,
    epoch_series,
    guessing_level,
    lag_behind_rival,
)


def detect(seen: Observations) -> Finding | None:
    """Find a run about to end with a score clearly below that of a cheap model.

    Notes
    -----
    A fixed limit, such as an accuracy of 0.6, calls every weak signal underfitting. A
    cheap model that does better shows that the network, not the data, is to blame.
    """
    if not _is_about_to_end(seen) or not lag_behind_rival(seen):
        return None
    loss = float(epoch_series(seen, "train_loss")[-1])
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "score": best_score(seen),
            "rival_score": seen.data.rival_score,
            "loss_over_guessing": loss / guessing_level(seen),
        },
        message=f"Training ends with a score of {best_score(seen):.2f}, and a simple model "
        f"reaches {seen.data.rival_score:.2f} on the same rows: the network has not learned "
        "what there is to learn.",
    )


def _is_about_to_end(seen: Observations) -> bool:
    scores = seen.history.scores
    if not scores:
        return False
    n_since = next((n for n, score in enumerate(reversed(scores)) if score.is_best), len(scores))
    is_last = scores[-1].signals.get("epochs_left", 1.0) == 0
    return is_last or n_since >= seen.plan.options.get("patience", float("inf"))


PROBLEM = Problem(
    key="underfitting",
    title="Underfitting",
    stages=("epoch",),
    explanation=(
        "The network does badly on its own training rows: too few epochs, too small a rate, "
        "too much decay or dropout, or too narrow a layer keep it from learning."
    ),
    sources=(
        "Goodfellow, Bengio, Courville (2016), Deep Learning, section 5.2",
        "Huang, Zhu, Siew (2006), Extreme learning machine: the rival",
    ),
    thresholds=(
        Threshold("standard errors between the scores", SURE, "chosen: see trends.py"),
        Threshold("gap between the scores", CLEARLY, "chosen: see trends.py"),
    ),
    detect=detect,
    remedies=(
        TrainLonger(),
        TrainLonger(rate_factor=10.0),
        Widen(),
        SoundOptimizer(prolongs=True),
        FallbackNetwork(),
    ),
    watch_epochs=10.0,
    advice="Train longer, or use a wider network.",
    needs=frozenset({"travel"}),
    extends=True,
    is_cured=lambda seen: not lag_behind_rival(seen),
)
