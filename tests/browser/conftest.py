"""A real browser before the real thing: server, worker, engine, PostgreSQL, and a mailbox."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from psycopg import sql
from sqlalchemy import text

from activities.notifications.first_mail import FirstMails
from activities.notifications.mail_facts import Mailbox
from activities.notifications.sender import MailSettings
from api.app import create_app
from config import Settings
from definitions import shipped
from domain.access import SERVICE
from embedded.postgres import RunningPostgres
from store.access.sessions import create_session
from store.definitions.versions import publish
from tests.browser.arriving import watch
from tests.browser.chromium import find_chromium
from tests.conftest import TEMPLATE
from tests.faults.stack import Installation, install
from tests.waiting import until

LAUNCH = datetime(2027, 1, 12, 9, 5, tzinfo=ZoneInfo("America/Los_Angeles")).astimezone(UTC)
"""A Tuesday morning: everybody in the United States is told at once."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

WAIT = 180_000
"""Milliseconds after which a page that has not come will not: no limit of speed, but a guard."""

expect.set_options(timeout=WAIT)  # otherwise five seconds, whatever a context is told


@dataclass(frozen=True)
class Site:
    """What is running: where it is, and what is behind it."""

    there: Installation
    base: str
    cycle: UUID

    async def session(self, email: str) -> str:
        """The cookie of somebody who is signed in already."""
        async with self.there.database.begin() as conn:
            person = await conn.scalar(
                text("SELECT id FROM people WHERE email = :email"), {"email": email}
            )
            return await create_session(conn, int(person or 0), self.there.now())

    async def mail_to(self, email: str, containing: str = "", *, after: int = 0) -> Message:
        """The latest mail to somebody, once it has arrived; not one of the first `after`."""

        async def look() -> list[Message]:
            return self.there.arrived()[after:]

        def to_them(mails: list[Message]) -> list[Message]:
            return [m for m in mails if email in str(m["To"]) and containing in plain_text(m)]

        arrived = await until(
            f"a mail to {email}",
            look,
            lambda mails: bool(to_them(mails)),
            sign=lambda mails: [str(mail["To"]) for mail in mails],
        )
        return to_them(arrived)[-1]


def plain_text(mail: Message) -> str:
    """The text part of a mail."""
    for part in mail.walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            return payload.decode() if isinstance(payload, bytes) else ""
    return ""


def link_in(mail: Message, behind: str = "") -> str:
    """The path of the first sign-in link in a mail, or of the first behind some words."""
    said = plain_text(mail).partition(behind)[2] if behind else plain_text(mail)
    found = re.search(r"https?://[^/\s]+(/l/[\w-]+)", said)
    assert found, plain_text(mail)
    return found[1]


@pytest_asyncio.fixture(scope="session")
async def site(
    postgres: RunningPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """The demo company in the first minutes of its annual cycle."""
    name = "almanac_browser"
    with psycopg.connect(postgres.dsn, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
    url = postgres.dsn.rsplit("/", 1)[0] + "/" + name
    folder: Path = tmp_path_factory.mktemp("site")
    async with install(url, folder, LAUNCH) as there:
        await there.people()
        await publish_shipped(there)
        there.start_worker()
        cycle = await there.launch(shipped.cycle_source("annual"))
        await there.settle()
        async with serve(there, url) as base:
            yield Site(there, base, cycle)


async def publish_shipped(there: Installation) -> None:
    """The definitions that HR can launch."""
    async with there.database.begin() as conn:
        for parsed in shipped.definitions().values():
            await publish(conn, parsed, source=parsed.text, actor=SERVICE, now=there.now())


@asynccontextmanager
async def serve(there: Installation, url: str) -> AsyncIterator[str]:
    """The API and the pages on a free port, with the installation's clock."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    settings = Settings(database_url=url, public_url=base, temporal_ui_url="http://127.0.0.1:8233")
    mails = MailSettings(sender=Mailbox(name="HR", address="hr@example.com"), public_url=base)
    first_mails = FirstMails(mails.site(), mails.lifetimes)
    app = create_app(settings, clock=there, database=there.database, first_mails=first_mails)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    await answers(port)
    yield base
    server.should_exit = True
    await task


async def answers(port: int) -> None:
    """Wait until somebody answers at a port of this host."""

    async def look() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    await until(f"somebody to answer at port {port}", look, bool)


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests."""
    found = find_chromium()
    assert found is not None, "run: python -m tests.browser.chromium"
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield chromium
        await chromium.close()


Opens = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture
async def visit(browser: Browser, site: Site) -> AsyncIterator[Opens]:
    """Opens pages: of a stranger, or of somebody signed in; with or without scripts, light or dark.

    Whatever a page writes to its console is a failure, an error in its script, and an answer of 400
    or more that the test did not announce (`arriving`).
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def opens(
        email: str | None = None,
        *,
        script: bool = True,
        dark: bool = False,
        width: int = 1240,
    ) -> Page:
        context = await browser.new_context(
            base_url=site.base,
            java_script_enabled=script,
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": 900},
        )
        context.set_default_timeout(WAIT)
        contexts.append(context)
        if email is not None:
            token = await site.session(email)
            await context.add_cookies([{"name": "almanac", "value": token, "url": site.base}])
        page = await context.new_page()
        watch(page, complaints.append)
        return page

    yield opens
    for context in contexts:
        await context.close()
    assert complaints == []
