"""Everything a run measures fits into a JSON column."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, IntEnum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_training.services.jsonable import to_jsonable


class Colour(Enum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


@dataclass
class Pair:
    left: float
    right: object


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (-np.inf, "-Infinity"),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([[1.0, np.nan]]), [[1.0, "NaN"]]),
        ((1, {2: "a"}), [1, {"2": "a"}]),
        (Colour.RED, "red"),
        (Number.ONE, 1),
        (Pair(0.5, [Colour.RED]), {"left": 0.5, "right": ["red"]}),
        (datetime(2024, 1, 2, tzinfo=UTC), "2024-01-02T00:00:00+00:00"),
        (Path("a/b"), "a/b"),
        (ValueError("no"), "ValueError('no')"),
    ],
)
def test_value_becomes_plain_json_when_converted(value, expected):
    assert to_jsonable(value) == expected


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    )
)
def test_json_is_strict_when_anything_was_converted(value):
    json.dumps(to_jsonable(value), allow_nan=False)
