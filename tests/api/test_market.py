"""Candle files over HTTP: good ones are stored whole, others refused in words."""

import gzip
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ml_training.models import CandleChunk, Instrument
from ml_training.services.uploads import MOST_BYTES
from tests.api.builders import ROOT, check_problem, make_person
from tests.api.conftest import ask_as
from tests.services.builders import make_market

pytestmark = pytest.mark.django_db
HEAD = "time,open,high,low,close,volume\n"


def make_rows(n_bars=48, close=1.1) -> str:
    return "".join(
        f"2024-01-{1 + hour // 24:02d} {hour % 24:02d}:00:00,1.1,1.2,1.0,{close},5\n"
        for hour in range(n_bars)
    )


GOOD = (HEAD + make_rows()).encode()


def send(api, content=GOOD, name="EURUSD_1h.csv", path="candles/", **fields):
    file = SimpleUploadedFile(name, content)
    return api.post(ROOT + path, {"file": file, **fields}, format="multipart")


def assert_nothing_is_stored():
    assert not Instrument.objects.exists()
    assert not CandleChunk.objects.exists()


def test_candles_are_stored_when_the_file_is_good(api):
    answer = send(api)
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["symbol"], told["timeframe"], told["n_new"]) == ("EURUSD", "1h", 48)
    assert CandleChunk.objects.get().bar_count == 48
    assert send(api).json()["n_unchanged"] == 48


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_file_is_told_and_nothing_stored_when_previewed(api, pack):
    told = send(api, pack(GOOD), path="candles/preview/").json()
    assert (told["n_bars"], told["layout"] != "") == (48, True)
    assert_nothing_is_stored()


def test_labels_of_the_sender_win_when_the_name_says_otherwise(api):
    told = send(api, symbol="gbpusd", timeframe="1h", tz="Europe/Berlin").json()
    assert told["symbol"] == "GBPUSD"
    assert told["first_at"].startswith("2023-12-31T23:00")


TRUNCATED = gzip.compress(GOOD * 50)[:-200]
BOMB = gzip.compress(b"0" * 600 * 1024**2, compresslevel=1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 1_000,
        GOOD.replace(b"1.2,", b"1.\x002,"),
        GOOD.decode().encode("utf-16")[:-1],
        b"\xff\xfe\xfa" * 100,
        TRUNCATED,
        b"\x1f\x8b" + b"\x00" * 50,
        b"PAR1" + b"\x00" * 50,
        b"PK\x03\x04" + b"\x00" * 100,
        b"<script>alert(1)</script>",
        b"<html><body>Sign in</body></html>" * 20,
        (HEAD + "," * 100_000 + "\n").encode(),
        (HEAD + "9" * 200_000 + "\n").encode(),
        (HEAD.replace("close", "c" * 100_000) + make_rows()).encode(),
        HEAD.encode(),
        b'{"open": [1, 2, 3]}',
        BOMB,
    ],
    ids=lambda content: f"{bytes(content[:8])!r}-{len(content)}",
)
def test_file_is_refused_in_words_when_it_is_of_no_use(api, content):
    for path in ("candles/preview/", "candles/"):
        problem = check_problem(send(api, content, path=path), 422)
        assert "Traceback" not in str(problem)
    assert_nothing_is_stored()


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"symbol": "S" * 33}, "symbol"),
        ({"symbol": "EUR\x00USD"}, "symbol"),
        ({"symbol": "a\nb"}, "symbol"),
        ({"timeframe": "7h"}, "7h"),
        ({"timeframe": "4h"}, "4h"),
        ({"tz": "Mars/Olympus"}, "Mars/Olympus"),
        ({"tz": "../../etc/passwd"}, "passwd"),
        ({"tz": "z" * 65}, "tz"),
        ({"model_path": "/etc/passwd"}, "model_path"),
    ],
)
def test_label_is_refused_in_words_when_it_means_nothing(api, fields, word):
    problem = check_problem(send(api, **fields), 422)
    assert word in str(problem)
    assert_nothing_is_stored()


def test_file_is_asked_for_when_none_was_sent(api):
    for body in ({}, {"file": "text"}):
        problem = check_problem(api.post(f"{ROOT}candles/", body, format="multipart"), 422)
        assert [error["path"] for error in problem["errors"]] == ["file"]


def test_file_is_refused_when_it_is_too_large(api):
    for n_bytes in (MOST_BYTES + 1, MOST_BYTES + 1_000_000):
        check_problem(send(api, b"0" * n_bytes), 413)
    assert_nothing_is_stored()


def test_body_is_refused_before_it_is_read_when_it_says_it_is_too_large(api):
    answer = api.generic(
        "POST",
        f"{ROOT}candles/",
        b"--x\r\n",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(MOST_BYTES * 2),
    )
    check_problem(answer, 413)


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\u00fc",
    ],
)
def test_form_is_refused_in_words_when_it_has_no_boundary(api, kind):
    answer = api.generic("POST", f"{ROOT}candles/", b"--x\r\nabc", content_type=kind)
    check_problem(answer, 400)


def test_form_is_refused_in_words_when_it_has_a_thousand_fields(api):
    fields = {f"field{number}": "x" for number in range(4_000)}
    check_problem(send(api, **fields), 400)
    assert_nothing_is_stored()


def test_stored_bars_stay_when_another_user_sends_others(api, owner):
    send(api)
    before = CandleChunk.objects.get().sha256
    other = (HEAD + make_rows(close=1.15)).encode()
    problem = check_problem(send(ask_as(make_person("other")), other), 422)
    assert "48 bars" in problem["detail"]
    assert CandleChunk.objects.get().sha256 == before
    staff = ask_as(make_person("staff", is_staff=True))
    assert send(staff, other).json()["n_changed"] == 48


def test_markup_in_a_file_name_is_data_when_told(api):
    answer = send(api, b"nothing", name="<script>alert(1)</script>_1h.csv", symbol="EURUSD")
    check_problem(answer, 422)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_coverage_is_told_when_an_instrument_is_read(api):
    instrument = make_market("EURUSD", "1h")
    make_market("EURUSD", "4h")
    told = api.get(f"{ROOT}instruments/{instrument.pk}/").json()
    assert [one["timeframe"] for one in told["coverage"]] == ["1h", "4h"]
    assert told["coverage"][0]["n_bars"] == 3_000
    check_problem(api.get(f"{ROOT}instruments/4711/"), 404)
    check_problem(api.get(f"{ROOT}instruments/{2**70}/"), 404)


def test_instruments_are_found_by_symbol_and_cannot_be_written_when_asked(api):
    make_market("EURUSD")
    make_market("GBPUSD")
    found = api.get(f"{ROOT}instruments/?symbol=eurusd").json()["results"]
    assert [one["symbol"] for one in found] == ["EURUSD"]
    for ask in (api.post, api.delete, api.put, api.patch):
        check_problem(ask(f"{ROOT}instruments/{found[0]['id']}/"), 405)


def test_queries_do_not_grow_when_there_are_more_instruments(api, django_assert_max_num_queries):
    fields = {"asset_class": "fx", "pip": 1e-4, "digits": 5}
    Instrument.objects.create(symbol="A", **fields)
    api.get(f"{ROOT}instruments/")
    with django_assert_max_num_queries(8) as few:
        api.get(f"{ROOT}instruments/")
    Instrument.objects.bulk_create(Instrument(symbol=f"B{n}", **fields) for n in range(20))
    with django_assert_max_num_queries(len(few)):
        assert len(api.get(f"{ROOT}instruments/").json()["results"]) == 21


def test_half_a_header_is_refused_when_the_stream_was_read_before(api):
    stream = io.BytesIO(GOOD)
    stream.seek(10)
    stream.name = "EURUSD_1h.csv"
    answer = api.post(f"{ROOT}candles/preview/", {"file": stream}, format="multipart")
    check_problem(answer, 422)
