import secrets
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser

from ml_training.errors import DataError
from ml_training.management.commands.train_base_model import describe_base
from ml_training.management.commands.trainer import Trainer
from ml_training.management.console import ConsoleCommand
from ml_training.management.serving import serving
from ml_training.management.training import train
from ml_training.models import Strategy, TrainingRun
from ml_training.services.demo import (
    TIMEFRAMES,
    USER,
    prepare_base,
    prepare_market,
    prepare_strategy,
)

N_BARS = 30_000  # chosen: some 1,000 test setups, which a verdict needs, within seconds
PORT = 8000
PASSWORD_BYTES = 9  # chosen: 12 characters to copy; the server listens to this machine only


class Command(ConsoleCommand):
    help = "Show everything once on a synthetic market; needs nothing but the checkout."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--bars", type=int, default=N_BARS, help="15-minute bars per symbol")
        parser.add_argument("--epochs", type=int, help="at most so many")
        parser.add_argument("--seed", type=int, default=0)

        parser.add_argument("--serve", action="store_true", help="then start pages and trainer")
        parser.add_argument("--port", type=int, default=PORT, help="with --serve")

    def run(self, **options: Any) -> tuple[Any, bool]:
        call_command("migrate", verbosity=0, interactive=False)
        self.say(options, "Making a synthetic market...")
        market = prepare_market(options["bars"])
        self.say(
            options,
            f"  {', '.join(market.symbols)}, each at {', '.join(TIMEFRAMES)}: "
            f"{market.counts.n_bars:,} bars",
        )
        self.show_base(options, market.symbols)
        strategy = prepare_strategy(market.symbols)
        if options["serve"]:
            return self.serve(options, strategy), True
        return {"ok": True, **self.train(options, strategy)}, True

    def show_base(self, options: dict[str, Any], symbols: tuple[str, ...]) -> None:
        """Make a base model for the run to start from, or say why there is none."""
        self.say(options, "Training a base model...")
        try:
            checkpoint, is_new = prepare_base(symbols)
        except DataError as error:
            self.say(options, f"  {error}")
            return
        lines = describe_base(checkpoint) if is_new else [f"{checkpoint.meta['name']} is there"]
        for line in lines:
            self.say(options, f"  {line}")

    def train(self, options: dict[str, Any], strategy: Strategy) -> dict[str, Any]:
        """Train here and now, and show the report."""
        return train(self, options, strategy, epochs=options["epochs"], seed=options["seed"])

    def serve(self, options: dict[str, Any], strategy: Strategy) -> dict[str, Any]:
        """Serve the pages and train what is asked for there, until Ctrl-C."""
        if not strategy.runs.filter(state=TrainingRun.State.SUCCEEDED).exists():
            self.train(options, strategy)
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        strategy.owner.set_password(password)
        strategy.owner.save(update_fields=["password"])
        address = f"http://127.0.0.1:{options['port']}/"
        self.say(options, f"\nOpen {address} - user {USER}, password {password}")
        with serving(options["port"]):
            Trainer(lambda line: self.say(options, line)).work()
        return {"ok": True}
