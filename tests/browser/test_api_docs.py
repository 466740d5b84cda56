"""The Swagger page in a real browser, under the policy that forbids foreign scripts."""

import time

import pytest

from tests.browser.chromium import open_browser, read_complaints
from tests.browser.conftest import serving
from tests.runs.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PATIENCE_S = 60


def test_every_operation_is_shown_without_a_complaint_when_the_page_is_opened(tmp_path):
    browser = open_browser()
    try:
        site = Site(tmp_path)
        assert site.call("migrate", "-v0") == 0
        with serving(site) as address:
            browser.get(f"{address}/api/v1/docs/")
            until = time.monotonic() + PATIENCE_S
            while not (shown := browser.find_elements("css selector", ".opblock-summary-path")):
                assert time.monotonic() < until, browser.page_source[:2_000]
                time.sleep(0.2)
            paths = {one.get_attribute("data-path") for one in shown}
            assert "/api/v1/strategies/{strategy_id}/runs/" in paths
            assert read_complaints(browser) == []
            sources = browser.execute_script(
                "return performance.getEntriesByType('resource').map(one => one.name)"
            )
            assert sources
            assert all(source.startswith((address, "data:")) for source in sources)
    finally:
        browser.quit()
