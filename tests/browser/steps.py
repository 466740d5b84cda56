"""What a person does on a page, and what they wait for."""

import time
from typing import Any

PATIENCE_S = 400  # a busy machine; an idle one needs twenty
ARE_DRAWN = (
    "document.querySelectorAll('[data-chart]').length >= 1 &&"
    "[...document.querySelectorAll('[data-chart]')].every(figure =>"
    " figure.dataset.drawn === 'yes' && figure.querySelector('.plot svg.main-svg'))"
)


def wait_until(browser: Any, script: str, patience_s: float = PATIENCE_S) -> Any:
    """Wait until a script returns something true, and return that."""
    until = time.monotonic() + patience_s
    while not (found := browser.execute_script(f"return {script}")):
        assert time.monotonic() < until, f"waited in vain for {script}"
        time.sleep(0.1)
    return found


def find(browser: Any, selector: str) -> Any:
    """Return the first element of a selector."""
    return browser.find_element("css selector", selector)


def click(browser: Any, selector: str) -> None:
    """Bring an element into sight and press it."""
    element = find(browser, selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def follow(browser: Any, selector: str, path: str) -> None:
    """Press a link or a button and wait for the page that it leads to."""
    click(browser, selector)
    is_there = f"new RegExp('^{path}$').test(location.pathname)"
    wait_until(browser, f"{is_there} && document.readyState === 'complete'", 60)
