"""Features: what a model sees of a setup, alike for all pairs and both sides."""

from ml_training.data.features.plan import (
    MARKET_STATE,
    Feature,
    FeaturePlan,
    compute_features,
    plan_features,
)

__all__ = ["MARKET_STATE", "Feature", "FeaturePlan", "compute_features", "plan_features"]
