"""Write a strategy without code: the form, its check, and saving."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from ml_training.charts.words import pretty_json
from ml_training.data.presets import PRESETS
from ml_training.data.rules import RuleError, describe_rules, parse_rules
from ml_training.data.rules.problems import RuleProblem
from ml_training.data.timeframes import TIMEFRAMES
from ml_training.errors import DataError
from ml_training.models import Strategy
from ml_training.selectors.candles import list_spans
from ml_training.selectors.pages import strategies_of
from ml_training.services.preview import Preview, preview_setups
from ml_training.services.strategies import change_strategy
from ml_training.views.builder import choices
from ml_training.views.builder.layout import Problems, lay_out_operand, lay_out_side
from ml_training.views.builder.read import Action, read_action, read_document
from ml_training.views.requests import SignedIn

FIRST_PRESET = "rsi_return"
LONGEST_LIST = 4_000
MOST_SYMBOLS = 200
DEFAULT_TIMEFRAMES = ("1h",)


@dataclass
class Draft:
    """A strategy as it stands in the form."""

    name: str
    document: Any
    symbols: list[str]
    timeframes: list[str]
    problems: list[RuleProblem] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    preview: Preview | None = None

    def check(self) -> None:
        """Say in words what the rules do, or all that is wrong with them."""
        try:
            self.words = describe_rules(parse_rules(self.document))
        except RuleError as error:
            self.problems = error.problems
        except DataError as error:
            self.errors.append(str(error))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_strategy(request: SignedIn) -> HttpResponse:
    """Begin with a preset and go on from there."""
    strategy = Strategy(owner=request.user)
    if request.method == "POST":
        return take_form(request, strategy)
    preset = PRESETS.get(request.GET.get("preset", ""), PRESETS[FIRST_PRESET])
    symbols = list(dict.fromkeys(span.symbol for span in list_spans() if span.timeframe))
    draft = Draft(
        name=preset.title,
        document=dict(preset.document),
        symbols=symbols[:1],
        timeframes=list(DEFAULT_TIMEFRAMES),
    )
    draft.check()
    return render_editor(request, strategy, draft)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit_strategy(request: SignedIn, strategy_id: int) -> HttpResponse:
    """Change a strategy; its earlier runs keep what they were trained on."""
    strategy = get_object_or_404(strategies_of(request.user), pk=strategy_id)
    if request.method == "POST":
        return take_form(request, strategy)
    draft = Draft(strategy.name, strategy.rules, strategy.symbols, strategy.timeframes)
    draft.check()
    return render_editor(request, strategy, draft)


def take_form(request: SignedIn, strategy: Strategy) -> HttpResponse:
    """Do what the pressed button says; the form keeps everything that was typed."""
    action = read_action(request.POST)
    draft = read_draft(request.POST, action)
    draft.check()
    if action.verb == "save":
        return save_draft(request, strategy, draft)
    if action.verb == "check" and not draft.problems:
        count_setups(draft)
    return render_editor(request, strategy, draft)


def read_draft(form: QueryDict, action: Action) -> Draft:
    """Return what the form holds."""
    more = form.get("more_symbols", "")[:LONGEST_LIST].replace(",", " ").split()
    chosen = [*form.getlist("symbols"), *more]
    return Draft(
        name=form.get("name", ""),
        document=read_document(form, action),
        symbols=list(dict.fromkeys(symbol.upper() for symbol in chosen))[:MOST_SYMBOLS],
        timeframes=form.getlist("timeframes"),
    )


def count_setups(draft: Draft) -> None:
    """Look how many setups the rules find; store nothing."""
    strategy = Strategy(rules=draft.document, symbols=draft.symbols, timeframes=draft.timeframes)
    try:
        draft.preview = preview_setups(strategy)
    except DataError as error:
        draft.errors.append(str(error))


def save_draft(request: SignedIn, strategy: Strategy, draft: Draft) -> HttpResponse:
    """Save what is valid; show the rest again with what is wrong."""
    if not draft.problems:
        try:
            change_strategy(
                strategy,
                name=draft.name,
                rules=draft.document,
                symbols=draft.symbols,
                timeframes=draft.timeframes,
            )
        except DataError as error:
            draft.errors.append(str(error))
        else:
            messages.success(request, "Saved. Press Train to see whether there is an edge.")
            return redirect("ml_training:strategy", strategy_id=strategy.pk)
    return render_editor(request, strategy, draft, status=422)


def render_editor(
    request: SignedIn, strategy: Strategy, draft: Draft, status: int = 200
) -> HttpResponse:
    """Return the page of the form."""
    problems = Problems(draft.problems)
    context = {
        "strategy": strategy if strategy.pk else None,
        "draft": draft,
        "presets": PRESETS.values(),
        "sides": [describe_side(draft.document, side, problems) for side in ("long", "short")],
        "section": "strategies",
        "json": pretty_json(draft.document),
        **describe_markets(draft),
        **describe_settings(draft.document, problems),
    }
    return render(request, "ml_training/editor.html", context, status=status)


def describe_side(document: Any, side: str, problems: Problems) -> dict[str, Any]:
    """Return the fields of one side."""
    value = document.get(side) if isinstance(document, dict) else None
    mode = "none" if value is None else "mirror" if value == "mirror" else "own"
    modes = choices.SHORT_MODES if side == "short" else choices.LONG_MODES
    return {
        "key": side,
        "title": "Buy" if side == "long" else "Sell short",
        "mode": mode,
        "options": choices.list_options(modes, mode),
        "root": lay_out_side(document, side, problems),
    }


def describe_markets(draft: Draft) -> dict[str, Any]:
    """Return the choices of symbols and timeframes, with what is stored of them."""
    held: dict[str, list[str]] = {}
    for span in list_spans():
        held.setdefault(span.symbol, []).append(span.timeframe)
    return {
        "symbols": [
            {"name": name, "held": ", ".join(filter(None, frames)), "on": name in draft.symbols}
            for name, frames in held.items()
        ],
        "more_symbols": " ".join(one for one in draft.symbols if one not in held),
        "timeframes": [{"name": name, "on": name in draft.timeframes} for name in TIMEFRAMES],
    }


def describe_settings(document: Any, problems: Problems) -> dict[str, Any]:
    """Return the fields of exits, filters and costs."""
    parts = document if isinstance(document, dict) else {}
    exits = as_dict(parts.get("exit"))
    filters, costs = as_dict(parts.get("filters")), as_dict(parts.get("costs"))
    sessions = as_list(filters.get("sessions"))
    weekdays = as_list(filters.get("weekdays")) or list(choices.DAYS)
    mode = "own" if costs else "from_instrument"
    return {
        "target": describe_distance(exits.get("take_profit"), choices.TARGETS, "exit.target"),
        "stop": describe_distance(exits.get("stop_loss"), choices.STOPS, "exit.stop"),
        "max_bars": exits.get("max_bars", 48),
        "exit_problems": problems.within("exit"),
        "filter_problems": [*problems.within("filters"), *problems.within("costs")],
        "sessions": [
            {"name": key, "title": title, "on": key in sessions}
            for key, title in choices.SESSION_NAMES.items()
        ],
        "weekdays": [
            {"number": key, "title": title, "on": key in weekdays}
            for key, title in choices.DAYS.items()
        ],
        "cooldown_bars": filters.get("cooldown_bars", 0),
        "one_open": filters.get("one_open_per_symbol", True),
        "cost_options": choices.list_options(choices.COSTS, mode),
        "costs": costs,
    }


def describe_distance(value: object, kinds: dict[str, str], name: str) -> dict[str, Any]:
    """Return the fields of one barrier."""
    distance = as_dict(value)
    kind = next((one for one in kinds if one in distance), "atr")
    is_level = kind == "level"
    return {
        "name": name,
        "kind": kind,
        "options": choices.list_options(kinds, kind),
        "value": "" if is_level else distance.get(kind, 1),
        "length": distance.get("length", 14),
        "offset": distance.get("offset_atr", 0),
        "level": lay_out_operand(
            distance["level"] if is_level else "low", f"{name}.level", "level"
        ),
    }


def as_list(value: object) -> list[Any]:
    """Return a list of the document; an empty one for anything else."""
    return list(value) if isinstance(value, list | tuple) else []


def as_dict(value: object) -> dict[str, Any]:
    """Return an object of the document; an empty one for anything else."""
    return value if isinstance(value, dict) else {}
