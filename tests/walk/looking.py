"""Pages in a real browser: what it complains of, what it fetches, what does not fit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, ConsoleMessage, Error, Page, Request

WIDE, NARROW = 1280, 360


@asynccontextmanager
async def looker(browser: Browser, base: str, session: str | None) -> AsyncIterator["Looker"]:
    """Somebody with a browser, signed in with a session or not."""
    context = await browser.new_context(base_url=base, viewport={"width": WIDE, "height": 900})
    context.set_default_timeout(120_000)
    if session is not None:
        await context.add_cookies([{"name": "almanac", "value": session, "url": base}])
    yield Looker(await context.new_page(), base)
    await context.close()


class Looker:
    """Opens pages and keeps what is wrong with them."""

    def __init__(self, page: Page, base: str) -> None:
        self.faults: list[str] = []
        self._page = page
        self._base = base
        self._path = ""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._say(f"an error in a script, {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)

    async def look(self, path: str) -> None:
        """Open a page wide, and then as on a small phone."""
        self._path = path
        await self._page.set_viewport_size({"width": WIDE, "height": 900})
        try:
            answer = await self._page.goto(path)
        except Error as error:
            self._say(f"cannot be opened, {error.message}")
            return
        if answer is None or answer.status >= 400:
            self._say(f"answers {answer and answer.status}")
        for width in (WIDE, NARROW):
            await self._page.set_viewport_size({"width": width, "height": 900})
            if found := await self._page.evaluate(TOO_WIDE):
                self._say(f"does not fit into {width} pixels: {found}")

    def _say(self, what: str) -> None:
        self.faults.append(f"{what}: {self._path}")

    def _console(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self._say(f"the console says {said.text!r}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._base + "/", "data:")):
            self._say(f"asks a foreign place for {request.url}")

    def _failed(self, request: Request) -> None:
        # What was still on its way when the page was left is nobody's fault.
        if request.failure != "net::ERR_ABORTED":
            self._say(f"could not fetch {request.url}, {request.failure}")


TOO_WIDE = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return null;
  const over = [...document.body.querySelectorAll("*")].filter(e =>
    e.getBoundingClientRect().right > wide + 1 && !e.closest(".scroll"));
  return `${document.documentElement.scrollWidth} wide, ` + over.slice(0, 3).map(e =>
    e.outerHTML.slice(0, 80)).join(" | ");
}"""
"""What sticks out, of a page that is wider than the window; else nothing."""
