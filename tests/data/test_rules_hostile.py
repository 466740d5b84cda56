"""Whatever JSON comes in: either rules or a RuleError, and soon."""

import copy
import json
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ml_training.data.presets import PRESETS
from ml_training.data.rules import RuleError, Rules, parse_rules
from tests.data.rule_builders import ABOVE, SCALARS, any_json, document

BOMB = 100_000
PATIENCE_S = 2.0
RELAXED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def parse_or_refuse(value):
    """Return the rules or the problems; anything else fails the test."""
    try:
        return parse_rules(value)
    except RuleError as error:
        found = error
    assert found.problems
    assert all(problem.message and problem.hint for problem in found.problems)
    assert len(str(found)) < 20_000
    return found.problems


@given(any_json())
@example({"long": {"left": {"ind": "ema", "length": 10**5000}, "op": ">", "right": 1}})
@example({"exit": {"take_profit": {"atr": float("nan")}}})
@RELAXED
def test_any_json_gives_rules_or_problems(value):
    parse_or_refuse(value)
    parse_or_refuse(document(value))
    parse_or_refuse(document({"left": value, "op": "rising"}))
    parse_or_refuse(document(exit=value, filters=value, costs=value, short=value))


@given(any_json())
@RELAXED
def test_any_json_text_gives_rules_or_problems(value):
    parse_or_refuse(json.dumps(value))


@given(st.text(max_size=50))
@example("")
@example("{")
@example("NaN")
@example('{"a": 1, "a": 2}')
@example('"\\ud800"')
@RELAXED
def test_any_text_gives_rules_or_problems(text):
    parse_or_refuse(text)


def parts_of(value, path=()):
    """List the paths of everything inside a document."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in children:
        if isinstance(child, dict | list):
            yield from parts_of(child, (*path, key))
        else:
            yield (*path, key)


@given(st.data())
@RELAXED
def test_damaged_preset_gives_rules_or_problems(data):
    preset = data.draw(st.sampled_from(sorted(PRESETS)))
    damaged = json.loads(json.dumps(dict(PRESETS[preset].document)))
    path = data.draw(st.sampled_from([path for path in parts_of(damaged) if path]))
    holder = damaged
    for key in path[:-1]:
        holder = holder[key]
    if isinstance(holder, dict) and data.draw(st.booleans()):
        del holder[path[-1]]
    else:
        holder[path[-1]] = data.draw(SCALARS | any_json())
    parse_or_refuse(damaged)


def wrap(inner, key, times):
    for _ in range(times):
        inner = {key: [inner]} if key in ("all", "any") else {key: inner}
    return inner


def shared(width, depth):
    """Make a small object that unfolds to width ** depth groups."""
    tree = {"all": [ABOVE]}
    for _ in range(depth):
        tree = {"all": [tree] * width}
    return tree


def endless():
    tree = {"all": []}
    tree["all"] = [tree] * 40
    return tree


def endless_operand():
    operand = {"expr": "+"}
    operand["of"] = [operand] * 8
    return {"left": operand, "op": "rising"}


BOMBS = {
    "groups": wrap(ABOVE, "not", BOMB),
    "lists": wrap(ABOVE, "all", BOMB),
    "expressions": {"left": wrap("close", "expr", BOMB), "op": "rising"},
    "many members": {"all": [ABOVE] * BOMB},
    "many terms": {"left": {"expr": "+", "of": ["close"] * BOMB}, "op": "rising"},
    "many keys": {str(i): i for i in range(BOMB)},
    "a long word": {"left": "x" * 10_000_000, "op": "rising"},
    "a long key": {"y" * 10_000_000: 1},
    "an endless number": {"left": "close", "op": ">", "right": 10**200_000},
    "a tree that unfolds": shared(40, 5),
    "a ring": endless(),
    "a ring of operands": endless_operand(),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_refused_soon(name):
    started = time.process_time()
    found = parse_or_refuse(document(BOMBS[name]))
    assert not isinstance(found, Rules)
    assert time.process_time() - started < PATIENCE_S


@pytest.mark.parametrize("opening", ["[", '{"long":', '{"not":', '[{"all":['])
def test_deep_text_is_refused_without_exhausting_the_stack(opening):
    with pytest.raises(RuleError, match=r"deep|JSON|object"):
        parse_rules(opening * (199_999 // len(opening)))


def test_long_text_is_refused_before_it_is_read():
    with pytest.raises(RuleError, match="at most 200000 characters, got 200001"):
        parse_rules(" " * 200_001)


def test_text_with_a_key_twice_is_refused():
    text = json.dumps(document()).replace('"exit"', '"long": {}, "exit"')
    with pytest.raises(RuleError, match="the key 'long' is written twice"):
        parse_rules(text)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_text_with_a_number_that_is_none_is_refused(constant):
    text = json.dumps(document({**ABOVE, "right": 30})).replace("30", constant)
    with pytest.raises(RuleError, match=r"long\.right: must be from"):
        parse_rules(text)


def test_problems_are_capped_when_everything_is_wrong():
    wrong = {"left": {"ind": "ema", **dict.fromkeys("abcdefgh", 1)}, "op": "rising"}
    with pytest.raises(RuleError) as caught:
        parse_rules(document({"all": [copy.deepcopy(wrong) for _ in range(50)]}))
    assert len(caught.value.problems) == 100


@pytest.mark.parametrize("value", [{1, 2}, b"{}", 1j, object(), range(3), type, np.arange(3)])
def test_value_that_is_no_json_is_refused(value):
    assert not isinstance(parse_or_refuse(document({**ABOVE, "right": value})), Rules)
    for key in ("long", "short", "exit", "filters", "costs", "version"):
        assert not isinstance(parse_or_refuse({**document(), key: value}), Rules)
