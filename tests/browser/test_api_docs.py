"""The Swagger page in a real browser, under the policy that forbids foreign scripts."""

import pytest

from tests.browser.chromium import read_complaints
from tests.browser.steps import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ARE_LISTED = "document.querySelectorAll('.opblock-summary-path').length > 0"


def test_every_operation_is_shown_without_a_complaint_when_the_page_is_opened(demo, browser):
    browser.get(f"{demo.address}/api/v1/docs/")
    wait_until(browser, ARE_LISTED, 60)
    shown = browser.find_elements("css selector", ".opblock-summary-path")
    paths = {one.get_attribute("data-path") for one in shown}
    assert "/api/v1/strategies/{strategy_id}/runs/" in paths
    assert read_complaints(browser) == []
    sources = browser.execute_script(
        "return performance.getEntriesByType('resource').map(one => one.name)"
    )
    assert sources
    assert all(source.startswith((demo.address, "data:")) for source in sources)
