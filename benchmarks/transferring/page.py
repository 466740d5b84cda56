"""Write the page on transfer learning, and its pictures, from the measured figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.faults.tables import table
from benchmarks.transferring.figures import (
    BASES,
    FEW,
    MANY,
    OURS,
    SCRATCH,
    is_no_worse,
)
from benchmarks.transferring.grounds import MARKETS, POOLED, REAL, SYNTHETIC, TCE
from benchmarks.transferring.learners import CHOSEN, SERVED, UNTOUCHED, name_with
from benchmarks.transferring.plot import Line, draw
from ml_training.data.presets import PRESETS
from ml_training.study.models import BASE_RATE, LOGISTIC, NETWORK, TRANSFER

Figures = Mapping[str, Any]

HEAD = """# Are fifty setups enough?

*Written by `python -m benchmarks.documents` from `benchmarks/results/transfer.json`; measure
with `python -m benchmarks.transfer`, do not edit this page.*

A strategy that fires twice a week has a hundred setups a year: too few to learn from, if it has
to learn everything from them. A **base model** has learned the market state before: from setups of
other strategies, on the same markets, that all ended earlier. The **transferred network** starts
from it, and learns from the strategy's own setups what is different. This page says how much that
is worth, and where it is worth nothing.
"""

HOW = """## How it was measured

A seed is a strategy with 25, 50, 100, 200, 300, 500 and 1,000 setups, three quarters to train on
and one to validate on, drawn from its past; everything is judged on up to 4,000 setups that came
later. Strategies take turns: {targets}. Nothing a base model learned from is later than the
strategy's first setup, and the strategy that is learned is never among those of its base model.

- **Synthetic market**: {n_synthetic} markets of five symbols and three timeframes, one for each
  seed, with the edge that `ml_training/data/synthetic.py` describes. All strategies share it, so
  that there is something to transfer.
- **Real candles**: {n_real} seeds on seven instruments, 2012 to 2022, hours to days. Seeds differ
  in strategy, cuts and draws, and share the one past there is: read these intervals as those of
  the draws, not of other decades.

Two base models are compared, of up to 8,000 setups each: one of all {pooled} other presets,
and one of **TCE** alone, the house strategy. Intervals are 95 %, over the seeds; differences are
paired, seed by seed.
"""

TITLES = {SYNTHETIC: "Synthetic market, one edge shared by all strategies", REAL: "Real candles"}
PICTURES = {
    (market, measure): f"transfer_{market}_{measure}.svg"
    for market in MARKETS
    for measure in ("log_loss", "auc")
}
AXES = {
    "log_loss": "log-loss on later setups (lower is better)",
    "auc": "AUC on later setups (higher is better)",
}
LINES = (
    Line(OURS, "transferred network, pooled base", "#0b6e4f"),
    Line(name_with(POOLED, CHOSEN), "served, with the pooled base", "#0b6e4f", "2 4"),
    Line(name_with(TCE, TRANSFER), "transferred network, TCE base", "#b45309", "8 4"),
    Line(SERVED, "served, without a base", "#1d4ed8", "2 4"),
    Line(NETWORK, "network from scratch", "#1d4ed8"),
    Line(LOGISTIC, "logistic regression", "#7c3aed", "8 4"),
)
NAMES = {
    BASE_RATE: "base rate of the setups",
    LOGISTIC: "logistic regression",
    NETWORK: "network from scratch",
    SERVED: "served without a base model",
    **{name_with(base, UNTOUCHED): f"{base} base, untouched" for base in BASES},
    **{name_with(base, TRANSFER): f"transferred network, {base} base" for base in BASES},
    **{name_with(base, CHOSEN): f"served, with the {base} base" for base in BASES},
}
GAINED = "What the transferred network gains over the network from scratch *with as many setups*:"
NOT_MEASURED = "Not measured yet."
"""Stands where the benchmark was not run."""


def write_page(figures: Figures) -> str:
    """Return the page on transfer learning.

    Parameters
    ----------
    figures : mapping
        As in `benchmarks/results/transfer.json`; empty when nothing was measured.
    """
    markets = figures.get("markets", {})
    if not markets:
        return f"{HEAD}\n{NOT_MEASURED}\n"
    parts = [HEAD, credit(figures), "## At a glance", glance(figures), explain(markets)]
    for market, told in markets.items():
        parts += [f"## {TITLES[market]}", *describe(market, told)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def draw_pictures(figures: Figures) -> dict[str, str]:
    """Return every picture of the page by its file name."""
    markets = figures.get("markets", {})
    return {
        name: draw(TITLES[market], markets[market]["curves"], measure, LINES, AXES[measure])
        for (market, measure), name in PICTURES.items()
        if market in markets
    }


def credit(figures: Figures) -> str:
    """Return when, with what and how much of it was measured."""
    machine = figures["machine"]
    words = (
        f"Measured {figures['date']} by `{figures['command']}` ({figures['cpu_s']:,.0f} s of "
        f"processor time; Python {machine['python']}, torch {machine['torch']}; code "
        f"{figures['code']})."
    )
    if figures["done"] == figures["planned"]:
        return words
    return f"{words} **{figures['done']} of {figures['planned']} cases were done.**"


def explain(markets: Figures) -> str:
    """Return how it was measured."""
    targets = sorted({target for one in markets.values() for target in one["targets"]})
    return HOW.format(
        targets=", ".join(f"`{target}`" for target in targets),
        n_synthetic=markets.get(SYNTHETIC, {}).get("seeds", "no"),
        n_real=markets.get(REAL, {}).get("seeds", "no"),
        pooled=len(PRESETS) - 1,
    )


def glance(figures: Figures) -> str:
    """Return the claim for each market and base model, and whether it holds."""
    rows = [
        [
            TITLES[market].split(",")[0],
            NAMES[name],
            rival,
            show_gain(claim[key]["log_loss"], 4),
            show_gain(claim[key]["auc"], 3),
            "yes" if is_no_worse(claim[key]) else "**no**",
        ]
        for market, told in figures["markets"].items()
        for name, claim in told["claims"].items()
        if not name.startswith(UNTOUCHED)
        for key, rival in list_rivals(name)
    ]
    words = (
        f"With {FEW} setups and a base model, against {MANY} setups without one: what is gained "
        "(above zero is better). *Met* says that the whole interval is at zero or above, for "
        "log-loss and AUC both."
    )
    head = ["market", f"with {FEW} setups", f"against, with {MANY}", "log-loss saved",
            "AUC won", "met"]  # fmt: skip
    return f"{words}\n\n{table(head, rows)}"


def list_rivals(name: str) -> Sequence[tuple[str, str]]:
    """Return what a learner is compared with: its like from scratch."""
    if name.startswith(TRANSFER):
        return (("against_network", NAMES[SCRATCH]), ("against_served", NAMES[SERVED]))
    return (("against_served", NAMES[SERVED]),)


def describe(market: str, told: Figures) -> list[str]:
    """Return the section of one market."""
    return [
        tell_claim(told),
        tell_bases(told),
        *(f"![{TITLES[market]}: {AXES[measure]}](images/{PICTURES[market, measure]})"
          for measure in AXES),
        tell_reach(told),
        f"Log-loss on later setups, mean over the seeds:\n\n{curve_table(told, 'log_loss', 4)}",
        f"AUC on later setups, mean over the seeds:\n\n{curve_table(told, 'auc', 3)}",
        f"{GAINED}\n\n{gain_table(told)}",
        tell_served(told),
    ]  # fmt: skip


def tell_bases(told: Figures) -> str:
    """Return what the base models know by themselves."""
    lines = [
        f"- {base} base: {one['n']:,.0f} setups ({one['n_effective']:,.0f} effective); AUC "
        f"{one['auc']:.3f} on newer setups of its own strategies"
        for base, one in told["base_models"].items()
    ]
    head = f"{told['seeds']} seeds, {told['n_test']:,} test setups on average. Base models:"
    return "\n".join([head, "", *lines])


def tell_reach(told: Figures) -> str:
    """Return from how many setups on transfer is what scratch is at 300."""
    lines = []
    for base in BASES:
        name = name_with(base, TRANSFER)
        if name not in told["claims"]:
            continue
        for key, rival in list_rivals(name):
            reach = told["claims"][name]["reaches"][key]
            lines.append(
                f"- {NAMES[name]}, against {name_rival(rival)}: "
                f"log-loss {show_reach(reach['log_loss'])}; AUC {show_reach(reach['auc'])}"
            )
    head = f"From how many setups on transfer is at least what scratch is with {MANY}:"
    return "\n".join([head, "", *lines])


def name_rival(rival: str) -> str:
    """Return a rival as a sentence names it."""
    return f"what is {rival}" if rival == NAMES[SERVED] else f"the {rival}"


def tell_claim(told: Figures) -> str:
    """Return in words what few setups with the pooled base model are worth."""
    few, claim = told["curves"][OURS][FEW], told["claims"][OURS]
    scores = f"a log-loss of {few['log_loss']['mean']:.4f} and an AUC of {few['auc']['mean']:.3f}"
    parts = [f"**With {FEW} setups and the pooled base the transferred network has {scores}.**"]
    for key, rival in list_rivals(OURS):
        needs = claim["rival_needs"][key]
        parts.append(
            f"For {name_rival(rival)} to be as good, it takes {show_need(needs['log_loss'])} in "
            f"log-loss and {show_need(needs['auc'])} in AUC."
        )
    if (base := told["curves"][name_with(POOLED, UNTOUCHED)][FEW]["log_loss"]["mean"]) is not None:
        gap = base - few["log_loss"]["mean"]
        how = "saves" if gap >= 0 else "costs"
        parts.append(
            f"The base model by itself, before it sees any of the {FEW} setups, has a log-loss of "
            f"{base:.4f}; learning from them {how} {abs(gap):.4f}."
        )
    return " ".join(parts)


def show_need(n: int | None) -> str:
    """Return how many setups a rival needs."""
    return "more than 1,000 setups" if n is None else f"{n:,} setups"


def show_reach(reach: Figures) -> str:
    """Return the setups needed, on average and beyond doubt."""
    if reach["mean"] is None:
        return "not with 1,000"
    sure = "not surely with 1,000" if reach["surely"] is None else f"surely {reach['surely']:,}"
    return f"{reach['mean']:,} ({sure})"


def curve_table(told: Figures, measure: str, digits: int) -> str:
    """Return means and intervals of every learner."""
    curves = told["curves"]
    sizes = list(next(iter(curves.values())))
    rows = [
        [NAMES[name], *(show_mean(curve[n][measure], digits) for n in sizes)]
        for name, curve in curves.items()
    ]
    return table(["learner", *(f"{int(n):,}" for n in sizes)], rows)


def gain_table(told: Figures) -> str:
    """Return what transfer gains over scratch with the same setups."""
    names = [name_with(base, TRANSFER) for base in BASES]
    gains = {name: told["gains"][name] for name in names if name in told["gains"]}
    sizes = list(next(iter(gains.values())))
    rows = [
        [NAMES[name], label, *(show_gain(gain[n][measure], digits) for n in sizes)]
        for name, gain in gains.items()
        for measure, label, digits in (("log_loss", "log-loss saved", 4), ("auc", "AUC won", 3))
    ]
    return table(["learner", "", *(f"{int(n):,}" for n in sizes)], rows)


def tell_served(told: Figures) -> str:
    """Return how often the transferred network was chosen for serving."""
    parts = []
    for base in BASES:
        counts = told["served"].get(name_with(base, CHOSEN), {})
        shares = [
            f"{one.get(TRANSFER, 0)} of {sum(one.values())} with {int(n):,}"
            for n, one in counts.items()
        ]
        if shares:
            parts.append(f"- {base} base: {', '.join(shares)}")
    return "\n".join(["How often the transferred network was the one to serve:", "", *parts])


def show_mean(one: Figures, digits: int) -> str:
    """Return a mean with half the width of its interval."""
    if one["mean"] is None:
        return "-"
    return f"{one['mean']:.{digits}f} ± {(one['high'] - one['low']) / 2:.{digits}f}"


def show_gain(one: Figures, digits: int) -> str:
    """Return a difference with its interval."""
    if one["mean"] is None:
        return "-"
    low, high = (f"{one[end]:+.{digits}f}" for end in ("low", "high"))
    return f"{one['mean']:+.{digits}f} ({low} to {high})"
