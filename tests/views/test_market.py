"""Candle files of strangers: looked at, stored whole, or refused in words."""

import gzip
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ml_training.models import CandleChunk, Instrument
from ml_training.services import uploads
from strategy_builder import uploads as handler
from tests.services.builders import make_market, make_user

pytestmark = pytest.mark.django_db
HEAD = "time,open,high,low,close,volume\n"
ROWS = "".join(f"2024-01-02 {hour:02d}:00,1.1,1.2,1.0,1.15,5\n" for hour in range(24))
GOOD = (HEAD + ROWS).encode()


@pytest.fixture
def page(client):
    client.force_login(make_user("sender"))
    return client


def send(client, content, name="EURUSD_1h.csv", **fields):
    file = SimpleUploadedFile(name, content)
    return client.post("/market/upload/", {"file": file, "do": "import", **fields})


def text_of(answer):
    return " ".join(answer.content.decode().split())


def test_candles_are_stored_when_a_file_is_imported(page):
    answer = send(page, GOOD)
    assert answer.status_code == 200
    assert "EURUSD 1h: 24 bars new" in text_of(answer)
    assert sum(CandleChunk.objects.values_list("bar_count", flat=True)) == 24


def test_nothing_is_stored_when_a_file_is_only_looked_at(page):
    text = text_of(send(page, GOOD, do="preview"))
    assert "What the file holds" in text
    assert "2024-01-02 00:00" in text
    assert "data doctor" in text
    assert not Instrument.objects.exists()


def test_labels_are_taken_from_the_form_when_given(page):
    send(page, GOOD, name="export.csv", symbol="gold", timeframe="1h")
    assert Instrument.objects.get().symbol == "GOLD"


def test_same_candles_come_when_a_file_is_zipped(page):
    assert "24 bars new" in text_of(send(page, gzip.compress(GOOD), name="EURUSD_1h.csv.gz"))


def test_findings_of_the_doctor_are_shown_when_there_are_some(page):
    gap = ROWS.splitlines(keepends=True)
    odd = HEAD + "".join(gap[:6] + gap[12:])
    assert 'class="chip' in text_of(send(page, odd.encode(), do="preview"))


def test_coverage_is_shown_when_there_are_candles(page):
    make_market("XAUUSD", "4h")
    text = text_of(page.get("/market/"))
    assert "XAUUSD" in text
    assert "4h" in text


def test_way_on_is_shown_when_there_are_none(page):
    assert "No candles yet" in text_of(page.get("/market/"))


BAD = {
    "empty": b"",
    "blank": b"\n\n \n",
    "no table": b"hello world",
    "only a head": HEAD.encode(),
    "nul byte": GOOD.replace(b"1.15", b"1.\x0015", 1),
    "wrong encoding": GOOD.replace(b"time", b"t\xefme"),
    "half utf-16": b"\xff\xfe" + GOOD,
    "truncated gzip": gzip.compress(GOOD)[:-20],
    "not quite gzip": b"\x1f\x8b" + b"x" * 100,
    "truncated parquet": b"PAR1" + b"x" * 100,
    "zip": b"PK\x03\x04" + b"x" * 100,
    "script": b"<script>alert(1)</script>",
    "script as a price": (HEAD + "2024-01-02 00:00,<script>alert(1)</script>,1,1,1,1\n").encode(),
    "huge column": (HEAD + "2024-01-02 00:00," + "9" * 200_000 + ",1,1,1,1\n").encode(),
    "thousand columns": (",".join(["open"] * 5_000) + "\n" + ",".join(["1"] * 5_000)).encode(),
    "deep json": b"[" * 10_000,
    "negative price": (HEAD + "2024-01-02 00:00,-1,1,-2,1,1\n").encode() + ROWS.encode(),
}


@pytest.mark.parametrize("do", ["import", "preview"])
@pytest.mark.parametrize("case", BAD)
def test_file_is_refused_in_words_when_it_is_of_no_use(page, case, do):
    answer = send(page, BAD[case], do=do)
    assert answer.status_code == 422
    assert 'class="message error"' in text_of(answer)
    assert "<script>alert" not in text_of(answer)
    assert not CandleChunk.objects.exists()
    assert not Instrument.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"symbol": "x" * 64},
        {"symbol": "<script>alert(1)</script>"},
        {"timeframe": "7x"},
        {"timeframe": "4h"},
        {"tz": "Mars/Olympus"},
        {"tz": "../../etc/passwd"},
        {"tz": "\0"},
    ],
)
def test_file_is_refused_in_words_when_its_labels_are_wrong(page, fields):
    answer = send(page, GOOD, **fields)
    text = text_of(answer)
    assert "<script>alert" not in text
    if answer.status_code == 200:  # a symbol is any printable text, and shown as text
        assert "&lt;SCRIPT&gt;" in text
    else:
        assert answer.status_code == 422
        assert not CandleChunk.objects.exists()


def test_name_of_the_file_is_harmless_when_shown(page):
    answer = send(page, b"nothing", name='<img src=x onerror="alert(1)">.csv')
    assert "<img src=x" not in text_of(answer)
    assert answer.status_code == 422


def test_words_ask_for_a_file_when_none_was_chosen(page):
    answer = page.post("/market/upload/", {"do": "import"})
    assert answer.status_code == 422
    assert "Choose a file first." in text_of(answer)


def test_file_is_dropped_while_it_arrives_when_it_is_too_large(page, monkeypatch):
    monkeypatch.setattr(handler, "MOST_BYTES", 100)
    answer = send(page, GOOD)
    assert answer.status_code == 413
    assert "larger than 50 MB" in text_of(answer)
    assert not Instrument.objects.exists()


def test_both_limits_agree_when_compared():
    assert handler.MOST_BYTES == uploads.MOST_BYTES == 50 * 1024**2


def test_rows_are_counted_before_they_are_read_when_there_are_too_many(page, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_ROWS", 10)
    for content in (GOOD, gzip.compress(GOOD)):
        answer = send(page, content)
        assert answer.status_code == 422
        assert "at most 10 rows" in text_of(answer)


def test_parquet_is_refused_by_its_own_words_when_it_is_too_long(monkeypatch):
    pandas = pytest.importorskip("pandas")
    table = pandas.read_csv(io.BytesIO(GOOD))
    file = io.BytesIO()
    table.to_parquet(file)
    upload = uploads.Upload(file=file, name="EURUSD_1h.parquet")
    assert uploads.preview_upload(upload).n_bars == 24
    monkeypatch.setattr(uploads, "MOST_ROWS", 10)
    with pytest.raises(uploads.DataError, match="at most 10 rows"):
        uploads.preview_upload(upload)


def test_bomb_is_stopped_at_the_limit_when_unzipped(page, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_UNZIPPED_BYTES", 2 * 1024**2)
    answer = send(page, gzip.compress(b"0" * 20 * 1024**2), name="EURUSD_1h.csv.gz")
    assert answer.status_code == 422
    assert "at most 2 MB" in text_of(answer)


def test_bars_of_others_stay_when_a_user_sends_different_ones(page):
    send(page, GOOD)
    digest = CandleChunk.objects.get().sha256
    answer = send(page, GOOD.replace(b"1.15", b"1.16"))
    assert answer.status_code == 422
    assert "changes 24 bars of EURUSD" in text_of(answer)
    assert CandleChunk.objects.get().sha256 == digest


def test_bars_change_when_staff_sends_different_ones(client):
    staff = make_user("staff")
    staff.is_staff = True
    staff.save()
    client.force_login(staff)
    send(client, GOOD)
    assert "24 changed" in text_of(send(client, GOOD.replace(b"1.15", b"1.16")))


def test_path_and_control_characters_are_gone_when_a_name_is_cleaned():
    assert uploads.clean_name("C:\\data\\..\\EURUSD\n_1h.csv") == "EURUSD?_1h.csv"
    assert uploads.clean_name("") == "the file"
    assert len(uploads.clean_name("x" * 9_000)) == uploads.LONGEST_NAME
