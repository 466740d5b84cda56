import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_training.study import page

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=300)


@given(WORDS)
def test_no_line_is_wider_than_the_page_on_any_text(text):
    for lines in (page.head(text), page.say(text), page.mark("-", text), page.pair("Label", text)):
        assert all(len(line) <= page.WIDTH for line in lines)


@given(WORDS, st.sampled_from(["ascii", "latin-1", "cp437", "utf-8", None, "no such encoding"]))
def test_text_can_be_written_and_no_line_grows_in_any_encoding(text, encoding):
    fitted = page.fit_encoding(text, encoding)
    known = encoding if encoding in {"ascii", "latin-1", "cp437", "utf-8"} else "ascii"
    fitted.encode(known)
    assert len(fitted) == len(text)


def test_signs_stay_when_the_encoding_has_them():
    assert page.fit_encoding(f"{page.OK} done", "utf-8") == f"{page.OK} done"
    assert page.fit_encoding(f"{page.OK} done", "ascii") == "* done"


def test_paragraph_hangs_behind_its_sign_when_it_is_long():
    first, second, *_ = page.mark("1.", "word " * 40)
    assert first.startswith("  1. word")
    assert second.startswith("     word")


def test_table_aligns_numbers_to_the_right():
    rows = [("", "AUC"), ("a name that is too long", "0.5")]
    assert page.table(rows, (10, 6)) == ["               AUC", "  a name tha   0.5"]


@pytest.mark.parametrize("indent", ["", "    "])
def test_paragraph_is_indented_throughout_when_said(indent):
    lines = page.say("word " * 40, indent=indent)
    assert len(lines) > 1
    assert all(line.startswith(f"{indent}word") for line in lines)
