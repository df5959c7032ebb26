"""Going about a page with keys alone, as people do who have no mouse or cannot use one."""

import pytest
from playwright.sync_api import Page

_WORDS = "document.activeElement.textContent.trim().replace(/\\s+/g, ' ')"


def focused(page: Page) -> str:
    """The id of what has the focus, else its words."""
    return str(page.evaluate(f"document.activeElement.id || {_WORDS}"))


def settled_on(page: Page, element_id: str) -> None:
    page.wait_for_function("id => document.activeElement.id === id", arg=element_id)


def tab_to(page: Page, what: str, *, most: int = 40, key: str = "Tab") -> None:
    """Press Tab until the focus is on the control with this id or these words."""
    for _step in range(most):
        page.keyboard.press(key)
        if what in page.evaluate(f"[document.activeElement.id, {_WORDS}]"):
            return
    pytest.fail(f"{most} times {key} did not reach {what!r}; on {focused(page)!r}")


def press(page: Page, what: str, *, most: int = 40) -> None:
    """Go to this control, and press Enter there."""
    tab_to(page, what, most=most)
    page.keyboard.press("Enter")


def go(page: Page, what: str, *, most: int = 40) -> None:
    """As `press`, on what leads to another page."""
    tab_to(page, what, most=most)
    with page.expect_navigation():
        page.keyboard.press("Enter")
