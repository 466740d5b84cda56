"""Every page in a real browser: on phones, in the dark, by keyboard, read aloud."""

from pathlib import Path
from uuid import UUID

import pytest

from tests.browser.chromium import (
    become_desk,
    become_phone,
    find_barriers,
    find_hidden_focus,
    prefer_scheme,
    read_complaints,
)
from tests.browser.steps import ARE_DRAWN, wait_until
from tests.runs.site import find_process

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HAVE_CHARTS = ("/strategies/1/", "/runs/RUN/", "/runs/compare/?run=RUN")
PAGES = ["/", "/strategies/", "/strategies/1/edit/", "/strategies/new/", "/market/", "/runs/"]
PAGES += ["/models/", "/signals/", "/system/"]
PHONE_WIDTH = 360


@pytest.fixture(scope="module")
def run_key(demo) -> str:
    """Return the key of the run that the demo trained; let its user see all pages."""
    (row,) = demo.site.query("SELECT id FROM ml_training_trainingrun ORDER BY queued_at LIMIT 1")
    demo.site.python(
        "from django.contrib.auth.models import User\n"
        "User.objects.filter(username='demo').update(is_staff=True, is_superuser=True)"
    )
    return str(UUID(row["id"]))


@pytest.mark.parametrize("path", [*PAGES, *HAVE_CHARTS])
def test_page_shuts_nobody_out_when_it_is_looked_at(demo, browser, run_key, path):
    address = demo.address + path.replace("RUN", run_key)
    prefer_scheme(browser, "light")
    browser.get(address)
    if path in HAVE_CHARTS:
        wait_until(browser, ARE_DRAWN, 60)
    assert find_barriers(browser) == []
    assert find_hidden_focus(browser) == []
    prefer_scheme(browser, "dark")
    assert find_barriers(browser) == []
    become_phone(browser)
    try:
        browser.get(address)
        width = browser.execute_script("return document.documentElement.scrollWidth")
        assert width <= PHONE_WIDTH
        assert find_barriers(browser) == []
    finally:
        become_desk(browser)
        prefer_scheme(browser, "light")
    assert read_complaints(browser) == []


def test_admin_shows_the_curves_when_staff_open_the_run(demo, browser, run_key):
    browser.get(f"{demo.address}/admin/ml_training/trainingrun/{run_key}/change/")
    wait_until(browser, ARE_DRAWN, 60)
    assert read_complaints(browser) == []


def test_server_has_not_loaded_torch_when_all_pages_were_shown(demo, run_key):
    loaded = Path(f"/proc/{find_process(demo.pid, 'runserver')}/maps").read_text()
    assert "numpy" in loaded
    assert "libtorch" not in loaded
