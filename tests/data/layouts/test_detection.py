"""The content decides about the layout; the name of the file never does."""

import pytest

from ml_training.data.layouts import LAYOUTS
from ml_training.data.layouts.generic import recognise as recognise_generic
from ml_training.data.layouts.head import read_head
from ml_training.data.layouts.stooq import recognise as recognise_stooq
from tests.data.layouts.builders import read, times
from tests.data.layouts.samples import SAMPLES, TEXTS, ZIPPED, clock_of

# Headers that say everything are understood without knowing who wrote them, too.
SELF_EXPLAINING = {"tradingview", "yahoo", "stooq", "metatrader5"}


@pytest.mark.parametrize("layout", SAMPLES)
def test_layout_is_recognised_by_its_content(layout):
    parsed = read(SAMPLES[layout], tz=clock_of(layout))
    assert parsed.layout == layout
    assert len(parsed.candles) == 3
    assert parsed.title


@pytest.mark.parametrize("layout", SAMPLES)
@pytest.mark.parametrize("name", ["binance.csv", "x.parquet", "EURUSD.mt5.gz", "no ending", ""])
def test_name_of_the_file_decides_nothing(layout, name):
    assert read(SAMPLES[layout], tz=clock_of(layout), name=name).layout == layout


@pytest.mark.parametrize("layout", SAMPLES)
def test_zipped_files_give_the_same_candles(layout):
    plain = read(SAMPLES[layout], tz=clock_of(layout))
    zipped = read(ZIPPED[layout], tz=clock_of(layout))
    assert zipped.candles.digest() == plain.candles.digest()


@pytest.mark.parametrize("layout", TEXTS)
def test_one_layout_alone_recognises_a_file_unless_its_header_explains_itself(layout):
    head = read_head(SAMPLES[layout], name=layout)
    plans = [plan.layout for recognise in LAYOUTS if (plan := recognise(head))]
    assert plans[0] == layout
    others = set(plans[1:])
    assert others <= {"generic"}
    assert not others or layout in SELF_EXPLAINING


@pytest.mark.parametrize("layout", TEXTS)
def test_lines_may_end_as_on_windows(layout):
    text = TEXTS[layout].replace("\n", "\r\n")
    expected = read(SAMPLES[layout], tz=clock_of(layout)).candles.digest()
    assert read(text, tz=clock_of(layout)).candles.digest() == expected


@pytest.mark.parametrize("layout", TEXTS)
def test_a_mark_of_utf_8_or_16_may_stand_in_front(layout):
    expected = read(SAMPLES[layout], tz=clock_of(layout)).candles.digest()
    for encoding in ("utf-8-sig", "utf-16"):
        content = TEXTS[layout].encode(encoding)
        assert read(content, tz=clock_of(layout)).candles.digest() == expected


@pytest.mark.parametrize("layout", TEXTS)
def test_last_line_may_lack_its_end(layout):
    expected = read(SAMPLES[layout], tz=clock_of(layout)).candles.digest()
    assert read(TEXTS[layout].rstrip(), tz=clock_of(layout)).candles.digest() == expected


def test_the_same_hours_come_out_of_every_layout_of_hours():
    hours = ["2024-01-08T00:00:00Z", "2024-01-08T01:00:00Z", "2024-01-08T02:00:00Z"]
    for layout in SAMPLES.keys() - {"yahoo", "stooq"}:
        assert times(read(SAMPLES[layout], tz=clock_of(layout))) == hours


def test_the_same_prices_come_out_of_every_layout():
    closes = {tuple(read(TEXTS[layout], tz=clock_of(layout)).candles.close) for layout in TEXTS}
    assert closes == {(1.15, 1.20, 1.15)}


def test_a_header_with_small_letters_is_not_said_to_be_of_stooq():
    head = read_head(TEXTS["stooq"].lower().encode(), name="x")
    assert recognise_stooq(head) is None
    assert recognise_generic(head).layout == "generic"
