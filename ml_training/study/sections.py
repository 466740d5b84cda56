"""Sections of the report about unseen setups: walk-forward, promises, slices."""

from datetime import UTC, datetime

from ml_training.evaluation.outcomes import Evaluation
from ml_training.evaluation.slices import SliceScore
from ml_training.evaluation.walk_forward import StepScore, WalkForward
from ml_training.study import page
from ml_training.study.result import Study
from ml_training.study.stretches import Range, Stretch
from ml_training.study.unseen import Unseen, find_unseen

STEP_COLUMNS = ("from", "to", "setups", "served", "AUC", "log-loss", "taken", "R each")
STEP_WIDTHS = (10, 12, 7, 20, 7, 9, 6, 7)
MODEL_COLUMNS = ("", "AUC", "95 % interval", "log-loss", "Brier", "taken", "R each")
MODEL_WIDTHS = (21, 6, 16, 9, 8, 8, 8)
CURVE_COLUMNS = ("promised", "observed", "setups")
CURVE_WIDTHS = (10, 10, 10)
SLICE_COLUMNS = ("setups", "AUC", "taken", "R each", "R each, all")
SLICE_WIDTHS = (14, 10, 8, 9, 10, 14)
STRETCH_COLUMNS = ("from", "to", "setups", "AUC low mid high", "better half R each", "all")
STRETCH_WIDTHS = (10, 12, 8, 19, 22, 7)

MOST_SLICES = 12
"""Rows of a table of slices. Chosen: the largest dozen; more fill the page."""


def write_unseen(study: Study) -> list[str]:
    """Return the sections about all setups that nothing was fitted or chosen on."""
    unseen = find_unseen(study)
    return [
        *_write_walk(study),
        *_write_stretches(study),
        *_write_promises(unseen),
        *_write_slices(unseen),
    ]


def _write_walk(study: Study) -> list[str]:
    walk = study.walked.found
    if walk is None:
        reason = study.walked.note or "it was not asked for"
        return [
            *page.subhead("WALK-FORWARD: none"),
            *page.say(f"There is no walk-forward: {reason}. The test block stands alone."),
        ]
    lines = page.subhead(
        f"WALK-FORWARD IN {len(walk.steps)} STEPS ({len(walk.outcomes):,} setups, "
        "each learned from earlier ones)"
    )
    lines += page.table([STEP_COLUMNS, *map(_row_of_step, walk.steps)], STEP_WIDTHS)
    lines += ["", "All steps together, as served, and each model had it been served always:"]
    rows = [_row_of_model(one, walk) for one in (walk.pooled, *walk.models)]
    lines += page.table([MODEL_COLUMNS, *rows], MODEL_WIDTHS)
    return [*lines, *page.say("AUC: wins against losses of the same step", indent="")]


def _row_of_step(step: StepScore) -> tuple[str, ...]:
    return (
        _day(step.start),
        _day(step.end),
        f"{step.n:,}",
        step.served,
        _or_dash(step.score.auc, ".3f"),
        f"{step.log_loss:.4f}",
        f"{step.score.n_taken:,}",
        f"{step.score.expectancy_r:+.2f}",
    )


def _row_of_model(found: Evaluation, walk: WalkForward) -> tuple[str, ...]:
    auc = found.auc
    return (
        "> as served" if found is walk.pooled else f"  {found.name}",
        _or_dash(found.metrics.auc, ".3f"),
        "-" if auc is None else f"{auc.low:.3f} to {auc.high:.3f}",
        f"{found.metrics.log_loss:.4f}",
        f"{found.metrics.brier:.4f}",
        f"{found.taken.n:,}",
        f"{found.taken.expectancy_r:+.3f}",
    )


def _write_stretches(study: Study) -> list[str]:
    found = study.stretches
    if found is None:
        return []
    lines = page.subhead(f"STRETCHES OF THE MARKET ({found.n_pairs} fits, {found.model})")
    rows = map(_row_of_stretch, (*found.parts, found.whole))
    lines += page.table([STRETCH_COLUMNS, *rows], STRETCH_WIDTHS)
    return [*lines, "", *page.say(found.words, indent="")]


def _row_of_stretch(stretch: Stretch) -> tuple[str, ...]:
    return (
        _day(stretch.start),
        _day(stretch.end),
        f"{stretch.n:,}",
        _span(stretch.auc, ".3f"),
        _span(stretch.better_half_r, "+.3f"),
        f"{stretch.every_r:+.3f}",
    )


def _span(found: Range | None, form: str) -> str:
    if found is None:
        return "-"
    return " ".join(format(one, form) for one in (found.low, found.middle, found.high))


def _write_promises(unseen: Unseen) -> list[str]:
    curve = unseen.draw_calibration()
    rows = [
        (f"{promised:.1%}", f"{observed:.1%}", f"{count:,}")
        for promised, observed, count in zip(
            curve.promised, curve.observed, curve.count, strict=True
        )
    ]
    return [
        *page.subhead("PROMISED AND OBSERVED WIN RATE"),
        *page.table([CURVE_COLUMNS, *rows], CURVE_WIDTHS),
        *page.say(f"Mean gap (ECE): {curve.error:.1%}", indent=""),
    ]


def _write_slices(unseen: Unseen) -> list[str]:
    lines = page.subhead("BY SYMBOL, TIMEFRAME AND YEAR (nothing was chosen by these)")
    for name, scores in unseen.score_slices().items():
        shown = sorted(sorted(scores, key=lambda one: -one.n)[:MOST_SLICES], key=lambda x: x.key)
        lines += page.table([(name, *SLICE_COLUMNS), *map(_row_of_slice, shown)], SLICE_WIDTHS)
        if len(scores) > len(shown):
            lines += page.say(f"and {len(scores) - len(shown)} more with fewer setups")
    return lines


def _row_of_slice(score: SliceScore) -> tuple[str, ...]:
    return (
        score.key,
        f"{score.n:,}",
        _or_dash(score.auc, ".3f"),
        f"{score.n_taken:,}",
        f"{score.expectancy_r:+.3f}",
        f"{score.every_r:+.3f}",
    )


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%d}"


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
