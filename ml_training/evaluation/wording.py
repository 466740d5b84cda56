"""The verdict's sentence, evidence and next steps, written for a trader."""

from collections.abc import Callable
from math import ceil, floor, log10

from ml_training.evaluation.bounds import (
    MAX_P,
    MIN_EFFECTIVE,
    MIN_TAKEN,
    STABLE_SIGMAS,
)
from ml_training.evaluation.circumstances import Circumstances, Coverage
from ml_training.evaluation.evidence import (
    describe_luck,
    exceeds_luck,
    is_too_good,
    list_doubts,
    write_p,
)
from ml_training.evaluation.outcomes import Evaluation
from ml_training.evaluation.significance import NULL_AUC_SD, deflate, null_auc_sd

USUAL_AUC = "0.50 to 0.55"
"""Test AUC of ordinary rules on real candles (measured, design notes)."""


def put_into_words(key: str, test: Evaluation, circumstances: Circumstances) -> str:
    """Return the verdict as one sentence with its numbers.

    Parameters
    ----------
    key : str
        The rung of the ladder.
    test : Evaluation
        Of the served model on the test block.
    circumstances : Circumstances
        What else was seen; the walk-forward goes before the test block.
    """
    if circumstances.leak_found and key == "suspected_leak":
        return f"Something knew the outcome before: {circumstances.leak_found}. Do not trade it."
    found = circumstances.choose(test)
    if key == "no_edge":
        return _say_no_edge(found, circumstances)
    if key == "edge_uncertain":
        return _say_edge_uncertain(found, list_doubts(test, circumstances))
    if key == "suspected_leak":
        return _say_suspected_leak(test if is_too_good(test) else found)
    return _SENTENCES[key](found)


def propose_next_steps(key: str, test: Evaluation, coverage: Coverage) -> tuple[str, ...]:
    """Return what a trader can do about it, most useful first.

    Parameters
    ----------
    key : str
        The rung of the ladder.
    test : Evaluation
        What the verdict rests on.
    coverage : Coverage
        What all setups came from.
    """
    return _NEXT_STEPS[key](test, coverage)


def ask_for_more(n_effective: float, needed: float, coverage: Coverage) -> str:
    """Return how many setups are missing, and what would bring them.

    Parameters
    ----------
    n_effective : float
        Effective unseen setups there are now.
    needed : float
        Effective setups it should have.
    coverage : Coverage
        What all setups came from.

    Examples
    --------
    >>> ask_for_more(350.0, 700.0, Coverage(2000, 5, 4.0))
    'About 2,000 more setups would settle it: some 5 more symbols, or 4 more years'
    """
    missing = needed / max(n_effective, 1.0) - 1.0
    n_more = _round_up(missing * coverage.n_setups)
    n_symbols, n_years = ceil(missing * coverage.n_symbols), ceil(missing * coverage.years)
    setups = f"{n_more:,} more setup{'s' if n_more > 1 else ''}"
    symbols = f"{n_symbols:,} more symbol{'s' if n_symbols > 1 else ''}"
    years = f"{n_years:,} more year{'s' if n_years > 1 else ''}"
    return f"About {setups} would settle it: some {symbols}, or {years}"


def _say_not_enough_data(test: Evaluation) -> str:
    if test.auc is None:
        return f"Nothing can be said either way: {test.metrics.notes[0]}."
    return (
        f"The unseen setups are worth {test.n_effective:,.0f} independent ones; with fewer than "
        f"{MIN_EFFECTIVE:.0f}, luck alone gives an AUC of {describe_luck(test.n_effective)}, "
        f"so the {test.auc.value:.2f} seen here proves nothing either way."
    )


def _say_no_edge(test: Evaluation, circumstances: Circumstances) -> str:
    auc = "unknown" if test.auc is None else f"{test.auc.value:.3f}"
    if circumstances.serves_nothing:
        return (
            "On the newest validation setups no model was better than knowing only how many "
            f"setups win, so nothing tells winners from losers today (unseen setups: AUC {auc}). "
            "Do not pay for its opinion."
        )
    luck = f"luck alone gives {describe_luck(test.n_effective)}"
    if test.auc is not None and exceeds_luck(test.auc.value, test.n_effective):
        p_value = deflate(test.p_value, circumstances.n_openings)
        luck = f"so good a ranking comes by luck with {write_p(p_value)}, and {MAX_P} is the limit"
    return (
        f"The model does not tell winners from losers better than luck would (AUC {auc}; {luck}). "
        "Do not pay for its opinion."
    )


def _say_it_does_not_pay(test: Evaluation) -> str:
    if test.taken.n < MIN_TAKEN:
        return (
            "Winners are ranked above losers more often than luck allows, but only "
            f"{test.taken.n:,} of {test.metrics.n:,} unseen setups promised more wins than "
            "their losses and costs use up: no business."
        )
    made = f"{test.taken.n:,} setups taken made {test.taken.expectancy_r:+.3f} R each after costs"
    return f"Winners are ranked above losers more often than luck allows, yet the {made}."


def _say_edge_uncertain(test: Evaluation, doubts: tuple[str, ...]) -> str:
    return (
        f"On unseen data the {test.taken.n:,} setups taken made {test.taken.expectancy_r:+.3f} R "
        f"each after costs, but this is not beyond doubt: {'; '.join(doubts)}."
    )


def _say_edge_stable(test: Evaluation) -> str:
    return (
        f"On unseen data the {test.taken.n:,} setups taken made {test.taken.expectancy_r:+.3f} R "
        "each after costs, in both halves of the time, and luck does not explain it."
    )


def _say_suspected_leak(test: Evaluation) -> str:
    auc = "So high an AUC" if test.auc is None else f"An AUC of {test.auc.value:.2f}"
    return (
        f"{auc} is more than honest models reach on real candles ({USUAL_AUC}): most likely "
        "some feature knows the future. Do not trade it."
    )


def _advise_not_enough_data(test: Evaluation, coverage: Coverage) -> tuple[str, ...]:
    return (
        ask_for_more(test.n_effective, MIN_EFFECTIVE, coverage),
        "Until then treat every figure of unseen data as a guess",
    )


def _advise_no_edge(test: Evaluation, coverage: Coverage) -> tuple[str, ...]:
    hidden = 0.5 + STABLE_SIGMAS * null_auc_sd(test.n_effective)
    limit = (
        f"An edge below AUC {hidden:.2f} cannot be seen with so many setups; "
        "more history or symbols would show a smaller one"
    )
    return "Change the entry rules or the exits, not the training settings", limit


def _advise_it_does_not_pay(test: Evaluation, coverage: Coverage) -> tuple[str, ...]:
    return (
        "Let costs weigh less: a longer timeframe, wider stops and targets, a smaller spread",
        "Compare the take-profit with how far the winners really ran (MFE)",
    )


def _advise_edge_uncertain(test: Evaluation, coverage: Coverage) -> tuple[str, ...]:
    paper = "Trade it on paper first, and compare each month with the expectancy above"
    needed = max(_need_for_ranking(test), _need_for_profit(test))
    if needed <= test.n_effective:
        return (paper,)
    more = ask_for_more(test.n_effective, needed, coverage)
    return f"{more}; if the figures above hold", paper


def _need_for_ranking(test: Evaluation) -> float:
    """Return the effective setups at which the AUC stands clear of luck."""
    lift = max((test.metrics.auc or 0.5) - 0.5, 0.001)
    return (STABLE_SIGMAS * NULL_AUC_SD / lift) ** 2


def _need_for_profit(test: Evaluation) -> float:
    """Return the effective setups at which the interval of the profit leaves 0 out.

    An interval narrows with the root of the number of setups.
    """
    found = test.expectancy
    if found is None or found.low > 0 or found.value <= 0:
        return 0.0
    return test.n_effective * ((found.value - found.low) / found.value) ** 2


def _advise_edge_stable(test: Evaluation, coverage: Coverage) -> tuple[str, ...]:
    size = (
        f"Start with the smallest size: a fall of {test.taken.max_drawdown_r:.0f} R was seen on "
        "unseen data, and a deeper one will come"
    )
    return size, "Train again when live results leave the interval above"


def _advise_suspected_leak(test: Evaluation, coverage: Coverage) -> tuple[str, ...]:
    features = (
        "Check that no feature uses bars after the signal, and no higher-timeframe bar "
        "before it has closed"
    )
    candles = "Check that the candles are genuine: shifted bars give outcomes away"
    return features, candles


def _round_up(number: float) -> int:
    """Round up to two leading digits: a rough need deserves no more.

    Examples
    --------
    >>> _round_up(1834.2), _round_up(7.2), _round_up(0.0)
    (1900, 8, 0)
    """
    if number <= 0:
        return 0
    unit: int = 10 ** max(floor(log10(number)) - 1, 0)
    return ceil(number / unit) * unit


_SENTENCES: dict[str, Callable[[Evaluation], str]] = {
    "not_enough_data": _say_not_enough_data,
    "ranks_but_does_not_pay": _say_it_does_not_pay,
    "edge_stable": _say_edge_stable,
    "suspected_leak": _say_suspected_leak,
}

_NEXT_STEPS: dict[str, Callable[[Evaluation, Coverage], tuple[str, ...]]] = {
    "not_enough_data": _advise_not_enough_data,
    "no_edge": _advise_no_edge,
    "ranks_but_does_not_pay": _advise_it_does_not_pay,
    "edge_uncertain": _advise_edge_uncertain,
    "edge_stable": _advise_edge_stable,
    "suspected_leak": _advise_suspected_leak,
}
