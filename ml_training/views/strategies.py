"""Strategies: the list, one strategy, and its training."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from ml_training.charts.candles import draw_candles
from ml_training.data.rules import describe_rules, parse_rules
from ml_training.errors import DataError, HintedError
from ml_training.models import SetupScan, Strategy
from ml_training.selectors.pages import (
    RunFilter,
    latest_setups,
    list_runs,
    list_strategies,
    scans_of,
    strategies_of,
)
from ml_training.selectors.reviews import find_review
from ml_training.selectors.windows import list_markets, read_window
from ml_training.services.choices import check_settings
from ml_training.services.limits import check_room
from ml_training.services.queue import request_run
from ml_training.services.reviews import request_review
from ml_training.services.runs import RunConflictError
from ml_training.views.coverage import describe_markets
from ml_training.views.figures import choose_market
from ml_training.views.forms import TrainForm, list_errors
from ml_training.views.requests import SignedIn, cut_page, keep_filters, tell_error

MOST_RUNS, MOST_SETUPS = 10, 8  # chosen: the rest has pages of its own
KEY_CHARACTERS = 64


@require_safe
@login_required
def show_strategies(request: SignedIn) -> HttpResponse:
    """Show the strategies of a user."""
    context = {
        "page": cut_page(request, list_strategies(request.user)),
        "query": keep_filters(request),
        "section": "strategies",
    }
    return render(request, "ml_training/strategies.html", context)


@require_safe
@login_required
def show_strategy(request: SignedIn, strategy_id: int) -> HttpResponse:
    """Show what a strategy does, what it found, and its runs; offer to train it."""
    strategy = get_object_or_404(strategies_of(request.user), pk=strategy_id)
    return render_strategy(request, strategy, TrainForm(initial={"use_transfer_learning": True}))


def render_strategy(
    request: SignedIn, strategy: Strategy, form: TrainForm, status: int = 200
) -> HttpResponse:
    """Return the page of a strategy with the form for its next run."""
    runs = list_runs(request.user, RunFilter(strategy=str(strategy.pk)))
    context = {
        "strategy": strategy,
        "rule_words": say_rules(strategy),
        **describe_window(request, strategy),
        "markets": describe_markets(strategy.symbols, strategy.timeframes),
        "review": find_review(strategy),
        "counts": tabulate_scans(scans_of(strategy), strategy.timeframes),
        "setups": latest_setups(strategy, MOST_SETUPS),
        "runs": runs[:MOST_RUNS],
        "form": form,
        "form_errors": list_errors(form) if form.is_bound else [],
        "key": uuid.uuid4().hex,
        "section": "strategies",
    }
    return render(request, "ml_training/strategy.html", context, status=status)


def describe_window(request: SignedIn, strategy: Strategy) -> dict[str, Any]:
    """Return the candles of the chosen market, and the others to choose from."""
    chosen = choose_market(request, strategy)
    return {
        "chart": draw_candles(read_window(strategy, *chosen)),
        "market_choices": [" ".join(one) for one in list_markets(strategy)],
        "market": " ".join(chosen),
        "market_query": urlencode({"market": " ".join(chosen)}),
    }


def tabulate_scans(
    scans: list[SetupScan], timeframes: list[str]
) -> dict[str, list[SetupScan | None]]:
    """Return by symbol one scan per timeframe; None where there is none yet."""
    found = {(scan.instrument.symbol, scan.timeframe): scan for scan in scans}
    symbols = dict.fromkeys(scan.instrument.symbol for scan in scans)
    return {symbol: [found.get((symbol, one)) for one in timeframes] for symbol in symbols}


def say_rules(strategy: Strategy) -> list[str]:
    """Return the rules in words; those of an older grammar say what is wrong."""
    try:
        return describe_rules(parse_rules(strategy.rules))
    except DataError as error:
        return str(error).splitlines()


@require_POST
@login_required
def review_strategy(request: SignedIn, strategy_id: int) -> HttpResponse:
    """Let a worker look at the data of a strategy."""
    strategy = get_object_or_404(strategies_of(request.user), pk=strategy_id)
    request_review(strategy)
    messages.success(request, "Asked for. A trainer looks within seconds: reload this page.")
    return redirect("ml_training:strategy", strategy_id=strategy.pk)


@require_POST
@login_required
def train_strategy(request: SignedIn, strategy_id: int) -> HttpResponse:
    """Ask for a run; sending the same form twice makes one run."""
    strategy = get_object_or_404(strategies_of(request.user), pk=strategy_id)
    form = TrainForm(request.POST)
    if not form.is_valid():
        return render_strategy(request, strategy, form, status=422)
    try:
        check_room(strategy, request.user)
        run = request_run(
            strategy,
            check_settings(form.as_settings()),
            requested_by=request.user,
            idempotency_key=request.POST.get("key", "")[:KEY_CHARACTERS],
        )
    except RunConflictError as error:
        tell_error(request, error)
        if error.run is None:
            return redirect("ml_training:strategy", strategy_id=strategy.pk)
        return redirect("ml_training:run", run_id=error.run.pk)
    except HintedError as error:
        form.add_error(None, str(error))
        return render_strategy(request, strategy, form, status=422)
    return redirect("ml_training:run", run_id=run.pk)
