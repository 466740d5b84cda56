from typing import TYPE_CHECKING, Any

from ml_training.management.console import ConsoleCommand
from ml_training.models import Strategy

if TYPE_CHECKING:
    from ml_training.study.progress import Progress


def train(
    command: ConsoleCommand, options: dict[str, Any], strategy: Strategy, **chosen: Any
) -> dict[str, Any]:
    """Train in this process and say how it goes; return the results."""
    from ml_training.pipeline import MLTrainingPipeline  # noqa: PLC0415 - imports torch

    with command.bar(unit="epoch") as bar:

        def tell(progress: "Progress") -> None:
            for line in progress.lines:
                command.say(options, line)
            bar.set_description(progress.title)
            bar.total = progress.total or None
            bar.n = progress.done
            bar.refresh()

        return MLTrainingPipeline().train_strategy_model(
            strategy_id=strategy.pk, progress=tell, **chosen
        )
