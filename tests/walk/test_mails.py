"""Every link of every mail of the demo, opened by whom it was mailed to, leads where it says."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from httpx2 import AsyncClient, Response

from store.access.sessions import create_session
from store.base.session import Database
from tests.walk.demo import Demo
from tests.walk.seen import read_page
from tests.walk.walker import AT_ONCE, HTML

pytestmark = pytest.mark.timeout(900)

LINK = re.compile(r"http://\S+")
SMALL_WORDS = frozenset(("by", "the", "a", "of", "your", "for", "who", "is"))
OTHERWISE = frozenset(
    (
        *("give", "read", "choose", "people"),  # what one does there, or has done by now
        *("result", "report"),  # of a round that stands alone: the page "Feedback about you"
        "started",  # what the mail tells
    )
)
"""Words of mails that a page need not repeat. Names, numbers and titles it must."""

SIGN_IN = re.compile(r"sign\s+in\s+first|sign\s+in:|ask\s+you\s+to\s+sign\s+in")


@dataclass(frozen=True, slots=True)
class Mailed:
    """A link, to whom it was mailed, the words above it, and the whole mail."""

    to: str
    url: str
    words: str
    text: str

    def __str__(self) -> str:
        return f"{self.words!r} to {self.to}: {self.url}"


def links_of(to: str, text: str) -> Iterator[Mailed]:
    """The links of a mail, each with the words that lead to it."""
    text = text.replace("\r\n", "\n")
    paragraphs = re.split(r"\n\n", text)
    for paragraph in paragraphs:
        for found in LINK.finditer(paragraph):
            words = paragraph[: found.start()].strip().split("\n")
            yield Mailed(to, found[0], words[0].removeprefix("- ").rstrip(" :"), text)


async def mailed(demo: Demo) -> list[Mailed]:
    """Everything that the inbox holds."""
    async with AsyncClient(timeout=60) as client:
        answer = await client.get(f"{demo.inbox}/mails.json", params={"limit": 1000})
    found = answer.json()
    assert found["count"] == len(found["mails"]) > 100
    return [one for mail in found["mails"] for one in links_of(mail["to"][0], mail["text"])]


async def _entered(client: AsyncClient, demo: Demo, one: Mailed) -> Response:
    """Follow a link with its own token, by its button, as a browser does."""
    door = await client.get(one.url, headers=HTML)
    assert door.status_code == 200, f"{one} answers {door.status_code}"
    origin = HTML | {"origin": demo.base}
    return await client.post(one.url, headers=origin, follow_redirects=True)


async def _signed_in(demo: Demo, one: Mailed) -> str:
    [(person,)] = await demo.rows(f"SELECT id FROM people WHERE email = '{one.to}'")
    database = Database(demo.database_url, pool_size=1, application="almanac-walk")
    try:
        async with database.begin() as conn:
            return await create_session(conn, person, datetime.now(UTC))
    finally:
        await database.close()


async def _faults(demo: Demo, one: Mailed) -> list[str]:
    async with AsyncClient(timeout=60) as client:
        if "/l/" in one.url:
            answer = await _entered(client, demo, one)
        else:
            away = await client.get(one.url, headers=HTML, follow_redirects=True)
            if away.url.path != "/sign-in":
                return [f"{one} is open to strangers"]
            if not SIGN_IN.search(one.text):
                return [f"{one} asks to sign in, and the mail does not say so"]
            client.cookies.set("almanac", await _signed_in(demo, one))
            answer = await client.get(one.url, headers=HTML, follow_redirects=True)
    if answer.status_code != 200 or answer.url.path == "/sign-in":
        return [f"{one} answers {answer.status_code} at {answer.url.path}"]
    return _broken_promises(one, answer)


def _broken_promises(one: Mailed, answer: Response) -> list[str]:
    """Does the page speak of what the words above the link say?"""
    page = read_page(answer.text, str(answer.url))
    said = re.sub(r" (by|before) \w{3} \d+ \w{3}$", "", one.words)
    if said.startswith("Open your page"):
        return [] if answer.url.path == "/tasks" else [f"{one} leads to {answer.url.path}"]
    missing = [
        word
        for word in re.findall(r"\w+", said.lower())
        if word not in SMALL_WORDS | OTHERWISE and not re.search(rf"\b{word}", page.text.lower())
    ]
    return [f"{one} leads to {page.headings}, which says nothing of {missing}"] if missing else []


async def _all(demo: Demo, links: Sequence[Mailed]) -> list[str]:
    at_once = asyncio.Semaphore(AT_ONCE)

    async def one_by_one(one: Mailed) -> list[str]:
        async with at_once:
            return await _faults(demo, one)

    return [fault for some in await asyncio.gather(*map(one_by_one, links)) for fault in some]


async def test_every_link_of_every_mail_is_the_page_that_the_mail_promised(demo: Demo) -> None:
    links = await mailed(demo)
    assert any("/l/" in one.url for one in links)
    assert any("/l/" not in one.url for one in links)
    if faults := await _all(demo, links):
        pytest.fail("\n".join(faults), pytrace=False)


def test_a_link_is_read_with_the_words_that_lead_to_it() -> None:
    text = "New\r\n\r\n- Write it by Mon 7 Dec\r\n  minutes\r\n  http://x/l/a\r\n\r\nOpen:\r\nhttp://x/\r\n"
    found = list(links_of("a@example.com", text))
    assert [(one.words, one.url) for one in found] == [
        ("Write it by Mon 7 Dec", "http://x/l/a"),
        ("Open", "http://x/"),
    ]
