"""A slow or a broken way between browser and server."""

import asyncio
from collections.abc import Callable

from playwright.async_api import Page, Request, Route

DELAY = 0.4  # seconds that each request takes longer, as on a train


async def slow_down(page: Page) -> None:
    """Let every save of a draft and every form take its time on the way."""

    async def late(route: Route) -> None:
        if route.request.method == "POST":
            await asyncio.sleep(DELAY)
        await route.continue_()

    await page.route("**/*", late)


async def lose_answers(page: Page, path: str, *, count: int) -> Callable[[], int]:
    """Let the first `count` answers of a path be lost on their way: the server has kept what it
    was sent, and the page does not hear of it. Returns how many were lost so far."""
    lost = 0

    async def lose(route: Route) -> None:
        nonlocal lost
        if lost >= count:
            await route.continue_()
            return
        await route.fetch()
        lost += 1
        await route.abort()

    await page.route(path, lose)
    return lambda: lost


def is_save(request: Request) -> bool:
    """Is this the script keeping a draft?"""
    return request.method == "POST" and request.url.endswith("/draft")
