"""The door of the first document: `from strategy_builder.ml_training import ...`."""

from ml_training.pipeline import MLTrainingPipeline

__all__ = ["MLTrainingPipeline"]
