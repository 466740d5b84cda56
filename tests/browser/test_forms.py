"""Forms that answer while one types, in a real browser."""

import pytest

from tests.browser.chromium import read_complaints
from tests.browser.steps import click, find, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_rules_are_changed_and_said_in_words_when_typed(demo, browser):
    browser.get(f"{demo.address}/strategies/1/edit/")
    browser.execute_script("window.stays = true")
    click(browser, "[id='long.add_rule']")
    wait_until(browser, "!!document.getElementById('long.1.left.what')", 20)
    assert browser.execute_script("return document.activeElement.id") == "long.add_rule"
    browser.execute_script(
        "const what = document.getElementById('long.1.left.what'); what.value = 'ind:adx';"
        "what.dispatchEvent(new Event('change', {bubbles: true}))"
    )
    wait_until(browser, "document.getElementById('told').textContent.includes('ADX')", 20)
    click(browser, "#do-check")
    wait_until(browser, "document.getElementById('told').textContent.includes('setup')", 60)
    assert browser.execute_script("return window.stays")
    assert read_complaints(browser) == []


def test_file_stays_chosen_when_it_is_only_looked_at(demo, browser, tmp_path):
    file = tmp_path / "GBPUSD_1h.csv"
    rows = (f"2024-01-0{day} 0{hour}:00,1.1,1.2,1.0,1.1,5" for day in (2, 3) for hour in range(9))
    file.write_text("\n".join(["time,open,high,low,close,volume", *rows]))
    browser.get(f"{demo.address}/market/")
    find(browser, "#file").send_keys(str(file))
    click(browser, "[name=do][value=preview]")
    wait_until(
        browser, "document.getElementById('upload-told').textContent.includes('GBPUSD')", 30
    )
    assert browser.execute_script("return document.getElementById('file').files.length") == 1
    assert read_complaints(browser) == []
