"""Runs: the list, one run, how far it is, and what may be done with it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from ml_training.charts import RESULT_CHARTS, TRAINING_CHARTS, draw_chart
from ml_training.charts.words import VERDICTS
from ml_training.errors import HintedError
from ml_training.models import TrainingRun
from ml_training.selectors import progress_of
from ml_training.selectors.curves import read_curves
from ml_training.selectors.pages import (
    ACTIVE,
    RunFilter,
    downloads_of,
    events_of,
    list_runs,
    served_models_of,
    strategies_of,
)
from ml_training.selectors.runs import runs_of
from ml_training.services.checkpoints import CheckpointError, read_checkpoint
from ml_training.services.queue import request_cancel, request_run, requeue
from ml_training.services.runs import RunConflictError
from ml_training.views.requests import SignedIn, cut_page, keep_filters, tell_error
from ml_training.views.results import (
    lay_out_metrics,
    lay_out_slices,
    lay_out_stretches,
    lay_out_walk_forward,
    say_pairs,
)
from ml_training.views.transfer import lay_out_transfer
from ml_training.views.wording import describe_health, describe_progress, name_state

RESUMABLE = (TrainingRun.State.FAILED, TrainingRun.State.CANCELED)


@require_safe
@login_required
def show_runs(request: SignedIn) -> HttpResponse:
    """Show the runs of a user, narrowed by state, verdict, strategy or a word."""
    fields = RunFilter.__dataclass_fields__
    chosen = RunFilter(**{name: request.GET.get(name, "").strip() for name in fields})
    context = {
        "page": cut_page(request, list_runs(request.user, chosen)),
        "chosen": chosen,
        "query": keep_filters(request),
        "states": TrainingRun.State.values,
        "verdicts": VERDICTS,
        "strategies": strategies_of(request.user).values_list("pk", "name"),
        "section": "runs",
    }
    return render(request, "ml_training/runs.html", context)


@require_safe
@login_required
def show_run(request: SignedIn, run_id: UUID) -> HttpResponse:
    """Show one run: its verdict or state first, then how it came to it."""
    run = get_object_or_404(runs_of(request.user), pk=run_id)
    return render(request, "ml_training/run.html", describe_run(run))


def describe_run(run: TrainingRun) -> dict[str, Any]:
    """Return all that the page of a run shows; the admin shows the same."""
    progress = progress_of(run)
    curves = read_curves(run, is_thorough=False)
    return {
        "run": run,
        "progress": progress,
        "state_words": name_state(run, progress),
        "progress_words": describe_progress(progress),
        "health_words": describe_health(progress),
        "is_active": run.state in ACTIVE,
        "is_resumable": run.state in RESUMABLE,
        "verdict": run.results.get("verdict_details", {}),
        "charts": [draw_chart(name, curves) for name in TRAINING_CHARTS],
        "result_charts": [draw_chart(name, curves) for name in RESULT_CHARTS],
        "events": events_of(run),
        "blocks": lay_out_metrics(run.results),
        "pairs_words": say_pairs(run.results),
        "start": lay_out_transfer(run.results),
        "walk_forward": lay_out_walk_forward(run.results),
        "stretches": lay_out_stretches(run.results),
        "slices": lay_out_slices(run.results),
        "checkpoints": downloads_of(run),
    }


@require_safe
@login_required
def show_progress(request: SignedIn, run_id: UUID) -> HttpResponse:
    """Say how far a run is; nothing is sent when nothing changed."""
    run = get_object_or_404(runs_of(request.user).defer("results", "report"), pk=run_id)
    progress = progress_of(run)
    n_events = events_of(run).count()
    etag = f'"{progress["version"]}-{n_events}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    told = {
        **progress,
        "n_events": n_events,
        "is_active": run.state in ACTIVE,
        "state_words": name_state(run, progress),
        "progress_words": describe_progress(progress),
        "health_words": describe_health(progress),
    }
    return JsonResponse(told, headers={"ETag": etag, "Cache-Control": "private, no-cache"})


@require_safe
@login_required
def show_report(request: SignedIn, run_id: UUID) -> HttpResponse:
    """Hand out the report as text."""
    run = get_object_or_404(runs_of(request.user).defer("results"), pk=run_id)
    text = run.report or "This run has no report: it has not finished.\n"
    name = f'inline; filename="report-{run.pk}.txt"'
    return HttpResponse(
        text, content_type="text/plain; charset=utf-8", headers={"Content-Disposition": name}
    )


@require_POST
@login_required
def cancel_run(request: SignedIn, run_id: UUID) -> HttpResponse:
    """Ask a run to stop."""
    run = get_object_or_404(runs_of(request.user), pk=run_id)
    if run.state in ACTIVE:
        stopped = request_cancel(run)
        is_over = stopped.state == TrainingRun.State.CANCELED
        messages.success(request, "Canceled." if is_over else "It stops within seconds.")
    else:
        messages.warning(request, f"Nothing to cancel: the run is {run.state} already.")
    return redirect("ml_training:run", run_id=run.pk)


@require_POST
@login_required
def clone_run(request: SignedIn, run_id: UUID) -> HttpResponse:
    """Ask for another run with the same settings, by the rules of today."""
    run = get_object_or_404(runs_of(request.user), pk=run_id)
    try:
        new = request_run(run.strategy, run.settings, requested_by=request.user)
    except RunConflictError as error:
        tell_error(request, error)
        return redirect("ml_training:run", run_id=error.run.pk if error.run else run.pk)
    except HintedError as error:
        tell_error(request, error)
        return redirect("ml_training:run", run_id=run.pk)
    if new.rules_digest != run.rules_digest:
        messages.warning(request, "The rules have changed since: this run follows those of today.")
    return redirect("ml_training:run", run_id=new.pk)


@require_POST
@login_required
def resume_run(request: SignedIn, run_id: UUID) -> HttpResponse:
    """Let a run that ended early go on from its last checkpoint."""
    run = get_object_or_404(runs_of(request.user), pk=run_id)
    try:
        requeue(run, asked_by=request.user)
    except HintedError as error:
        tell_error(request, error)
    else:
        messages.success(request, "Queued: it goes on from its last checkpoint.")
    return redirect("ml_training:run", run_id=run.pk)


@require_safe
@login_required
def download_checkpoint(request: SignedIn, checkpoint_id: int) -> HttpResponse:
    """Hand out a model whose bytes still have the hash they were stored with."""
    checkpoint = get_object_or_404(served_models_of(request.user), pk=checkpoint_id)
    try:
        content = read_checkpoint(checkpoint)
    except CheckpointError as error:
        tell_error(request, error)
        return redirect("ml_training:run", run_id=checkpoint.run_id)
    name = f"model-{checkpoint.run_id}.zip"
    return HttpResponse(
        content,
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-SHA256": checkpoint.sha256,
        },
    )
