"""The model card: what a model is, what it was measured at, and what it is not for."""

from collections.abc import Mapping, Sequence
from typing import Any

from ml_training.errors import DataError
from ml_training.models import Checkpoint, TrainingRun

FORMAT = "strategy-model-card/1"
MARKDOWN = "text/markdown; charset=utf-8"

NEEDED = ("served_model", "verdict_details", "threshold", "calibration", "metrics")
"""Results without which there is nothing to write on a card."""

FIGURES = {
    "n": ("Setups", ",d"),
    "n_effective": ("Independent setups they are worth", ",.0f"),
    "auc": ("AUC", ".3f"),
    "log_loss": ("Log-loss", ".4f"),
    "log_loss_skill": ("Log-loss saved against the base rate", "+.2%"),
    "brier": ("Brier score", ".4f"),
    "ece": ("Calibration error", ".3f"),
    "p_value": ("Chance of such a ranking by luck", ".3f"),
}
"""What a card shows of an evaluation, in words and in what form."""

LIMITS = (
    "It knows only setups of the rules, markets and timeframes above.",
    "Its chances are those of the time it was trained on: no file notices a new market.",
    "Costs are those of the instruments in the database at training time.",
)

NOT_FOR = (
    "Choosing entries of other rules, markets or timeframes.",
    "Choosing a position size: a chance of a win is no measure of what can be lost.",
    "Trading without a person who watches, and stops it.",
)


def describe_model(run: TrainingRun) -> dict[str, Any]:
    """Return the card of a run's model as JSON can hold it.

    Parameters
    ----------
    run : TrainingRun
        One that succeeded.

    Raises
    ------
    DataError
        When the run has no model, or an earlier version noted too little about it.
    """
    checkpoint, results = find_served(run), run.results
    missing = [name for name in NEEDED if name not in results]
    if missing:
        raise DataError(
            f"run {run.pk} was made by an earlier version, which did not note {missing[0]}",
            hint="Train the strategy again to have a card.",
        )
    return {
        "format": FORMAT,
        "title": f"{run.strategy.name}: {results['served_model']['name']}",
        "run": str(run.pk),
        "trained_at": f"{run.ended_at:%Y-%m-%d %H:%M} UTC" if run.ended_at else None,
        "served": results["served_model"],
        "verdict": results["verdict_details"],
        "data": checkpoint.meta.get("data", {}),
        "settings": run.settings,
        "threshold": results["threshold"],
        "calibration": results["calibration"],
        "measured": _collect_measurements(results),
        "digests": {
            "rules": run.rules_digest,
            "candles": run.candles_digest,
            "setups": run.setups_digest,
            "features": run.feature_digest,
            "model": checkpoint.sha256,
        },
        "limits": list(LIMITS),
        "not_for": list(NOT_FOR),
    }


def find_served(run: TrainingRun) -> Checkpoint:
    """Return the saved model of a run; raise `DataError` when there is none."""
    checkpoint = run.checkpoints.filter(kind=Checkpoint.Kind.BEST).first()
    if checkpoint is None or "served_model" not in run.results:
        raise DataError(
            f"run {run.pk} has no model: it is {run.state}",
            hint="Name a run that succeeded; manage.py runs lists them",
        )
    return checkpoint


def name_card(run: TrainingRun) -> str:
    """Return the name of the file that a card is handed out in."""
    return f"model-card-{run.pk}.md"


def write_card(card: Mapping[str, Any]) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    card : mapping
        From `describe_model`.
    """
    verdict, served = card["verdict"], card["served"]
    parts = [
        f"# {card['title']}",
        f"**{verdict['title']}.** {verdict['sentence']}",
        *_synthetic_note(card["data"]),
        _section("Evidence", _bullets(verdict["evidence"])),
        _section("What to do next", _bullets(verdict["next_steps"])),
        _section("The model", f"{served['name'].capitalize()}. {served['reason']}."),
        _section("Trained on", _write_data(card["data"])),
        *(
            _section(f"Measured on {name}", _write_figures(figures))
            for name, figures in card["measured"].items()
        ),
        _section(
            "In use",
            f"A setup is taken from a chance of {card['threshold']:.3f} on, where wins pay for "
            "losses and costs. "
            f"{card['calibration'].get('note', '')}".strip(),
        ),
        _section("Limits", _bullets(card["limits"])),
        _section("Not for", _bullets(card["not_for"])),
        _section("Where it comes from", _write_origin(card)),
    ]
    return "\n\n".join(parts) + "\n"


def _collect_measurements(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was measured on setups that had no part in training."""
    found = {"the test block": _pick(results["metrics"]["test"])}
    walk = results.get("walk_forward") or {}
    if walk.get("pooled"):
        found = {f"a walk-forward of {walk['n_folds']} steps": _pick(walk["pooled"])} | found
    return found


def _pick(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    names = (*FIGURES, "auc_interval", "expectancy_interval", "trades", "take_every_setup")
    return {name: evaluation.get(name) for name in names}


def _synthetic_note(data: Mapping[str, Any]) -> list[str]:
    if not data.get("is_synthetic"):
        return []
    return ["**Synthetic market: none of this is about a real one.**"]


def _write_data(data: Mapping[str, Any]) -> str:
    if not data:
        return "Trained by an earlier version, which did not note it."
    markets = f"{', '.join(data['symbols'])}; timeframes {', '.join(data['timeframes'])}"
    rows = [
        f"| {name} | {data[name]['from']} | {data[name]['to']} | {data[name]['n_setups']:,} "
        f"| {data[name]['n_effective']:,.0f} | {data[name]['win_rate']:.1%} |"
        for name in ("train", "validation", "test")
    ]
    head = ["| block | from | to | setups | independent | win rate |", "|---|---|---|--:|--:|--:|"]
    opened = f"The test block of this strategy was opened {data['n_openings']} time(s) so far."
    features = f"{len(data['feature_names'])} features: {', '.join(data['feature_names'])}."
    return "\n".join([f"{markets}.", "", *head, *rows, "", opened, "", features])


def _write_figures(figures: Mapping[str, Any]) -> str:
    lines = [
        f"- {words}: {figures[name]:{form}}{_write_interval(figures, name, form)}"
        for name, (words, form) in FIGURES.items()
        if isinstance(figures.get(name), int | float)
    ]
    for name, words in (("trades", "Taken"), ("take_every_setup", "Taking every setup")):
        trades = figures.get(name) or {}
        if trades:
            reach = _write_interval(figures, "expectancy", "+.3f") if name == "trades" else ""
            lines.append(
                f"- {words}: {trades['n']:,} setups, {trades['expectancy_r']:+.3f} R each after "
                f"costs{reach}, deepest fall {trades['max_drawdown_r']:.1f} R"
            )
    return "\n".join(lines)


def _write_interval(figures: Mapping[str, Any], name: str, form: str) -> str:
    interval = figures.get(f"{name}_interval")
    if not interval:
        return ""
    return f" (95 % interval {interval['low']:{form}} to {interval['high']:{form}})"


def _write_origin(card: Mapping[str, Any]) -> str:
    origin = [f"- Run: {card['run']}", f"- Trained: {card['trained_at'] or 'unknown'}"]
    hashes = [f"- SHA-256 of the {name}: `{value}`" for name, value in card["digests"].items()]
    return "\n".join([*origin, *hashes])


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}"


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)
