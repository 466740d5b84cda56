"""Runs side by side: the curves overlaid, and only what differs."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ml_training.charts import Chart
from ml_training.charts.comparison import draw_comparison, name_run
from ml_training.selectors.comparison import MOST_COMPARED, Compared, read_compared
from ml_training.views.differences import list_differences
from ml_training.views.figures import send_figure, send_table
from ml_training.views.requests import SignedIn


@require_safe
@login_required
def show_comparison(request: SignedIn) -> HttpResponse:
    """Show the runs that the address names; the others are held against the first."""
    compared = find_compared(request)
    context = {
        "chart": draw_comparison(compared),
        "query": name_runs(compared),
        "columns": [describe_column(number, compared) for number in range(len(compared))],
        "parts": list_differences(compared),
        "is_cut": len(set(request.GET.getlist("run"))) > MOST_COMPARED,
        "most": MOST_COMPARED,
        "section": "runs",
    }
    return render(request, "ml_training/comparison.html", context)


@require_safe
@login_required
def show_figure(request: SignedIn) -> JsonResponse:
    """Return the overlaid curves as a Plotly figure."""
    return send_figure(request, draw_chart(request), "comparison")


@require_safe
@login_required
def download_table(request: SignedIn) -> HttpResponse:
    """Return the overlaid curves as CSV."""
    return send_table(draw_chart(request), "comparison")


def draw_chart(request: SignedIn) -> Chart:
    """Return the chart of the runs that the address names."""
    return draw_comparison(find_compared(request))


def find_compared(request: SignedIn) -> list[Compared]:
    """Return the runs that the address names, the pinned one first.

    One that the user may not see does not exist: a 404, as on its own page.
    """
    asked = dict.fromkeys([*request.GET.getlist("pin"), *request.GET.getlist("run")])
    keys = list(dict.fromkeys(read_key(one) for one in asked))[:MOST_COMPARED]
    compared = read_compared(request.user, keys)
    if len(compared) < len(keys):
        raise Http404("there is no such run")
    return compared


def read_key(text: str) -> UUID:
    """Return the key of a run; anything else is the key of none."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404("there is no such run") from None


def name_runs(compared: Sequence[Compared], pinned: UUID | None = None) -> str:
    """Return the query that shows these runs, another one pinned where it is given."""
    pairs = [("run", one.run.pk) for one in compared]
    return urlencode([("pin", pinned), *pairs] if pinned else pairs)


def describe_column(number: int, compared: Sequence[Compared]) -> dict[str, Any]:
    """Return the head of a run's column, with the ways to pin it and to drop it."""
    one = compared[number]
    others = [each for each in compared if each is not one]
    return {
        "name": name_run(number),
        "run": one.run,
        "is_pinned": number == 0,
        "pin": name_runs(compared, one.run.pk),
        "drop": name_runs(others),
    }
