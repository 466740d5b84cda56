"""Write the page on how far verdicts can be trusted from the measured figures."""

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.faults.tables import table
from benchmarks.verdicts import noise
from benchmarks.verdicts.real import NETS

Figures = Mapping[str, Any]

HEAD = """# How far a verdict can be trusted

*Written by `python -m benchmarks.documents` from `benchmarks/results/evaluation.json`; measure
with `python -m benchmarks.evaluation`, do not edit this page.*

A model that looks good and is not costs money; a good one that is called noise costs an edge. So
the verdicts themselves are judged: on noise, where every claim is wrong; on planted edges, where
the best possible score is known; on leaks put in by hand; and on real candles, where nobody knows.
Every run is a study as the product runs it, with its own settings. Nothing is hidden: a bar that
was missed says **no**, and what was not measured says so.
"""

NOT_MEASURED = "Not measured yet."
QUICKLY = "with logistic regression alone"
"""Beside the network, instead of all models: a tenth of the time, so more runs."""


def write_page(figures: Figures) -> str:
    """Return the page on verdicts.

    Parameters
    ----------
    figures : mapping
        As in `benchmarks/results/evaluation.json`, by part; parts may be missing.
    """
    parts = [HEAD, "## At a glance", glance(figures)]
    for name, (title, write) in SECTIONS.items():
        told = figures.get(name)
        if told is None and name.endswith("_quick"):
            continue
        parts += [f"## {title}", f"{credit(told)}\n\n{write(told)}" if told else NOT_MEASURED]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def credit(told: Figures) -> str:
    """Return when, with what and how much of it was measured."""
    machine = told["machine"]
    load = machine["load_average"][0]
    words = (
        f"Measured {told['date']} by `{told['command']}` ({told['cpu_s']:,.0f} s of processor "
        f"time; {machine['cores']} cores, which had {load:.0f} programs to run at the end; "
        f"Python {machine['python']}, torch {machine['torch']}; code {told['code']})."
    )
    if told["done"] == told["planned"]:
        return words
    return (
        f"{words} **{told['done']} of {told['planned']} runs were done**; the intervals say "
        "what that is worth, and the same command goes on."
    )


def glance(figures: Figures) -> str:
    """Return every bar, what was reached, and whether that is enough."""
    rows = [
        [
            f"{what}, {QUICKLY}" if name.endswith("_quick") else what,
            bar,
            reached,
            "yes" if met else "**no**",
        ]
        for name, read in BARS.items()
        if name in figures
        for what, bar, reached, met in read(figures[name])
    ]
    if not rows:
        return NOT_MEASURED
    return table(["what", "bar", "reached", "met"], rows)


def _noise_bars(told: Figures) -> list[tuple[str, str, str, bool]]:
    every = told["groups"]["all"]
    if not every["n"]:
        return []
    reached = f"{every['k']} of {every['n']} ({every['share']:.1%}, {_span(every)})"
    return [("edges claimed on noise", f"at most {told['bar']:.0%}", reached, told["met"])]


def _planted_bars(told: Figures) -> list[tuple[str, str, str, bool]]:
    bars = []
    if (gap := told["optimum"]["all"])["n"]:
        reached = f"{gap['gap']:+.4f} on average, {gap['within']} of {gap['n']} runs within it"
        bar = f"at most {told['most_gap']}"
        what = "test AUC below the known optimum, 20,000 setups"
        bars.append((what, bar, reached, told["optimum_met"]))
    if (found := told["power"]["all"])["n"]:
        reached = f"{found['k']} of {found['n']} ({found['share']:.1%}, {_span(found)})"
        bar = f"at least {told['least_found']:.0%}"
        what = "planted edge of AUC 0.56 found, 5,000 setups"
        bars.append((what, bar, reached, told["power_met"]))
    return bars


def _leak_bars(told: Figures) -> list[tuple[str, str, str, bool]]:
    kinds = {kind: one for kind, one in told["kinds"].items() if one["n"]}
    bars = []
    for kind, one in kinds.items():
        is_clean = kind == "clean"
        bar = f"at most {told['most_false']:.0%}" if is_clean else "at least 95%"
        is_met = one["share"] <= told["most_false"] if is_clean else one["share"] >= 0.95
        what = "clean sets called leaking" if is_clean else f"{kind} named"
        bars.append((what, bar, f"{one['k']} of {one['n']}", is_met))
    return bars


def _real_bars(told: Figures) -> list[tuple[str, str, str, bool]]:
    sets = told["sets"]
    behind = [one["behind"] for one in sets if one["behind"] is not None]
    if not behind:
        return []
    near = sum(one <= told["most_behind"] for one in behind)
    sound = sum(one["loss_met"] for one in sets)
    return [
        (
            "the net behind the best baseline, AUC, each real set",
            f"at most {told['most_behind']}",
            f"{told['mean_behind']:+.4f} on average, {near} of {len(behind)} sets within it",
            told["behind_met"],
        ),
        (
            "the net's log-loss no worse than the base rate's",
            "every set",
            f"{sound} of {len(sets)} sets",
            told["log_loss_met"],
        ),
    ]


def _speed_bars(told: Figures) -> list[tuple[str, str, str, bool]]:
    alone = [one for one in told["times"] if one["what"] == "evaluation"]
    reached = ", ".join(f"{one['wall_s']:.0f} s ({one['cpu_s']:.0f} s of CPU)" for one in alone)
    bar = f"at most {told['most_s']:.0f} s on two cores"
    return [("evaluation of 25,000 setups", bar, reached or "-", told["met"])]


def _scale_bars(told: Figures) -> list[tuple[str, str, str, bool]]:
    reached = f"{told['peak_mb']:,} MB for {told['n_bars'] / 1e6:,.0f} M bars"
    is_met = told["met"] and told["is_all"]
    return [
        ("131 M bars scanned and labelled", f"at most {told['most_mb']:,} MB", reached, is_met)
    ]


def write_noise(told: Figures) -> str:
    """Return the claims on noise by kind and size."""
    words = (
        "A third of the runs each are rules on *random walks* of one to five symbols "
        "(volatility in regimes, costs, the product's own engine, labels and features); *random "
        "entries* into real candles, at bars and sides drawn by chance; and *even chances*: "
        "planted sets (see below) where every setup has the same chance of a win, so that the "
        "strategy breaks even after costs and only the ranking can tell that there is nothing. "
        "Sizes are drawn between 700 and 5,000 setups. *Edge, uncertain* and *edge, stable* "
        "count as claims. Intervals are Clopper-Pearson, 95 %."
    )
    head = ["runs", "n", "claims", "share", "interval", "verdicts"]
    return f"{words}\n\n{table(head, noise.told(told))}"


def write_planted(told: Figures) -> str:
    """Return distances from the optimum, then how often the small edge was found."""
    words = (
        "Features and times are those of random entries on random walks. Labels are drawn from "
        "a chance of a win that is a known function of the features; setups that overlap share "
        "their luck. The strategy breaks even after costs before it is filtered (+2 R and -1 R, "
        "costs of 0.08 R). *Linear*: three columns add up. *Curved*: two columns are best in the "
        "middle. *Interaction*: only the product of two columns tells, neither alone. *Many "
        "weak*: a dozen columns tell a little each. The optimum ranks the same test block by the "
        "true chances."
    )
    gaps = [
        [title, str(one["n"]), _number(one["optimum"]), _signed(one["gap"]),
         _signed(one["best_gap"]), f"{one['within']}", _counts(one["served"])]
        for title, one in told["optimum"].items() if one["n"]
    ]  # fmt: skip
    found = [
        [title, str(one["n"]), f"{one['share']:.0%}", _span(one), _counts(one["verdicts"])]
        for title, one in told["power"].items() if one["n"]
    ]  # fmt: skip
    head = ["20,000 setups", "runs", "AUC of the optimum", "served model below it",
            "best model below it", "runs within 0.01", "served"]  # fmt: skip
    first = table(head, gaps) if gaps else NOT_MEASURED
    head = ["5,000 setups, AUC 0.56", "runs", "found", "interval", "verdicts"]
    second = table(head, found) if found else NOT_MEASURED
    return f"{words}\n\n{first}\n\n{second}"


def write_leaks(told: Figures) -> str:
    """Return how often each leak was named, and by which alarm."""
    words = (
        "Real candles, eight rules, 300 to 4,000 setups; one leak is put in. A *future-shifted "
        "feature* is a column of 1, 2, 5 or 10 bars later; a *label copy* is the label or the "
        "result with none, a little or much noise; in a *shuffled split* rows go to train and "
        "test at random; an *unclosed higher bar* is read before it has closed. Named means that "
        "the right column is named, for the split that the shared time is. Rows computed again "
        "from the past alone are proof; the table alone is all there is where the candles are "
        "not at hand."
    )
    rows = [
        [kind, str(one["n"]), f"{one['k']} ({one['share']:.1%})", _span(one),
         str(one["by_replay"]), str(one["by_table"])]
        for kind, one in told["kinds"].items() if one["n"]
    ]  # fmt: skip
    head = ["put in", "runs", "named", "interval", "by rows computed again", "by the table alone"]
    return f"{words}\n\n{table(head, rows)}"


def write_real(told: Figures) -> str:
    """Return AUC and log-loss of every model on every set."""
    words = (
        "Candles of seven markets, 2012 to 2022; figures are those of the walk-forward, pooled "
        "over its steps, where the study has them. *Behind* is the AUC of the best of logistic "
        "regression, gradient boosting and random forest less that of the net "
        f"({' or, where there is none, '.join(NETS)})."
    )
    names = list(dict.fromkeys(name for one in told["sets"] for name in one["models"]))
    aucs = [
        [
            one["set"],
            f"{one['n']:,}",
            *(_number((one["models"].get(name) or {}).get("auc")) for name in names),
            _signed(one["behind"]),
            ", ".join(one["served"]),
            ", ".join(one["verdicts"]),
        ]
        for one in told["sets"]
    ]
    losses = [
        [
            one["set"],
            *(_number((one["models"].get(name) or {}).get("log_loss"), 4) for name in names),
            "yes" if one["loss_met"] else "**no**",
        ]
        for one in told["sets"]
    ]
    first = table(["AUC", "setups", *names, "net behind", "served", "verdict"], aucs)
    second = table(["log-loss", *names, "net no worse than base rate"], losses)
    return f"{words}\n\n{first}\n\n{second}"


def write_choices(told: Figures) -> str:
    """Return what each way to fit, calibrate and cut comes to."""
    kinds = list(told["n"])
    counts = ", ".join(f"{n} of {kind}" for kind, n in told["n"].items())
    words = (
        "What the constants of the procedure rest on, each beside what it replaced, walked "
        f"forward on sets of their own ({counts}; none of them is among the sets above). "
        "*As judged*: fitted on the older three quarters of a past, calibrated on the rest. "
        "*Fitted anew*: on all of it. *Half believed at n*: what it says beyond the base rate "
        "counts n_effective / (n_effective + n). The *lasso* is scikit-learn's, over all columns "
        "and products of two, which the pairwise regression picks from. Log-loss less the base "
        "rate's, times 10,000 (below zero is better), and mean AUC of the steps."
    )
    rows = [
        [way, *(_told(one[kind]["loss"], 1e4, "+.1f") for kind in kinds),
         *(_told(one[kind]["auc"], 1.0, ".4f") for kind in kinds)]
        for way, one in told["ways"].items()
    ]  # fmt: skip
    head = ["way", *(f"loss, {kind}" for kind in kinds), *(f"AUC, {kind}" for kind in kinds)]
    cuts = [
        [name, *(_told(one[kind], 1.0, "+.4f") for kind in kinds)]
        for name, one in told["taken_r"].items()
    ]
    second = table(["mean R of what is taken", *kinds], cuts)
    return f"{words}\n\n{table(head, rows)}\n\n{second}"


def write_pvalues(told: Figures) -> str:
    """Return how often the tests of a ranking are passed, with and without an edge."""
    words = (
        f"A ranking counts from p <= {told['limit']} on, so that as many sets without an edge "
        "should pass. A logistic regression is walked forward on planted sets (see above) whose "
        "chances are all the same, and on others with an edge that it can learn. Rotations mix "
        "up setups of several symbols, and long and short ones, that share a moment; blocks of "
        "the calendar keep them together. The verdict takes the larger of both p-values."
    )
    rows = [
        [kind, name, f"{one['k']} of {one['n']} ({one['share']:.1%})", _span(one)]
        for kind, tests in told["kinds"].items()
        for name, one in tests.items()
        if one["n"]
    ]
    return f"{words}\n\n{table(['sets', 'test', 'passed', 'interval'], rows)}"


def _told(value: float | None, times: float, how: str) -> str:
    return "-" if value is None else format(times * value, how)


def write_speed(told: Figures) -> str:
    """Return the times of judging 25,000 setups."""
    words = (
        "*Evaluation* is the walk-forward: five folds, every model, block bootstrap, rotations of "
        "the outcomes in time (all of them, which is more than 200). The *whole study* trains the "
        "watched network before. Wall time is that of a machine with other work to do."
    )
    rows = [
        [one["what"], f"{one['n']:,}", f"{one['wall_s']:.1f} s", f"{one['cpu_s']:.1f} s"]
        for one in told["times"]
    ]
    return f"{words}\n\n{table(['what', 'setups', 'wall', 'CPU'], rows)}"


def write_scale(told: Figures) -> str:
    """Return what a scan of all one-minute bars takes."""
    words = (
        "Fifty synthetic symbols, five years of one-minute bars each, made, scanned, labelled and "
        "described one by one. Each is stored as soon as it is done; a run that was killed goes "
        "on where it was and comes to the same digest (proved by a test)."
    )
    if not told["is_all"]:
        words += f" **Only {told['n_symbols']} of 50 symbols were measured.**"
    row = [
        str(told["n_symbols"]), f"{told['n_bars'] / 1e6:,.1f} M", f"{told['n_labelled']:,}",
        f"{told['made_s'] / 60:.1f} min", f"{told['scanned_s'] / 60:.1f} min",
        f"{told['million_bars_per_s']} M", f"{told['peak_mb']:,} MB", told["digest"][:12],
    ]  # fmt: skip
    head = ["symbols", "bars", "labelled setups", "making the candles", "scan, labels, features",
            "bars per second", "peak memory", "digest"]  # fmt: skip
    return f"{words}\n\n{table(head, [row])}"


def _span(one: Figures) -> str:
    return f"{one['low']:.1%} to {one['high']:.1%}"


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.4f}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items())


Bars = Callable[[Figures], list[tuple[str, str, str, bool]]]
BARS: dict[str, Bars] = {
    "noise": _noise_bars,
    "noise_quick": _noise_bars,
    "planted": _planted_bars,
    "planted_quick": _planted_bars,
    "leaks": _leak_bars,
    "real": _real_bars,
    "speed": _speed_bars,
    "scale": _scale_bars,
}
SECTIONS: dict[str, tuple[str, Callable[[Figures], str]]] = {
    "noise": ("Noise: edges claimed where there is none", write_noise),
    "noise_quick": (f"Noise, {QUICKLY}", write_noise),
    "planted": ("Planted edges: the optimum is known", write_planted),
    "planted_quick": (f"Planted edges, {QUICKLY}", write_planted),
    "leaks": ("Leaks: put in by hand", write_leaks),
    "real": ("Real candles: every model on eight sets", write_real),
    "choices": ("What the constants rest on", write_choices),
    "pvalues": ("How far p-values can be trusted", write_pvalues),
    "speed": ("Speed", write_speed),
    "scale": ("Scale: 131 M one-minute bars", write_scale),
}
