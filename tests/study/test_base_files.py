import json

import numpy as np
import pytest
from safetensors.torch import load, save

from ml_training.errors import DataError
from ml_training.study.base import read_base, write_base
from ml_training.study.base_files import CARD, FORMAT, HEADER_LENGTH, _hash, check_past
from tests.study.base_builders import N_SHARED, make_base

ROWS = np.random.default_rng(0).standard_normal((40, N_SHARED))


@pytest.fixture(scope="module")
def data() -> bytes:
    return write_base(make_base())


def header_of(data):
    length = int.from_bytes(data[:HEADER_LENGTH], "little")
    return json.loads(data[HEADER_LENGTH : HEADER_LENGTH + length])


def with_card(data, **changes):
    """Return the file with another card, as one would forge it."""
    card = json.loads(header_of(data)["__metadata__"][CARD])
    return save(load(data), metadata={CARD: json.dumps(card | changes, sort_keys=True)})


def with_base(data, **changes):
    card = json.loads(header_of(data)["__metadata__"][CARD])
    return with_card(data, base=card["base"] | changes)


def test_base_gives_the_same_numbers_when_read_back(data):
    base, again = make_base(), read_base(data)
    np.testing.assert_array_equal(again.predict_proba(ROWS), base.predict_proba(ROWS))
    assert again.describe() == base.describe()
    assert write_base(again) == data


def test_missing_cells_are_filled_alike_when_read_back(data):
    gaps = np.where(np.random.default_rng(1).random(ROWS.shape) < 0.3, np.nan, ROWS)
    np.testing.assert_array_equal(
        read_base(data).predict_proba(gaps), make_base().predict_proba(gaps)
    )


@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.5, 0.99])
def test_file_is_refused_by_name_when_it_is_cut_off(data, share):
    with pytest.raises(DataError, match=r"cut off|beginning is damaged") as caught:
        read_base(data[: int(share * len(data))])
    assert "train_base_model" in caught.value.hint


def test_missing_bytes_are_counted_when_the_end_is_lost(data):
    with pytest.raises(DataError, match="cut off: 7 bytes are missing"):
        read_base(data[:-7])


def test_no_altered_byte_is_let_through_wherever_it_is(data):
    places = {*range(400), *range(0, len(data), 997), len(data) - 1}
    for place in sorted(places):
        altered = bytearray(data)
        altered[place] ^= 0x04
        with pytest.raises(DataError):
            read_base(bytes(altered))


def test_altered_weight_is_named_when_the_header_is_whole(data):
    altered = bytearray(data)
    altered[-1] ^= 0x01
    with pytest.raises(DataError, match="was altered"):
        read_base(bytes(altered))


def test_bytes_behind_the_end_are_refused_when_someone_added_them(data):
    with pytest.raises(DataError, match=r"damaged|altered"):
        read_base(data + b"\0")


def test_card_is_refused_when_it_was_forged_without_its_hash(data):
    with pytest.raises(DataError, match="was altered"):
        read_base(with_base(data, trained_until=0))


def test_other_features_are_refused_with_both_hashes(data):
    with pytest.raises(DataError, match="other features: their hash is aaaaaaaaaaaa, that of"):
        read_base(with_base(data, feature_digest="a" * 64))


@pytest.mark.parametrize("found", ["base-model/2", "strategy-model/1", None, 7])
def test_other_formats_are_refused_by_name(data, found):
    with pytest.raises(DataError, match="must be of format 'base-model/1'"):
        read_base(with_card(data, format=found))


@pytest.mark.parametrize("content", [b"", b"abc", b"\x08" + b"\0" * 7 + b"[1,2,3] ", b"\xff" * 99])
def test_other_files_are_refused_when_they_are_no_base_model(content):
    with pytest.raises(DataError, match="no base model, or its beginning is damaged"):
        read_base(content)


def test_plain_safetensors_are_refused_when_they_carry_no_card(data):
    with pytest.raises(DataError, match="no base model"):
        read_base(save(load(data)))


def test_base_from_the_future_is_refused_with_its_day(data):
    base = make_base()
    with pytest.raises(DataError, match=f"up to {base.day}, which lies after the first setup"):
        read_base(data, before=base.trained_until - 1)
    assert read_base(data, before=base.trained_until).name == base.name
    check_past(base, base.trained_until)


def test_whole_file_is_refused_when_its_network_takes_other_columns(data):
    card = json.loads(header_of(data)["__metadata__"][CARD])
    del card["sha256"]
    card["network"]["predictor"]["n_features"] = N_SHARED - 1
    forged = with_card(data, network=card["network"], sha256=_hash(load(data), card))
    with pytest.raises(DataError, match="does not fit together"):
        read_base(forged)


def test_format_is_written_down_when_the_file_is_opened_elsewhere(data):
    card = json.loads(header_of(data)["__metadata__"][CARD])
    assert card["format"] == FORMAT
    assert card["base"]["presets"] == ["tce"]
    assert set(load(data)) == set(make_base().fitted.parts()[0])
