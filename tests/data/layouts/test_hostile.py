"""Whatever is done to a file: it is read, or refused with an error that names it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_training.errors import DataError
from tests.data.layouts.builders import read
from tests.data.layouts.samples import SAMPLES, TEXTS, ZIPPED

SHARDS = [
    b",", b";", b"\t", b"\n", b"\r", b'"', b" ", b"\x00", b"\xff", b"\x1c", b"\xef\xbb\xbf",
    b"nan", b"inf", b"null", b"-1", b"0", b".", b"1e309", b"9" * 25, b"1e5", b"True",
    b"Z", b"+25:00", b"T", b":", b"2024", b"NaT", b"now", b"<", b"close", b"date",
]  # fmt: skip
ZONES = st.sampled_from([None, "UTC", "Europe/Athens", "America/New_York+7"])

damages = st.lists(
    st.tuples(
        st.sampled_from(["insert", "delete", "replace", "repeat"]),
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(SHARDS),
        st.integers(1, 12),
    ),
    min_size=1,
    max_size=4,
)


def damage(content, blows):
    broken = bytearray(content)
    for kind, where, shard, length in blows:
        at = int(where * len(broken))
        if kind == "insert":
            broken[at:at] = shard
        elif kind == "delete":
            del broken[at : at + length]
        elif kind == "replace":
            broken[at : at + len(shard)] = shard
        else:
            broken[at:at] = broken[at : at + 5 * length]
    return bytes(broken)


def read_or_refuse(content, tz):
    """Return whether the file was read; any error but our own fails the test."""
    try:
        parsed = read(content, tz=tz, name="hurt.csv")
    except DataError as error:
        message = str(error)
    else:
        assert len(parsed.candles) > 0
        return True
    assert message.startswith("hurt.csv")
    return False


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(TEXTS)), damages, ZONES)
def test_text_is_read_or_refused_when_damaged(layout, blows, tz):
    read_or_refuse(damage(SAMPLES[layout], blows), tz)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(damages)
def test_parquet_is_read_or_refused_when_damaged(blows):
    read_or_refuse(damage(SAMPLES["parquet"], blows), None)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(damages)
def test_gzip_is_read_or_refused_when_damaged(blows):
    read_or_refuse(damage(ZIPPED["generic"], blows), None)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(min_size=0, max_size=200))
def test_noise_is_refused(noise):
    assert not read_or_refuse(noise, None)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=0, max_size=200))
def test_prose_is_refused(prose):
    assert not read_or_refuse(prose, None)


@pytest.mark.parametrize("layout", sorted(TEXTS))
def test_every_cut_of_a_file_is_read_or_refused(layout):
    content = SAMPLES[layout]
    for stop in range(len(content)):
        read_or_refuse(content[:stop], "UTC" if layout.startswith("meta") else None)
