"""Docstrings name the parameters that exist, in their order.

The objects are imported and asked, because the command line of numpydoc reads text and
does not know the parameters of a dataclass.
"""

import importlib
import inspect
import pkgutil
import tomllib
from pathlib import Path

import pytest
from numpydoc.validate import validate

import ml_training

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CHECKS = set(SETTINGS["tool"]["numpydoc_validation"]["checks"])
PACKAGES = ("core", "data", "estimator", "evaluation", "study")


def list_modules() -> list[str]:
    """Name every module of the packages that promise full docstrings."""
    found = pkgutil.walk_packages(ml_training.__path__, "ml_training.")
    return [module.name for module in found if module.name.split(".")[1] in PACKAGES]


def list_objects(module_name: str) -> list[str]:
    """Name the public functions, classes and methods a module defines itself."""
    module = importlib.import_module(module_name)
    names = []
    for name, thing in vars(module).items():
        is_ours = getattr(thing, "__module__", "") == module_name and not name.startswith("_")
        if is_ours and (inspect.isfunction(thing) or inspect.isclass(thing)):
            names.append(f"{module_name}.{name}")
            names += [f"{module_name}.{name}.{method}" for method in public_methods(thing)]
    return names


def public_methods(thing: object) -> list[str]:
    if not inspect.isclass(thing):
        return []
    methods = [name for name, value in vars(thing).items() if inspect.isfunction(value)]
    return [name for name in methods if not name.startswith("_")]


@pytest.mark.parametrize("module_name", list_modules())
def test_docstrings_are_true_when_compared_with_signatures(module_name):
    wrong = {
        name: problems
        for name in list_objects(module_name)
        if (problems := [error for error in validate(name)["errors"] if error[0] in CHECKS])
    }
    assert wrong == {}
