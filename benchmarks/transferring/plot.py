"""Draw curves of scores against setups as a static picture (SVG), by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import Any

Figures = Mapping[str, Any]

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 50, 130
FONT = 'font-family="system-ui, sans-serif" font-size="13"'
INK, GRID, PAPER = "#1f2933", "#d9dee4", "#ffffff"
N_TICKS = 5


@dataclass(frozen=True)
class Line:
    """Say which learner is drawn, how, and what it is called.

    Attributes
    ----------
    learner : str
        As the figures name it.
    label : str
        For the reader.
    colour, dash : str
        Colours and dashes differ both, so that no one needs to tell colours apart.
    """

    learner: str
    label: str
    colour: str
    dash: str = ""


@dataclass(frozen=True)
class Scale:
    """Map setups and scores to places in the picture."""

    first: float
    last: float
    low: float
    high: float

    def x(self, n: float) -> float:
        """Return the place of a number of setups, on a logarithmic scale."""
        share = (log10(n) - log10(self.first)) / (log10(self.last) - log10(self.first))
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Return the place of a score."""
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 1)


def draw(title: str, curves: Figures, measure: str, lines: Sequence[Line], axis: str) -> str:
    """Return a picture of the curves.

    Parameters
    ----------
    title : str
        Above the picture, and read out instead of it.
    curves : mapping
        By learner, by number of setups: mean, low and high of `measure`.
    measure : str
        ``"log_loss"`` or ``"auc"``.
    lines : sequence of Line
        Those without figures are left out.
    axis : str
        What the scores are.
    """
    known = [line for line in lines if line.learner in curves]
    points = {line.learner: _read_points(curves[line.learner], measure) for line in known}
    scale = _fit_scale([point for some in points.values() for point in some])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        _text(LEFT, 24, title, weight="bold"),
        *_draw_axes(scale, sorted({n for some in points.values() for n, *_ in some}), axis),
        *(_draw_line(line, points[line.learner], scale) for line in known),
        *_draw_legend(known),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


Point = tuple[int, float, float, float]


def _read_points(curve: Figures, measure: str) -> list[Point]:
    told = [(int(n), one[measure]) for n, one in curve.items()]
    return [
        (n, one["mean"], one["low"], one["high"])
        for n, one in sorted(told, key=lambda pair: pair[0])
        if one["mean"] is not None
    ]


def _fit_scale(points: Sequence[Point]) -> Scale:
    values = [value for _, *three in points for value in three]
    low, high = min(values), max(values)
    margin = 0.05 * (high - low) or 0.01
    sizes = [n for n, *_ in points]
    return Scale(min(sizes), max(*sizes, min(sizes) + 1), low - margin, high + margin)


def _draw_axes(scale: Scale, sizes: Sequence[int], axis: str) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for tick in range(N_TICKS + 1):
        value = scale.low + tick / N_TICKS * (scale.high - scale.low)
        y = scale.y(value)
        parts.append(f'<path d="M{LEFT} {y}H{right}" stroke="{GRID}"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{value:.3f}", anchor="end"))
    for n in sizes:
        x = scale.x(n)
        parts.append(f'<path d="M{x} {bottom}v5" stroke="{INK}"/>')
        parts.append(_text(x, bottom + 20, f"{n:,}", anchor="middle"))
    parts.append(_text(right, bottom + 40, "setups the strategy has", anchor="end"))
    parts.append(_text(LEFT, TOP - 8, axis))
    return parts


def _draw_line(line: Line, points: Sequence[Point], scale: Scale) -> str:
    """Return a curve with its intervals as upright bars."""
    path = "L".join(f"{scale.x(n)} {scale.y(mean)}" for n, mean, _, _ in points)
    bars = "".join(f"M{scale.x(n)} {scale.y(low)}V{scale.y(high)}" for n, _, low, high in points)
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    return (
        f'<path d="M{path}" fill="none" stroke="{line.colour}" stroke-width="2"{dash}/>'
        f'<path d="{bars}" stroke="{line.colour}" stroke-opacity="0.6"/>'
    )


def _draw_legend(lines: Sequence[Line]) -> list[str]:
    parts, top = [], HEIGHT - BOTTOM + 62
    for place, line in enumerate(lines):
        x, y = LEFT + (place % 2) * 345, top + (place // 2) * 22
        dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
        parts.append(f'<path d="M{x} {y}h30" stroke="{line.colour}" stroke-width="2"{dash}/>')
        parts.append(_text(x + 38, y + 4, line.label))
    return parts


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "") -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    return f'<text x="{x}" y="{y}" fill="{INK}" text-anchor="{anchor}" {FONT}{bold}>{words}</text>'
