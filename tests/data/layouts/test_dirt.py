"""Faults that occur in files of every layout."""

import gzip
import io

import pytest

from ml_training.data.layouts import read_candles, source
from ml_training.errors import DataError
from tests.data.layouts.builders import bars, codes, read, times

HEADER = "timestamp,open,high,low,close,volume"
GOOD = [
    "2024-01-08T00:00:00Z,1.1,1.2,1.0,1.15,7",
    "2024-01-08T01:00:00Z,1.1,1.2,1.0,1.15,8",
    "2024-01-08T02:00:00Z,1.1,1.2,1.0,1.15,9",
    "2024-01-08T03:00:00Z,1.1,1.2,1.0,1.15,9",
]


def table(*rows):
    return "\n".join([HEADER, *rows]) + "\n"


def with_bad(row):
    return table(*GOOD[:2], row, GOOD[3])


@pytest.mark.parametrize(
    ("row", "message"),
    [("2024-01-08T02:00:00Z,abc,1.2,1.0,1.15,9", "row 4, column open: 'abc' is not a number"),
     ("2024-01-08T02:00:00Z,1.1,1.2,1.0,1.1.5,9", "column close: '1.1.5' is not a number"),
     ("2024-01-08T02:00:00Z,1.1,1.2,1.0,1.15,many", "column volume: 'many' is not a number"),
     ("2024-01-08T02:00:00Z,1.1,,1.0,1.15,9", "row 4, column high: the cell is empty"),
     ("2024-01-08T02:00:00Z,1.1,NaN,1.0,1.15,9", "row 4, column high: the cell is empty"),
     ("2024-01-08T02:00:00Z,1.1,inf,1.0,1.15,9", "column high: a price cannot be infinite"),
     ("2024-01-08T02:00:00Z,1.1,1.2,-1.0,1.15,9", "column low: a price must be above 0, got -1"),
     ("2024-01-08T02:00:00Z,0,1.2,1.0,1.15,9", "column open: a price must be above 0, got 0"),
     ("2024-01-08T02:00:00Z,1.1,1.0,1.2,1.15,9", "column high: the high 1 is below the low"),
     ("2024-01-08T02:00:00Z,1.1,1.2,1.0,1.15,-9", "column volume: a volume must not be negative"),
     ("2024-01-08T02:00:00Z,1.1,1.2,1.0,1.15,inf", "column volume: a volume cannot be infinite"),
     ("2024-13-08T02:00:00Z,1.1,1.2,1.0,1.15,9", "'2024-13-08T02:00:00Z' is not the time"),
     ("yesterday,1.1,1.2,1.0,1.15,9", "row 4, column timestamp: 'yesterday' is not the time"),
     (",1.1,1.2,1.0,1.15,9", "row 4, column timestamp: '' is not the time of a bar"),
     ("2024-01-08T02:00:00.5Z,1.1,1.2,1.0,1.15,9", "is not the time of a bar"),
     ("2240-01-08T02:00:00Z,1.1,1.2,1.0,1.15,9", "bars lie between 1880 and 2100"),
     ("2024-01-08T02:00:00Z,1,100.5,1.2,1.0,1.15,9", "row 4: the row has 7 cells where 6 are")],
)  # fmt: skip
def test_file_row_and_column_are_named_when_a_cell_is_bad(row, message):
    with pytest.raises(DataError) as error:
        read(with_bad(row), name="eurusd.csv")
    assert message in str(error.value)
    assert str(error.value).startswith("eurusd.csv, row 4")


@pytest.mark.parametrize("cell", ["17046720xx", "", "1704679200.5", "45299"])
def test_row_is_named_when_one_epoch_is_bad(cell):
    rows = [f"{1_704_672_000 + 3600 * i},1.1,1.2,1.0,1.15,7" for i in range(3)]
    with pytest.raises(DataError, match=r"row 4, column timestamp: .* is not the time"):
        read(table(*rows[:2], rows[2].replace("1704679200", cell)))


def test_way_out_is_shown_when_numbers_have_separators_of_thousands():
    text = table('2024-01-08T00:00:00Z,"1,100.5","1,200","1,000.0","1,100.0",5')
    with pytest.raises(DataError, match=r"'1,100\.5' is not a number\. Write numbers without"):
        read(text)


def test_row_is_that_of_the_file_when_blank_lines_stand_between():
    text = f"\n{HEADER}\n\n{GOOD[0]}\n\n2024-01-08T02:00:00Z,abc,1.2,1.0,1.15,9\n"
    with pytest.raises(DataError, match="row 6, column open"):
        read(text)


def test_number_of_bad_rows_is_told_when_there_are_more():
    bad = "2024-01-08T0{}:00:00Z,-1,1.2,1.0,1.15,9"
    with pytest.raises(DataError, match=r"row 2, column open: .* \(and 1 more\)"):
        read(table(bad.format(1), bad.format(2)))


@pytest.mark.parametrize("content", [b"", b"  \n\n ", gzip.compress(b"")])
def test_file_is_refused_when_empty(content):
    with pytest.raises(DataError, match=r"a\.csv: is empty"):
        read(content)


@pytest.mark.parametrize("content", [HEADER, HEADER + "\n", HEADER + "\n\n\n"])
def test_file_is_refused_when_it_has_no_bars(content):
    with pytest.raises(DataError, match="has a header and no bars"):
        read(content)


@pytest.mark.parametrize(
    "content",
    ["open,high\n1,2\n", "a,b,c\n1,2,3\n", "1,2,3,4,5\n6,7,8,9,10\n", "timestamp,price\n1,2\n"],
)
def test_beginning_is_shown_when_no_layout_knows_it(content):
    with pytest.raises(DataError, match=r"a\.csv, row 1: no (known layout begins|column)"):
        read(content)


def test_file_is_refused_when_it_is_prose():
    with pytest.raises(DataError, match="row 1: the line has no columns, got 'Dear customer'"):
        read("Dear customer\nplease find attached\n")


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"PK\x03\x04rest", "Excel"), (b"%PDF-1.7", "PDF"), (b"SQLite format 3\x00", "SQLite")],
)
def test_kind_is_named_when_the_file_is_no_table(content, kind):
    with pytest.raises(DataError, match=rf"{kind}.*Save the candles as CSV or Parquet"):
        read(content)


def test_row_is_named_when_a_nul_byte_stands_in_the_file():
    with pytest.raises(DataError, match=r"a\.csv, row 4: holds a NUL byte"):
        read(with_bad("2024-01-08T02:00:00Z,1.1\x00,1.2,1.0,1.15,9"))


def test_row_is_named_when_the_encoding_is_wrong():
    content = with_bad("2024-01-08T02:00:00Z,1.1,1.2,1.0,1.15,é").encode("latin-1")
    with pytest.raises(DataError, match=r"row 4: is not UTF-8 text \(0xe9\). Save the file"):
        read(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_file_is_read_when_its_encoding_is_marked(encoding):
    assert len(read(table(*GOOD).encode(encoding)).candles) == 4


def test_file_is_refused_when_its_mark_is_of_another_encoding():
    with pytest.raises(DataError, match="begins as UTF-16 and does not go on"):
        read(b"\xff\xfe\x00\xd8\x00")


def test_gzip_is_unzipped_whatever_the_name():
    content = gzip.compress(table(*GOOD).encode())
    assert read(content, name="eurusd.csv").candles.digest() == read(table(*GOOD)).candles.digest()


@pytest.mark.parametrize("damage", [lambda c: c[:-9], lambda c: c[:20] + b"xxxx" + c[24:]])
def test_file_is_refused_when_gzip_is_cut_or_damaged(damage):
    content = damage(gzip.compress(bars(200).to_csv(index=False).encode()))
    with pytest.raises(DataError, match=r"a\.csv: is a damaged gzip file .*Download"):
        read(content)


def test_reading_stops_when_a_file_is_too_large(monkeypatch):
    """A bomb of zeros must not fill the memory."""
    monkeypatch.setattr(source, "MAX_BYTES", 10_000)
    monkeypatch.setattr(source, "READ_BYTES", 1_000)
    with pytest.raises(DataError, match=r"is larger than .* GiB. Split it by years"):
        read(gzip.compress(bytes(1_000_000)))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.csv: cannot be read: No such file"):
        read_candles(tmp_path / "gone.csv", name="gone.csv")


def test_files_are_read_from_disk_and_from_streams(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(table(*GOOD))
    from_disk = read_candles(path, name="x.csv")
    from_stream = read_candles(io.BytesIO(path.read_bytes()), name="x.csv")
    assert from_disk.candles.digest() == from_stream.candles.digest()


def test_bars_are_put_in_order_and_noted_when_unordered():
    parsed = read(table(GOOD[0], GOOD[2], GOOD[1], GOOD[3]))
    assert parsed.candles.digest() == read(table(*GOOD)).candles.digest()
    (note,) = parsed.notes
    assert (note.code, note.severity, note.count) == ("unordered_bars", "warning", 1)
    assert note.first_time == parsed.candles.time[1]


def test_bars_are_turned_round_without_a_note_when_newest_comes_first():
    parsed = read(table(*reversed(GOOD)))
    assert parsed.candles.digest() == read(table(*GOOD)).candles.digest()
    assert parsed.notes == ()


def test_doubles_are_dropped_and_noted_when_equal():
    parsed = read(table(*GOOD[:2], GOOD[1], *GOOD[1:]))
    assert parsed.candles.digest() == read(table(*GOOD)).candles.digest()
    (note,) = parsed.notes
    assert (note.code, note.count) == ("duplicate_bars", 2)


def test_rows_are_named_when_doubles_contradict_each_other():
    with pytest.raises(DataError, match=r"row 5, column close: .*T01:00:00Z .* than in row 3"):
        read(table(*GOOD[:3], GOOD[1].replace("1.15", "1.16")))


def test_rows_are_named_when_contradicting_doubles_stand_newest_first():
    rows = [GOOD[3], GOOD[1].replace(",8", ",88"), GOOD[1], GOOD[0]]
    with pytest.raises(DataError, match=r"row 3, column close: .* than in row 4"):
        read(table(*rows))


def test_bars_are_kept_when_high_and_low_do_not_enclose_the_close():
    """The data doctor speaks about them; real feeds have a few."""
    assert len(read(with_bad("2024-01-08T02:00:00Z,1.1,1.2,1.0,1.3,9")).candles) == 4


def test_volume_is_zero_and_noted_when_its_cell_is_empty():
    parsed = read(with_bad("2024-01-08T02:00:00Z,1.1,1.2,1.0,1.15,"))
    assert parsed.candles.volume.tolist() == [7.0, 8.0, 0.0, 9.0]
    assert codes(parsed) == ["empty_volume"]


def test_one_bar_is_enough_to_be_read():
    assert times(read(table(GOOD[0]))) == ["2024-01-08T00:00:00Z"]
