"""The page about the API names what there is, with the limits that hold."""

import re
from pathlib import Path

from ml_training.api.access import RATES
from ml_training.api.bodies import MOST_JSON_BYTES, MOST_JSON_DEPTH
from ml_training.api.view import NewestFirst
from ml_training.charts import CHARTS
from ml_training.services.limits import MOST_ACTIVE_RUNS
from ml_training.services.uploads import MIB, MOST_BYTES, MOST_ROWS
from tests.api.builders import list_addresses

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def list_ours() -> set[str]:
    """Return the addresses as the page writes them."""
    paths = {str(one.pattern) for one in list_addresses() if one.name != "nowhere"}
    return {re.sub(r"<\w+:(\w+_)?(id|name)>", r"<\2>", path) for path in paths}


def test_every_address_stands_in_the_table_when_compared_with_the_urls():
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    told = {path for row in rows for path in re.findall(r"`([^`]+/)`", row.split("|")[1])}
    assert told == list_ours()


def test_every_limit_is_the_one_that_holds_when_read():
    assert f"JSON {MOST_JSON_BYTES // MIB} MB and {MOST_JSON_DEPTH} levels" in PAGE
    assert f"files {MOST_BYTES // MIB} MB and {MOST_ROWS // 10**6} million rows" in PAGE
    assert f"{NewestFirst.max_page_size} rows a page, {MOST_ACTIVE_RUNS} active runs" in PAGE
    for scope, rate in RATES.items():
        assert f"`{scope}` {rate}" in PAGE


def test_every_figure_is_named_when_read():
    row = next(line for line in PAGE.splitlines() if "figures" in line)
    assert set(re.findall(r"`(\w+)`", row)) == set(CHARTS)
