"""The page for users is true: every example is read, every table is complete."""

import json
import re
from pathlib import Path

import pytest

from ml_training.data.indicators import INDICATORS
from ml_training.data.presets import PRESETS
from ml_training.data.rules import RuleError, describe_rules, limits, parse_rules
from ml_training.data.rules.read_conditions import GROUPS
from ml_training.data.rules.read_leaves import OPERATORS
from ml_training.data.rules.read_operands import TERMS
from tests.data.rule_builders import EXIT, document

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?:<!-- (\w+) -->\n)?```json\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = [text for marker, text in BLOCKS if marker != "refused"]
INLINE = re.findall(r"`(\{.*?\})`", PAGE)
EXIT_KEYS = ("take_profit", "stop_loss", "max_bars")


def indicator_row(indicator):
    """Write the row of an indicator in the table."""
    params = [f"{name} {param.default}" for name, param in indicator.params.items()]
    outputs = ", ".join(indicator.outputs) if len(indicator.outputs) > 1 else ""
    return f"| `{indicator.key}` | {indicator.title} | {', '.join(params)} | {outputs} |"


def preset_row(preset):
    """Write the row of a preset in the table."""
    return f"| `{preset.key}` | {preset.title} | {preset.summary} |"


def embed(piece):
    """Make a whole document of a piece of one."""
    if "exit" in piece:
        return piece
    if any(key in piece for key in EXIT_KEYS):
        return document(exit={**EXIT, **piece})
    if "sessions" in piece:
        return document(filters=piece)
    if "spread_pips" in piece:
        return document(costs=piece)
    if any(key in piece for key in ("op", *GROUPS)):
        return document(piece)
    return document({"left": piece, "op": "rising"})


@pytest.mark.parametrize("text", [*EXAMPLES, *INLINE])
def test_example_is_read_without_a_problem(text):
    parse_rules(embed(json.loads(text)))


def after(marker, kind="text"):
    return re.search(rf"<!-- {marker} -->\n```{kind}\n(.*?)```", PAGE, re.DOTALL).group(1)


def test_words_are_those_of_the_first_example():
    lines = describe_rules(parse_rules(EXAMPLES[0]))
    assert after("said") == "\n".join(lines) + "\n"


def test_problems_are_those_of_the_refused_example():
    with pytest.raises(RuleError) as caught:
        parse_rules(after("refused", "json"))
    assert after("problems") == str(caught.value) + "\n"


@pytest.mark.parametrize("op", [*OPERATORS, *TERMS, *GROUPS])
def test_every_word_of_the_grammar_is_explained(op):
    assert f'"{op}"' in PAGE


@pytest.mark.parametrize("indicator", INDICATORS.values(), ids=INDICATORS)
def test_every_indicator_has_its_row(indicator):
    assert indicator_row(indicator) in PAGE.splitlines()


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_preset_has_its_row(preset):
    assert preset_row(preset) in PAGE.splitlines()


def test_tables_hold_nothing_that_does_not_exist():
    rows = re.findall(r"^\| `([a-z]\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted([*INDICATORS, *PRESETS])


def test_candle_patterns_are_listed():
    names = INDICATORS["pattern"].params["name"].choices
    listed = re.search(r"Names of `pattern`: (.*?)\.\n", PAGE, re.DOTALL).group(1)
    assert tuple(listed.replace("\n", " ").split(", ")) == names


@pytest.mark.parametrize(
    "sentence",
    [
        f"groups nest at most {limits.MOST_DEPTH} deep",
        f"a side holds at most {limits.MOST_CONDITIONS} conditions",
        f"`shift` goes to {limits.MOST_SHIFT}",
        f"`bars` to {limits.MOST_BARS:,}",
        f"`max_bars` to {limits.MOST_HOLDING_BARS:,}",
    ],
)
def test_limits_are_those_of_the_reader(sentence):
    assert sentence in PAGE
