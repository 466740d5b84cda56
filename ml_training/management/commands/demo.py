from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandParser

from ml_training.data.presets import PRESETS
from ml_training.data.synthetic import make_market
from ml_training.management.console import ConsoleCommand
from ml_training.management.training import train
from ml_training.models import Strategy
from ml_training.services.market import ensure_instrument, store_candles

USER = "demo"
STRATEGY = "Demo: RSI return (synthetic market)"
PRESET = "rsi_return"
BASE_TIMEFRAME, TIMEFRAMES = "15m", ["15m", "1h", "4h"]
N_SYMBOLS, N_BARS = 5, 60_000


class Command(ConsoleCommand):
    help = "Show everything once on a synthetic market; needs nothing but the checkout."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--bars", type=int, default=N_BARS, help="15-minute bars per symbol")
        parser.add_argument("--epochs", type=int, help="at most so many")
        parser.add_argument("--seed", type=int, default=0)

    def run(self, **options: Any) -> tuple[Any, bool]:
        call_command("migrate", verbosity=0, interactive=False)
        self.say(options, "Database ready.")
        symbols = self.make_market(options)
        strategy = make_strategy(symbols)
        results = train(self, options, strategy, epochs=options["epochs"], seed=options["seed"])
        return {"ok": True, **results}, True

    def make_market(self, options: dict[str, Any]) -> list[str]:
        """Store the synthetic candles and return their symbols."""
        market = make_market(
            n_symbols=N_SYMBOLS, n_bars=options["bars"], timeframe=BASE_TIMEFRAME, seed=0
        )
        n_bars = n_new = 0
        for spec, candles in market:
            counts = store_candles(
                ensure_instrument(spec, is_synthetic=True), BASE_TIMEFRAME, candles
            )
            n_bars += len(candles)
            n_new += counts.n_new + counts.n_changed
        symbols = [spec.symbol for spec, _ in market]
        self.say(
            options,
            f"Synthetic market: {', '.join(symbols)}, {n_bars:,} bars of {BASE_TIMEFRAME}"
            f" ({n_new:,} of them new).",
        )
        return symbols


def make_strategy(symbols: list[str]) -> Strategy:
    """Return the strategy of the demo user, brought up to the preset of today."""
    user, is_new = get_user_model().objects.get_or_create(username=USER)
    if is_new:
        user.set_unusable_password()
        user.save()
    strategy = Strategy.objects.filter(owner=user, name=STRATEGY).first()
    strategy = strategy or Strategy(owner=user, name=STRATEGY)
    strategy.rules = dict(PRESETS[PRESET].document)
    strategy.symbols, strategy.timeframes = symbols, list(TIMEFRAMES)
    strategy.save()
    return strategy
