"""Numbers stay apart and lines stay within the page, however large the study."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.evaluation.trading import TradeSummary
from ml_training.study.page import WIDTH, fit_encoding, mark, pair, say, subhead, table
from ml_training.study.report import COLUMNS, WIDTHS, _row, _row_of_every
from tests.evaluation.builders import make_evaluation


def trades(n, total_r):
    return TradeSummary(
        n=n,
        win_rate=0.4,
        expectancy_r=total_r / n if n else 0.0,
        total_r=total_r,
        profit_factor=None,
        max_drawdown_r=1.0,
    )


@pytest.mark.parametrize("n", [0, 7, 999, 99_999, 100_000, 999_999])
@pytest.mark.parametrize("each", [-0.999, 0.0, 0.25])
def test_numbers_of_a_row_stay_apart_when_setups_are_many(n, each):
    found = make_evaluation(taken=trades(n, n * each), every=trades(n, n * each))
    rows = [_row(found, "network"), _row_of_every(found)]
    for row, line in zip(rows, table(rows, WIDTHS), strict=True):
        assert len(line) <= WIDTH
        assert line.split()[-7:] == [cell.strip() for cell in row[1:]]


def test_longest_name_stays_whole_and_apart_from_its_first_number():
    found = make_evaluation(name="logistic regression")
    (line,) = table([_row(found, "logistic regression")], WIDTHS)
    assert line.startswith("  > logistic regression ")


def test_headings_stand_above_their_numbers():
    found = make_evaluation()
    heading, line = table([COLUMNS, _row(found, "network")], WIDTHS)
    numbers = [match.end() for match in re.finditer(r"\S+", line)][-7:]
    titles = [heading.index(title) + len(title) for title in COLUMNS[1:]]
    assert numbers == titles


def test_served_model_alone_is_marked():
    found = make_evaluation(name="network")
    assert _row(found, "network")[0].startswith(">")
    assert not _row(found, "base rate")[0].startswith(">")


def test_table_is_refused_when_a_row_has_another_number_of_cells():
    with pytest.raises(ValueError, match="argument"):
        table([("a", "b")], (3, 4, 5))


WORDS = st.lists(st.text("abc-/,.'é€", min_size=1, max_size=90), min_size=1, max_size=30)


@settings(max_examples=80, deadline=None)
@given(WORDS, st.sampled_from(["", "  ", "    "]))
def test_no_word_is_lost_or_torn_when_a_paragraph_is_wrapped(words, indent):
    text = " ".join(words)
    for lines in (say(text, indent=indent), mark("!", text, indent=indent), pair("Name", text)):
        assert all(len(line) <= WIDTH for line in lines)
        told = "".join("".join(lines).split())
        assert told.endswith("".join(words))
        if max(map(len, words)) < WIDTH - 12:
            assert " ".join(" ".join(lines).split()).endswith(text)


@settings(max_examples=80, deadline=None)
@given(WORDS)
def test_paragraph_hangs_behind_its_sign_on_every_line(words):
    first, *others = mark("!", " ".join(words))
    assert first.startswith("  ! ")
    assert all(line.startswith("    ") for line in others)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8", None, "no such"])
def test_lines_keep_their_length_in_every_encoding(encoding):
    for line in (*mark("✓", "5 symbols"), *subhead("PLATEAU: healthy")):
        fitted = fit_encoding(line, encoding)
        assert len(fitted) == len(line)
        if encoding != "no such":
            fitted.encode(encoding or "ascii")
