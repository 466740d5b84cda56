"""Every command has a test, says what it does, and knows the common options."""

import ast
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from ml_training.management.console import ConsoleCommand

OURS = sorted(name for name, app in get_commands().items() if app == "ml_training")
HERE = Path(__file__).parent


def test_commands_are_found_when_listed():
    assert {"demo", "import_candles", "scan_setups", "train_strategy"} <= set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_command_has_a_test_that_calls_it(name):
    path = HERE / f"test_{name}.py"
    assert path.exists(), f"write tests/commands/test_{name}.py"
    text = path.read_text(encoding="utf-8")
    tests = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert tests
    assert f'"{name}"' in text, f"no test in {path.name} calls {name}"


@pytest.mark.parametrize("name", OURS)
def test_command_explains_itself_and_speaks_json(name):
    command = load_command_class("ml_training", name)
    assert isinstance(command, ConsoleCommand)
    assert command.help.endswith(".")
    text = command.create_parser("manage.py", name).format_help()
    assert "--json" in text
