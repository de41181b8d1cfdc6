"""Every test in a browser knows where it is."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.arriving import arrive, watch
from tests.browser.conftest import Site

HERE = Path(__file__).parent


def test_pages_are_opened_by_their_heading_only() -> None:
    for file in HERE.glob("*.py"):
        if file.name != "arriving.py":
            assert ".goto(" not in file.read_text().replace('".goto("', ""), file.name


async def test_a_page_that_was_not_meant_is_a_failure(site: Site, browser: Browser) -> None:
    context = await browser.new_context(base_url=site.base)
    page = await context.new_page()
    complaints: list[str] = []
    watch(page, complaints.append)
    with pytest.raises(AssertionError, match="answers 404"):
        await arrive(page, "/no/such/page", "There is nothing here")
    await arrive(page, "/no/such/page", "There is nothing here", status=404)
    assert complaints == ["/no/such/page answers 404"], "what was announced is no complaint"
    with pytest.raises(AssertionError, match="is 'Sign in'"):
        await arrive(page, "/tasks", re.compile("tasks"))
    await page.evaluate("fetch('/tasks/nothing/here')")
    await page.evaluate("console.error('a script that fails')")
    assert complaints[1:] == ["/tasks/nothing/here answers 404", "a script that fails"]
    await context.close()
