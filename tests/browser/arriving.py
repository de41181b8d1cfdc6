"""Coming to the page that was meant, and noticing whatever else comes.

A test that opens a page says which heading it has: a page of error has one, too, and most of what
can be asserted of any page holds for it as well.
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from playwright.async_api import ConsoleMessage, Page, Response

Heading = str | re.Pattern[str]

FORM_AGAIN = (HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED, HTTPStatus.UNPROCESSABLE_ENTITY)
"""A form that was refused comes again, with what is to be corrected: the test reads it there."""

_ANNOUNCED: WeakKeyDictionary[Page, int] = WeakKeyDictionary()


async def arrive(page: Page, path: str, heading: Heading, *, status: int = HTTPStatus.OK) -> None:
    """Open a path; it must answer with this status and be the page with this heading."""
    _ANNOUNCED[page] = status
    answer = await page.goto(path)
    _ANNOUNCED.pop(page, None)
    assert answer is not None
    assert answer.status == status, f"{path} answers {answer.status}"
    found = " ".join((await page.get_by_role("heading", level=1).inner_text()).split())
    fits = found == heading if isinstance(heading, str) else heading.search(found)
    assert fits, f"{path} is {found!r}, not {heading!r}"


def watch(page: Page, complain: Callable[[str], None]) -> None:
    """Complain of errors in scripts, of the console, and of every answer that nobody announced."""

    def console(said: ConsoleMessage) -> None:
        # Of a refused request the browser itself complains; whether it was meant is said below.
        if "Failed to load resource" not in said.text:
            complain(said.text)

    def answered(response: Response) -> None:
        if response.status < HTTPStatus.BAD_REQUEST or response.status == _ANNOUNCED.get(page):
            return
        if response.request.method == "POST" and response.status in FORM_AGAIN:
            return
        complain(f"{urlsplit(response.url).path} answers {response.status}")

    page.on("pageerror", lambda error: complain(str(error)))
    page.on("console", console)
    page.on("response", answered)
