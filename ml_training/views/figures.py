"""Charts of a run as data: for the script that draws them, and for spreadsheets."""

import csv
from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from ml_training.charts import CHARTS, Chart, draw_chart
from ml_training.charts.chart import Cell
from ml_training.selectors.curves import read_curves
from ml_training.selectors.runs import runs_of
from ml_training.views.requests import SignedIn

FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")
"""Characters by which spreadsheets take a text for a formula (OWASP, CSV injection)."""


@require_safe
@login_required
def show_figure(request: SignedIn, run_id: UUID, name: str) -> JsonResponse:
    """Return a chart as a Plotly figure with its words."""
    answer = JsonResponse(find_chart(request, run_id, name).as_dict())
    if "download" in request.GET:
        answer["Content-Disposition"] = f'attachment; filename="{name}-{run_id}.json"'
    return answer


@require_safe
@login_required
def download_table(request: SignedIn, run_id: UUID, name: str) -> HttpResponse:
    """Return the table behind a chart as CSV."""
    chart = find_chart(request, run_id, name)
    answer = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}-{run_id}.csv"'},
    )
    write = csv.writer(answer).writerow
    write(chart.columns)
    for row in chart.rows:
        write(neutralise(row))
    return answer


def find_chart(request: SignedIn, run_id: UUID, name: str) -> Chart:
    """Return a chart of a run that the user may see."""
    run = get_object_or_404(runs_of(request.user).defer("results", "report"), pk=run_id)
    if name not in CHARTS:
        raise Http404(f"no chart is called {name}; there are {', '.join(CHARTS)}")
    return draw_chart(name, read_curves(run))


def neutralise(row: Iterable[Cell]) -> list[Cell]:
    """Put an apostrophe before texts that a spreadsheet would compute."""
    return [
        f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_MARKS) else cell
        for cell in row
    ]
