"""Known ills, one file each; a new file in this folder is all it takes to add one."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from ml_training.core.findings import Problem


def _find_problems() -> dict[str, Problem]:
    """Import every file of this folder and take the problem it declares."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = [import_module(f"{__name__}.{name}").PROBLEM for name in names]
    return {problem.key: problem for problem in found}


PROBLEMS: Mapping[str, Problem] = MappingProxyType(_find_problems())
