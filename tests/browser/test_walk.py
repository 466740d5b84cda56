"""From the README's line to the report of a run of one's own, in a real browser.

With PICTURES=1 the pictures of the README are taken anew on the way.
"""

import os
import re
import statistics
import time

import pytest

from tests.browser.chromium import find_barriers, read_complaints, take_picture
from tests.browser.steps import ARE_DRAWN, PATIENCE_S, click, find, follow, wait_until
from tests.commands.builders import ROOT
from tests.runs.site import has_ended

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LARGEST_LAG_S = 3.0  # from the issue
PICTURES = ROOT / "docs" / "images" if os.environ.get("PICTURES") == "1" else None
HEIGHTS = {"run": 1560, "strategy": 1180}
LONG_ENOUGH = {"epochs": "30", "learning_rate": "0.5"}
"""Settings of a run that lasts some seconds and has something to repair."""

WATCH = """
window.stays = true;
window.told = [];
new MutationObserver(() => {
  const words = document.querySelector("[data-told=progress_words]");
  if (words) { window.told.push([Date.now() / 1000, words.textContent]); }
}).observe(document.getElementById("run"), {subtree: true, childList: true, characterData: true});
"""
ZOOM = (
    "return Plotly.relayout(document.querySelector('#chart-loss .plot'), {'xaxis.range': [1, 9]})"
)
RANGE = "document.querySelector('#chart-loss .plot').layout.xaxis.range"
RUN = "/runs/[0-9a-f-]{36}/"


def test_own_run_is_watched_to_its_report_when_the_demo_was_just_started(
    demo, any_browser, tmp_path
):
    browser = any_browser
    demo.sign_in(browser)
    look_at_finished_run(browser)
    start_run(browser, tmp_path)
    watch_run(browser, demo.site)
    read_report(browser, tmp_path)
    assert read_complaints(browser) == []


def look_at_finished_run(browser):
    """Follow the latest verdict on the first page."""
    follow(browser, "#ended-title ~ ul a", RUN)
    wait_until(browser, ARE_DRAWN, 60)
    assert find(browser, "#verdict .evidence li").text
    assert "FINAL DIAGNOSTICS REPORT" in find(browser, "#report").text
    assert not browser.find_elements("css selector", "[data-title^=Share]")
    assert find_barriers(browser) == []


def start_run(browser, folder):
    """Open the strategy, choose settings, press Train."""
    follow(browser, "header nav a[href='/strategies/']", "/strategies/")
    follow(browser, "tbody th a", "/strategies/1/")
    wait_until(browser, ARE_DRAWN, 60)
    picture(browser, "strategy", folder)
    click(browser, "#train-more summary")
    for name, value in LONG_ENOUGH.items():
        find(browser, f"#{name}").send_keys(value)
    click(browser, "[name=use_transfer_learning]")
    assert find_barriers(browser) == []
    follow(browser, "form[action$='/train/'] button[type=submit]", RUN)


def watch_run(browser, site):
    """See epoch after epoch come in on a page that is never loaded again."""
    browser.execute_script(WATCH)
    wait_until(browser, ARE_DRAWN, 60)
    browser.execute_script(ZOOM)
    browser.execute_script("document.querySelector('#table-loss').open = true; scrollTo(0, 300)")
    reached, stall_s = follow_row(site, browser.current_url)
    wait_until(browser, "document.getElementById('run').dataset.active === 'no'")
    assert browser.execute_script("return window.stays")
    told = browser.execute_script("return window.told")
    assert len({words for _, words in told if "epoch" in words}) >= 2, told
    assert find_lag(told, reached) <= LARGEST_LAG_S + stall_s, told
    assert browser.execute_script(f"return {RANGE}") == [1, 9]
    assert browser.execute_script("return document.querySelector('#table-loss').open")
    assert browser.execute_script("return window.scrollY") > 0


def follow_row(site, address):
    """Return when the row reached each epoch, and how long this machine hung."""
    key, seen, stall_s = address.rstrip("/").rsplit("/", 1)[-1], {}, 0.0
    looked_at = time.monotonic()
    until = looked_at + PATIENCE_S
    while not has_ended(row := site.run(key)):
        assert looked_at < until, f"waited in vain: {row}"
        seen.setdefault(row["progress"].get("epoch"), time.time())
        time.sleep(0.05)
        stall_s = max(stall_s, time.monotonic() - looked_at)
        looked_at = time.monotonic()
    return seen, stall_s


def find_lag(told, reached):
    """Return by how many seconds the page is usually behind the row."""
    shown = {}
    for at, words in told:
        if found := re.match(r"epoch (\d+) of", words):
            shown.setdefault(int(found.group(1)) - 1, at)
    return statistics.median(
        at - reached[epoch] for epoch, at in shown.items() if epoch in reached
    )


def read_report(browser, folder):
    """Find verdict, repairs, curves and report on the page as it is now."""
    assert find(browser, "#verdict .evidence li").text
    assert "FINAL DIAGNOSTICS REPORT" in find(browser, "#report").text
    assert "Tried: lower rate." in find(browser, "#events").text
    browser.refresh()
    wait_until(browser, ARE_DRAWN, 60)
    names = browser.execute_script(
        "return document.querySelector('#chart-loss .plot').data.map(trace => trace.name)"
    )
    assert {"without the fix", "validation, smoothed", "found", "tried", "saved"} <= set(names)
    picture(browser, "run", folder)
    assert find_barriers(browser) == []


def picture(browser, name, folder):
    """Take a picture of the upper part of the page."""
    browser.execute_script("window.scrollTo(0, 0); document.activeElement.blur()")
    take_picture(browser, (PICTURES or folder) / f"{name}.png", HEIGHTS[name])
