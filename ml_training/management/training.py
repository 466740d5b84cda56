from typing import TYPE_CHECKING, Any, NoReturn

from tqdm import tqdm

from ml_training.management.console import ConsoleCommand
from ml_training.models import Strategy

if TYPE_CHECKING:
    from ml_training.study.progress import Progress

UNITS = {1: "scan", 5: "epoch"}  # the steps that count something


def train(
    command: ConsoleCommand, options: dict[str, Any], strategy: Strategy, **chosen: Any
) -> dict[str, Any]:
    """Train in this process and say how it goes; return the results."""
    from ml_training.pipeline import MLTrainingPipeline  # noqa: PLC0415 - imports torch

    with command.bar(unit=UNITS[1]) as bar:

        def tell(progress: "Progress") -> None:
            for line in progress.lines:
                command.say(options, line)
            move(bar, progress)

        return MLTrainingPipeline().train_strategy_model(
            strategy_id=strategy.pk, progress=tell, **chosen
        )


def move(bar: "tqdm[NoReturn]", progress: "Progress") -> None:
    """Bring the bar to where the training is; each counted step has its own clock."""
    if not progress.total:
        return
    if bar.total != progress.total or progress.done < bar.n:
        bar.unit = UNITS.get(progress.step, "step")
        bar.reset(total=progress.total)
    bar.update(progress.done - bar.n)
