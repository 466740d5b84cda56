"""Files stay small and tests keep up with the code."""

import ast
import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 400
MOST_LINES_OF_THE_MEDIAN_FUNCTION = 13


def python_files(*folders: str) -> list[Path]:
    """List the Python files we write by hand."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


def count_lines(files: list[Path]) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)


def function_lengths(path: Path) -> list[int]:
    """Lengths of the bodies of a file's functions, docstrings left out."""
    lengths = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1:] if ast.get_docstring(node) else node.body
            start = first[0].lineno if first else node.end_lineno
            lengths.append(node.end_lineno - start + 1)
    return lengths


def test_no_file_is_long_when_all_are_counted():
    files = python_files("ml_training", "strategy_builder", "tests", "benchmarks")
    long = {str(path.relative_to(ROOT)): count_lines([path]) for path in files}
    assert {name: n for name, n in long.items() if n > MOST_LINES} == {}


def test_tests_are_as_long_as_the_code_when_counted():
    code = count_lines(python_files("ml_training", "strategy_builder"))
    assert count_lines(python_files("tests")) >= code


def test_median_function_is_short_when_all_are_measured():
    lengths = [n for path in python_files("ml_training") for n in function_lengths(path)]
    assert statistics.median(lengths) <= MOST_LINES_OF_THE_MEDIAN_FUNCTION
