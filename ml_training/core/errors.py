"""The two errors the engine raises for the world."""

from ml_training.errors import DataError, TrainingError

__all__ = ["DataError", "TrainingError"]
