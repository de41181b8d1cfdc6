"""The real application on a real database: a small company, a set clock, people signed in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from activities.notifications.facts import Lifetimes
from activities.notifications.first_mail import FirstMails
from activities.notifications.mail_facts import Mailbox
from activities.notifications.saying import Site
from api.app import create_app
from config import Settings
from domain.clock import SetClock
from store.access.sessions import create_session
from store.base.session import Database
from tests.api.cycle import World, launch_small
from tests.store.people_rows import insert_people

SERVICE_KEY = "a-service-key-for-tests-of-32-characters"
SignIn = Callable[[int], Awaitable[AsyncClient]]


@pytest.fixture
def clock(now: datetime) -> SetClock:
    """The application's clock."""
    return SetClock(now)


@pytest_asyncio.fixture
async def app(database: Database, database_url: str, clock: SetClock) -> FastAPI:
    """The application, with a company of seven people."""
    async with database.begin() as conn:
        await insert_people(conn, clock.now())
    settings = Settings(
        database_url=database_url,
        service_key=SERVICE_KEY,
        public_url="http://127.0.0.1:8000",
    )
    site = Site("http://127.0.0.1:8000", Mailbox(name="HR", address="hr@example.com"))
    first_mails = FirstMails(site, Lifetimes())
    return create_app(settings, clock=clock, database=database, first_mails=first_mails)


@pytest_asyncio.fixture
async def open_client(app: FastAPI) -> AsyncIterator[Callable[[], AsyncClient]]:
    """Makes clients that are closed at the end."""
    clients: list[AsyncClient] = []

    def make() -> AsyncClient:
        client = AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1:8000")
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def stranger(open_client: Callable[[], AsyncClient]) -> AsyncClient:
    """Nobody: no session, no key."""
    return open_client()


@pytest.fixture
def script(open_client: Callable[[], AsyncClient]) -> AsyncClient:
    """A script with the service key."""
    client = open_client()
    client.headers["Authorization"] = f"Bearer {SERVICE_KEY}"
    return client


@pytest.fixture
def sign_in(open_client: Callable[[], AsyncClient], database: Database, clock: SetClock) -> SignIn:
    """A client in which a person is signed in."""

    async def enter(person_id: int) -> AsyncClient:
        async with database.begin() as conn:
            token = await create_session(conn, person_id, clock.now())
        client = open_client()
        client.cookies.set("almanac", token)
        return client

    return enter


@pytest_asyncio.fixture
async def world(app: FastAPI, database: Database, clock: SetClock) -> World:
    """A launched cycle with open tasks."""
    return await launch_small(database, clock.now())
