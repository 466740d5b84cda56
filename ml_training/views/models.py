"""Trained models: what a person may take home of them."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from ml_training.errors import DataError
from ml_training.selectors.pages import served_models_of
from ml_training.selectors.runs import runs_of
from ml_training.services.cards import MARKDOWN, describe_model, name_card, write_card
from ml_training.views.requests import SignedIn, tell_error


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
