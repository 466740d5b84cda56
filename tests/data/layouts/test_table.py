import numpy as np
import pytest

from ml_training.data.layouts.head import N_HEAD_LINES, read_head
from ml_training.data.layouts.plan import Plan, find_columns
from ml_training.data.layouts.table import read_table
from ml_training.errors import DataError

COLUMNS = {"timestamp": 0, "open": 1, "high": 2, "low": 3, "close": 4}
LABELS = ("t", "o", "h", "l", "c")
PLAN = Plan(layout="x", title="x", columns=COLUMNS, labels=LABELS)


def table(text, plan=PLAN):
    content = text.encode()
    return read_table(content, read_head(content, name="x.csv"), plan)


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [("a,b,c", ","), ("a;b;c", ";"), ("a\tb\tc", "\t"), ("a;b,c;d", ";"), ("1,5;2,5;3,5;4", ";")],
)
def test_delimiter_is_the_one_that_occurs_most(line, delimiter):
    assert read_head(f"{line}\n".encode(), name="x").delimiter == delimiter


def test_head_numbers_lines_as_an_editor_does():
    head = read_head(b"\n\r\na,b\n\n1,2\n", name="x")
    assert head.rows == [["a", "b"], ["1", "2"]]
    assert head.numbers == [3, 5]
    assert (head.first, head.first_number) == (["a", "b"], 3)


@pytest.mark.parametrize("blank", ["\u2003", "\x1c\n\x85", " \n" * 50_000 + "a,b"])
def test_head_is_refused_when_all_its_lines_are_blank(blank):
    with pytest.raises(DataError, match=r"x\.csv: begins with blank lines only"):
        read_head(blank.encode(), name="x.csv")


def test_head_is_short_when_the_file_is_long():
    content = b"a,b\n" + b"1,2\n" * 100_000
    assert len(read_head(content, name="x").rows) == N_HEAD_LINES


def test_head_leaves_out_a_line_that_it_cuts():
    content = b"a,b\n" + b"1," + b"2" * 100_000
    assert read_head(content, name="x").rows == [["a", "b"]]


@pytest.mark.parametrize(
    ("line", "expected"),
    [("time,open", True), ("<DATE>,<TIME>", True), ("2024.01.08,1.1", False), ("a,1.1", False)],
)
def test_header_is_seen_by_cells_that_do_not_begin_with_digits(line, expected):
    assert read_head(line.encode(), name="x").has_header is expected


def test_cells_know_their_row_in_the_file():
    read = table("\nt,o,h,l,c\n\n1,1,1,1,1\n\n2,2,2,2,2\n")
    assert [read.row(position) for position in (0, 1)] == [4, 6]
    assert read.numbers("close").tolist() == [1.0, 2.0]


def test_cells_know_their_row_when_others_were_left_out():
    read = table("t,o,h,l,c\n1,1,1,1,1\n2,2,2,2,2\n3,3,3,3,3\n").keep(np.array([2]))
    assert read.row(0) == 4
    assert read.numbers("open").tolist() == [3.0]


def test_error_names_file_row_and_the_files_own_column():
    read = table("t,o,h,l,c\n1,1,1,1,1\n2,2,x,2,2\n")
    with pytest.raises(DataError, match=r"^x\.csv, row 3, column h: 'x' is not a number\."):
        read.numbers("high")


@pytest.mark.parametrize("word", ["", "null", "NULL", "NaN", "nan", "N/A", "#N/A", "None", "-"])
def test_cell_is_empty_when_it_holds_a_word_for_nothing(word):
    assert np.isnan(table(f"t,o,h,l,c\n1,1,{word},1,1\n").numbers("high")[0])


def test_cells_are_empty_when_a_row_is_short():
    assert np.isnan(table("t,o,h,l,c\n1,1,1,1,1\n2,2\n").numbers("close")[1])


@pytest.mark.parametrize("cell", ["1", "1.0", "+1", "1e0", "01", " 1", '"1"'])
def test_number_is_read_when_written_this_way(cell):
    assert table(f"t,o,h,l,c\n1,{cell},1,1,1\n").numbers("open").tolist() == [1.0]


@pytest.mark.parametrize("row", ["1,1,1,1,1,1", "1,1,1,1,1,", "1,1,1,1,1,,"])
def test_row_is_named_when_it_has_more_cells_than_the_header(row):
    with pytest.raises(DataError, match=r"row 3: the row has \d cells where 5 are expected"):
        table(f"t,o,h,l,c\n1,1,1,1,1\n{row}\n")


def test_row_is_named_when_it_lies_far_down():
    text = "t,o,h,l,c\n" + "1,1,1,1,1\n" * 500 + "1,1,1,1,1,1\n"
    with pytest.raises(DataError, match="row 502: the row has 6 cells where 5 are expected"):
        table(text)


def test_quotation_mark_without_a_partner_is_no_table():
    with pytest.raises(DataError, match="is not a table"):
        table('t,o,h,l,c\n1,1,1,1,1\n2,"2,2,2,2\n')


@pytest.mark.parametrize(
    ("label", "role"),
    [("Date", "date"), ("<DATE>", "date"), ("DateTime", "timestamp"), ("open_time", "timestamp"),
     (" Open ", "open"), ("<TICKVOL>", "tick volume"), ("Vol", "volume"), ("ticker", "symbol")],
)  # fmt: skip
def test_role_is_found_however_the_header_writes_it(label, role):
    assert find_columns([label], name="x") == {role: 0}


@pytest.mark.parametrize("label", ["", "opening", "bid open", "closed", "trades"])
def test_column_has_no_role_when_its_name_is_another(label):
    assert find_columns([label], name="x") == {}
