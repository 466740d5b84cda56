import io

import numpy as np
import pandas as pd
import pytest

from ml_training.errors import DataError
from tests.data.layouts.builders import bars, codes, read


def parquet(frame, **options):
    file = io.BytesIO()
    frame.to_parquet(file, **options)
    return file.getvalue()


def test_columns_are_read_when_they_have_the_names_of_candles():
    frame = bars(50)
    parsed = read(parquet(frame))
    assert (parsed.layout, parsed.notes) == ("parquet", ())
    assert np.array_equal(parsed.candles.close, frame["close"])
    assert parsed.candles.digest() == read(frame.to_csv(index=False)).candles.digest()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_are_read_in_every_unit(unit):
    frame = bars(5)
    frame["time"] = frame["time"].dt.as_unit(unit)
    assert read(parquet(frame)).candles.digest() == read(parquet(bars(5))).candles.digest()


def test_times_may_be_the_index():
    indexed = bars(5).rename(columns={"time": "Date"}).set_index("Date")
    assert read(parquet(indexed)).candles.digest() == read(parquet(bars(5))).candles.digest()


def test_times_may_be_an_index_without_a_name():
    indexed = bars(5).set_index("time").rename_axis(None)
    assert read(parquet(indexed)).candles.digest() == read(parquet(bars(5))).candles.digest()


def test_times_may_be_epochs():
    frame = bars(5)
    frame["time"] = frame["time"].dt.as_unit("ms").astype("int64")
    assert read(parquet(frame)).candles.digest() == read(parquet(bars(5))).candles.digest()


def test_bare_times_are_utc_and_noted_when_no_clock_is_named():
    frame = bars(5, tz="Europe/Athens")
    assert codes(read(parquet(frame))) == ["zone_assumed"]
    named = read(parquet(frame), tz="Europe/Athens")
    assert named.candles.digest() == read(parquet(bars(5))).candles.digest()


def test_compression_does_not_matter():
    assert read(parquet(bars(5), compression="gzip")).candles.digest()


def test_row_and_column_are_named_when_a_value_is_missing():
    frame = bars(5)
    frame.loc[2, "high"] = np.nan
    with pytest.raises(DataError, match=r"a\.csv, row 3, column high: the cell is empty"):
        read(parquet(frame))


def test_row_and_column_are_named_when_a_value_is_text():
    frame = bars(5).astype({"high": str})
    frame.loc[2, "high"] = "?"
    with pytest.raises(DataError, match=r"row 3, column high: '\?' is not a number"):
        read(parquet(frame))


def test_column_is_named_when_missing():
    with pytest.raises(DataError, match="no column is called close"):
        read(parquet(bars(5).drop(columns="close")))


def test_columns_are_shown_when_none_is_known():
    with pytest.raises(DataError, match="no columns of candles, got a, b"):
        read(parquet(pd.DataFrame({"a": [1], "b": [2]})))


def test_file_is_refused_when_it_has_no_bars():
    with pytest.raises(DataError, match="has no bars"):
        read(parquet(bars(0)))


def test_file_is_refused_when_cut():
    with pytest.raises(DataError, match="is a damaged Parquet file"):
        read(parquet(bars(50))[:-100])
