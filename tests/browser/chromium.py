"""Debian's Chromium, driven by selenium; nothing is downloaded."""

import base64
import shutil
from pathlib import Path
from typing import Any

import pytest

WIDTH, HEIGHT = 1280, 1000
PHONE = {"width": 360, "height": 780, "deviceScaleFactor": 1, "mobile": True}
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_programs() -> tuple[str, str]:
    """Return browser and driver; skip the test where there is none."""
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no Chromium here: apt-get install chromium chromium-driver")
    return browser, driver


def open_browser() -> Any:
    """Start a browser without a window that keeps all that pages complain about."""
    browser, driver = find_programs()
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for word in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "hide-scrollbars"):
        options.add_argument(f"--{word}")
    options.add_argument(f"--window-size={WIDTH},{HEIGHT}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))


def read_complaints(browser: Any) -> list[str]:
    """Return what the console said since it was last read: errors, refused scripts."""
    return [
        entry["message"]
        for entry in browser.get_log("browser")
        if entry["level"] in {"SEVERE", "WARNING"}
    ]


def find_barriers(browser: Any) -> list[str]:
    """Return what axe (WCAG 2.2, A and AA) finds on the page; skip without axe."""
    if not browser.execute_script("return !!window.axe"):
        package = pytest.importorskip("selenium_axe_python")
        script = Path(package.__path__[0]) / "axe-core" / "axe.min.js"
        browser.execute_script(script.read_text())
    found = browser.execute_async_script(AXE)
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in found
        for node in one["nodes"]
    ]


AXE = """
const done = arguments[0];
const rules = {"target-size": {enabled: true}};
axe.run(document, {resultTypes: ["violations"], rules}).then(told => done(told.violations));
"""
"""The size of targets (WCAG 2.2, 2.5.8) is a rule of axe that has to be asked for."""


def find_hidden_focus(browser: Any) -> list[str]:
    """Return what takes the focus of the keyboard without showing it (WCAG 2.4.7).

    A key is pressed first: browsers show the focus to those who use keys.
    """
    browser.switch_to.active_element.send_keys(TAB)
    return list(browser.execute_script(FOCUS))


TAB = "\ue004"
FOCUS = """
const places = document.querySelectorAll(
  "a[href], button, input, select, textarea, summary, [tabindex]");
const isShown = (one) => one.checkVisibility() && one.tabIndex >= 0 && !one.disabled;
const hidden = [...places].filter(isShown).filter((one) => {
  one.focus({preventScroll: true});
  const look = getComputedStyle(one);
  return document.activeElement === one
    && (look.outlineStyle === "none" || parseFloat(look.outlineWidth) < 2);
});
document.activeElement.blur();
return hidden.map((one) => one.outerHTML.slice(0, 160));
"""


def become_phone(browser: Any) -> None:
    """Make the page as wide as a small phone."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)


def become_desk(browser: Any) -> None:
    """Undo `become_phone`."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def prefer_scheme(browser: Any, scheme: str) -> None:
    """Ask for light or dark pages."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def take_picture(browser: Any, path: Path, height: int) -> None:
    """Store the upper part of the page, also what is below the window."""
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1}
    shot = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
    )
    path.write_bytes(base64.b64decode(shot["data"]))
