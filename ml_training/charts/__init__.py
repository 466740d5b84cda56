"""Charts: numbers of a run in, Plotly dictionaries with words and a table out."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ml_training.charts.calibration import draw_calibration
from ml_training.charts.chart import Chart
from ml_training.charts.equity import draw_equity
from ml_training.charts.gradients import draw_gradients
from ml_training.charts.layers import draw_layers
from ml_training.charts.loss import draw_loss
from ml_training.charts.rate import draw_rate
from ml_training.selectors.curves import RunCurves

__all__ = ["CHARTS", "RESULT_CHARTS", "TRAINING_CHARTS", "Chart", "draw_chart"]

CHARTS: Mapping[str, Callable[[RunCurves], Chart]] = MappingProxyType(
    {
        "loss": draw_loss,
        "gradients": draw_gradients,
        "learning_rate": draw_rate,
        "layers": draw_layers,
        "equity": draw_equity,
        "calibration": draw_calibration,
    }
)
"""Every chart of a run by the name it has in addresses."""

TRAINING_CHARTS = ("loss", "gradients", "learning_rate", "layers")
RESULT_CHARTS = ("equity", "calibration")
"""What is drawn while a run goes on, and what once it has ended."""


def draw_chart(name: str, curves: RunCurves) -> Chart:
    """Return the chart of that name; raise `KeyError` when there is none."""
    return CHARTS[name](curves)
