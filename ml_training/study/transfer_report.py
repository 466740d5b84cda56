"""Tell in the report what a base model gave: where it began, the stages, the gain."""

from ml_training.core.transfer import Stage
from ml_training.core.transfer_network import Counts
from ml_training.study import page
from ml_training.study.base_model import BaseModel
from ml_training.study.models import NETWORK, TRANSFER
from ml_training.study.transferred import Gain, Transferred

STAGES = {
    "line": "Slope, level and a line were fitted, near the base model",
    "frozen": "What came from the base model stood still",
    "unfrozen": "All of it learned, what came from the base model slowly",
    "initialised": "All of it learned, from the weights of the base model on",
}

UNDONE = {"line": "the base model alone was clearly better"}
NO_BETTER = "it was not clearly better"

COLUMNS = ("", "AUC", "log-loss")
WIDTHS = (21, 8, 10)


def tell_base(base: BaseModel | None) -> list[str]:
    """Return the line of step 4 on the base model."""
    if base is None:
        return page.pair("Base model", "none")
    return page.pair(
        "Base model",
        f"{base.name} ({base.n_setups:,} setups of {len(base.symbols)} "
        f"{'symbol' if len(base.symbols) == 1 else 'symbols'})",
    )


def tell_counts(layers: Counts, parameters: Counts) -> list[str]:
    """Return the lines of step 4 that were counted from the transferred network."""
    return [
        line
        for label, one in (("Layers", layers), ("Parameters", parameters))
        for line in page.pair(
            label,
            f"{one.transferred:,} transferred, {one.frozen:,} frozen at first, "
            f"{one.trainable:,} trainable, {one.total:,} in all",
        )
    ]


NOT_WALKED = (
    "It is in no step of the walk-forward: the base model learned from the time that is "
    "judged there"
)


def write_transfer(transferred: Transferred) -> list[str]:
    """Return the section on transfer; empty when the study was from scratch."""
    fitted, gain = transferred.fitted, transferred.gain
    if fitted is None:
        return []
    lines = page.subhead("TRANSFER LEARNING: the network that started from a base model")
    for number, stage in enumerate(fitted.stages, start=1):
        lines += page.mark(f"{number}.", _tell_stage(stage))
    return [*lines, *([] if gain is None else _tell_gain(gain)), *page.say(NOT_WALKED)]


def _tell_stage(stage: Stage) -> str:
    after = f"{stage.after:.4f}" if stage.after == stage.after else "none"
    kept = "kept" if stage.is_kept else f"undone, {UNDONE.get(stage.name, NO_BETTER)}"
    how = (
        f"slope {stage.slope:.2f}, level {stage.level:+.2f}"
        if stage.name == "line"
        else f"{stage.parameters.trainable:,} parameters learned at {stage.learning_rate:g}, "
        f"{stage.epochs} epochs"
    )
    losses = f"log-loss on validation {stage.before:.4f} -> {after}, {kept}"
    told = f"{STAGES[stage.name]} ({how}): {losses}"
    return "; ".join([told, *stage.fixes])


def _tell_gain(gain: Gain) -> list[str]:
    rows = [
        (f"  {name}", _or_dash(gain.aucs[name], ".3f"), f"{gain.log_losses[name]:.4f}")
        for name in (TRANSFER, NETWORK)
    ]
    return [
        "",
        *page.table([COLUMNS, *rows], WIDTHS),
        *page.say(
            f"Gain against the network from scratch on {gain.n:,} {gain.on} setups: "
            f"{describe_gain(gain)}"
        ),
    ]


def describe_gain(gain: Gain) -> str:
    """Return the gain in one sentence, with what luck alone explains."""
    if gain.low is None or gain.high is None:
        return f"{gain.log_loss:+.4f} of log-loss, too few setups to say whether that is luck"
    if gain.low > 0:
        verdict = "better by more than luck explains"
    elif gain.high < 0:
        verdict = "worse by more than luck explains"
    else:
        verdict = "no more than luck explains"
    ranked = "" if gain.auc is None else f", {gain.auc:+.3f} of AUC"
    return (
        f"{gain.log_loss:+.4f} of log-loss (95 % interval {gain.low:+.4f} to "
        f"{gain.high:+.4f}){ranked}: {verdict}"
    )


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
