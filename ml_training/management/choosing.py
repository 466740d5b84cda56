from typing import Any

from django.core.management.base import CommandError, CommandParser

from ml_training.data.presets import PRESETS
from ml_training.management.console import USAGE
from ml_training.models import Strategy
from ml_training.selectors import find_strategy
from ml_training.services.presets import open_preset


def add_strategy_arguments(parser: CommandParser) -> None:
    """Let the user name a stored strategy, or a preset and its markets."""
    parser.add_argument("strategy", nargs="?", help="id or name of a stored strategy")
    parser.add_argument("--preset", choices=PRESETS, metavar="NAME", help=", ".join(PRESETS))
    parser.add_argument("--symbols", nargs="+", metavar="SYMBOL", help="with --preset")
    parser.add_argument("--timeframes", nargs="+", metavar="TIMEFRAME", help="with --preset")


def choose_strategy(options: dict[str, Any]) -> Strategy:
    """Return the strategy that the arguments name."""
    reference, preset = options["strategy"], options["preset"]
    markets = options["symbols"], options["timeframes"]
    if reference is not None and preset is None and markets == (None, None):
        return find_strategy(reference)
    if reference is None and preset is not None and None not in markets:
        return open_preset(preset, *markets)
    raise CommandError(
        "name a strategy by its id or name, or --preset NAME with --symbols and --timeframes",
        returncode=USAGE,
    )
