"""A browser without scripts, as tests use it."""

import re

from httpx2 import AsyncClient, Response

HTML = {"accept": "text/html,application/xhtml+xml"}


async def get(client: AsyncClient, path: str) -> Response:
    return await client.get(path, headers=HTML)


async def post(client: AsyncClient, path: str, **fields: str) -> Response:
    return await client.post(path, data=fields, headers=HTML)


def hidden(page: Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, name
    return found[1]


def plain(page: Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).replace("&#39;", "'").split())
