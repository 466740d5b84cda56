"""Write what the engine tells into the run's rows, in batches and never per batch."""

from ml_training.models import TrainingRun


class RunRecorder:
    """Turn engine events into `MetricPoint` and `FixEvent` rows."""

    def __init__(self, run: TrainingRun) -> None:
        self.run = run

    def __call__(self, event: object) -> None:
        """Take one event; write when the last write is long enough ago."""

    def flush(self) -> None:
        """Write everything that waits."""
