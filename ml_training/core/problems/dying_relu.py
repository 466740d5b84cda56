"""ReLU units are silent for every row and cannot come back."""

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.fallback_network import FallbackNetwork
from ml_training.core.remedies.redraw_weights import RedrawWeights
from ml_training.core.remedies.swap_activation import SwapActivation
from ml_training.core.standing import is_far_below_guessing, last_signals

ALL = 1.0
MANY = 0.6  # measured: sound develop runs reach 0.49, those that learn little 0


def detect(seen: Observations) -> Finding | None:
    """Find a layer that is silent altogether, or largely so while little is learned.

    Notes
    -----
    Half of all outputs of a sound ReLU layer are zero; what counts is units that are
    zero for *every* row. Some of these are normal too, as long as the network learns.
    """
    shares = _shares(seen)
    if not shares:
        return None
    name, share = max(shares.items(), key=lambda item: item[1])
    learns_well = not seen.history.scores or is_far_below_guessing(seen)
    if share < ALL and (share < MANY or learns_well):
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="critical" if share >= ALL else "warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"silent_share": share, "n_layers_silent": float(_count_silent(shares))},
        message=_message(name, share),
    )


def _shares(seen: Observations) -> dict[str, float]:
    if seen.history.scores:
        return last_signals(seen, "silent.")
    layers = seen.network.layers[:-1]
    return {layer.name: layer.silent_share for layer in layers if layer.activation == "blocking"}


def _count_silent(shares: dict[str, float]) -> int:
    return sum(share >= ALL for share in shares.values())


def _message(name: str, share: float) -> str:
    if share >= ALL:
        return (
            f"All ReLU units at {name} are silent for every row: the network gives one answer "
            "to everything, and no gradient can pass to change that."
        )
    return (
        f"{share:.0%} of the ReLU units at {name} are silent for every row, and the loss is "
        "not far below guessing."
    )


PROBLEM = Problem(
    key="dying_relu",
    title="Dying ReLU units",
    stages=("before", "epoch"),
    explanation=(
        "A ReLU unit whose input is below zero for every row passes nothing on and gets no "
        "gradient, so it stays silent for ever. Large steps and biases far below zero kill "
        "units; when a whole layer is silent the network cannot learn at all."
    ),
    sources=(
        "Lu, Shin, Su, Karniadakis (2020), Dying ReLU and initialization",
        "Zhang et al. (2021), AUTOTRAINER, ICSE",
    ),
    thresholds=(
        Threshold("silent share of a layer", ALL, "chosen: then nothing passes at all"),
        Threshold("silent share of a layer when little is learned", MANY, "measured: see file"),
    ),
    detect=detect,
    remedies=(RedrawWeights(), FallbackNetwork(), SwapActivation("LeakyReLU")),
    watch_epochs=3.0,
    is_cured=is_far_below_guessing,
    advice="Lower the learning rate, start biases at zero, or use leaky units.",
    needs=frozenset({"units"}),
    rank=74,
)
