"""Signals: what the models say about setups whose end nobody knows yet."""

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ml_training.models import Signal
from ml_training.selectors.pages import strategies_of
from ml_training.selectors.scores import signals_of
from ml_training.selectors.served import latest_looks
from ml_training.views.requests import SignedIn, cut_page, keep_filters

MOST_LOOKS = 6  # chosen: the table of signals stays on the first screens
ADVICE = {"take": True, "skip": False}


@require_safe
@login_required
def show_signals(request: SignedIn) -> HttpResponse:
    """Show the signals of a user, newest first, and how the last looks went."""
    context = {
        "page": cut_page(request, narrow(signals_of(request.user), request)),
        "looks": latest_looks(request.user, MOST_LOOKS),
        "chosen": {name: request.GET.get(name, "") for name in ("strategy", "advice")},
        "advice": list(ADVICE),
        "strategies": strategies_of(request.user).values_list("pk", "name"),
        "query": keep_filters(request),
        "section": "signals",
    }
    return render(request, "ml_training/signals.html", context)


def narrow(signals: QuerySet[Signal], request: HttpRequest) -> QuerySet[Signal]:
    """Keep the signals that the address asks for; what means nothing keeps all."""
    strategy, advice = (request.GET.get(name, "") for name in ("strategy", "advice"))
    if strategy.isascii() and strategy.isdecimal():
        signals = signals.filter(strategy_id=strategy[:18])
    if advice in ADVICE:
        signals = signals.filter(is_taken=ADVICE[advice])
    return signals
