"""Known ills, one file each; this registry is all the engine knows of them."""

from collections.abc import Mapping
from types import MappingProxyType

from ml_training.core.findings import Problem
from ml_training.core.problems import exploding_gradient, nan_inf_loss, unscaled_features

_ALL = (
    unscaled_features.PROBLEM,
    nan_inf_loss.PROBLEM,
    exploding_gradient.PROBLEM,
)

PROBLEMS: Mapping[str, Problem] = MappingProxyType({problem.key: problem for problem in _ALL})
