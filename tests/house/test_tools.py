"""The tools that keep the house in order find nothing to say."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("ml_training", "strategy_builder", "tests", "benchmarks", "manage.py")

COMMANDS = {
    "ruff check": ("ruff", "check", *FOLDERS),
    "ruff format": ("ruff", "format", "--check", *FOLDERS),
    "mypy": ("mypy", "ml_training", "strategy_builder", "benchmarks"),
    "import-linter": ("lint-imports", "--no-cache"),
}


def run_tool(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a console script of the interpreter that runs the tests."""
    program = Path(sys.executable).parent / words[0]
    return subprocess.run(
        [program, *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_tool_finds_nothing_when_it_reads_the_tree(name):
    done = run_tool(*COMMANDS[name])
    assert done.returncode == 0, f"{name}\n{done.stdout}{done.stderr}"
