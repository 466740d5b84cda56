"""Equal strategies share one digest, however they are written."""

import hashlib
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.presets import PRESETS
from ml_training.data.rules import canonical_json, parse_rules
from tests.data.rule_builders import ABOVE, EXIT, document, entries

RSI_30 = {"left": {"ind": "rsi"}, "op": "crosses_above", "right": 30}


def digest(rules):
    return parse_rules(rules).digest


def shuffled(value, order):
    """Return the same document with the keys of its objects in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, order)) for key, item in value.items()]
        order.shuffle(items)
        return dict(items)
    if isinstance(value, list | tuple):
        return [shuffled(item, order) for item in value]
    return value


def with_floats(value):
    """Return the same document with whole numbers written as 30.0."""
    if isinstance(value, dict):
        return {key: with_floats(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_floats(item) for item in value]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_number else value


sides = st.one_of(st.none(), st.just("mirror"), entries())


@given(entries(), sides, st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_digest_is_the_same_when_written_differently(long, short, seed):
    rules = document(long, short=short, filters={"weekdays": [5, 1]})
    first = digest(rules)
    assert digest(shuffled(rules, random.Random(seed))) == first
    assert digest(with_floats(rules)) == first
    assert digest(json.dumps(rules)) == first


@given(entries(), sides)
@settings(max_examples=150, deadline=None)
def test_canonical_form_reads_back_as_itself(long, short):
    rules = parse_rules(document(long, short=short))
    again = parse_rules(rules.document)
    assert again == rules
    assert again.digest == rules.digest
    assert canonical_json(again.document) == canonical_json(rules.document)


@pytest.mark.parametrize("key", PRESETS)
def test_canonical_form_of_a_preset_reads_back_as_itself(key):
    rules = parse_rules(PRESETS[key].document)
    assert parse_rules(rules.document).document == rules.document


def test_canonical_form_spells_out_every_default():
    assert parse_rules({"long": ABOVE, "exit": EXIT}).document == {
        "version": 1,
        "long": {
            "left": {"price": "close", "shift": 0, "tf": None},
            "op": ">",
            "right": {
                "ind": "sma",
                "length": 4,
                "source": "close",
                "output": "value",
                "shift": 0,
                "tf": None,
            },
        },
        "short": None,
        "exit": {
            "take_profit": {"atr": 2, "length": 14},
            "stop_loss": {"atr": 1, "length": 14},
            "max_bars": 48,
        },
        "filters": {
            "sessions": None,
            "weekdays": [1, 2, 3, 4, 5, 6, 7],
            "cooldown_bars": 0,
            "one_open_per_symbol": True,
        },
        "costs": "from_instrument",
    }


def test_digest_is_the_hash_of_the_canonical_text():
    rules = parse_rules(document(RSI_30))
    text = canonical_json(rules.document)
    assert rules.digest == hashlib.sha256(text.encode()).hexdigest()
    assert " " not in text
    assert text.startswith('{"costs":"from_instrument","exit":')


def test_digest_is_the_same_when_the_short_side_is_the_mirror_written_out():
    written = {"left": {"ind": "rsi"}, "op": "crosses_below", "right": 70}
    assert digest(document(RSI_30, short=written)) == digest(document(RSI_30, short="mirror"))


CHANGES = [
    document({**RSI_30, "right": 31}),
    document({**RSI_30, "op": "crosses"}),
    document({**RSI_30, "left": {"ind": "rsi", "length": 15}}),
    document({**RSI_30, "left": {"ind": "rsi", "shift": 1}}),
    document({**RSI_30, "left": {"ind": "rsi", "tf": "4h"}}),
    document({"all": [RSI_30]}),
    document(RSI_30, short="mirror"),
    document(RSI_30, filters={"sessions": ["london"]}),
    document(RSI_30, filters={"cooldown_bars": 1}),
    document(RSI_30, filters={"one_open_per_symbol": False}),
    document(RSI_30, costs={"spread_pips": 1}),
    document(RSI_30, exit={**EXIT, "max_bars": 49}),
    document(RSI_30, exit={**EXIT, "stop_loss": {"level": "low"}}),
    document(RSI_30, exit={**EXIT, "stop_loss": {"level": "low", "offset_atr": 1}}),
]


def test_digest_changes_when_anything_changes():
    digests = {digest(rules) for rules in [document(RSI_30), *CHANGES]}
    assert len(digests) == len(CHANGES) + 1


@pytest.mark.parametrize("number", [-0.0, 0.0, 0])
def test_zero_is_written_in_one_way(number):
    condition = {"left": {"ind": "mom"}, "op": ">", "right": number}
    assert str(parse_rules(document(condition)).document["long"]["right"]) == "0"


@pytest.mark.parametrize("number", [0.1, 1e-9, 1e12, -3.5, 123456789.125])
def test_number_keeps_its_value_when_written(number):
    condition = {"left": {"ind": "mom"}, "op": ">", "right": number}
    rules = parse_rules(document(condition))
    assert json.loads(canonical_json(rules.document))["long"]["right"] == number
