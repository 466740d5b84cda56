"""The first page: what runs, what was found, what the verdicts are."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ml_training.models import TrainingRun
from ml_training.selectors import progress_of
from ml_training.selectors.pages import (
    ACTIVE,
    count_instruments,
    latest_findings,
    list_runs,
    list_strategies,
)
from ml_training.services.doctor import examine_trainer
from ml_training.views.requests import SignedIn
from ml_training.views.wording import describe_health, describe_progress, name_state

MOST_ACTIVE, MOST_ENDED, MOST_FINDINGS = 10, 8, 8  # chosen: all of it on one screen


@require_safe
@login_required
def show_home(request: SignedIn) -> HttpResponse:
    """Show what goes on; while there is nothing yet, what to do next."""
    runs = list_runs(request.user)
    context = {
        "active": [describe_active(run) for run in runs.filter(state__in=ACTIVE)[:MOST_ACTIVE]],
        "ended": runs.exclude(state__in=ACTIVE)[:MOST_ENDED],
        "findings": latest_findings(request.user, MOST_FINDINGS),
        "trainer": examine_trainer(),
        "n_instruments": count_instruments(),
        "strategies": list_strategies(request.user)[:MOST_ENDED],
    }
    return render(request, "ml_training/home.html", context)


def describe_active(run: TrainingRun) -> dict[str, Any]:
    """Return a run with its progress in words."""
    progress = progress_of(run)
    return {
        "run": run,
        "progress": progress,
        "state_words": name_state(run, progress),
        "progress_words": describe_progress(progress),
        "health_words": describe_health(progress),
    }
