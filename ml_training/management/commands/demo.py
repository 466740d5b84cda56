from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser

from ml_training.management.console import ConsoleCommand
from ml_training.management.training import train
from ml_training.services.demo import TIMEFRAMES, prepare_market, prepare_strategy

N_BARS = 30_000  # chosen: some 1,000 test setups, which a verdict needs, within seconds


class Command(ConsoleCommand):
    help = "Show everything once on a synthetic market; needs nothing but the checkout."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--bars", type=int, default=N_BARS, help="15-minute bars per symbol")
        parser.add_argument("--epochs", type=int, help="at most so many")
        parser.add_argument("--seed", type=int, default=0)

    def run(self, **options: Any) -> tuple[Any, bool]:
        call_command("migrate", verbosity=0, interactive=False)
        self.say(options, "Making a synthetic market...")
        market = prepare_market(options["bars"])
        self.say(
            options,
            f"  {', '.join(market.symbols)}, each at {', '.join(TIMEFRAMES)}: "
            f"{market.counts.n_bars:,} bars",
        )
        strategy = prepare_strategy(market.symbols)
        results = train(self, options, strategy, epochs=options["epochs"], seed=options["seed"])
        return {"ok": True, **results}, True
