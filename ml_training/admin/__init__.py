"""Every model, for staff: what was recorded is read, never changed."""

from ml_training.admin import checkpoints, market, runs, strategies

__all__ = ["checkpoints", "market", "runs", "strategies"]
