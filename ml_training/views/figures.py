"""Charts of a run as data: for the script that draws them, and for spreadsheets."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from ml_training.charts import CHARTS, Chart, draw_chart
from ml_training.charts.candles import draw_candles
from ml_training.models import Strategy
from ml_training.selectors.curves import read_curves
from ml_training.selectors.pages import strategies_of
from ml_training.selectors.runs import runs_of
from ml_training.selectors.windows import list_markets, read_window
from ml_training.services.spreadsheets import write_table
from ml_training.views.requests import SignedIn


@require_safe
@login_required
def show_figure(request: SignedIn, run_id: UUID, name: str) -> JsonResponse:
    """Return a chart as a Plotly figure with its words."""
    return send_figure(request, find_chart(request, run_id, name), f"{name}-{run_id}")


@require_safe
@login_required
def download_table(request: SignedIn, run_id: UUID, name: str) -> HttpResponse:
    """Return the table behind a chart as CSV."""
    return send_table(find_chart(request, run_id, name), f"{name}-{run_id}")


@require_safe
@login_required
def show_candles(request: SignedIn, strategy_id: int) -> JsonResponse:
    """Return the newest bars of a market with the setups on them."""
    strategy = get_object_or_404(strategies_of(request.user), pk=strategy_id)
    return send_figure(request, draw_market(request, strategy), f"candles-{strategy_id}")


@require_safe
@login_required
def download_candles(request: SignedIn, strategy_id: int) -> HttpResponse:
    """Return the same bars as CSV."""
    strategy = get_object_or_404(strategies_of(request.user), pk=strategy_id)
    return send_table(draw_market(request, strategy), f"candles-{strategy_id}")


def draw_market(request: SignedIn, strategy: Strategy) -> Chart:
    """Return the candles of the market that the address asks for."""
    return draw_candles(read_window(strategy, *choose_market(request, strategy)))


def choose_market(request: SignedIn, strategy: Strategy) -> tuple[str, str]:
    """Return the symbol and timeframe asked for, or the first of the strategy."""
    markets = list_markets(strategy)
    symbol, _, timeframe = request.GET.get("market", "").rpartition(" ")
    asked = (symbol, timeframe)
    return asked if asked in markets else next(iter(markets), asked)


def send_figure(request: SignedIn, chart: Chart, name: str) -> JsonResponse:
    """Return a chart as JSON, to be drawn or to be kept."""
    answer = JsonResponse(chart.as_dict())
    if "download" in request.GET:
        answer["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return answer


def send_table(chart: Chart, name: str) -> HttpResponse:
    """Return the table behind a chart as CSV."""
    return HttpResponse(
        write_table(chart.columns, chart.rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def find_chart(request: SignedIn, run_id: UUID, name: str) -> Chart:
    """Return a chart of a run that the user may see."""
    run = get_object_or_404(runs_of(request.user).defer("results", "report"), pk=run_id)
    if name not in CHARTS:
        raise Http404(f"no chart is called {name}; there are {', '.join(CHARTS)}")
    return draw_chart(name, read_curves(run))
