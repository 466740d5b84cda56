"""The facts a verdict rests on, and what keeps an edge from being called stable."""

from ml_training.evaluation.bounds import (
    LEAK_AUC,
    LEAK_AUC_LOW,
    LUCK_SIGMAS,
    MAX_OVERFITTING,
    STABLE_P,
    STABLE_SHARE,
    STABLE_SHARPE,
)
from ml_training.evaluation.circumstances import Circumstances
from ml_training.evaluation.outcomes import Evaluation
from ml_training.evaluation.significance import deflate, null_auc_sd
from ml_training.evaluation.walk_forward import WalkForward

P_PRINTED = 0.001
"""The smallest p-value that three digits can tell from 0."""


def list_doubts(test: Evaluation, circumstances: Circumstances) -> tuple[str, ...]:
    """Return what keeps an edge from being called stable; empty when nothing does.

    Parameters
    ----------
    test : Evaluation
        Of the served model on the test block.
    circumstances : Circumstances
        What else was seen; the walk-forward goes before the test block.
    """
    found = circumstances.choose(test)
    p_value = deflate(found.p_value, circumstances.n_openings)
    reach = found.expectancy
    doubts = (
        (
            reach is None or reach.low <= 0,
            "no range of results is known"
            if reach is None
            else f"anything from {reach.low:+.3f} to {reach.high:+.3f} R each fits these results",
        ),
        (p_value > STABLE_P, f"a ranking like this still comes by luck with {write_p(p_value)}"),
        (not _stands_clear(found), "so few independent setups reach such an AUC by luck"),
        (
            found.log_loss_skill <= 0,
            f"its log-loss is {compare(found.log_loss_skill)} the base rate's",
        ),
        (
            any(half.auc is None or half.auc <= 0.5 for half in found.halves),
            "one half of the time does not rank",
        ),
        (
            any(half.expectancy_r <= 0 for half in found.halves),
            "one half of the time does not pay",
        ),
    )
    named = [words for is_so, words in doubts if is_so]
    if circumstances.walk is not None:
        named += _doubt_the_walk(circumstances.walk, test)
    return tuple(named)


def list_evidence(test: Evaluation, circumstances: Circumstances) -> tuple[str, ...]:
    """Return the facts the verdict rests on, one sentence each.

    Parameters
    ----------
    test : Evaluation
        Of the served model on the test block.
    circumstances : Circumstances
        What else was seen; the walk-forward goes before the test block.
    """
    found, walk = circumstances.choose(test), circumstances.walk
    seen = f"{found.metrics.n:,} test setups"
    if walk is not None:
        seen = (
            f"{found.metrics.n:,} setups in a walk-forward of {len(walk.steps)} steps, each "
            "judged by a model that knew only what came before"
        )
    return (
        f"{seen}, worth {found.n_effective:,.0f} independent ones",
        *_describe_ranking(found, circumstances),
        f"log-loss {found.metrics.log_loss:.4f}, {compare(found.log_loss_skill)} the base rate's",
        *_describe_money(found),
        *(() if walk is None else (*_describe_walk(walk), _describe_test(test))),
    )


def earns(found: Evaluation) -> bool:
    """Tell whether the taken setups earned after costs, if only a little."""
    return found.expectancy is not None and found.taken.expectancy_r > 0


def is_too_good(found: Evaluation) -> bool:
    """Tell whether an AUC lies above what honest models reach on real candles."""
    return found.auc is not None and found.auc.value > LEAK_AUC and found.auc.low > LEAK_AUC_LOW


def exceeds_luck(auc: float, n_effective: float) -> bool:
    """Tell whether an AUC lies above the range that `describe_luck` tells."""
    return auc - 0.5 >= LUCK_SIGMAS * null_auc_sd(n_effective)


def _stands_clear(found: Evaluation) -> bool:
    """Tell whether neither the number of setups nor their blocks explain the AUC."""
    if found.auc is None:
        return False
    return found.auc.low >= 0.5 and exceeds_luck(found.auc.value, found.n_effective)


def describe_luck(n_effective: float) -> str:
    """Return the range of AUC that a model that knows nothing reaches."""
    reach = LUCK_SIGMAS * null_auc_sd(n_effective)
    return f"{max(0.5 - reach, 0.0):.2f} to {min(0.5 + reach, 1.0):.2f}"


def compare(skill: float) -> str:
    """Return on which side of the base rate a skill lies, and how far."""
    return f"{abs(skill):.2%} {'below' if skill >= 0 else 'above'}"


def _doubt_the_walk(walk: WalkForward, test: Evaluation) -> list[str]:
    n_steps, sharpe, overfitting = len(walk.steps), walk.deflated_sharpe, walk.overfitting
    doubts = (
        (
            walk.n_ranking < STABLE_SHARE * n_steps,
            f"only {walk.n_ranking} of {n_steps} steps rank",
        ),
        (walk.n_paying < STABLE_SHARE * n_steps, f"only {walk.n_paying} of {n_steps} steps pay"),
        (
            sharpe is not None and sharpe < STABLE_SHARPE,
            f"with a chance of {1 - (sharpe or 0.0):.0%} the best of so many tries is pure luck",
        ),
        (
            overfitting is not None and overfitting > MAX_OVERFITTING,
            f"choosing among models and thresholds fails in {overfitting or 0.0:.0%} of cases",
        ),
        (
            test.auc is None or test.auc.value <= 0.5,
            "the model that is served does not rank on the test block",
        ),
        (
            test.taken.expectancy_r <= 0,
            "the model that is served does not pay on the test block",
        ),
    )
    return [words for is_so, words in doubts if is_so]


def write_p(p_value: float) -> str:
    """Return a p-value as it is printed; none is ever 0.

    Examples
    --------
    >>> write_p(0.0123), write_p(0.0002)
    ('p = 0.012', 'p < 0.001')
    """
    return f"p = {p_value:.3f}" if p_value >= P_PRINTED else f"p < {P_PRINTED}"


def _describe_ranking(found: Evaluation, circumstances: Circumstances) -> tuple[str, ...]:
    if found.auc is None:
        return found.metrics.notes
    ranking = (
        f"AUC {found.auc.value:.3f} (95 % interval {found.auc.low:.3f} to {found.auc.high:.3f}); "
        f"luck alone gives {describe_luck(found.n_effective)}"
    )
    p_value = deflate(found.p_value, circumstances.n_openings)
    chance = f"such a ranking comes by luck with {write_p(p_value)}"
    if circumstances.n_openings > 1:
        chance += f", counting that this test block was opened {circumstances.n_openings} times"
    return ranking, chance


def _describe_money(found: Evaluation) -> tuple[str, ...]:
    every = f"taking every setup: {found.every.expectancy_r:+.3f} R each"
    if found.expectancy is None:
        return "no setup reaches the threshold, so none was taken", every
    spread = f"95 % interval {found.expectancy.low:+.3f} to {found.expectancy.high:+.3f}"
    taken = (
        f"{found.taken.n:,} setups taken: {found.taken.expectancy_r:+.3f} R each after costs "
        f"({spread}), deepest fall {found.taken.max_drawdown_r:.1f} R"
    )
    return taken, every


def _describe_walk(walk: WalkForward) -> list[str]:
    n_steps = len(walk.steps)
    facts = [f"{walk.n_ranking} of {n_steps} steps rank, {walk.n_paying} of {n_steps} pay"]
    if walk.deflated_sharpe is not None:
        facts.append(
            f"deflated Sharpe ratio {walk.deflated_sharpe:.2f}: the chance that the taken setups "
            "beat the best of so many tries at luck"
        )
    if walk.overfitting is not None:
        facts.append(
            f"probability of overfitting {walk.overfitting:.2f}: how often the best model and "
            "threshold of one half of the time end below the middle on the other"
        )
    return facts


def _describe_test(test: Evaluation) -> str:
    auc = "unknown" if test.auc is None else f"{test.auc.value:.3f}"
    return (
        f"the model that is served, on the test block ({test.metrics.n:,} setups): AUC {auc}, "
        f"{test.taken.n:,} taken, {test.taken.expectancy_r:+.3f} R each"
    )
