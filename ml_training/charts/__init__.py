"""Charts: numbers of a run in, Plotly dictionaries with words and a table out."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ml_training.charts.chart import Chart
from ml_training.charts.gradients import draw_gradients
from ml_training.charts.layers import draw_layers
from ml_training.charts.loss import draw_loss
from ml_training.charts.rate import draw_rate
from ml_training.selectors.curves import RunCurves

__all__ = ["CHARTS", "Chart", "draw_chart"]

CHARTS: Mapping[str, Callable[[RunCurves], Chart]] = MappingProxyType(
    {
        "loss": draw_loss,
        "gradients": draw_gradients,
        "learning_rate": draw_rate,
        "layers": draw_layers,
    }
)
"""Every chart of a run by the name it has in addresses."""


def draw_chart(name: str, curves: RunCurves) -> Chart:
    """Return the chart of that name; raise `KeyError` when there is none."""
    return CHARTS[name](curves)
