"""Trained models: which there are, which is in use, and what one may take home."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from ml_training.errors import DataError, HintedError
from ml_training.models import Checkpoint, Scoring
from ml_training.selectors.pages import served_models_of, strategies_of
from ml_training.selectors.runs import runs_of
from ml_training.selectors.served import list_models
from ml_training.services.cards import MARKDOWN, describe_model, name_card, write_card
from ml_training.services.signals import request_scoring
from ml_training.views.requests import SignedIn, cut_page, tell_error


@require_safe
@login_required
def show_models(request: SignedIn) -> HttpResponse:
    """Show the models of a user, newest first."""
    page = cut_page(request, list_models(request.user))
    context = {
        "page": page,
        "rows": [describe_row(one) for one in page.object_list],
        "section": "models",
    }
    return render(request, "ml_training/models.html", context)


def describe_row(model: Checkpoint) -> dict[str, Any]:
    """Return a model with its use in words and its figures on unseen setups."""
    told = vars(model)  # the list has added these columns
    walked, tested = told["walked"], told["tested"]
    figures = walked if isinstance(walked, Mapping) else tested
    return {
        "model": model,
        "served": told["served"] or "",
        "use": name_use(is_in_use=told["is_in_use"], has_present_rules=told["has_present_rules"]),
        "figures": figures if isinstance(figures, Mapping) else {},
        "measured_on": "walk-forward" if figures is walked and walked else "test",
    }


def name_use(*, is_in_use: bool, has_present_rules: bool) -> str:
    """Say what a model is good for now."""
    if is_in_use:
        return "in use"
    return "replaced" if has_present_rules else "for earlier rules"


@require_POST
@login_required
def score_strategy(request: SignedIn, strategy_id: int) -> HttpResponse:
    """Let a worker score the newest setups of a strategy with the model in use."""
    strategy = get_object_or_404(strategies_of(request.user), pk=strategy_id)
    try:
        scoring = request_scoring(strategy, requested_by=request.user)
    except HintedError as error:
        tell_error(request, error)
        return redirect("ml_training:models")
    if scoring.state == Scoring.State.DONE:
        messages.success(request, "No candles have come since the last look: it still holds.")
    else:
        messages.success(request, "Asked for. A trainer looks within seconds: reload this page.")
    return redirect(f"{reverse('ml_training:signals')}?strategy={strategy.pk}")


@require_safe
@login_required
def download_card(request: SignedIn, checkpoint_id: int) -> HttpResponse:
    """Hand out the card of a model: what it is, was measured at, and is not for."""
    checkpoint = get_object_or_404(served_models_of(request.user), pk=checkpoint_id)
    run = get_object_or_404(runs_of(request.user), pk=checkpoint.run_id)
    try:
        card = write_card(describe_model(run))
    except DataError as error:
        tell_error(request, error)
        return redirect("ml_training:run", run_id=run.pk)
    name = f'attachment; filename="{name_card(run)}"'
    return HttpResponse(card, content_type=MARKDOWN, headers={"Content-Disposition": name})
